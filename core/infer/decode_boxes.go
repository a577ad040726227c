package infer

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// boxes collects rectangles: of each tile those whose middle lies where its answers count, or
// nearly, as neighbours see the same middle in slightly different places.
type boxes struct {
	model *recipe.Model
	plan  *plan
	arg   recipe.Boxes
	all   []box
}

// box is one that a tile has. It may be another tile's, too, if its middle is near where they meet.
type box struct {
	segment.Box

	tile   image.Point
	shared bool
}

// sharedBox is such a box, and the object that it is.
type sharedBox struct {
	box
	object
}

func newBoxes(m *recipe.Model, p *plan, threshold float64) (*boxes, error) {
	arg, err := m.Decode.Boxes()
	arg.Threshold = cmp.Or(threshold, arg.Threshold)
	if err == nil && (len(m.Outputs) < 2 || p.axis("y") == nil || p.axis("x") == nil) {
		err = unfit("It has no outputs for boxes and their scores.")
	}
	return &boxes{model: m, plan: p, arg: arg}, err
}

func (s *boxes) inputs(map[string]*recipe.Array) {}

func (s *boxes) take(b block, out map[string]*recipe.Array) error {
	if err := s.model.Postprocess(out, nil); err != nil {
		return err
	}
	corners, scores := out[s.model.Outputs[0].ID].Data, out[s.model.Outputs[1].ID].Data
	var classes []float32
	if len(s.model.Outputs) > 2 {
		classes = out[s.model.Outputs[2].ID].Data
	}
	n := len(corners) / 4
	if len(corners)%4 != 0 || len(scores) != n || classes != nil && len(classes) != n {
		return unfit(fmt.Sprintf("It has %d numbers for corners, %d for scores and %d for classes.", len(corners), len(scores), len(classes)))
	}
	row, col := b["y"], b["x"]
	for i := range n {
		c := corners[4*i:][:4]
		x := segment.Box{X0: float64(c[0]), Y0: float64(c[1]), X1: float64(c[2]), Y1: float64(c[3]), Score: float64(scores[i])}
		if s.arg.Center {
			w, h := x.X1/2, x.Y1/2
			x.X0, x.Y0, x.X1, x.Y1 = x.X0-w, x.Y0-h, x.X0+w, x.Y0+h
		}
		if classes != nil {
			x.Class = int(classes[i])
		}
		x.X0, x.X1 = x.X0+float64(col.start), x.X1+float64(col.start)
		x.Y0, x.Y1 = x.Y0+float64(row.start), x.Y1+float64(row.start)
		mx, my := (x.X0+x.X1)/2, (x.Y0+x.Y1)/2
		inX, nearX := counts(mx, col, s.plan.axis("x").n)
		inY, nearY := counts(my, row, s.plan.axis("y").n)
		if x.Score > s.arg.Threshold && inX && inY {
			s.all = append(s.all, box{x, image.Pt(col.from, row.from), nearX || nearY})
		}
	}
	return nil
}

// counts reports whether a position lies where a piece's answers count, or nearly, and whether
// those of a neighbour may, too. n is where the axis ends.
func counts(at float64, p piece, n int) (in, near bool) {
	in = at >= 0 && at < float64(n)
	if p.from > 0 {
		slack := float64(min(nearEdge, (p.from-p.start)/4)) // who shares little sees cut objects there
		in, near = in && at >= float64(p.from)-slack, at < float64(p.from)+2*slack
	}
	if p.to < n {
		slack := float64(min(nearEdge, (p.start+p.size-p.to)/4))
		in, near = in && at < float64(p.to)+slack, near || at >= float64(p.to)-2*slack
	}
	return in, near
}

func (s *boxes) sofar(ctx context.Context) ([]object, error) { return s.objects(ctx) }

func (s *boxes) objects(context.Context) ([]object, error) {
	// Tiles come in any order; equals must not.
	slices.SortFunc(s.all, func(a, b box) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Y0, b.Y0), cmp.Compare(a.X0, b.X0))
	})
	var names []string
	if len(s.model.Outputs) > 2 {
		names = s.model.Outputs[2].Classes
	}
	plain := make([]segment.Box, len(s.all))
	for i := range plain {
		plain[i] = s.all[i].Box
	}
	var out []object
	var shared []sharedBox
	for _, i := range segment.SuppressBoxes(plain, s.arg.Threshold, s.arg.IoU) {
		b := s.all[i]
		o := object{x: (b.X0 + b.X1) / 2, y: (b.Y0 + b.Y1) / 2, score: b.Score}
		o.outline = []annotation.Point{{X: b.X0, Y: b.Y0}, {X: b.X1, Y: b.Y0}, {X: b.X1, Y: b.Y1}, {X: b.X0, Y: b.Y1}}
		if len(s.model.Outputs) > 2 {
			o.class = sheet{names: names}.class(b.Class)
		}
		if b.shared {
			if slices.ContainsFunc(shared, func(x sharedBox) bool { return x.tile != b.tile && x.Class == b.Class && same(o, x.object) }) {
				continue
			}
			shared = append(shared, sharedBox{b, o})
		}
		out = append(out, o)
	}
	return out, nil
}
