package infer

import (
	"context"
	"fmt"
	"image"
	"math"

	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// stars collects the centres that a star-convex network sees, tile by tile: the maps of a
// whole slide need never be in memory.
type stars struct {
	model *recipe.Model
	plan  *plan
	arg   recipe.Stars
	found *segment.Candidates
	times int             // pixels of the outputs a position along y and x: above 1 if each is there again and again
	inner image.Rectangle // where centres may lie, in positions of the outputs
}

// newStars takes a network with the outputs probability and distances, or, as
// bioimage.io has it, with one whose first channel is the probability.
func newStars(m *recipe.Model, p *plan, threshold float64) (*stars, error) {
	arg, err := m.Decode.Stars()
	if err != nil {
		return nil, err
	}
	if threshold > 0 {
		arg.Prob = threshold
	}
	if len(m.Outputs) > 2 {
		return nil, unfit("It has more outputs than star-convex models have.")
	}
	s := &stars{model: m, plan: p, arg: arg, found: segment.NewCandidates(arg.Rays, arg.Grid)}
	for i := range m.Outputs {
		if err := s.starMap(&m.Outputs[i]); err != nil {
			return nil, err
		}
	}
	y, x, g := p.axis("y"), p.axis("x"), arg.Grid
	if y == nil || x == nil {
		return nil, unfit("It has no image to look at.")
	}
	s.inner = image.Rect(0, 0, (x.n+g-1)/g, (y.n+g-1)/g).Inset(arg.Border)
	return s, nil
}

// starMap tells if an output can't be one of a star-convex network. It may be as fine as the
// image, as stardist hands networks out: then a position's numbers fill a square of the grid.
func (s *stars) starMap(t *recipe.Tensor) error {
	for _, o := range t.Ops {
		if o.ID == recipe.StarConvex {
			break
		}
		if (&recipe.Tensor{Axes: t.Axes, Ops: []recipe.Op{o}}).Statistic() {
			return unfit(fmt.Sprintf("Its output %s needs %s, which makes no sense for stars.", t.ID, o.ID))
		}
	}
	for _, id := range []string{"y", "x"} {
		a := t.Axis(id)
		if a == nil {
			return unfit(fmt.Sprintf("Its output %s is no image.", t.ID))
		}
		_, by := s.plan.over(*a)
		times := by.scale * float64(s.arg.Grid)
		if times != 1 && times != float64(s.arg.Grid) || by.offset != 0 || s.times > 0 && times != float64(s.times) {
			return unfit(fmt.Sprintf("Its output %s has scale %v, which does not go with a grid of %d.", t.ID, by.scale, s.arg.Grid))
		}
		s.times = int(times)
	}
	return nil
}

func (s *stars) inputs(map[string]*recipe.Array) {}

func (s *stars) take(b block, out map[string]*recipe.Array) error {
	if err := s.model.Postprocess(out, nil); err != nil {
		return err
	}
	row, col, g := b["y"], b["x"], s.arg.Grid
	m := segment.Maps{W: col.size / g, H: row.size / g, Rays: s.arg.Rays}
	if first := s.planes(out, 0); len(s.model.Outputs) == 2 {
		m.Prob, m.Dist = first, s.planes(out, 1)
	} else if n := m.W * m.H; n < len(first) {
		m.Prob, m.Dist = first[:n], first[n:]
	}
	at := image.Pt(int(math.Floor(float64(col.start)/float64(g))), int(math.Floor(float64(row.start)/float64(g))))
	keep := image.Rect(col.from/g, row.from/g, (col.to+g-1)/g, (row.to+g-1)/g).Intersect(s.inner)
	return s.found.Collect(m, keep.Sub(at), at, s.arg.Prob)
}

// planes are the channels of an output, one after the other, with each position once.
func (s *stars) planes(out map[string]*recipe.Array, output int) []float32 {
	a := out[s.model.Outputs[output].ID]
	v, k := planar(a), s.times
	if k == 1 {
		return v
	}
	w, h := a.Size("x"), a.Size("y")
	thin := make([]float32, 0, len(v)/(k*k))
	for ; len(v) >= w*h && w*h > 0; v = v[w*h:] {
		for y := range h / k {
			for x := range w / k {
				thin = append(thin, v[y*k*w+x*k])
			}
		}
	}
	return thin
}

// planar brings channels that come last to the front.
func planar(a *recipe.Array) []float32 {
	n := len(a.Axes)
	c := a.Size(string(recipe.Channel))
	if n == 0 || a.Axes[n-1] != string(recipe.Channel) || c < 2 {
		return a.Data
	}
	out := make([]float32, len(a.Data))
	for i, v := range a.Data {
		out[i%c*(len(a.Data)/c)+i/c] = v
	}
	return out
}

func (s *stars) sofar(ctx context.Context) ([]object, error) { return s.objects(ctx) }

func (s *stars) objects(ctx context.Context) ([]object, error) {
	kept, err := s.found.Stars(ctx, s.arg.NMS, s.plan.origin) // numbers are rounded as in the image as a whole
	if err != nil {
		return nil, err
	}
	dx, dy := float64(s.plan.origin.X), float64(s.plan.origin.Y)
	out := make([]object, len(kept))
	for i, k := range kept {
		for c := range k.Outline {
			k.Outline[c].X, k.Outline[c].Y = k.Outline[c].X-dx, k.Outline[c].Y-dy
		}
		out[i] = object{x: k.X - dx, y: k.Y - dy, score: k.Score, outline: k.Outline}
	}
	return out, nil
}
