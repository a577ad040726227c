package segment

import "math"

// cell is the side of the squares of the index, in pixels: a few nuclei.
const cell = 64

// suppressor keeps polygons in order of score and turns away those that overlap one kept
// before by more than nms of the smaller area. Deciding one by one gives what the
// reference's double loop gives, as only kept polygons suppress.
//
// Like the reference (stardist's c_non_max_suppression_inds) it compares polygons whose
// corners are cut to whole pixels.
type suppressor struct {
	nms      float64
	sin, cos []float32
	kept     []poly
	seen     []int // the number of the question that last looked at kept[i]
	question int
	cells    map[[2]int32][]int32
	trial    poly      // scratch of add, which becomes a kept one
	close    []int32   // scratch of add
	ts       []float64 // scratch of overlap
}

func newSuppressor(rays int, nms float64) *suppressor {
	s := &suppressor{nms: nms, cells: map[[2]int32][]int32{}, sin: make([]float32, rays), cos: make([]float32, rays)}
	step := float32(2 * math.Pi / float64(rays))
	for k := range rays {
		sin, cos := math.Sincos(float64(step * float32(k)))
		s.sin[k], s.cos[k] = float32(sin), float32(cos)
	}
	return s
}

// add reports whether the star is kept.
func (s *suppressor) add(px, py float32, dist []float32) bool {
	p := &s.trial
	p.pts = p.pts[:0]
	for k, d := range dist {
		p.pts = append(p.pts, vec{math.Trunc(float64(px + float32(d*s.cos[k]))), math.Trunc(float64(py + float32(d*s.sin[k])))})
	}
	p.measure()
	if !s.near(p) {
		return false
	}
	for _, i := range s.close {
		var area float64
		area, s.ts = overlap(&s.kept[i], p, s.ts)
		if area > s.limit(&s.kept[i], p) {
			return false
		}
	}
	id := int32(len(s.kept))
	s.kept = append(s.kept, p.clone())
	s.seen = append(s.seen, 0)
	lo, hi := cellOf(p.min), cellOf(p.max)
	for cy := lo[1]; cy <= hi[1]; cy++ {
		for cx := lo[0]; cx <= hi[0]; cx++ {
			s.cells[[2]int32{cx, cy}] = append(s.cells[[2]int32{cx, cy}], id)
		}
	}
	return true
}

// near fills close with the kept polygons that p must be measured against; false if
// bounds tell already that one of them covers too much of p.
func (s *suppressor) near(p *poly) bool {
	s.question++
	s.close = s.close[:0]
	lo, hi := cellOf(p.min), cellOf(p.max)
	for cy := lo[1]; cy <= hi[1]; cy++ {
		for cx := lo[0]; cx <= hi[0]; cx++ {
			if !s.nearIn(s.cells[[2]int32{cx, cy}], p) {
				return false
			}
		}
	}
	return true
}

func (s *suppressor) nearIn(ids []int32, p *poly) bool {
	for _, i := range ids {
		if s.seen[i] == s.question {
			continue
		}
		s.seen[i] = s.question
		switch s.guess(&s.kept[i], p) {
		case tooMuch:
			return false
		case unsure:
			s.close = append(s.close, i)
		case little:
		}
	}
	return true
}

// How much two polygons overlap, as far as bounds tell.
type verdict int

const (
	little verdict = iota
	unsure
	tooMuch
)

// guess decides nearly all pairs by bounds: by boxes, and by what rows share.
func (s *suppressor) guess(a, b *poly) verdict {
	w := min(a.max.x, b.max.x) - max(a.min.x, b.min.x)
	h := min(a.max.y, b.max.y) - max(a.min.y, b.min.y)
	limit := s.limit(a, b)
	if w < 0 || h < 0 || w*h <= limit {
		return little
	}
	switch lo, hi := shared(a, b); {
	case lo > limit:
		return tooMuch
	case hi <= limit:
		return little
	}
	return unsure
}

// limit is the area that two polygons may share.
func (s *suppressor) limit(a, b *poly) float64 { return s.nms * (min(a.area, b.area) + 1e-10) }

func cellOf(p vec) [2]int32 {
	return [2]int32{int32(math.Floor(p.x / cell)), int32(math.Floor(p.y / cell))}
}
