package jxr

import "math/bits"

// seen is what is kept of a channel of a macroblock for those beside and below it.
type seen struct {
	dc    int32
	ac    [6]int32 // the first row of the low coefficients, then the first column
	coded uint32
}

const (
	fromLeft = iota
	fromTop
	fromBoth
	fromNone
)

// orient prefers a direction in which values are much more alike than in the other one.
func orient(hor, ver int32) int {
	switch {
	case hor*4 < ver:
		return fromTop
	case ver*4 < hor:
		return fromLeft
	}
	return fromBoth
}

func abs(v int32) int32 { return max(v, -v) }

// direction is from where the first coefficients of the macroblock are predicted, by those of
// its neighbours.
func (p *plane) direction() int {
	switch {
	case p.x == 0 && p.top:
		return fromNone
	case p.x == 0:
		return fromTop
	case p.top:
		return fromLeft
	}
	hor, ver := int32(0), int32(0)
	add := func(ch int, by int32) {
		l, t, tl := p.here[ch][p.x-1].dc, p.above[ch][p.x].dc, p.above[ch][p.x-1].dc
		hor += abs(tl-l) * by
		ver += abs(tl-t) * by
	}
	switch p.format {
	case yOnly, nComponent:
		add(0, 1)
		return orient(hor, ver)
	case yuv420:
		add(0, 8)
	case yuv422:
		add(0, 4)
	case yuv444, yuvk, rgb:
		add(0, 2)
	}
	add(1, 1)
	add(2, 1)
	return orient(hor, ver)
}

// predictLow adds to the coefficients of the second transform what the neighbours let expect,
// and finds from where those of the first one are predicted.
func (p *plane) predictLow() {
	from := p.direction()
	ac := fromNone
	if from == fromTop && p.qLP == p.aboveQ[p.x] || from == fromLeft && p.qLP == p.hereQ[p.x-1] {
		ac = from
	}
	for ch := range p.channels {
		d := &p.dc[ch]
		half := p.format.blocks(ch) != p.format.blocks(0)
		d[0] += p.expected(ch, from, half)
		switch {
		case half:
			p.predictHalf(ch, from, ac)
		case ac == fromLeft:
			for i, v := range p.here[ch][p.x-1].ac[:3] {
				d[1+i] += v
			}
		case ac == fromTop:
			for i, v := range p.above[ch][p.x].ac[3:] {
				d[4+4*i] += v
			}
		}
	}
	p.turn = p.turned()
}

// expected is the first coefficient of a channel by its neighbours.
func (p *plane) expected(ch, from int, half bool) int32 {
	switch from {
	case fromLeft:
		return p.here[ch][p.x-1].dc
	case fromTop:
		return p.above[ch][p.x].dc
	case fromNone:
		return 0
	}
	sum := p.here[ch][p.x-1].dc + p.above[ch][p.x].dc
	if half {
		sum++
	}
	return sum >> 1
}

// predictHalf is for a channel of chroma that is smaller than luma.
func (p *plane) predictHalf(ch, from, ac int) {
	d := &p.dc[ch]
	tall := p.format == yuv422
	switch {
	case ac == fromTop && tall:
		top := &p.above[ch][p.x].ac
		d[4] += top[4]
		d[2] += top[3]
		d[6] += d[2]
	case ac == fromTop:
		d[2] += p.above[ch][p.x].ac[1]
	case ac == fromLeft && tall:
		left := &p.here[ch][p.x-1].ac
		d[4] += left[4]
		d[1] += left[0]
		d[5] += left[2]
	case ac == fromLeft:
		d[1] += p.here[ch][p.x-1].ac[0]
	case from == fromTop && tall:
		d[6] += d[2]
	}
}

