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
	planes [][]uint16 // by channel
	pix    []uint32   // RGBA, little-endian, len = size.X·size.Y; the screen's thread colours it anew
	gen    int        // the colours' generation that pix is of
}

// bytes is what the tile takes up.
func (t *tile) bytes() int { return bytesOf(len(t.pix), len(t.planes)) }

func bytesOf(pixels, channels int) int { return pixels * (4 + 2*channels) }

// span maps samples of any type onto 16 bits: stored = (sample - off)·mul.
type span struct{ off, mul float64 }

// spanOf maps 8- and 16-bit samples onto themselves; wider ones need to know what
// is in the image.
func spanOf(t imageio.PixelType, lo, hi float64) span {
	switch t {
	case imageio.Uint8, imageio.Uint16:
		return span{0, 1}
	case imageio.Int8:
		return span{math.MinInt8, 1}
	case imageio.Int16:
		return span{math.MinInt16, 1}
	case imageio.Uint32, imageio.Int32, imageio.Float32, imageio.Float64:
	}
	if hi <= lo {
		hi = above(lo)
	}
	// A tenth of air on both sides: coarse levels don't show the extremes.
	air := (hi - lo) / 10
	return span{lo - air, math.MaxUint16 / (hi - lo + 2*air)}
}

func (s span) store(v float64) uint16 {
	return uint16(min(max((v-s.off)*s.mul+0.5, 0), math.MaxUint16))
}

// cut reports whether samples may lie outside of what is stored.
func (s span) cut() bool { return s.mul != 1 }

// value is the sample that v stands for, but for digits that a step of v does not tell.
func (s span) value(v uint16) float64 {
	x := float64(v)/s.mul + s.off
	if !s.cut() {
		return x
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
		out[i] = s.store(number(p.Sample(i)))
	}
	return out
}

// number turns what is none, which some instruments write around a mosaic, into 0.
func number(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return min(max(v, -mostSample), mostSample)
}

// mostSample bounds samples, so that differences of them are numbers, too.
const mostSample = 1e300
