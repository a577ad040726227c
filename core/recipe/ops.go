package recipe

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// step is an operation that still needs the statistics of the plane: fit looks at the
// values (each counts[i] times) and returns what to do with one of them.
type step struct {
	fit       func(values []float32, counts []int64) (func(float32) float32, error)
	statistic bool
}

// Pipeline is a list of operations with the statistics of one plane in them.
type Pipeline struct{ fns []func(float32) float32 }

// Apply runs the operations over x, in place.
func (p Pipeline) Apply(x []float32) {
	for _, f := range p.fns {
		for i, v := range x {
			x[i] = f(v)
		}
	}
}

// Fit prepares operations for a plane. The plane is given as its distinct values and how
// often each occurs, which for 8- and 16-bit images is a histogram; counts nil means
// once each. Each operation sees the statistics of what the ones before it made.
// Without values only operations that need no statistics can be prepared.
func Fit(ops []Op, values []float32, counts []int64) (Pipeline, error) {
	var p Pipeline
	v := slices.Clone(values)
	for _, o := range ops {
		s, err := o.step()
		if err != nil {
			return p, err
		}
		if s.statistic && len(v) == 0 {
			return p, fmt.Errorf("%s: no pixels to take statistics of", o.ID)
		}
		f, err := s.fit(v, counts)
		if err != nil {
			return p, fmt.Errorf("%s: %w", o.ID, err)
		}
		p.fns = append(p.fns, f)
		for i, x := range v {
			v[i] = f(x)
		}
	}
	return p, nil
}

// plain makes a step of a function that needs no statistics.
func plain(f func(float32) float32) step {
	return step{fit: func([]float32, []int64) (func(float32) float32, error) { return f, nil }}
}

// step returns what the operation does; fault.Invalid for one that is not known or whose
// arguments make no sense. Formulas and defaults are those of the RDF specification.
func (o Op) step() (step, error) {
	k := args{op: o}
	var s step
	switch o.ID {
	case "binarize":
		t := float32(k.required("threshold"))
		k.word("axis")
		s = plain(func(x float32) float32 { return truth(x > t) })
	case "clip":
		s = k.clip()
	case "ensure_dtype":
		s = k.dtype()
	case "sigmoid":
		s = plain(func(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) })
	case "scale_linear":
		gain, offset := k.number("gain", 1), k.number("offset", 0)
		k.word("axis")
		s = plain(func(x float32) float32 { return float32(float64(x)*gain + offset) })
	case "fixed_zero_mean_unit_variance":
		mean, std := k.required("mean"), k.required("std")
		k.word("axis")
		if std < 1e-6 {
			k.errs = append(k.errs, errors.New("std below 1e-6"))
		}
		s = plain(func(x float32) float32 { return float32((float64(x) - mean) / std) })
	case "zero_mean_unit_variance":
		s = k.standard()
	case "scale_range":
		s = k.scaleRange()
	default:
		return s, invalid(fmt.Sprintf("The model needs the operation %q, which Coverslip does not know.", o.ID), nil)
	}
	return s, k.end()
}

func (k *args) scaleRange() step {
	lo, hi := k.number("min_percentile", 0), k.number("max_percentile", 100)
	eps := k.number("eps", 1e-6)
	k.axes()
	if lo < 0 || hi > 100 || lo >= hi {
		k.errs = append(k.errs, fmt.Errorf("percentiles %v and %v", lo, hi))
	}
	return step{statistic: true, fit: func(v []float32, n []int64) (func(float32) float32, error) {
		q := Percentiles(v, n, lo, hi)
		low, span := q[0], q[1]-q[0]+eps
		return func(x float32) float32 { return float32((float64(x) - low) / span) }, nil
	}}
}

func (k *args) standard() step {
	eps := k.number("eps", 1e-6)
	k.axes()
	return step{statistic: true, fit: func(v []float32, n []int64) (func(float32) float32, error) {
		mean, std := moments(v, n)
		return func(x float32) float32 { return float32((float64(x) - mean) / (std + eps)) }, nil
	}}
}

// clip takes fixed bounds or percentiles; the specification asks for the inverted_cdf
// method here, which gives a value of the image and none in between.
func (k *args) clip() step {
	lo, hi := k.number("min", math.Inf(-1)), k.number("max", math.Inf(1))
	plo, phi := k.number("min_percentile", math.NaN()), k.number("max_percentile", math.NaN())
	k.axes()
	bad := func(p float64) bool { return p < 0 || p > 100 }
	if math.IsInf(lo, -1) && math.IsInf(hi, 1) && math.IsNaN(plo) && math.IsNaN(phi) || bad(plo) || bad(phi) || lo > hi {
		k.errs = append(k.errs, errors.New("clip has no bounds that make sense"))
	}
	fit := func(v []float32, n []int64) (func(float32) float32, error) {
		low, high := float32(lo), float32(hi)
		if !math.IsNaN(plo) {
			low = invertedCDF(v, n, plo)
		}
		if !math.IsNaN(phi) {
			high = invertedCDF(v, n, phi)
		}
		return func(x float32) float32 { return min(max(x, low), high) }, nil
	}
	return step{fit: fit, statistic: !math.IsNaN(plo) || !math.IsNaN(phi)}
}

// dtype casts as numpy does: towards zero, and around the end of the range.
func (k *args) dtype() step {
	cast := map[string]func(float32) float32{
		"float32": func(x float32) float32 { return x }, "float64": func(x float32) float32 { return x },
		"bool": func(x float32) float32 { return truth(x != 0) },
		"int8": func(x float32) float32 { return float32(int8(int64(x))) }, "uint8": func(x float32) float32 { return float32(uint8(int64(x))) },
		"int16": func(x float32) float32 { return float32(int16(int64(x))) }, "uint16": func(x float32) float32 { return float32(uint16(int64(x))) },
		"int32": func(x float32) float32 { return float32(int32(int64(x))) }, "uint32": func(x float32) float32 { return float32(uint32(int64(x))) },
		"int64": func(x float32) float32 { return float32(int64(x)) }, "uint64": func(x float32) float32 { return float32(uint64(x)) },
	}
	name := k.word("dtype")
	f, ok := cast[name]
	if !ok {
		k.errs = append(k.errs, fmt.Errorf("type %q", name))
	}
	return plain(f)
}

func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}
