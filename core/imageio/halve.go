package imageio

import (
	"encoding/binary"
	"image"
	"math"
)

// Halve returns the 2×2 means of px, integers rounded half up. At an odd edge the mean is
// of the pixels that are there; samples that stand for nothing do not count, see [PixelType.None].
func Halve(px *Pixels) *Pixels {
	size := image.Pt((px.Size.X+1)/2, (px.Size.Y+1)/2)
	out := &Pixels{Size: size, Type: px.Type, Data: make([]byte, size.X*size.Y*px.Type.Bytes())}
	le := binary.LittleEndian
	switch px.Type {
	case Uint8:
		halveInts(px, out, func(b []byte, i int) int64 { return int64(b[i]) }, func(b []byte, i int, v int64) { b[i] = byte(v) })
	case Int8:
		halveInts(px, out, func(b []byte, i int) int64 { return int64(int8(b[i])) }, func(b []byte, i int, v int64) { b[i] = byte(v) })
	case Uint16:
		if in, to := view16(px.Data), view16(out.Data); in != nil && to != nil {
			halveUint16(px.Size, in, to)
		} else {
			halveInts(px, out, func(b []byte, i int) int64 { return int64(le.Uint16(b[2*i:])) }, put16)
		}
	case Int16:
		halveInts(px, out, func(b []byte, i int) int64 { return int64(int16(le.Uint16(b[2*i:]))) }, put16)
	case Uint32:
		halveSome(px, out, func(b []byte, i int) float64 { return float64(le.Uint32(b[4*i:])) },
			func(b []byte, i int, v float64) { le.PutUint32(b[4*i:], uint32(v+0.5)) })
	case Int32:
		halveInts(px, out, func(b []byte, i int) int64 { return int64(int32(le.Uint32(b[4*i:]))) },
			func(b []byte, i int, v int64) { le.PutUint32(b[4*i:], uint32(v)) }) //nolint:gosec // a mean of 32-bit values
	case Float32:
		halveSome(px, out, func(b []byte, i int) float64 { return float64(math.Float32frombits(le.Uint32(b[4*i:]))) },
			func(b []byte, i int, v float64) { le.PutUint32(b[4*i:], math.Float32bits(float32(v))) })
	case Float64:
		halveSome(px, out, func(b []byte, i int) float64 { return math.Float64frombits(le.Uint64(b[8*i:])) },
			func(b []byte, i int, v float64) { le.PutUint64(b[8*i:], math.Float64bits(v)) })
	}
	return out
}

func put16(b []byte, i int, v int64) { binary.LittleEndian.PutUint16(b[2*i:], uint16(v)) } //nolint:gosec // a mean of 16-bit values

// halveUint16 is Halve for the type that cameras write; edges are clamped, which is the
// mean of the pixels that are there.
func halveUint16(size image.Point, in, out []uint16) {
	w := (size.X + 1) / 2
	for y := 0; 2*y < size.Y; y++ {
		a := in[2*y*size.X:][:size.X]
		b := in[min(2*y+1, size.Y-1)*size.X:][:size.X]
		row := out[y*w:][:w]
		for x := range size.X / 2 {
			row[x] = uint16((uint32(a[2*x]) + uint32(a[2*x+1]) + uint32(b[2*x]) + uint32(b[2*x+1]) + 2) >> 2) //nolint:gosec // a mean fits
		}
		if size.X%2 == 1 {
			row[w-1] = uint16((uint32(a[size.X-1]) + uint32(b[size.X-1]) + 1) >> 1) //nolint:gosec // a mean fits
		}
	}
}

func halveInts(px, out *Pixels, load func([]byte, int) int64, put func([]byte, int, int64)) {
	w, h := px.Size.X, px.Size.Y
	for y := range out.Size.Y {
		for x := range out.Size.X {
			x1, y1 := min(2*x+1, w-1), min(2*y+1, h-1)
			sum := load(px.Data, 2*y*w+2*x) + load(px.Data, 2*y*w+x1) + load(px.Data, y1*w+2*x) + load(px.Data, y1*w+x1)
			put(out.Data, y*out.Size.X+x, (sum+2)>>2)
		}
	}
}

// halveSome is for types whose samples may stand for nothing.
func halveSome(px, out *Pixels, load func([]byte, int) float64, put func([]byte, int, float64)) {
	w, h := px.Size.X, px.Size.Y
	for y := range out.Size.Y {
		for x := range out.Size.X {
			x1, y1 := min(2*x+1, w-1), min(2*y+1, h-1)
			a, b, c, d := load(px.Data, 2*y*w+2*x), load(px.Data, 2*y*w+x1), load(px.Data, y1*w+2*x), load(px.Data, y1*w+x1)
			v := (a + b + c + d) / 4
			if !(a*a+b*b+c*c+d*d < math.MaxUint32*math.MaxUint32) { // else each is less than any that stands for nothing
				v = px.Type.mean([4]float64{a, b, c, d})
			}
			put(out.Data, y*out.Size.X+x, v)
		}
	}
}

// mean is of the samples that count: one that does not would make all around it unlike any sample,
// the more the coarser the level. Where none counts it is the first.
func (t PixelType) mean(v [4]float64) float64 {
	sum, n := 0.0, 0
	for _, s := range v {
		if !t.None(s) {
			sum += s
			n++
		}
	}
	if n == 0 {
		return v[0]
	}
	return sum / float64(n)
}
