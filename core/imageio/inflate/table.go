package inflate

// The bits that index a table at once; longer codes go on in a table of their own.
const (
	litBits  = 11
	distBits = 8
	longest  = 15
)

// An entry of a table says what the next bits mean. Bits 0…7 are how many bits it takes in
// all. Of a literal (flagLit) bits 8…23 are one or two of them, and 24…25 how many. Of a length
// or a distance bits 8…11 are how many bits the code takes, without those behind it that are
// added, and 16… its least value. flagMore is a code that goes on (bits 8…11 are by how many
// bits, 12… where), the end of the block (flagEnd), or none.
const (
	flagMore = 1 << 31
	flagLit  = 1 << 30 // of literals and lengths alone: distances need that bit
	flagEnd  = 1 << 29
	noCode   = flagMore
)

// meanings are entries without what the code adds: of literals and lengths, of distances,
// and of the lengths of codes.
type meanings struct {
	known     bool
	symbols   [288]uint32
	distances [32]uint32
	lengths   [19]uint32
}

// learn writes what RFC 1951, 3.2.5, has in its tables.
func (m *meanings) learn() {
	if m.known {
		return
	}
	m.known = true
	for i := range uint32(256) {
		m.symbols[i] = flagLit | 1<<24 | i<<8
	}
	m.symbols[256] = flagMore | flagEnd
	least := uint32(3)
	for i := range uint32(28) {
		more := uint32(0)
		if i >= 8 {
			more = i/4 - 1
		}
		m.symbols[257+i] = least<<16 | more
		least += 1 << more
	}
	m.symbols[285] = 258 << 16
	m.symbols[286], m.symbols[287] = noCode, noCode
	least = 1
	for i := range uint32(30) {
		more := uint32(0)
		if i >= 4 {
			more = i/2 - 1
		}
		m.distances[i] = least<<16 | more
		least += 1 << more
	}
	m.distances[30], m.distances[31] = noCode, noCode
	for i := range uint32(19) {
		m.lengths[i] = i << 16
	}
}

// table makes the table of a code from the lengths of its words, with what the symbols mean.
// Codes that name more words than there are, or fewer, are ErrCorrupt; one word of one bit
// alone, and no word at all, are what deflate allows.
func table(t []uint32, root uint8, lens []uint8, meaning []uint32, lit bool) error {
	var count [longest + 1]int
	for _, l := range lens {
		count[l]++
	}
	count[0] = 0
	var next [longest + 2]uint32
	code, top := uint32(0), 0
	for l := 1; l <= longest; l++ {
		next[l] = code
		code = (code + uint32(count[l])) << 1 //nolint:gosec // at most 288 words
		if count[l] > 0 {
			top = l
		}
		if code > 2<<l {
			return ErrCorrupt
		}
	}
	whole := code == 2<<longest
	if !whole && top > 1 {
		return ErrCorrupt
	}
	if !whole {
		for i := range 1 << root {
			t[i] = noCode
		}
	}
	return spread(t, root, lens, meaning, lit, &next)
}

// spread writes the words of a code into its table; next is the first word of each length.
func spread(t []uint32, root uint8, lens []uint8, meaning []uint32, lit bool, next *[longest + 2]uint32) error {
	first := *next
	if err := deeper(t, root, lens, next); err != nil {
		return err
	}
	*next = first
	for sym, l := range lens {
		if l == 0 {
			continue
		}
		word := reversed(next[l], l)
		next[l]++
		part, wide := t[:1<<root], root
		if l > root {
			e := t[word&(1<<root-1)]
			at := e >> 12 & 0xfff
			wide = uint8(e >> 8 & 15) //nolint:gosec // four bits
			part = t[at : at+1<<wide]
			word >>= root
			l -= root
		}
		e := meaning[sym]
		switch {
		case e&flagMore != 0 && (!lit || e&flagEnd == 0):
			e = noCode
		case lit && e&(flagLit|flagMore) != 0:
			e += uint32(l)
		default:
			e += uint32(l) | uint32(l)<<8
		}
		for i := word; i < 1<<wide; i += 1 << l {
			part[i] = e
		}
	}
	return nil
}

// deeper sets where in the table the codes go on that are longer than root.
func deeper(t []uint32, root uint8, lens []uint8, next *[longest + 2]uint32) error {
	free := 1 << root // where the next table of longer codes goes
	var deep [1 << litBits]uint8
	for _, l := range lens { // how long the codes are that begin with the same root bits
		if l > 0 {
			if l > root {
				at := reversed(next[l], l) & (1<<root - 1)
				deep[at] = max(deep[at], l-root)
			}
			next[l]++
		}
	}
	for at, more := range deep[:1<<root] {
		if more > 0 {
			if free+1<<more > len(t) {
				return ErrCorrupt
			}
			t[at] = flagMore | uint32(free)<<12 | uint32(more)<<8 | uint32(root) //nolint:gosec // below 4,096
			free += 1 << more
		}
	}
	return nil
}
