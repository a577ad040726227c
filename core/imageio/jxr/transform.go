package jxr

import "image"

// channel is a plane of samples while they are decoded: their coefficients, then themselves.
type channel struct {
	blocks    image.Point // of a macroblock
	size      image.Point // of whole macroblocks
	stride    int
	pix       []int32
	lowStride int
	low       []int32 // the first coefficient of each block, by the second transform
	least     []int32 // of overlap
}

// rotate and rotate2 turn a pair by pi/8, at a different precision.
func rotate(a, b int32) (x, y int32) {
	a -= (b + 1) >> 1
	b += (a + 1) >> 1
	return a, b
}

func rotate2(a, b int32) (x, y int32) {
	a -= (b*3 + 4) >> 3
	b += (a*3 + 4) >> 3
	return a, b
}

// t2x2h is the Hadamard transform of 2 × 2, which undoes itself (T2x2h).
func t2x2h(a, b, c, d, round int32) (w, x, y, z int32) {
	a += d
	b -= c
	t := (a - b + round) >> 1
	c, d = t-d, t-c
	return a - d, b + c, c, d
}

// invTOdd is the part of the transform that is even in one direction only (Inv_T_odd).
func invTOdd(a, b, c, d int32) (w, x, y, z int32) {
	b += d
	a -= c
	d -= b >> 1
	c += (a + 1) >> 1
	a, b = rotate2(a, b)
	c, d = rotate2(c, d)
	c -= (b + 1) >> 1
	d = (a+1)>>1 - d
	return a - d, b + c, c, d
}

// invTOddOdd is the part of the transform that is odd in both directions (Inv_T_odd_odd).
func invTOddOdd(a, b, c, d int32) (w, x, y, z int32) {
	d += a
	c -= b
	s, t := d>>1, c>>1
	a -= s
	b += t
	a -= (b*3 + 3) >> 3
	b += (a*3 + 3) >> 2
	a -= (b*3 + 4) >> 3
	b -= t
	a += s
	c += b
	d -= a
	return a, -b, -c, d
}

// inverse undoes the transform of the 4 × 4 values from at on (ICT4x4).
func inverse(p []int32, at, stride int) {
	r0 := (*[4]int32)(p[at:])
	r1 := (*[4]int32)(p[at+stride:])
	r2 := (*[4]int32)(p[at+2*stride:])
	r3 := (*[4]int32)(p[at+3*stride:])
	a0, a1, a2, a3 := t2x2h(r0[0], r0[2], r2[0], r2[2], 1)
	b0, b1, b2, b3 := invTOdd(r0[1], r2[1], r2[3], r0[3])
	c0, c1, c2, c3 := invTOdd(r1[0], r1[2], r3[2], r3[0])
	d0, d1, d2, d3 := invTOddOdd(r3[3], r1[3], r3[1], r1[1])
	r0[0], r0[3], r3[0], r3[3] = t2x2h(a0, b1, c1, d3, 0)
	r0[1], r0[2], r3[1], r3[2] = t2x2h(a1, b0, c3, d2, 0)
	r1[0], r1[3], r2[0], r2[3] = t2x2h(a2, b3, c0, d1, 0)
	r1[1], r1[2], r2[1], r2[2] = t2x2h(a3, b2, c2, d0, 0)
}

// invert turns the coefficients of a channel into samples.
func (d *Decoder) invert(c *channel, index int) {
	p := &d.planes[0]
	c.invertLow(p.scaled, index > 0)
	regions := d.regions()
	o := overlap{old: d.legacy, exact: -1, mbs: d.mbs, by: c.blocks}
	if d.legacy {
		o.exact = 0
	}
	if d.overlap == 2 {
		for _, r := range regions {
			area := image.Rectangle{Min: c.scale(r.Min, 1), Max: c.scale(r.Max, 1)}
			if c.blocks.X == 4 {
				o.smooth(c.low, c.lowStride, area)
			} else {
				o.smoothHalf(c.low, c.lowStride, area)
			}
		}
	}
	for y := 0; y < c.size.Y; y += 4 {
		low := c.low[y/4*c.lowStride:]
		for x := 0; x < c.size.X; x += 4 {
			at := y*c.stride + x
			c.pix[at] = low[x/4]
			inverse(c.pix, at, c.stride)
		}
	}
	if o.least = c.least; d.overlap > 0 {
		for _, r := range regions {
			o.smooth(c.pix, c.stride, image.Rectangle{Min: c.scale(r.Min, 4), Max: c.scale(r.Max, 4)})
		}
	}
}

// scale is where a macroblock begins, in blocks or what they have of by.
func (c *channel) scale(p image.Point, by int) image.Point {
	return image.Pt(p.X*c.blocks.X*by, p.Y*c.blocks.Y*by)
}

// regions are the parts of a picture, in macroblocks, across whose borders nothing is smoothed.
func (d *Decoder) regions() []image.Rectangle {
	if !d.hardTiles {
		return []image.Rectangle{{Max: d.mbs}}
	}
	var all []image.Rectangle
	for i := range len(d.rows) - 1 {
		for j := range len(d.columns) - 1 {
			all = append(all, image.Rect(d.columns[j], d.rows[i], d.columns[j+1], d.rows[i+1]))
		}
	}
	return all
}

// invertLow undoes the second transform, macroblock by macroblock.
func (c *channel) invertLow(scaled, chroma bool) {
	for y := 0; y < c.size.Y/4; y += c.blocks.Y {
		for x := 0; x < c.size.X/4; x += c.blocks.X {
			at := y*c.lowStride + x
			if c.blocks.X == 4 {
				inverse(c.low, at, c.lowStride)
				continue
			}
			c.invertHalf(at)
		}
	}
	if scaled && chroma {
		for i := range c.low {
			c.low[i] *= 2
		}
	}
}

// invertHalf is for the 2 × 2 or 2 × 4 blocks of chroma that is smaller than luma.
func (c *channel) invertHalf(at int) {
	p, s := c.low, c.lowStride
	if c.blocks.Y == 4 {
		p[at] -= (p[at+2*s] + 1) >> 1
		p[at+2*s] += p[at]
	}
	for range c.blocks.Y / 2 {
		p[at], p[at+1], p[at+s], p[at+s+1] = t2x2h(p[at], p[at+1], p[at+s], p[at+s+1], 0)
		at += 2 * s
	}
}
