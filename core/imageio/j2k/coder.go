package j2k

// maxPlanes is how many planes of bits a coefficient can have beside its sign and a bit of a fraction.
const maxPlanes = 30

// The flags of a stripe's column, four coefficients one below the other, are one word. Its lowest 18 bits say
// which of six rows of three neighbours are significant: the rows are those of the column and one above and
// below, and from left to right a bit each. So n = flags >> 3r holds in its lowest 9 bits the neighbours of
// the column's r-th coefficient, and itself.
const (
	bitSelf    = 1 << 4
	bitAround  = 0x1ff &^ bitSelf
	bitsAll    = 0x3ffff
	signAt     = 18      // of the row above; those of the column and the row below follow
	bitRefined = 1 << 24 // of the first coefficient; the others follow
	bitVisited = 1 << 28 // in this plane of bits; the same
	bitsSelf   = bitSelf | bitSelf<<3 | bitSelf<<6 | bitSelf<<9
)

// The contexts (table D.7): those of zero coding come first.
const (
	contextSign   = 9
	contextRefine = 14
	contextRun    = 17
	contextEven   = 18
)

const sign = 1 << 31

// coder decodes code-blocks (annex D).
type coder struct {
	mq       mq
	raw      rawBits
	contexts [32]context
	zero     [4][512]uint8 // contexts by neighbours, for each orientation (table D.1)
	signs    [256]uint8    // contexts, and in the highest bit what turns the symbol (tables D.2, D.3)

	w, h   int
	zeros  *[512]uint8
	flags  []uint32 // of columns, a frame of one around them
	stride int
	data   []uint32 // magnitudes with a bit of a fraction, and signs; column by column of each stripe
	plane  uint     // of bits: its place in data
	causal bool
	buffer []byte
}

// tables fills what never changes.
func (c *coder) tables() {
	c.mq.fill()
	for n := range 512 {
		at := func(i int) int { return n >> i & 1 }
		h, v, d := at(3)+at(5), at(1)+at(7), at(0)+at(2)+at(6)+at(8)
		c.zero[bandLL][n] = zeroContext(h, v, d)
		c.zero[bandLH][n] = zeroContext(h, v, d)
		c.zero[bandHL][n] = zeroContext(v, h, d)
		c.zero[bandHH][n] = zeroContextHH(h+v, d)
	}
	for n := range 256 { // pairs of sign and significance: above, left, right, below
		of := func(i int) int { return (n >> (2*i + 1) & 1) * (1 - 2*(n>>(2*i)&1)) }
		h, v := max(-1, min(1, of(1)+of(2))), max(-1, min(1, of(0)+of(3)))
		turn := uint8(0)
		if h < 0 || h == 0 && v < 0 {
			h, v, turn = -h, -v, 0x80
		}
		c.signs[n] = turn | uint8(contextSign+3*h+v)
	}
}

// zeroContext is table D.1 for sub-bands LL and LH.
func zeroContext(h, v, d int) uint8 {
	switch {
	case h == 2:
		return 8
	case h == 1 && v > 0:
		return 7
	case h == 1:
		return 5 + uint8(min(d, 1))
	case v > 0:
		return 2 + uint8(v)
	}
	return uint8(min(d, 2))
}

// zeroContextHH is table D.1 for the sub-band HH.
func zeroContextHH(hv, d int) uint8 {
	switch d {
	case 0:
		return uint8(min(hv, 2))
	case 1:
		return 3 + uint8(min(hv, 2))
	case 2:
		return 6 + uint8(min(hv, 1))
	}
	return 8
}

// reset makes all contexts new (table D.7).
func (c *coder) reset() {
	for i := range c.contexts {
		c.start(i, 0)
	}
	c.start(0, 4)
	c.start(contextRun, 3)
	c.start(contextEven, 46)
}

func (c *coder) start(i int, state uint32) {
	c.contexts[i] = context{state: state << 1, qe: c.mq.states[state<<1].qe}
}

// block decodes a code-block into c.data.
func (c *coder) block(b *block, pieces []piece, modes byte) error {
	c.w, c.h, c.stride = int(b.w), int(b.h), int(b.w)+2
	stripes := (c.h + 3) / 4
	c.flags = room(c.flags, c.stride*(stripes+2))
	c.data = room(c.data, c.w*stripes*4)
	c.zeros, c.causal = &c.zero[b.band.orient], modes&styleCausal != 0
	c.reset()
	pass := 0
	for at := int(b.first); at > 0; {
		c.buffer = c.buffer[:0]
		n := 0
		for fresh := true; at > 0 && (fresh || !pieces[at-1].fresh); at, fresh = pieces[at-1].next, false {
			c.buffer = append(c.buffer, pieces[at-1].data...)
			n += pieces[at-1].passes
		}
		c.buffer = append(c.buffer, 0xff, 0xff)
		if err := c.segment(int(b.planes), pass, n, modes); err != nil {
			return err
		}
		pass += n
	}
	return nil
}

// segment decodes the n passes of a codeword segment, from pass on; there are so many planes of bits.
func (c *coder) segment(planes, pass, n int, modes byte) error {
	raw := modes&styleBypass != 0 && pass >= firstBypass && (pass-firstBypass)%3 < 2
	if raw {
		c.raw = rawBits{src: c.buffer}
	} else {
		c.mq.start(c.buffer)
	}
	for i := pass; i < min(pass+n, 3*planes-2); i++ { // some programs write more, which say nothing
		c.plane = uint(planes - (i+2)/3)
		kind := (i + 2) % 3
		c.pass(kind, raw)
		if kind == cleanUp && modes&styleSegment != 0 && c.mark() != 0xa {
			return errMark
		}
		if modes&styleReset != 0 {
			c.reset()
		}
	}
	return nil
}

// mark reads a segmentation symbol (D.5).
func (c *coder) mark() (v uint32) {
	for range 4 {
		v = v<<1 | c.bit(contextEven)
	}
	return v
}

// bit decodes a symbol.
func (c *coder) bit(i int) uint32 {
	x := &c.contexts[i]
	symbol := x.state & 1
	if c.mq.d -= x.qe; c.mq.d < 0 {
		symbol, c.mq.d = c.mq.renew(x, c.mq.d)
	}
	return symbol
}
