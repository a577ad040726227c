package jxr

import "strings"

// code is a table of words of variable length: for the next eight bits the symbol, and how many
// of them are its word.
type code [256]uint8

// newCode builds the table of words, which are apart by spaces, each of zeros and ones.
func newCode(words string) *code {
	c := &code{}
	for symbol, word := range strings.Fields(words) {
		from := 0
		for _, bit := range word {
			from = from<<1 | int(bit-'0')
		}
		rest := 8 - len(word)
		for i := from << rest; i < (from+1)<<rest; i++ {
			c[i] = uint8(symbol<<4 | len(word))
		}
	}
	return c
}

// alphabet is what is known of the symbols of one number: its codes, from the one for small
// numbers to that for large ones, and by how much a symbol says that the next or the last one
// would be better.
type alphabet struct {
	codes  []*code
	deltas [][]int8
	first  int  // code to begin with
	twice  bool // the way up and the way down are counted apart
}

// down and up are the deltas that count for code i.
func (a *alphabet) down(i int) []int8 {
	if !a.twice {
		return a.deltas[0]
	}
	return a.deltas[max(i-1, 0)]
}

func (a *alphabet) up(i int) []int8 {
	if !a.twice {
		return a.deltas[0]
	}
	return a.deltas[min(i, len(a.deltas)-1)]
}

// alphabets are the standard's code tables by the number of their symbols; those whose symbols say
// nothing of the code have deltas of zero.
func alphabets() (all [13]*alphabet) {
	add := func(symbols, first int, deltas [][]int8, words ...string) {
		a := &alphabet{deltas: deltas, first: first, twice: len(words) > 2}
		for _, w := range words {
			a.codes = append(a.codes, newCode(w))
		}
		all[symbols] = a
	}
	add(4, 0, [][]int8{{0, 0, 0, 0}}, "1 01 000 001")
	add(5, 0, [][]int8{{0, -1, 0, 1, 1}},
		"1 01 001 0000 0001",
		"1 000 001 010 011")
	add(6, 1, [][]int8{
		{-1, 1, 1, 1, 0, 1},
		{-2, 0, 0, 2, 0, 0},
		{-1, -1, 0, 1, -2, 0},
	},
		"1 00000 001 00001 01 0001",
		"01 0000 10 0001 11 001",
		"0000 0001 01 10 11 001",
		"00000 00001 01 1 0001 001")
	add(7, 0, [][]int8{{1, 0, -1, -1, -1, -1, -1}},
		"01 10 11 001 0001 00000 00001",
		"1 01 001 0001 00001 000000 000001")
	add(8, 0, [][]int8{make([]int8, 8)}, "10 001 00001 0001 11 010 00000 011")
	add(9, 0, [][]int8{{2, 2, 1, 1, -1, -2, -2, -2, -3}},
		"010 00000 0010 00001 00010 1 011 00011 0011",
		"1 001 010 0001 000001 011 00001 0000000 0000001")
	add(12, 1, [][]int8{
		{1, 1, 1, 1, 1, 0, 0, -1, 2, 1, 0, 0},
		{2, 2, -1, -1, -1, 0, -2, -1, 0, 0, -2, -1},
		{-1, 1, 0, 2, 0, 0, 0, 0, -2, 0, 1, 1},
		{0, 1, 0, 1, -2, 0, -1, -1, -2, -1, -2, -2},
	},
		"00001 000001 0000000 0000001 00100 010 00101 1 00110 0001 00111 011",
		"0010 00010 000000 000001 0011 010 00011 11 011 100 00001 101",
		"11 001 0000000 0000001 00001 010 0000010 011 100 101 0000011 0001",
		"001 11 0000000 00001 00010 010 0000001 011 00011 100 000001 101",
		"010 1 0000001 0001 0000010 011 00000000 0010 0000011 0011 00000001 00001")
	return all
}

// adaptive is a code that is changed for another one as symbols come.
type adaptive struct {
	code     *code
	down, up []int8
	dn, un   int // the discriminants
	low      int // below which the last code is taken, and the next one above high
	high     int
	index    int
	of       *alphabet
}

func newAdaptive(of *alphabet) adaptive {
	a := adaptive{of: of, index: of.first}
	a.set()
	return a
}

const threshold = 8

func (a *adaptive) set() {
	a.code, a.down, a.up = a.of.codes[a.index], a.of.down(a.index), a.of.up(a.index)
	a.low, a.high = -threshold, threshold
	if a.index == 0 {
		a.low = -1 << 31
	}
	if a.index == len(a.of.codes)-1 {
		a.high = 1 << 30
	}
}

// adapt changes the code where the symbols since the last call say so (AdaptVLCTable).
func (a *adaptive) adapt() {
	up := a.dn
	if a.of.twice {
		up = a.un
	}
	switch {
	case a.dn < a.low:
		a.index--
	case up > a.high:
		a.index++
	default:
		const most = 8 * threshold
		a.dn, a.un = min(max(a.dn, -most), most), min(max(a.un, -most), most)
		return
	}
	a.dn, a.un = 0, 0
	a.set()
}

// next reads a symbol, whose bits must be ready, and counts it.
func (a *adaptive) next(b *reader) int {
	s := a.plain(b)
	a.dn += int(a.down[s])
	a.un += int(a.up[s])
	return s
}

// plain is next for the codes that symbols don't change.
func (a *adaptive) plain(b *reader) int {
	e := a.code[b.acc>>56]
	b.acc <<= e & 15
	b.n -= uint(e & 15)
	return int(e >> 4)
}
