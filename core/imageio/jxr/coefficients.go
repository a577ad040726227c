package jxr

// block is the coefficients of a block that are not zero: where they are in the scan, and what.
type block struct {
	count int
	at    [16]uint8
	level [16]int32
}

// read reads the coefficients that stand from place loc of the scan on (DECODE_BLOCK), by the
// codes of a band and of luma or chroma. It is not ok where they do not fit. All that is read of
// a coefficient is 33 bits at most, or filled up by readLevel: so much is made ready at a time.
func (k *block) read(b *reader, c *context, band, chroma, loc int) (ok bool) {
	levels := c.codes[band+levelCodes : band+levelCodes+2]
	codes := c.codes[band+chroma*chromaCodes : band+chroma*chromaCodes+3]
	b.fill()
	index := codes[0].next(b)
	run, next := index&1 == 0, index>>2 // next: 0 for none, 1 for one right behind, 2 for one later
	same := index & next & 1
	k.count = 0
	level := readSigned(b, &levels[same], index&2 != 0)
	for {
		if k.count > 0 {
			b.fill()
		}
		if run {
			if loc >= 15 {
				return false
			}
			loc += readRun(b, &c.codes[codeRun], 15-loc)
		}
		if loc > 15 {
			return false
		}
		if k.count > 0 {
			index = readIndex(b, &codes[1+same], loc+1)
			next = index >> 1
			same &= next
			level = readSigned(b, &levels[same], index&1 != 0)
		}
		k.at[k.count&15], k.level[k.count&15] = uint8(loc), level
		k.count++
		loc++
		if next == 0 {
			return true
		}
		run = next&1 == 0
	}
}

// readSigned reads a coefficient: its sign, and its level where it is more than one.
func readSigned(b *reader, levels *adaptive, more bool) int32 {
	s := -b.take(1)
	if !more {
		return 1 ^ s - s
	}
	return readLevel(b, levels) ^ s - s
}

// readIndex reads what is known of a coefficient that follows another one, when loc is the place
// behind it (DECODE_INDEX).
func readIndex(b *reader, a *adaptive, loc int) int {
	switch {
	case loc < 15:
		return a.next(b)
	case loc > 15:
		return int(b.take(1))
	case b.take(1) == 0:
		return 0
	case b.take(1) == 0:
		return 2
	}
	return 1 + 2*int(b.take(1))
}

// readRun reads how many zeros stand before a coefficient: at least one, and no more than most
// (DECODE_RUN).
func readRun(b *reader, a *adaptive, most int) int {
	if most < 5 {
		n := 1
		for n < most && b.take(1) == 0 {
			n++
		}
		return n
	}
	i := a.plain(b)
	runs, rests := [5]uint8{1, 2, 3, 5, 7}, [5]uint8{0, 0, 1, 1, 3}
	switch {
	case most < 7:
		runs, rests = [5]uint8{1, 2, 3, 4, 5}, [5]uint8{0, 0, 0, 0, 1}
	case most < 11:
		rests[4] = 2
	}
	return int(runs[i]) + int(b.take(uint(rests[i])))
}

// readLevel reads a level above one (DECODE_ABS_LEVEL).
func readLevel(b *reader, a *adaptive) int32 {
	switch i := a.next(b); i {
	case 0, 1:
		return int32(i) + 2
	case 2:
		return 4 + b.take(1)
	case 3, 4, 5:
		return int32(4*i-6) + b.take(2)
	}
	n := b.take(4) + 4
	if n == 19 {
		if n += b.take(2); n == 22 {
			n += b.take(3)
		}
	}
	level := 2 + 1<<n + b.get(uint(n))
	b.fill()
	return level
}
