package j2k

import "math/bits"

// mqState is a row of the probability table (table C.2), with the more probable symbol in the lowest bit of
// its number and of those of the next ones.
type mqState struct {
	qe       int64
	mps, lps uint32 // what follows the more and the less probable symbol
}

// context is what the arithmetic decoder knows of the symbols in one context.
type context struct {
	qe    int64
	state uint32
}

// interval is A's least value, 0x8000, in the scale of C's lower bits.
const interval = 0x8000 << 16

// mq is the arithmetic decoder (annex C). A symbol that is the more probable one, as most are, takes the
// same from A and from C, and nothing else happens as long as neither falls too low. So both are kept
// without the amount, in d, that may be taken from them until then; who decodes a symbol takes its qe from d
// and calls renew where d falls below 0.
type mq struct {
	a, c, d int64
	src     []byte // with two bytes 0xff behind its end
	at      int    // the last byte that was taken in
	left    uint   // bits until the next byte
	states  [128]mqState
}

// start begins a codeword segment (figure C.20).
func (m *mq) start(src []byte) {
	m.src, m.at = src, 0
	m.next()
	m.a, m.c = interval, (int64(src[0])<<16+m.c)<<7
	m.left -= 7
	m.d = min(m.a-interval, m.c)
	m.a, m.c = m.a-m.d, m.c-m.d
}

// next takes in a byte as C (figure C.19).
func (m *mq) next() {
	last, next := m.src[m.at], m.src[m.at+1]
	switch {
	case last != 0xff:
		m.at, m.left, m.c = m.at+1, 8, int64(next)<<8
	case next <= 0x8f: // a bit is stuffed
		m.at, m.left, m.c = m.at+1, 7, int64(next)<<9
	default: // the end: ones
		m.left, m.c = 8, 0xff00
	}
}

// renew decodes a symbol after whose qe d is below 0, and returns it and the new d (figures C.15 to C.18).
func (m *mq) renew(x *context, d int64) (uint32, int64) {
	a, c := m.a+d, m.c+d
	qe, symbol := x.qe, x.state&1
	s := &m.states[x.state&127]
	more := a >= qe
	if c < 0 {
		c += qe
		more, a = !more, qe
	}
	next := s.mps
	if !more {
		symbol ^= 1
		next = s.lps
	}
	x.state, x.qe = next, m.states[next&127].qe
	left := m.left
	for shift := uint(bits.LeadingZeros32(uint32(a))); ; {
		if left == 0 {
			m.next()
			c += m.c
			left = m.left
		}
		n := min(shift, left)
		a <<= n & 31
		c <<= n & 31
		left -= n
		if shift -= n; shift == 0 {
			break
		}
	}
	m.left = left
	d = min(a-interval, c)
	m.a, m.c = a-d, c-d
	return symbol, d
}

// rawBits reads what bypasses the arithmetic coder (D.6).
type rawBits struct {
	src  []byte // with two bytes 0xff behind its end
	last byte
	left uint
}

func (r *rawBits) bit() uint32 {
	if r.left == 0 {
		r.left = 8
		if r.last == 0xff { // a bit is stuffed
			r.left = 7
		}
		if r.last = r.src[0]; len(r.src) > 2 {
			r.src = r.src[1:]
		}
	}
	r.left--
	return uint32(r.last >> r.left & 1)
}

// mqStates is table C.2: a probability and the numbers of the next states after the more and the less
// probable symbol.
func mqStates() [47][3]uint16 {
	return [47][3]uint16{
		{0x5601, 1, 1},
		{0x3401, 2, 6},
		{0x1801, 3, 9},
		{0x0ac1, 4, 12},
		{0x0521, 5, 29},
		{0x0221, 38, 33},
		{0x5601, 7, 6},
		{0x5401, 8, 14},
		{0x4801, 9, 14},
		{0x3801, 10, 14},
		{0x3001, 11, 17},
		{0x2401, 12, 18},
		{0x1c01, 13, 20},
		{0x1601, 29, 21},
		{0x5601, 15, 14},
		{0x5401, 16, 14},
		{0x5101, 17, 15},
		{0x4801, 18, 16},
		{0x3801, 19, 17},
		{0x3401, 20, 18},
		{0x3001, 21, 19},
		{0x2801, 22, 19},
		{0x2401, 23, 20},
		{0x2201, 24, 21},
		{0x1c01, 25, 22},
		{0x1801, 26, 23},
		{0x1601, 27, 24},
		{0x1401, 28, 25},
		{0x1201, 29, 26},
		{0x1101, 30, 27},
		{0x0ac1, 31, 28},
		{0x09c1, 32, 29},
		{0x08a1, 33, 30},
		{0x0521, 34, 31},
		{0x0441, 35, 32},
		{0x02a1, 36, 33},
		{0x0221, 37, 34},
		{0x0141, 38, 35},
		{0x0111, 39, 36},
		{0x0085, 40, 37},
		{0x0049, 41, 38},
		{0x0025, 42, 39},
		{0x0015, 43, 40},
		{0x0009, 44, 41},
		{0x0005, 45, 42},
		{0x0001, 45, 43},
		{0x5601, 46, 46},
	}
}

// fill makes the states of both symbols.
func (m *mq) fill() {
	for i, row := range mqStates() {
		for mps := range uint32(2) {
			s := mqState{qe: int64(row[0]) << 16, mps: uint32(row[1])<<1 | mps, lps: uint32(row[2])<<1 | mps}
			if i == 0 || i == 6 || i == 14 { // the symbols change places
				s.lps ^= 1
			}
			m.states[2*i+int(mps)] = s
		}
	}
}
