package infer

import (
	"context"
	"fmt"

	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// regions finds connected pixels above a threshold, or of one class, while answers come in, one
// row of blocks after the other: the map of a whole slide need never be in memory.
type regions struct {
	model *recipe.Model
	of    *recipe.Tensor
	plan  *plan
	arg   recipe.Pixels
	y, x  mapping
	under int // the class that is the background
	found *segment.Regions
	w     int
	bands map[int]*band // rows of blocks that are not complete, or not next, by where they begin
	next  int           // number of the piece along y that comes next
	spare *band
}

// band is the map over one row of blocks.
type band struct {
	rows   int
	blocks int // that have come
	v      []float32
	class  []uint8 // of the pixels, where they have one; v is how sure it is then
}

// newRegions returns nil if the whole map must be known: for other decoders, for operations
// that look at all of it, and where more than y and x is cut.
func newRegions(m *recipe.Model, p *plan, arg recipe.Pixels) *regions {
	t, op := m.Tensor(m.From), m.Decode.ID
	if t == nil || op != recipe.Components && op != recipe.Semantic || !t.Local() || p.axis("y") == nil || p.axis("x") == nil {
		return nil
	}
	for _, a := range p.axes {
		if len(a.pieces) > 1 && a.id != "y" && a.id != "x" {
			return nil
		}
	}
	s := &regions{model: m, of: t, plan: p, arg: arg, under: m.Background(), bands: map[int]*band{}}
	for _, a := range t.Axes {
		over, by := p.over(a)
		switch {
		case a.ID == "y" && over == p.axis("y"):
			s.y = by
		case a.ID == "x" && over == p.axis("x"):
			s.x = by
		case a.Kind == recipe.Channel, a.Kind == recipe.Batch:
		default:
			return nil
		}
	}
	if s.y.scale == 0 || s.x.scale == 0 {
		return nil
	}
	return s
}

func (s *regions) inputs(map[string]*recipe.Array) {}

func (s *regions) take(b block, out map[string]*recipe.Array) error {
	if err := s.model.PostprocessOne(s.of.ID, out); err != nil {
		return err
	}
	a := out[s.of.ID]
	stride := strides(a)
	row, err := s.plan.span(s.of.ID, *s.of.Axis("y"), a.Size("y"), b)
	if err != nil {
		return err
	}
	col, err := s.plan.span(s.of.ID, *s.of.Axis("x"), a.Size("x"), b)
	if err != nil {
		return err
	}
	channels := max(a.Size(string(recipe.Channel)), 1)
	if s.arg.Channel >= channels {
		return unfit(fmt.Sprintf("Its output %s has no channel %d.", s.of.ID, s.arg.Channel))
	}
	if s.found == nil {
		s.w = col.size
		s.found = segment.NewRegions(float32(s.arg.Threshold))
	}
	g := s.band(b["y"].from, row.n)
	scratch := make([]float32, col.n)
	for y := range row.n {
		at, to := (row.from+y)*stride["y"]+col.from*stride["x"], y*s.w+col.to
		line := func(c int, to []float32) []float32 {
			return along(a.Data[at+c*stride[string(recipe.Channel)]:], stride["x"], to)
		}
		if v := g.v[to:][:col.n]; s.semantic() {
			classify(g.class[to:][:col.n], v, channels, s.under, func(c int) []float32 { return line(c, scratch) })
		} else {
			copy(v, line(s.arg.Channel, v))
		}
	}
	g.blocks++
	s.advance()
	return nil
}

// along returns numbers that lie dx apart, in to if they do not lie side by side.
func along(v []float32, dx int, to []float32) []float32 {
	if dx == 1 {
		return v[:len(to)]
	}
	for i := range to {
		to[i] = v[i*dx]
	}
	return to
}

// semantic reports whether pixels have classes.
func (s *regions) semantic() bool { return s.model.Decode.ID == recipe.Semantic }

// band is the one that begins at from.
func (s *regions) band(from, rows int) *band {
	g := s.bands[from]
	if g == nil {
		if g, s.spare = s.spare, nil; g == nil {
			g = &band{}
		}
		if cap(g.v) < rows*s.w {
			g.v = make([]float32, rows*s.w)
			if s.semantic() {
				g.class = make([]uint8, rows*s.w)
			}
		}
		g.rows, g.blocks, g.v = rows, 0, g.v[:rows*s.w]
		s.bands[from] = g
	}
	return g
}

// advance looks at the bands that are complete, in their order.
func (s *regions) advance() {
	pieces, wide := s.plan.axis("y").pieces, len(s.plan.axis("x").pieces)
	for ; s.next < len(pieces); s.next++ {
		g := s.bands[pieces[s.next].from]
		if g == nil || g.blocks < wide {
			return
		}
		for y := range g.rows {
			if v := g.v[y*s.w:][:s.w]; s.semantic() {
				s.found.ClassRow(g.class[y*s.w:][:s.w], v)
			} else {
				s.found.Row(v)
			}
		}
		delete(s.bands, pieces[s.next].from)
		s.spare = g
	}
}

// sofar cuts what reaches into the row of blocks that comes next.
func (s *regions) sofar(ctx context.Context) ([]object, error) { return s.objects(ctx) }

func (s *regions) objects(context.Context) ([]object, error) {
	if s.found == nil {
		return nil, nil
	}
	sx, sy := 1/s.x.scale, 1/s.y.scale
	all, err := s.found.All(max(s.arg.MinSize, 1))
	if err != nil {
		return nil, err
	}
	out, names := make([]object, len(all)), sheet{names: s.of.ClassNames()}
	for i, r := range all {
		for k, p := range r.Outline {
			r.Outline[k].X, r.Outline[k].Y = p.X*sx, p.Y*sy
		}
		out[i] = object{x: r.X * sx, y: r.Y * sy, score: r.Mean, outline: r.Outline}
		if s.semantic() {
			out[i].class = names.class(swapped(r.Class, s.under))
		}
	}
	return out, nil
}
