package jxr

// readDC reads the first coefficient of each channel of a macroblock (MB_DC).
func (p *plane) readDC(b *reader, c *context) {
	m := &c.models[bandDC]
	var counts [2]int
	present := int32(-1)
	if p.format.chroma() {
		b.fill()
		present = int32(c.codes[codeDC].plain(b))
	}
	for ch := range p.channels {
		kind, levels := 0, codeLevelY
		if ch > 0 {
			kind = 1
		}
		there := false
		if p.format.chroma() {
			levels += kind
			there = present>>(2-ch)&1 != 0
		} else {
			there = b.flag()
		}
		v := int32(0)
		if there {
			b.fill()
			v = readLevel(b, &c.codes[levels]) - 1
			counts[kind]++
		}
		v = v<<m.bits[kind] | b.get(m.bits[kind])
		if v != 0 && b.flag() {
			v = -v
		}
		p.dc[ch] = [16]int32{v}
	}
	m.update(counts, bandDC, p.format, p.channels)
}

// readLP reads the other coefficients of the second transform (MB_LP).
func (p *plane) readLP(b *reader, c *context) error {
	if p.x%16 == 0 {
		c.low.begin()
	}
	m := &c.models[bandLP]
	sets := p.channels
	if p.format == yuv420 || p.format == yuv422 {
		sets = 2 // both of chroma together
	}
	coded := p.lowCoded(b, c, sets)
	var counts [2]int
	for s := range sets {
		kind := min(s, 1)
		joint := s > 0 && sets < p.channels
		if coded>>s&1 != 0 {
			loc := 1
			if joint {
				loc = 16 - 2*(p.format.blocks(1).Y*2-1)
			}
			if !p.block.read(b, c, firstLow, kind, loc) {
				return errCoefficients
			}
			counts[kind] += p.block.count
			p.placeLow(&c.low, s, loc, joint)
		}
		if n := m.bits[kind]; n > 0 {
			p.refineLow(b, n, s, joint)
		}
	}
	m.update(counts, bandLP, p.format, p.channels)
	return nil
}

// lowCoded reads which of sets of channels have low coefficients (CBPLP).
func (p *plane) lowCoded(b *reader, c *context, sets int) int32 {
	if !p.format.chroma() {
		v := int32(0)
		for s := range sets {
			v |= b.get(1) << s
		}
		return v
	}
	all := int32(1)<<sets - 1
	v := int32(0)
	if c.zero <= 0 || c.full < 0 {
		if b.flag() {
			v = 1
			if k := b.get(uint(sets - 1)); k != 0 {
				v = k<<1 | b.get(1)
			}
		}
		if c.full < c.zero {
			v = all - v
		}
	} else {
		v = b.get(uint(sets))
	}
	count := func(n *int, is bool) {
		*n++
		if is {
			*n -= 4
		}
		*n = min(max(*n, -8), 7)
	}
	count(&c.full, v == all)
	count(&c.zero, v == 0)
	return v
}

// placeLow puts the coefficients of a block, which began at place loc, into channel s, or in
// turn into the two of chroma.
func (p *plane) placeLow(order *scan, s, loc int, joint bool) {
	k := &p.block
	for i := range k.count {
		at := int(k.at[i])
		if !joint {
			p.dc[s][order.place(at)&15] = k.level[i]
			continue
		}
		at -= loc
		to := at>>1 + 1
		if p.format == yuv422 {
			to = int([8]uint8{4, 1, 2, 3, 5, 6, 7}[at>>1&7])
		}
		p.dc[1+at&1][to&15] = k.level[i]
	}
}

// refineLow reads the low bits of the coefficients of channel s, or in turn of both of chroma.
func (p *plane) refineLow(b *reader, n uint, s int, joint bool) {
	if !joint {
		for k := range 15 {
			refine(b, n, &p.dc[s][k+1])
		}
		return
	}
	for k := 1; k < 2*p.format.blocks(1).Y; k++ {
		refine(b, n, &p.dc[1][k])
		refine(b, n, &p.dc[2][k])
	}
}

// refine puts n low bits below a coefficient.
func refine(b *reader, n uint, v *int32) {
	b.fill()
	switch {
	case *v > 0:
		*v = *v<<n + b.take(n)
	case *v < 0:
		*v = *v<<n - b.take(n)
	default:
		*v = b.signed(n)
	}
}
