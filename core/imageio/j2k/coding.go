package j2k

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Code-block styles (table A.19).
const (
	styleBypass = 1 << iota
	styleReset
	styleTerminate
	styleCausal
	stylePredictable // only the encoder's business
	styleSegment
)

// Kinds of quantisation (table A.28).
const (
	quantMissing = iota
	quantNone
	quantDerived
	quantExpounded
)

// The orders of packets (table A.16).
const (
	orderLRCP = iota
	orderRLCP
	orderRPCL
	orderPCRL
	orderCPRL
)

// maxLevels is the most decompositions there are.
const maxLevels = 32

// coding is how a tile is coded: what COD, COC, QCD, QCC, RGN and POC say.
type coding struct {
	order, layers int
	transform     bool
	of            []component
	styled        bool // of all: COD was there, QCD
	quantised     bool
	changes       []progression
	apart         bool // the headers of packets are not before their bodies, but
	packed        []byte
	packing       [][]byte // segments of a header that become packed, each with its number first
}

// component is how a component is coded. What it has of its own, what is said of all does not replace.
type component struct {
	style
	quant
	shift              int // of the region of interest (RGN)
	ownStyle, ownQuant bool
}

// style is what COD or COC says of a component.
type style struct {
	levels        int
	width, height int // of code-blocks, as exponents of 2
	modes         byte
	reversible    bool
	precincts     [maxLevels + 1][2]byte // exponents of 2, of each resolution
}

// quant is what QCD or QCC says of a component.
type quant struct {
	kind, guard, n int
	steps          [3*maxLevels + 1]step
}

// step is the size of a quantisation step (E-3).
type step struct{ exponent, mantissa int }

// progression is a volume of packets in some order; ends are past the last.
type progression struct {
	order                         int
	layerEnd                      int
	resolutionFrom, resolutionEnd int
	componentFrom, componentEnd   int
}

// segment reads one marker segment of a main or tile-part header.
func (c *coding) segment(m int, b []byte) error {
	switch m {
	case markerCOD:
		return c.style(b)
	case markerCOC:
		return c.styleOf(b)
	case markerQCD:
		return c.quantise(b)
	case markerQCC:
		return c.quantiseOf(b)
	case markerRGN:
		k, b, err := c.which(b)
		if err != nil || len(b) < 2 {
			return short(err)
		}
		if b[0] != 0 {
			return fmt.Errorf("%w: region of interest %d", ErrUnsupported, b[0])
		}
		c.of[k].shift = int(b[1])
	case markerPOC:
		return c.orders(b)
	case markerPPM, markerPPT:
		if len(b) < 1 {
			return errShort
		}
		c.packing, c.apart = append(c.packing, b), true
	case markerCAP:
		return fmt.Errorf("%w: extensions", ErrUnsupported)
	}
	return nil
}

// short is err, or that a segment ends early.
func short(err error) error {
	if err != nil {
		return err
	}
	return errShort
}

// which component a segment is of, and what follows that.
func (c *coding) which(b []byte) (int, []byte, error) {
	n := 1
	if len(c.of) > 256 {
		n = 2
	}
	if len(b) < n {
		return 0, nil, errShort
	}
	k := int(b[0])
	if n == 2 {
		k = u16(b)
	}
	if k >= len(c.of) {
		return 0, nil, fmt.Errorf("j2k: a segment of component %d", k)
	}
	return k, b[n:], nil
}

// errTwice is a segment that may be there once, for each is copied to all components.
var errTwice = errors.New("j2k: a marker segment twice in a header")

// first reports whether a mark was not set yet, and sets it.
func first(mark *bool) bool {
	was := *mark
	*mark = true
	return !was
}

// style reads COD (A.6.1).
func (c *coding) style(b []byte) error {
	if len(b) < 5 {
		return errShort
	}
	if !first(&c.styled) {
		return errTwice
	}
	c.order, c.layers = int(b[1]), u16(b[2:])
	if c.order > orderCPRL || c.layers == 0 {
		return fmt.Errorf("j2k: order %d of %d layers", c.order, c.layers)
	}
	if b[4] > 1 {
		return fmt.Errorf("%w: component transform %d", ErrUnsupported, b[4])
	}
	c.transform = b[4] == 1 && len(c.of) > 2 // some programs say so of a single component
	var s style
	if err := s.read(b[5:], b[0]&1 != 0); err != nil {
		return err
	}
	for i := range c.of {
		if !c.of[i].ownStyle {
			c.of[i].style = s
		}
	}
	return nil
}

// styleOf reads COC (A.6.2).
func (c *coding) styleOf(b []byte) error {
	k, b, err := c.which(b)
	if err != nil || len(b) < 1 {
		return short(err)
	}
	if !first(&c.of[k].ownStyle) {
		return errTwice
	}
	return c.of[k].style.read(b[1:], b[0]&1 != 0)
}

