package infer

import (
	"encoding/binary"
	"fmt"
	"math"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
)

// encode writes numbers as the port takes them; fractions of whole numbers are cut off. The
// tensor may share the array's memory. What lies outside the port's range is fault.Invalid.
func encode(a *recipe.Array, p Port) (Tensor, error) {
	t := Tensor{Port: Port{Name: p.Name, Type: p.Type}}
	for _, n := range a.Shape {
		t.Shape = append(t.Shape, int64(n))
	}
	le := binary.LittleEndian
	put := map[string]func(b []byte, x float32) []byte{
		"FP64":   func(b []byte, x float32) []byte { return le.AppendUint64(b, math.Float64bits(float64(x))) },
		"FP16":   func(b []byte, x float32) []byte { return le.AppendUint16(b, toHalf(x)) },
		"BF16":   func(b []byte, x float32) []byte { return le.AppendUint16(b, toBrain(x)) },
		"UINT8":  func(b []byte, x float32) []byte { return append(b, uint8(int64(x))) },
		"INT8":   func(b []byte, x float32) []byte { return append(b, uint8(int64(x))) },
		"UINT16": func(b []byte, x float32) []byte { return le.AppendUint16(b, uint16(int64(x))) },
		"INT16":  func(b []byte, x float32) []byte { return le.AppendUint16(b, uint16(int64(x))) },
		"UINT32": func(b []byte, x float32) []byte { return le.AppendUint32(b, uint32(int64(x))) },
		"INT32":  func(b []byte, x float32) []byte { return le.AppendUint32(b, uint32(int64(x))) },
		"UINT64": func(b []byte, x float32) []byte { return le.AppendUint64(b, uint64(x)) },
		"INT64":  func(b []byte, x float32) []byte { return le.AppendUint64(b, uint64(int64(x))) },
		"BOOL": func(b []byte, x float32) []byte {
			if x != 0 {
				return append(b, 1)
			}
			return append(b, 0)
		},
	}[p.Type]
	if p.Type == "FP32" { // nearly always
		t.Data = bytesOf(a.Data)
		return t, nil
	}
	if put == nil {
		return t, unfit(fmt.Sprintf("Its input %s is of type %s.", p.Name, p.Type))
	}
	if err := inRange(a.Data, p.Type); err != nil {
		return t, err
	}
	t.Data = make([]byte, 0, 4*len(a.Data))
	for _, x := range a.Data {
		t.Data = put(t.Data, x)
	}
	return t, nil
}

// limits are the least and the highest of the whole numbers that a type holds.
type limits struct {
	lo int64
	hi uint64
}

// limitsOf are those of a type, by Triton's word for it.
func limitsOf(kind string) (limits, bool) {
	r, ok := map[string]limits{
		"UINT8": {0, math.MaxUint8}, "UINT16": {0, math.MaxUint16}, "UINT32": {0, math.MaxUint32}, "UINT64": {0, math.MaxUint64},
		"INT8": {math.MinInt8, math.MaxInt8}, "INT16": {math.MinInt16, math.MaxInt16},
		"INT32": {math.MinInt32, math.MaxInt32}, "INT64": {math.MinInt64, math.MaxInt64},
	}[kind]
	return r, ok
}

// has tells if a number is one of these, once its fraction is cut off.
func (r limits) has(x float32) bool {
	v := float64(x)
	return v > float64(r.lo)-1 && v < float64(r.hi)+1
}

// hold brings what is beyond back to the nearest of these, if there are any.
func (r limits) hold(data []float32) {
	if r.hi == 0 {
		return
	}
	lo, hi := float32(r.lo), float32(r.hi)
	if !r.has(hi) {
		hi = math.Nextafter32(hi, 0)
	}
	for i, x := range data {
		data[i] = min(max(x, lo), hi)
	}
}

// inRange refuses numbers that a port of a type can't take. Infinities and NaN are numbers of
// the floating types.
func inRange(data []float32, kind string) error {
	r, ok := limitsOf(kind)
	fits, what := r.has, "whole numbers"
	if kind == "FP16" {
		r, ok, what = limits{-largestHalf, largestHalf}, true, "numbers"
		fits = func(x float32) bool { // what is further from 0 becomes infinite
			v := float64(x)
			return v > -largestHalf-halfStep && v < largestHalf+halfStep || isNaN(x-x) //nolint:gocritic // NaN of infinities too
		}
	}
	if !ok {
		return nil
	}
	for _, x := range data {
		if fits(x) {
			continue
		}
		return fault.New(fault.Invalid, fmt.Sprintf("The model takes %s from %d to %d, and was to be given %v.", what, r.lo, r.hi, x),
			"Convert the image, or choose another model.", nil)
	}
	return nil
}

// decode reads the numbers of a tensor, whose memory it may take; its axes are for the
// caller to name.
func decode(t Tensor) (*recipe.Array, error) {
	le := binary.LittleEndian
	kind, ok := map[string]struct {
		size int
		at   func(b []byte) float32
	}{
		"FP32":   {4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) }},
		"FP64":   {8, func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b))) }},
		"FP16":   {2, func(b []byte) float32 { return fromHalf(le.Uint16(b)) }},
		"BF16":   {2, func(b []byte) float32 { return math.Float32frombits(uint32(le.Uint16(b)) << 16) }},
		"UINT8":  {1, func(b []byte) float32 { return float32(b[0]) }},
		"BOOL":   {1, func(b []byte) float32 { return float32(b[0]) }},
		"INT8":   {1, func(b []byte) float32 { return float32(int8(b[0])) }},
		"UINT16": {2, func(b []byte) float32 { return float32(le.Uint16(b)) }},
		"INT16":  {2, func(b []byte) float32 { return float32(int16(le.Uint16(b))) }},
		"UINT32": {4, func(b []byte) float32 { return float32(le.Uint32(b)) }},
		"INT32":  {4, func(b []byte) float32 { return float32(int32(le.Uint32(b))) }},
		"UINT64": {8, func(b []byte) float32 { return float32(le.Uint64(b)) }},
		"INT64":  {8, func(b []byte) float32 { return float32(int64(le.Uint64(b))) }},
	}[t.Type]
	a := &recipe.Array{}
	n := 1
	for _, d := range t.Shape {
		a.Shape = append(a.Shape, int(d))
		n *= int(d)
	}
	if !ok || n < 0 || len(t.Data) != n*kind.size {
		return nil, unfit(fmt.Sprintf("Its output %s is %s of shape %v in %d bytes.", t.Name, t.Type, t.Shape, len(t.Data)))
	}
	if t.Type == "FP32" { // nearly always
		a.Data = floatsOf(t.Data)
		return a, nil
	}
	a.Data = make([]float32, n)
	for i := range a.Data {
		a.Data[i] = kind.at(t.Data[i*kind.size:])
	}
	return a, nil
}
