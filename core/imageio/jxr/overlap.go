package jxr

import "image"

// overlap is how blocks that overlap are smoothed: by the standard, or as it was before, which
// Windows still writes, and so does ZEN.
type overlap struct {
	old   bool
	exact int32   // -1 for the standard's steps that came later, 0 without them
	least []int32 // by macroblock, below what a step at a junction is taken for an artefact
	mbs   image.Point
	by    image.Point // blocks of a macroblock
}

// scaleUp is the part of the smoothing that scales a pair: opposite samples of a junction.
func scaleUp(a, d, exact int32) (x, y int32) {
	a += d
	d = a>>1 - d
	a += (d * 3) >> 3
	d += (a * 3) >> 4
	d += (a>>7 - a>>10) & exact
	return a, d
}

// unscale ends the smoothing of four samples around a junction.
func unscale(a, b, c, d int32) (w, x, y, z int32) {
	b -= c
	a += (d*3 + 4) >> 3
	d -= b >> 1
	c = (a-b)>>1 - c
	return a - c, b + d, d, c
}

// postOddOdd is invTOddOdd as the smoothing has it.
func postOddOdd(a, b, c, d int32) (w, x, y, z int32) {
	d += a
	c -= b
	s, t := d>>1, c>>1
	a -= s
	b += t
	a -= (b*3 + 6) >> 3
	b += (a*3 + 2) >> 2
	a -= (b*3 + 4) >> 3
	b -= t
	a += s
	c += b
	d -= a
	return a, b, c, d
}

// flatten takes back what a junction has got of a step that is smaller than what quantisation
// makes of nothing.
func flatten(a, b, c, d, least int32) (w, x, y, z int32) {
	step := ((a+b+c+d)>>1*595 + 1<<16) >> 17
	if abs(step) >= least {
		return a, b, c, d
	}
	other := (a - b - c + d) >> 1
	switch {
	case step > 0 && other > 0:
		step = min(step, other)
	case step < 0 && other < 0:
		step = max(step, other)
	default:
		return a, b, c, d
	}
	step >>= 1
	return a - step, b + step, c + step, d - step
}

// post4x4 smooths the 4 × 4 samples at at, in whose middle four blocks meet
// (OverlapPostFilter4x4).
func post4x4(p []int32, at, stride int, exact, least int32) {
	r0 := (*[4]int32)(p[at:])
	r1 := (*[4]int32)(p[at+stride:])
	r2 := (*[4]int32)(p[at+2*stride:])
	r3 := (*[4]int32)(p[at+3*stride:])
	a0, a1, a2, a3 := t2x2h(r0[0], r0[3], r3[0], r3[3], 0)
	b0, b1, b2, b3 := t2x2h(r0[1], r0[2], r3[1], r3[2], 0)
	c0, c1, c2, c3 := t2x2h(r1[0], r1[3], r2[0], r2[3], 0)
	d0, d1, d2, d3 := t2x2h(r1[1], r1[2], r2[1], r2[2], 0)
	d3, c3, b3, a3 = postOddOdd(d3, c3, b3, a3)
	d1, b1 = rotate(d1, b1)
	c1, a1 = rotate(c1, a1)
	d2, c2 = rotate(d2, c2)
	b2, a2 = rotate(b2, a2)
	a0, a3 = scaleUp(a0, a3, exact)
	b0, b3 = scaleUp(b0, b3, exact)
	c0, c3 = scaleUp(c0, c3, exact)
	d0, d3 = scaleUp(d0, d3, exact)
	a0, a1, a2, a3 = unscale(a0, a1, a2, a3)
	b0, b1, b2, b3 = unscale(b0, b1, b2, b3)
	c0, c1, c2, c3 = unscale(c0, c1, c2, c3)
	d0, d1, d2, d3 = unscale(d0, d1, d2, d3)
	if least > 0 {
		a0, a1, a2, a3 = flatten(a0, a1, a2, a3, least)
		b0, b1, b2, b3 = flatten(b0, b1, b2, b3, least)
		c0, c1, c2, c3 = flatten(c0, c1, c2, c3, least)
		d0, d1, d2, d3 = flatten(d0, d1, d2, d3, least)
	}
	r0[0], r0[3], r3[0], r3[3] = a0, a1, a2, a3
	r0[1], r0[2], r3[1], r3[2] = b0, b1, b2, b3
	r1[0], r1[3], r2[0], r2[3] = c0, c1, c2, c3
	r1[1], r1[2], r2[1], r2[2] = d0, d1, d2, d3
}

// leastAt is the least step at the junction whose 4 × 4 samples begin at x, y. Of its
// macroblocks the one counts that jxrlib has come to when it smooths it.
func (o *overlap) leastAt(x, y int) int32 {
	if o.least == nil {
		return 0
	}
	x, y = (x+2)/4, (y+2)/4
	down := o.by.Y / 2
	if o.by.X < o.by.Y {
		down = 1
	}
	mx, my := min((x+o.by.X/2)/o.by.X, o.mbs.X-1), (y+down)/o.by.Y
	if my == o.mbs.Y {
		mx, my = o.mbs.X-1, my-1
	}
	return o.least[my*o.mbs.X+mx]
}

