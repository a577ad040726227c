package segment

import "math/bits"

// Mask says of each pixel of an image whether it belongs to something: a bit a pixel, the
// left one lowest. Rows begin at whole words, and what lies beyond a row is not of it.
type Mask struct {
	w, h, stride int
	words        []uint64
}

// NewMask is of w·h pixels, none of which belongs to it.
func NewMask(w, h int) Mask {
	stride := (w + 63) / 64
	return Mask{w: w, h: h, stride: stride, words: make([]uint64, stride*h)}
}

// Set adds the i-th pixel, row by row.
func (m Mask) Set(i int) { m.words[i/m.w*m.stride+i%m.w/64] |= 1 << (i % m.w % 64) }

// Where returns the pixels of an image of w·h for which inside is true.
func Where(w, h int, inside func(i int) bool) Mask {
	m := NewMask(w, h)
	for y := range h {
		for x := range w {
			if inside(y*w + x) {
				m.words[y*m.stride+x/64] |= 1 << (x % 64)
			}
		}
	}
	return m
}

// Above returns the pixels above a level, of an image w pixels wide. A NaN is not.
func Above(v []float32, w int, level float32) Mask {
	m := NewMask(w, len(v)/max(w, 1))
	for y := range m.h {
		row, to := v[y*w:][:w], m.words[y*m.stride:][:m.stride]
		for k := aboveVectors(to, row, level) / 64; k < len(to); k++ {
			to[k] = aboveLevel(row[64*k:min(64*k+64, w)], level)
		}
	}
	return m
}

// aboveLevel returns the bits of at most 64 pixels.
func aboveLevel(v []float32, level float32) (word uint64) {
	one := func(x float32) uint64 { // becomes no branch, as nobody can guess it
		if x > level {
			return 1
		}
		return 0
	}
	i := 0
	for ; i+8 <= len(v); i += 8 {
		p := v[i : i+8 : i+8]
		a := one(p[0]) | one(p[1])<<1 | one(p[2])<<2 | one(p[3])<<3
		b := one(p[4]) | one(p[5])<<1 | one(p[6])<<2 | one(p[7])<<3
		word |= (a | b<<4) << i
	}
	for ; i < len(v); i++ {
		word |= one(v[i]) << i
	}
	return word
}

// runs calls f for the stretches from ≤ x < to of each row, from above to below.
func (m Mask) runs(f func(y, from, to int)) {
	for y := range m.h {
		m.rowRuns(y, func(from, to int) { f(y, from, to) })
	}
}

// rowRuns calls f for the stretches of one row: they begin and end where a bit is not the
// one before it.
func (m Mask) rowRuns(y int, f func(from, to int)) {
	row := m.words[y*m.stride:][:m.stride]
	from, before := -1, uint64(0) // before is the last bit of the word before
	for k, word := range row {
		turns := word ^ (word<<1 | before)
		before = word >> 63
		for ; turns != 0; turns &= turns - 1 {
			x := 64*k + bits.TrailingZeros64(turns)
			if from < 0 {
				from = x
			} else {
				f(from, x)
				from = -1
			}
		}
	}
	if from >= 0 {
		f(from, m.w)
	}
}
