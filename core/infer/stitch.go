package infer

import (
	"fmt"
	"math"

	"coverslip.dev/coverslip/core/recipe"
)

// stitcher puts the answers to all blocks together to whole outputs.
type stitcher struct {
	plan *plan
	raw  map[string]*recipe.Array // whole inputs, for operations that refer to them
	out  map[string]*recipe.Array
}

func newStitcher(p *plan) *stitcher { return &stitcher{plan: p, out: map[string]*recipe.Array{}} }

func (s *stitcher) inputs(raw map[string]*recipe.Array) { s.raw = raw }

// span is what of a block's answer counts along one axis: n numbers from its position
// from, which go to the whole's position to, of size.
type span struct{ from, to, n, size int }

// take puts one block's answers in their places.
func (s *stitcher) take(b block, out map[string]*recipe.Array) error {
	for i := range s.plan.model.Outputs {
		t := &s.plan.model.Outputs[i]
		a := out[t.ID]
		spans := make([]span, len(t.Axes))
		for k, x := range t.Axes {
			var err error
			if spans[k], err = s.plan.span(t.ID, x, a.Shape[k], b); err != nil {
				return err
			}
		}
		whole := s.out[t.ID]
		if whole == nil {
			shape, total := make([]int, len(spans)), 1
			for k := range spans {
				shape[k] = spans[k].size
				total *= shape[k]
			}
			if total > maxOutput {
				return tooLarge()
			}
			whole = recipe.NewArray(a.Axes, shape)
			s.out[t.ID] = whole
		}
		if err := paste(whole, a, spans); err != nil {
			return unfit(fmt.Sprintf("Its output %s changes its shape: %v.", t.ID, err))
		}
	}
	return nil
}

// span places one axis of an output, of which a block's answer has n numbers.
func (p *plan) span(output string, o recipe.Axis, n int, b block) (span, error) {
	a, m := p.over(o)
	if a == nil { // channels, and what does not grow with the image
		if o.Kind != recipe.Channel && p.blocks() > 1 {
			return span{}, unfit(fmt.Sprintf("Its output %s is no image, and this one is too large to be looked at as a whole.", output))
		}
		return span{n: n, size: n}, nil
	}
	x := b[a.id]
	at := func(v int) int { return int(math.Floor(float64(v)*m.scale + 1e-6)) }
	up := func(v int) int { return int(math.Ceil(float64(v)*m.scale - 1e-6)) }
	if want := at(x.size) + m.offset; n != want {
		return span{}, unfit(fmt.Sprintf("Its output %s has %d numbers along %s, not %d.", output, n, o.ID, want))
	}
	if len(a.pieces) == 1 && x.start == 0 && x.size == x.to && m.margin+m.halo == 0 {
		return span{n: n, size: n}, nil
	}
	first := int(math.Round(float64(x.start)*m.scale)) + m.margin // of the answer, in the whole
	last := a.pieces[len(a.pieces)-1]
	end := min(up(a.hi), int(math.Round(float64(last.start)*m.scale))+m.margin+at(last.size)+m.offset)
	s := span{to: at(x.from), size: max(end-at(a.lo), 1)}
	to := at(x.to)
	if x.to == a.hi {
		to = end
	}
	s.n, s.from, s.to = max(to-s.to, min(1, end-s.to)), s.to-first, s.to-at(a.lo)
	if s.from < 0 || s.from+s.n > n || s.n < 0 {
		return span{}, unfit(fmt.Sprintf("Its output %s does not reach where it should along %s.", output, o.ID))
	}
	return s, nil
}

// paste copies the part of a that spans name into whole.
func paste(whole, a *recipe.Array, spans []span) error {
	d := len(spans)
	from, to := make([]int, d), make([]int, d) // strides
	for i, n, k := d-1, 1, 1; i >= 0; i-- {
		if spans[i].size != whole.Shape[i] {
			return fmt.Errorf("%d and %d", spans[i].size, whole.Shape[i])
		}
		from[i], to[i] = n, k
		n, k = n*a.Shape[i], k*whole.Shape[i]
	}
	var walk func(i, f, t int)
	walk = func(i, f, t int) {
		s := spans[i]
		f, t = f+s.from*from[i], t+s.to*to[i]
		if i == d-1 {
			copy(whole.Data[t:t+s.n], a.Data[f:f+s.n])
			return
		}
		for range s.n {
			walk(i+1, f, t)
			f, t = f+from[i], t+to[i]
		}
	}
	walk(0, 0, 0)
	return nil
}