// read takes the parameters that COD and COC share (table A.15, A.20).
func (s *style) read(b []byte, precincts bool) error {
	if len(b) < 5 {
		return errShort
	}
	*s = style{levels: int(b[0]), width: int(b[1]) + 2, height: int(b[2]) + 2, modes: b[3], reversible: b[4] == 1}
	switch {
	case s.levels > maxLevels || s.width > 10 || s.height > 10 || s.width+s.height > 12 || b[4] > 1:
		return fmt.Errorf("j2k: %d levels, code-blocks of 2^%d × 2^%d, transform %d", s.levels, s.width, s.height, b[4])
	case s.modes >= styleSegment<<1:
		return fmt.Errorf("%w: code-blocks of style %#x", ErrUnsupported, s.modes)
	}
	for r := range s.levels + 1 {
		s.precincts[r] = [2]byte{15, 15}
		if !precincts {
			continue
		}
		if len(b) < 6+r {
			return errShort
		}
		v := b[5+r]
		if r > 0 && (v&15 == 0 || v>>4 == 0) {
			return errors.New("j2k: precincts without code-blocks")
		}
		s.precincts[r] = [2]byte{v & 15, v >> 4}
	}
	return nil
}

// quantise reads QCD (A.6.4).
func (c *coding) quantise(b []byte) error {
	if !first(&c.quantised) {
		return errTwice
	}
	var q quant
	if err := q.read(b); err != nil {
		return err
	}
	for i := range c.of {
		if !c.of[i].ownQuant {
			c.of[i].quant = q
		}
	}
	return nil
}

// quantiseOf reads QCC (A.6.5).
func (c *coding) quantiseOf(b []byte) error {
	k, b, err := c.which(b)
	if err != nil {
		return err
	}
	if !first(&c.of[k].ownQuant) {
		return errTwice
	}
	return c.of[k].quant.read(b)
}

// read takes the parameters that QCD and QCC share (A.6.4).
func (q *quant) read(b []byte) error {
	if len(b) < 1 {
		return errShort
	}
	*q = quant{kind: int(b[0]&31) + quantNone, guard: int(b[0] >> 5)}
	b = b[1:]
	switch q.kind {
	case quantNone:
		q.n = min(len(b), len(q.steps))
		for i, v := range b[:q.n] {
			q.steps[i].exponent = int(v >> 3)
		}
	case quantDerived, quantExpounded:
		q.n = min(len(b)/2, len(q.steps))
		for i := range q.n {
			v := u16(b[2*i:])
			q.steps[i] = step{exponent: v >> 11, mantissa: v & 0x7ff}
		}
	default:
		return fmt.Errorf("j2k: quantisation %d", q.kind-quantNone)
	}
	if q.n == 0 {
		return errShort
	}
	return nil
}

// of returns the step of a sub-band, the b-th of all, at a level of decomposition (E-5).
func (q *quant) of(b, level, levels int) (step, error) {
	if q.kind == quantDerived {
		s := q.steps[0]
		s.exponent -= levels - level
		return s, nil
	}
	if b >= q.n {
		return step{}, fmt.Errorf("j2k: %d quantisation steps", q.n)
	}
	return q.steps[b], nil
}

// maxChanges is the most changes of the order that a tile may have.
const maxChanges = 64

// orders reads POC (A.6.6).
func (c *coding) orders(b []byte) error {
	n := 7
	if len(c.of) > 256 {
		n = 9
	}
	for ; len(b) >= n; b = b[n:] {
		p := progression{resolutionFrom: int(b[0]), order: int(b[n-1])}
		if n == 7 {
			p.componentFrom, p.layerEnd, p.resolutionEnd, p.componentEnd = int(b[1]), u16(b[2:]), int(b[4]), int(b[5])
			if p.componentEnd == 0 {
				p.componentEnd = 256
			}
		} else {
			p.componentFrom, p.layerEnd, p.resolutionEnd, p.componentEnd = u16(b[1:]), u16(b[3:]), int(b[5]), u16(b[6:])
		}
		if p.order > orderCPRL || len(c.changes) >= maxChanges {
			return fmt.Errorf("j2k: change %d to order %d", len(c.changes), p.order)
		}
		c.changes = append(c.changes, p)
	}
	return nil
}

// tileCoding is how a tile is coded: as the main header says, and what the headers of its parts
// say before that (A.6).
func (s *stream) tileCoding(parts []part) (*coding, error) {
	c := s.main
	c.styled, c.quantised = false, false
	own, changed := false, false
	c.packed = nil
	for _, p := range parts {
		c.packed = append(c.packed, p.packed...)
	}
	for _, p := range parts {
		_, err := segments(p.head, markerSOD, func(m int, b []byte) error {
			if !own {
				c.of, own = slices.Clone(c.of), true
				for i := range c.of {
					c.of[i].ownStyle, c.of[i].ownQuant = false, false
				}
			}
			if m == markerPOC && !changed {
				c.changes, changed = nil, true
			}
			return c.segment(m, b)
		})
		if err != nil {
			return nil, err
		}
		c.pack()
	}
	return &c, nil
}

// pack puts together what a header's segments hold of packets (A.7.4, A.7.5).
func (c *coding) pack() {
	slices.SortStableFunc(c.packing, func(a, b []byte) int { return cmp.Compare(a[0], b[0]) })
	for _, b := range c.packing {
		c.packed = append(c.packed, b[1:]...)
	}
	c.packing = nil
}
