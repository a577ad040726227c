package jxr

// readHP reads the coefficients of the first transform (MB_CBPHP, MB_HP and MB_FLEX).
func (p *plane) readHP(b, flex *reader, c *context) error {
	if p.x%16 == 0 {
		c.hor.begin()
		c.ver.begin()
	}
	if p.index[bandHP] == 0 && p.steps[bandHP].count > 1 {
		p.qHP = p.qLP
	}
	if int(p.qHP) >= p.steps[bandHP].count {
		return errCoefficients
	}
	p.readCoded(b, c)
	for ch := range p.channels {
		p.coded[ch] = p.predictCoded(c, ch, p.coded[ch])
	}
	order := &c.hor
	if p.turn == fromTop {
		order = &c.ver
	}
	var counts [2]int
	for ch := range p.channels {
		n, ok := p.readBlocks(b, flex, c, ch, order)
		if !ok {
			return errCoefficients
		}
		counts[min(ch, 1)] += n
		p.predictHigh(ch)
	}
	c.models[bandHP].update(counts, bandHP, p.format, p.channels)
	return nil
}

// readBlocks reads the blocks of a channel, and returns how many coefficients they have. It is
// not ok where those do not fit.
func (p *plane) readBlocks(b, flex *reader, c *context, ch int, order *scan) (count int, ok bool) {
	kind := min(ch, 1)
	low := c.models[bandHP].bits[kind]
	rest := uint(0)
	if p.bands == allBands && low > c.trim {
		rest = low - c.trim
	}
	q := p.steps[bandHP].by[p.qHP&15][ch]
	grid := p.format.blocks(ch)
	for i := range grid.X * grid.Y {
		at := hierarchy(i, grid.X)
		to := (*[16]int32)(p.high[ch][at*16 : at*16+16])
		*to = [16]int32{}
		if p.coded[ch]>>i&1 != 0 {
			if !p.block.read(b, c, firstHigh, kind, 1) {
				return 0, false
			}
			count += p.block.count
			p.block.place(order, to, q<<low)
		}
		if rest > 0 {
			refineHigh(flex, to, rest, q<<c.trim)
		}
	}
	return count, true
}

// hierarchy is where the i-th block is: quarters come one after the other, and so do the blocks
// of each.
func hierarchy(i, width int) int {
	if width == 2 {
		return i
	}
	return i>>3<<3 | i&1 | i>>1&1<<2 | i>>2&1<<1
}

// place puts coefficients into a block, as many times as step.
func (k *block) place(order *scan, to *[16]int32, step int32) {
	for i := range k.count & 15 {
		to[order.place(int(k.at[i]))&15] = k.level[i] * step
	}
}

// refineHigh reads n low bits of each coefficient, which count step; a sign follows those of a
// coefficient that has been zero.
func refineHigh(b *reader, to *[16]int32, n uint, step int32) {
	acc, ready := b.acc, b.n // which stay in registers
	for k := 1; k < 16; k++ {
		if ready < 17 {
			b.acc, b.n = acc, ready
			b.fill()
			acc, ready = b.acc, b.n
		}
		v := int32(acc >> ((64 - n) & 63))
		acc <<= n & 63
		ready -= n
		switch {
		case to[k] > 0:
			to[k] += step * v
		case to[k] < 0:
			to[k] -= step * v
		case v != 0:
			s := int32(int64(acc) >> 63)
			acc <<= 1
			ready--
			to[k] = step * (v ^ s - s)
		}
	}
	b.acc, b.n = acc, ready
}

// readCoded reads which blocks have coefficients, as it differs from what is expected.
func (p *plane) readCoded(b *reader, c *context) {
	sets := p.channels
	if p.format.chroma() {
		sets = 1
	}
	p.coded = [maxChannels]uint32{}
	for s := range sets {
		b.fill()
		for quarter, some := 0, readFour(b, c.quarters.next(b)); quarter < 4; quarter++ {
			if some>>quarter&1 == 0 {
				continue
			}
			b.fill()
			size := c.blocks.next(b) + 1
			chroma := uint32(0)
			if size >= 6 { // with chroma
				chroma, size = readChroma(b, size)
			}
			four := uint32(0)
			switch size {
			case 1:
				four = 1 << b.take(2)
			case 2:
				four = [2]uint32{3, 12}[b.take(1)]
			case 3:
				four = [4]uint32{5, 6, 9, 10}[b.take(2)]
			case 4:
				four = [4]uint32{7, 11, 13, 14}[b.take(2)]
			case 5:
				four = 15
			}
			p.coded[s] |= four << (4 * quarter)
			p.codedChroma(b, c, quarter, chroma)
		}
	}
}

// readChroma reads which channels of chroma have coefficients in a quarter, and how many blocks
// of luma do, of which size says something.
func readChroma(b *reader, size int) (chroma uint32, left int) {
	switch {
	case b.take(1) != 0:
		chroma = 1
	case b.take(1) != 0:
		chroma = 2
	default:
		chroma = 3
	}
	if size == 9 && b.take(1) == 0 {
		size = 11 - int(b.take(1))
	}
	return chroma, size - 6
}

// readFour reads which of four parts have something, when number says how many do.
func readFour(b *reader, number int) uint32 {
	switch number {
	case 1:
		return 1 << b.take(2)
	case 2:
		switch v := b.take(2); v {
		case 0:
			return 3
		case 1:
			return 5
		default:
			return [4]uint32{6, 9, 10, 12}[(v-2)<<1|b.take(1)]
		}
	case 3:
		return 15 ^ 1<<b.take(2)
	case 4:
		return 15
	}
	return 0
}

// codedChroma reads which blocks of chroma have coefficients in a quarter.
func (p *plane) codedChroma(b *reader, c *context, quarter int, channels uint32) {
	for ch := range 2 {
		if channels>>ch&1 == 0 {
			continue
		}
		b.fill()
		v := uint32(0)
		switch p.format {
		case yuv420:
			v = 1 << quarter
		case yuv444:
			v = readFour(b, c.codes[codeBlock].plain(b)+1) << (4 * quarter)
		case yuv422:
			v = 5
			if b.take(1) != 0 {
				v = 1
			} else if b.take(1) != 0 {
				v = 4
			}
			v <<= [4]uint{0, 1, 4, 5}[quarter&3]
		case yOnly, yuvk, nComponent, rgb: // have no such channels
		}
		p.coded[1+ch] |= v
	}
}