// scaleEdge is scaleUp at a border.
func scaleEdge(a, d int32) (x, y int32) {
	a, d = scaleUp(a, d, -1)
	a += (d*3 + 4) >> 3
	d -= a >> 1
	return a + d, -d
}

// post4 smooths four samples, in whose middle two blocks meet at a border, or those in a corner
// (OverlapPostFilter4).
func (o *overlap) post4(p []int32, i, j, k, l int) {
	a, b, c, d := p[i], p[j], p[k], p[l]
	a += d
	b += c
	d -= (a + 1) >> 1
	c -= (b + 1) >> 1
	if !o.old {
		a, d = scaleEdge(a, d)
		b, c = scaleEdge(b, c)
	}
	c, d = rotate(c, d)
	d += (a + 1) >> 1
	c += (b + 1) >> 1
	a -= d
	b -= c
	if o.old {
		a, d = scaleOld(a, d)
		b, c = scaleOld(b, c)
	}
	p[i], p[j], p[k], p[l] = a, b, c, d
}

// scaleOld is what scaleEdge was.
func scaleOld(a, d int32) (x, y int32) {
	a += (d*3 + 16) >> 5
	d += (a*3 + 8) >> 4
	a += (d*3 + 16) >> 5
	return a, d
}

// smooth undoes the overlap of the blocks in a part of a plane.
func (o *overlap) smooth(p []int32, stride int, r image.Rectangle) {
	at := func(x, y int) int { return y*stride + x }
	last := r.Max.Sub(image.Pt(2, 2))
	for _, y := range []int{r.Min.Y, last.Y} {
		for _, x := range []int{r.Min.X, last.X} {
			if !o.old {
				o.post4(p, at(x, y), at(x+1, y), at(x, y+1), at(x+1, y+1))
			}
		}
		for x := r.Min.X + 2; x < last.X; x += 4 {
			for i := at(x, y); i <= at(x, y+1); i += stride {
				o.post4(p, i, i+1, i+2, i+3)
			}
		}
	}
	for y := r.Min.Y + 2; y < last.Y; y += 4 {
		for _, x := range []int{r.Min.X, r.Min.X + 1, last.X, last.X + 1} {
			o.post4(p, at(x, y), at(x, y+1), at(x, y+2), at(x, y+3))
		}
		for x := r.Min.X + 2; x < last.X; x += 4 {
			post4x4(p, at(x, y), stride, o.exact, o.leastAt(x, y))
		}
	}
}

// scaleHalf is the middle of the smoothing of chroma that is smaller than luma.
func scaleHalf(a, b, exact int32) (x, y int32) {
	b += (a + 2) >> 2
	a += (b + 1) >> 1
	a += (b>>5 + b>>9 + b>>13) & exact
	b += (a + 2) >> 2
	return a, b
}

// post2 smooths two samples at a border (OverlapPostFilter2).
func (o *overlap) post2(p []int32, i, j int) {
	if !o.old {
		p[i], p[j] = scaleHalf(p[i], p[j], -1)
		return
	}
	p[j] += (p[i] + 4) >> 3
	p[i] += (p[j] + 2) >> 2
	p[j] += (p[i] + 4) >> 3
}

// post2x2 smooths four samples around a junction (OverlapPostFilter2x2).
func post2x2(p []int32, at, stride int, exact int32) {
	a, b, c, d := p[at], p[at+1], p[at+stride], p[at+stride+1]
	a += d
	b += c
	d -= (a + 1) >> 1
	c -= (b + 1) >> 1
	a, b = scaleHalf(a, b, exact)
	d += (a + 1) >> 1
	c += (b + 1) >> 1
	p[at], p[at+1], p[at+stride], p[at+stride+1] = a-d, b-c, c, d
}

// smoothHalf is smooth for the second transform's values of chroma that is smaller than luma,
// whose corners hold but their difference to the value beside them.
func (o *overlap) smoothHalf(p []int32, stride int, r image.Rectangle) {
	at := func(x, y int) int { return y*stride + x }
	last := r.Max.Sub(image.Pt(1, 1))
	corners := func(by int32) {
		if o.old {
			return
		}
		for _, y := range []int{r.Min.Y, last.Y} {
			l, m := &p[at(r.Min.X, y)], &p[at(last.X, y)]
			x, y := p[at(r.Min.X+1, y)], p[at(last.X-1, y)]
			*l += by * x
			*m += by * y
		}
	}
	corners(-1)
	for _, y := range []int{r.Min.Y, last.Y} {
		for x := r.Min.X + 1; x < last.X; x += 2 {
			o.post2(p, at(x, y), at(x+1, y))
		}
	}
	for y := r.Min.Y + 1; y < last.Y; y += 2 {
		o.post2(p, at(r.Min.X, y), at(r.Min.X, y+1))
		o.post2(p, at(last.X, y), at(last.X, y+1))
		for x := r.Min.X + 1; x < last.X; x += 2 {
			post2x2(p, at(x, y), stride, o.exact)
		}
	}
	corners(1)
}