// turned is from where coefficients of the first transform are predicted, by the second one's.
func (p *plane) turned() int {
	d := &p.dc[0]
	hor := abs(d[1]) + abs(d[2]) + abs(d[3])
	ver := abs(d[4]) + abs(d[8]) + abs(d[12])
	if p.format != yOnly && p.format != nComponent {
		u, v := &p.dc[1], &p.dc[2]
		hor += abs(u[1]) + abs(v[1])
		switch p.format {
		case yuv420:
			ver += abs(u[2]) + abs(v[2])
		case yuv422:
			ver += abs(u[2]) + abs(v[2]) + abs(u[6]) + abs(v[6])
			hor += abs(u[5]) + abs(v[5])
		case yuv444, yuvk, yOnly, nComponent, rgb:
			ver += abs(u[4]) + abs(v[4])
		}
	}
	return orient(hor, ver)
}

// keep notes what the macroblocks beside and below this one need.
func (p *plane) keep() {
	p.hereQ[p.x] = p.qLP
	for ch := range p.channels {
		d, s := &p.dc[ch], &p.here[ch][p.x]
		s.dc = d[0]
		switch {
		case ch > 0 && p.format == yuv420:
			s.ac = [6]int32{d[1], d[2]}
		case ch > 0 && p.format == yuv422:
			s.ac = [6]int32{d[1], d[2], d[5], d[6], d[4]}
		default:
			s.ac = [6]int32{d[1], d[2], d[3], d[4], d[8], d[12]}
		}
	}
}

// coded adapts how patterns of blocks that have coefficients are predicted.
type coded struct {
	state       int // 0: by neighbours, 1: as they are, 2: inverted
	ones, zeros int
}

// count takes a pattern of which ones of sixteen are set.
func (c *coded) count(ones int) {
	const usual = 3
	c.ones = min(max(c.ones+ones-usual, -16), 15)
	c.zeros = min(max(c.zeros+16-ones-usual, -16), 15)
	switch {
	case c.ones < 0 && c.ones < c.zeros:
		c.state = 1
	case c.ones < 0 || c.zeros < 0:
		c.state = 2
	default:
		c.state = 0
	}
}

// predictCoded turns the difference of a pattern into the pattern (PREDICT_CBPHP).
func (p *plane) predictCoded(c *context, ch int, v uint32) uint32 {
	m := &c.coded[min(ch, 1)]
	half := p.format.blocks(ch)
	area := half.X * half.Y
	switch m.state {
	case 0:
		v = p.spread(ch, v, area)
	case 2:
		v ^= 1<<area - 1
	}
	m.count(bits.OnesCount32(v&(1<<area-1)) * 16 / area)
	p.here[ch][p.x].coded = v
	return v
}

// spread undoes the differences between a block and the one before it, the first one's being to
// the left or above.
func (p *plane) spread(ch int, v uint32, area int) uint32 {
	switch left, top := uint(1), uint(area-2); {
	case p.x > 0:
		if area == 16 {
			left = 5
		}
		v ^= p.here[ch][p.x-1].coded >> left & 1
	case p.top:
		v ^= 1
	default:
		if area == 16 {
			top = 10
		}
		v ^= p.above[ch][p.x].coded >> top & 1
	}
	v ^= v << 1 & 2
	if area < 16 {
		v ^= v & 3 << 2
		if area == 8 {
			v ^= v & 0xc << 2
			v ^= v & 0x30 << 2
		}
		return v
	}
	v ^= v << 3 & 0x10
	v ^= v << 1 & 0x20
	v ^= v & 0x33 << 2
	v ^= v & 0xcc << 6
	v ^= v & 0x3300 << 2
	return v
}

// predictHigh adds to the coefficients of a channel's blocks those of the block before, in its
// first row or column.
func (p *plane) predictHigh(ch int) {
	grid := p.format.blocks(ch)
	b := &p.high[ch]
	switch p.turn {
	case fromTop:
		for i := grid.X; i < grid.X*grid.Y; i++ {
			to, from := b[i*16:i*16+16:i*16+16], b[(i-grid.X)*16:(i-grid.X)*16+16]
			to[4] += from[4]
			to[8] += from[8]
			to[12] += from[12]
		}
	case fromLeft:
		for i := range grid.X * grid.Y {
			if i%grid.X == 0 {
				continue
			}
			to, from := b[i*16:i*16+16:i*16+16], b[i*16-16:i*16]
			to[1] += from[1]
			to[2] += from[2]
			to[3] += from[3]
		}
	}
}
