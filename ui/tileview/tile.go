package tileview

import (
	"image"
	"math"

	"coverslip.dev/coverslip/core/imageio"
)

// tileKey names a tile of all channels.
type tileKey struct{ level, col, row, z, t int }

// tile is one tile in memory: samples as 16 bits, and the colours made of them.
type tile struct {
	key    tileKey
	size   image.Point
	planes [][]uint16        // by channel
	exact  []*imageio.Pixels // by channel, where 16 bits don't hold the samples of a plane
	pix    []uint32          // RGBA, little-endian, len = size.X·size.Y; the screen's thread colours it anew
	gen    int               // the colours' generation that a part of pix is of
	part   image.Rectangle
}

// whole is all of the tile.
func (t *tile) whole() image.Rectangle { return image.Rectangle{Max: t.size} }

// bytes is what the tile takes up.
func (t *tile) bytes() int {
	n := bytesOf(len(t.pix), len(t.planes), imageio.Uint16)
	for _, p := range t.exact {
		n += len(p.Data)
	}
	return n
}

func bytesOf(pixels, channels int, t imageio.PixelType) int {
	one := 2
	if wide(t) {
		one += t.Bytes()
	}
	return pixels * (4 + one*channels)
}

// span maps samples of any type onto 16 bits: stored = (sample - off)·mul. Of wide types 0 is kept
// for what stands for nothing.
type span struct {
	off, mul float64
	wide     bool
}

// wide reports whether samples of a type don't fit into 16 bits.
func wide(t imageio.PixelType) bool {
	switch t {
	case imageio.Uint8, imageio.Uint16, imageio.Int8, imageio.Int16:
	case imageio.Uint32, imageio.Int32, imageio.Float32, imageio.Float64:
		return true
	}
	return false
}

// farOut is by how many times the width from Low to High wide samples may lie beside it: what they
// are shown with first has a thousand steps, also where a few hot pixels lie far out.
const farOut = 30

// spanOf maps 8- and 16-bit samples onto themselves; wider ones need to know what is in the image.
func spanOf(t imageio.PixelType, rs ...Range) span {
	if !wide(t) {
		least, _ := reach(t)
		return span{off: least, mul: 1}
	}
	r := rs[0]
	for _, o := range rs[1:] {
		r.Min, r.Max, r.Low, r.High = min(r.Min, o.Min), max(r.Max, o.Max), min(r.Low, o.Low), max(r.High, o.High)
	}
	width := r.High - r.Low
	air := max(r.Max-r.Min, width) / 10 // coarse levels don't show the extremes
	from, to := max(r.Min-air, r.Low-farOut*width), min(r.Max+air, r.High+farOut*width)
	return span{off: from, mul: math.MaxUint16 / (to - from), wide: true}
}

// reach is what samples of a type of 8 or 16 bits can be.
func reach(t imageio.PixelType) (least, most float64) {
	switch t {
	case imageio.Uint8:
		return 0, math.MaxUint8
	case imageio.Int8:
		return math.MinInt8, math.MaxInt8
	case imageio.Int16:
		return math.MinInt16, math.MaxInt16
	case imageio.Uint16, imageio.Uint32, imageio.Int32, imageio.Float32, imageio.Float64:
	}
	return 0, math.MaxUint16
}

// ends are the least and the most that is stored.
func (s span) ends() (least, most float64) { return s.off, s.off + math.MaxUint16/s.mul }

// serves reports whether a range's samples are stored, and as fine as with a span of their own.
func (s span) serves(r Range) bool {
	least, most := s.ends()
	width := r.High - r.Low
	return !s.wide || max(r.Min, r.Low-width) >= least && min(r.Max, r.High+width) <= most &&
		width*s.mul >= math.MaxUint16/(2*farOut+1)
}

func (s span) store(v float64) uint16 {
	least := 0.0
	if s.wide {
		least = 1
	}
	return uint16(min(max((v-s.off)*s.mul+0.5, least), math.MaxUint16))
}

// value is the sample that v stands for, but for digits that a step of v does not tell; NaN where it
// stands for nothing, or for what may lie far outside.
func (s span) value(v uint16) float64 {
	x := float64(v)/s.mul + s.off
	switch {
	case !s.wide:
		return x
	case v <= 1 || v == math.MaxUint16:
		return math.NaN()
	}
	digit := math.Pow10(int(math.Floor(math.Log10(s.mul))))
	return math.Round(x*digit) / digit
}

// samples16 turns pixels into 16 bits. Nobody may write to them: they may be the pixels'.
func samples16(p *imageio.Pixels, s span) []uint16 {
	if v := p.Uint16s(); v != nil {
		return v
	}
	out := make([]uint16, p.Size.X*p.Size.Y)
	if p.Type == imageio.Uint8 {
		for i := range out {
			out[i] = uint16(p.Data[i])
		}
		return out
	}
	for i := range out {
		if v := p.Sample(i); !p.Type.None(v) {
			out[i] = s.store(v)
		}
	}
	return out
}
