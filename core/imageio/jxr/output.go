package jxr

import (
	"encoding/binary"
	"math"
)

// form is what samples become.
type form struct {
	bias  int32
	shift uint // bits below the point
	up    uint // SHIFT_BITS
	most  int32
}

func newForm(p *plane, bytes int) form {
	f := form{up: p.shift, most: math.MaxInt32}
	if bytes < 4 {
		f.most = 1<<(8*bytes) - 1
		f.bias = int32(1) << (8*bytes - 1) >> f.up
	}
	if !p.scaled {
		return f
	}
	f.shift = 3
	f.bias = f.bias<<f.shift + 4
	if bytes != 2 { // rounded down in the middle
		f.bias--
	}
	return f
}

// put writes the i-th sample of a line; of floating point what float makes a number of.
func (f form) put(dst []byte, i int, v int32) {
	v >>= f.shift & 31
	if f.most > math.MaxUint16 {
		binary.LittleEndian.PutUint32(dst[4*i:], uint32(v))
		return
	}
	v = min(max(v<<(f.up&31), 0), f.most)
	if f.most < 256 {
		dst[i] = byte(v)
		return
	}
	binary.LittleEndian.PutUint16(dst[2*i:], uint16(v))
}

// float is the floating-point number of a sample, whose mantissa has so many bits below the
// exponent, which begins at bias.
func float(v int32, mantissa uint, bias int32) uint32 {
	sign := uint32(v) & (1 << 31)
	one := int32(1) << mantissa
	v = abs(v)
	e, m := int32(uint32(v)>>mantissa), v&(one-1)
	if e > 0 {
		m |= one
	}
	e = max(e, 1) + 127 - bias
	for ; 0 < m && m < one && e > 1; e-- {
		m <<= 1
	}
	if m < one {
		e = 0
	}
	return sign | uint32(e)<<23 | uint32(m&(one-1))<<(23-mantissa)
}

// grey writes a line of one channel, each sample as often as there are components.
func (f form) grey(dst []byte, y []int32, components int) {
	for i, v := range y {
		for k := range components {
			f.put(dst, i*components+k, v+f.bias)
		}
	}
}

// apart writes a line of channels as they are.
func (f form) apart(dst []byte, line [][]int32) {
	for k, c := range line {
		for i, v := range c {
			f.put(dst, len(line)*i+k, v+f.bias)
		}
	}
}

// rgb writes a line of luma and two differences of colour as red, green and blue.
func (f form) rgb(dst []byte, line [][]int32) {
	u, v := line[1][:len(line[0])], line[2][:len(line[0])]
	for i, y := range line[0] {
		r, g, b := -u[i], y+f.bias, v[i]
		g -= r >> 1
		r += g - (b+1)>>1
		b += r
		f.put(dst, 3*i, r)
		f.put(dst, 3*i+1, g)
		f.put(dst, 3*i+2, b)
	}
}

// write makes the picture's samples of the channels.
func (d *Decoder) write(out *Picture) {
	p := &d.planes[0]
	f := newForm(p, out.Bytes)
	row := out.Size.X * out.Components * out.Bytes
	for y := range out.Size.Y {
		dst := out.Data[y*row : (y+1)*row]
		var all [maxChannels][]int32
		line := all[:len(p.channel)]
		for i := range line {
			line[i] = d.line(i, y+d.offset.Y)[d.offset.X : d.offset.X+out.Size.X]
		}
		switch {
		case len(p.channel) == 1:
			f.grey(dst, line[0], out.Components)
		case p.format == nComponent:
			f.apart(dst, line)
		default:
			f.rgb(dst, line)
		}
	}
	if out.Bytes < 4 {
		return
	}
	le := binary.LittleEndian
	for at := 0; at < len(out.Data); at += 4 {
		le.PutUint32(out.Data[at:], float(int32(le.Uint32(out.Data[at:])), p.shift, p.exponent))
	}
}

// line returns a line of a channel in full size. What is between samples of chroma is their
// mean, first from above to below, then from left to right.
func (d *Decoder) line(channel, y int) []int32 {
	c := &d.planes[0].channel[channel]
	if c.blocks.X == 4 {
		return c.pix[y*c.stride : (y+1)*c.stride]
	}
	above, below := y, y
	if c.blocks.Y == 2 {
		above, below = y/2, min((y+1)/2, c.size.Y-1)
	}
	to := d.wide[channel-1]
	a, b := c.pix[above*c.stride:][:c.stride], c.pix[below*c.stride:][:c.stride]
	for i := range a {
		to[2*i] = (a[i] + b[i] + 1) >> 1
		if i > 0 {
			to[2*i-1] = (to[2*i-2] + to[2*i] + 1) >> 1
		}
	}
	to[2*c.stride-1] = to[2*c.stride-2]
	return to
}
