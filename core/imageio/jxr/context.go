package jxr

// The bands of coefficients.
const (
	bandDC = iota
	bandLP
	bandHP
)

// Which code is for what: those of the low and the high band follow firstLow and firstHigh, each
// as the first index and the other ones of a block, in luma and in chroma, and levels.
const (
	codeRun = iota
	codeBlock
	codeDC
	codeLevelY
	codeLevelUV
	firstLow
	firstHigh = firstLow + 8
	codeCount = firstHigh + 8

	chromaCodes = 3 // from a code for luma to that for chroma
	levelCodes  = 6 // from the first code of a band to that of its levels
)

// context is what decoding adapts to, anew in each tile.
type context struct {
	codes    [codeCount]adaptive
	blocks   adaptive // which blocks of a quarter have coefficients
	quarters adaptive // which quarters have such blocks
	low      scan
	hor, ver scan
	models   [3]model // by band
	zero     int      // how often no channel has low coefficients, and below it how often all have
	full     int
	coded    [2]coded // luma and chroma
	trim     uint     // flexbits that were left out
}

// reset begins a tile of a picture in format.
func (c *context) reset(all *[13]*alphabet, f colorFormat) {
	sizes := [codeCount]int{5, 4, 8, 7, 7, 12, 6, 6, 12, 6, 6, 7, 7, 12, 6, 6, 12, 6, 6, 7, 7}
	for i, n := range sizes {
		c.codes[i] = newAdaptive(all[n])
	}
	c.quarters, c.blocks = newAdaptive(all[5]), newAdaptive(all[5])
	if f.chroma() {
		c.blocks = newAdaptive(all[9])
	}
	c.low.places = [16]uint8{0, 1, 4, 5, 2, 8, 6, 9, 3, 12, 10, 7, 13, 11, 14, 15}
	c.hor.places = c.low.places
	c.ver.places = [16]uint8{0, 4, 8, 5, 1, 12, 9, 6, 2, 13, 3, 15, 7, 10, 14, 11}
	c.models = [3]model{bandDC: {bits: [2]uint{8, 8}}, bandLP: {bits: [2]uint{4, 4}}}
	c.zero, c.full = 1, 1
	c.coded = [2]coded{{ones: -4, zeros: 4}, {ones: -4, zeros: 4}}
	c.trim = 0
}

// adaptLow and adaptHigh change the codes of the bands.
func (c *context) adaptLow() {
	for i := range firstHigh {
		c.codes[i].adapt()
	}
}

func (c *context) adaptHigh() {
	c.blocks.adapt()
	c.quarters.adapt()
	for i := firstHigh; i < codeCount; i++ {
		c.codes[i].adapt()
	}
}

// scan is an order of coefficients that lets the frequent ones come earlier.
type scan struct {
	places [16]uint8 // row * 4 + column
	totals [16]uint32
}

// begin forgets what was frequent, but not the order.
func (s *scan) begin() {
	s.totals[0] = 32767
	for i := range 15 {
		s.totals[i+1] = uint32(32 - 2*i)
	}
}

// place is where the i-th coefficient is; it counts it. i is at least 1.
func (s *scan) place(i int) uint8 {
	j, k := i&15, (i-1)&15
	p := s.places[j]
	s.totals[j]++
	if s.totals[j] > s.totals[k] {
		s.totals[j], s.totals[k] = s.totals[k], s.totals[j]
		s.places[j], s.places[k] = s.places[k], p
	}
	return p
}

// model says how many low bits of a band's coefficients stand apart, in luma and in chroma.
type model struct {
	bits  [2]uint
	state [2]int
}

// weights are by what the coefficients of a macroblock count, in luma, and in chroma by format.
func weights(band int, f colorFormat, channels int) (luma, chroma int) {
	luma = [3]int{240, 12, 1}[band]
	switch {
	case channels == 1:
	case f == yuv420:
		chroma = [3]int{120, 37, 2}[band]
	case f == yuv422:
		chroma = [3]int{120, 18, 1}[band]
	case band == bandHP:
		chroma = (16 + (channels-1)/2) / (channels - 1) // of sixteen
	default:
		chroma = (luma + (channels-1)/2) / (channels - 1)
	}
	return luma, chroma
}

// update ends a macroblock that had so many coefficients in a band (UpdateModelMB).
func (m *model) update(counts [2]int, band int, f colorFormat, channels int) {
	luma, chroma := weights(band, f, channels)
	counts[0] *= luma
	counts[1] *= chroma
	if band == bandHP && f != yuv420 && f != yuv422 {
		counts[1] >>= 4
	}
	for i, n := range counts {
		m.step(i, (n-70)>>2)
		if f == yOnly {
			return
		}
	}
}

func (m *model) step(i, delta int) {
	switch {
	case delta <= -8:
		m.state[i] += max(delta+4, -16)
		if m.state[i] >= -8 {
			return
		}
		if m.state[i] = 0; m.bits[i] > 0 {
			m.bits[i]--
		} else {
			m.state[i] = -8
		}
	case delta >= 8:
		m.state[i] += min(delta-4, 15)
		if m.state[i] <= 8 {
			return
		}
		if m.state[i] = 0; m.bits[i] < 15 {
			m.bits[i]++
		} else {
			m.state[i] = 8
		}
	}
}
