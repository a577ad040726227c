package j2k

import "errors"

// errMark is a segmentation symbol that is none: the bits before it are damaged.
var errMark = errors.New("j2k: a code-block is damaged")

// The passes over each plane of bits (D.3), in their order.
const (
	significance = iota
	refinement
	cleanUp
)

// pass goes over all stripes (figure D.1): i is the flags of a stripe's first column, j that one's first
// coefficient, and there are so many rows. The arithmetic decoder's d is handed on from stripe to stripe.
func (c *coder) pass(kind int, raw bool) {
	d := c.mq.d
	for y := 0; y < c.h; y += 4 {
		i, j, rows := (y/4+1)*c.stride+1, y*c.w, min(4, c.h-y)
		switch {
		case kind == cleanUp:
			d = c.cleanUp(i, j, rows, d)
		case kind == significance && raw:
			c.significanceRaw(i, j, rows)
		case kind == significance:
			d = c.significance(i, j, rows, d)
		case raw:
			c.refinementRaw(i, j, rows)
		default:
			d = c.refinement(i, j, rows, d)
		}
	}
	c.mq.d = d
}

// significance decodes whether the neighbours of significant coefficients are, too (D.3.1).
func (c *coder) significance(i, j, rows int, d int64) int64 {
	flags := c.flags[:i+c.w]
	for ; i < len(flags); i, j = i+1, j+4 {
		if flags[i]&bitsAll == 0 {
			continue
		}
		for r := range rows {
			n := flags[i] >> (3 * r & 31)
			if n&bitSelf != 0 || n&bitAround == 0 {
				continue
			}
			x := &c.contexts[c.zeros[n&0x1ff]&31]
			symbol := x.state & 1
			if d -= x.qe; d < 0 {
				symbol, d = c.mq.renew(x, d)
			}
			if symbol != 0 {
				d = c.sign(i, j, r, d)
			}
			flags[i] |= bitVisited << (r & 3)
		}
	}
	return d
}

// refinement decodes the next bit of significant coefficients (D.3.3).
func (c *coder) refinement(i, j, rows int, d int64) int64 {
	flags := c.flags[:i+c.w]
	for ; i < len(flags); i, j = i+1, j+4 {
		f := flags[i]
		if f&bitsSelf == 0 {
			continue
		}
		for r := range rows {
			n := f >> (3 * r & 31)
			if n&bitSelf == 0 || f&(bitVisited<<(r&3)) != 0 {
				continue
			}
			context := contextRefine
			if f&(bitRefined<<(r&3)) != 0 {
				context += 2
			} else if n&bitAround != 0 {
				context++
			}
			x := &c.contexts[context]
			symbol := x.state & 1
			if d -= x.qe; d < 0 {
				symbol, d = c.mq.renew(x, d)
			}
			c.refine(j+r, symbol)
			f |= bitRefined << (r & 3)
		}
		flags[i] = f
	}
	return d
}

// cleanUp decodes whether all others are significant (D.3.4).
func (c *coder) cleanUp(i, j, rows int, d int64) int64 {
	flags := c.flags[:i+c.w]
	for ; i < len(flags); i, j = i+1, j+4 {
		r := 0
		if flags[i]&bitsAll == 0 && rows == 4 {
			if r, d = c.run(d); r == 4 {
				continue
			}
			d = c.sign(i, j, r, d)
			r++
		}
		for ; r < rows; r++ {
			n := flags[i] >> (3 * r & 31)
			if n&bitSelf != 0 || flags[i]&(bitVisited<<(r&3)) != 0 {
				continue
			}
			x := &c.contexts[c.zeros[n&0x1ff]&31]
			symbol := x.state & 1
			if d -= x.qe; d < 0 {
				symbol, d = c.mq.renew(x, d)
			}
			if symbol != 0 {
				d = c.sign(i, j, r, d)
			}
		}
		flags[i] &= bitVisited - 1
	}
	return d
}

// run decodes how many coefficients of a column without significant neighbours are not significant.
func (c *coder) run(d int64) (int, int64) {
	c.mq.d = d
	if c.bit(contextRun) == 0 {
		return 4, c.mq.d
	}
	r := int(c.bit(contextEven))<<1 | int(c.bit(contextEven))
	return r, c.mq.d
}

// significanceRaw is significance past the arithmetic coder (D.6).
func (c *coder) significanceRaw(i, j, rows int) {
	for end := i + c.w; i < end; i, j = i+1, j+4 {
		for r := range rows {
			n := c.flags[i] >> (3 * r)
			if n&bitSelf != 0 || n&bitAround == 0 {
				continue
			}
			if c.raw.bit() != 0 {
				c.significant(i, j, r, c.raw.bit())
			}
			c.flags[i] |= bitVisited << (r & 3)
		}
	}
}

// refinementRaw is refinement past the arithmetic coder.
func (c *coder) refinementRaw(i, j, rows int) {
	for end := i + c.w; i < end; i, j = i+1, j+4 {
		for r := range rows {
			if f := c.flags[i]; f>>(3*r)&bitSelf != 0 && f&(bitVisited<<(r&3)) == 0 {
				c.refine(j+r, c.raw.bit())
				c.flags[i] |= bitRefined << (r & 3)
			}
		}
	}
}

// sign decodes the sign of a coefficient that turns out to be significant (D.3.2).
func (c *coder) sign(i, j, r int, d int64) int64 {
	f := c.flags[i]
	n := f>>(3*r)&0xaa | f>>(signAt+r)&1 | c.flags[i-1]>>(signAt+1+r)&1<<2 | c.flags[i+1]>>(signAt+1+r)&1<<4 | f>>(signAt+2+r)&1<<6
	s := c.signs[n]
	x := &c.contexts[s&31]
	symbol := x.state & 1
	if d -= x.qe; d < 0 {
		symbol, d = c.mq.renew(x, d)
	}
	c.significant(i, j, r, symbol^uint32(s>>7))
	return d
}

// significant notes a coefficient with the bit of this plane, and half of that: what the lower planes say
// is yet unknown (E-6, r = ½).
func (c *coder) significant(i, j, r int, negative uint32) {
	c.data[j+r] = 3<<(c.plane-1) | negative<<31
	c.flags[i] |= bitSelf<<(3*r) | negative<<(signAt+1+r)
	c.flags[i-1] |= 1 << (3*r + 5)
	c.flags[i+1] |= 1 << (3*r + 3)
	if r == 0 && !c.causal {
		above := c.flags[i-c.stride-1 : i-c.stride+2]
		above[0] |= 1 << 17
		above[1] |= 1<<16 | negative<<(signAt+5)
		above[2] |= 1 << 15
	}
	if r == 3 {
		below := c.flags[i+c.stride-1 : i+c.stride+2]
		below[0] |= 1 << 2
		below[1] |= 1<<1 | negative<<signAt
		below[2] |= 1
	}
}

// refine puts a bit of this plane in the place of the half that stood there.
func (c *coder) refine(at int, symbol uint32) {
	c.data[at] = c.data[at] ^ (symbol^1)<<c.plane | 1<<(c.plane-1)
}
