package infer

import (
	"cmp"
	"context"
	"math"
	"slices"

	"coverslip.dev/coverslip/core/recipe"
)

// anyone is how many pixels of the image an object is wide where nobody has said.
const anyone = 8

// excuse lets a model off that answered nonsense about an image of nothing but a few odd pixels:
// stretched to a range of numbers of which the image has none, they are millions. An empty field
// of view has no objects. Of any other image the error is the model's.
func (d *detection) excuse(ctx context.Context, p *plan, err error) error {
	s, serr := newPlanes(d, p)
	if serr != nil {
		return err
	}
	wide := cmp.Or(d.opt.Diameter, d.model.Diameter, anyone)
	for i := range d.model.Inputs {
		t := &d.model.Inputs[i]
		list := make([]recipe.Plane, len(s.parts[t.ID]))
		if serr := s.count(ctx, t, list, silent{}); serr != nil {
			return serr
		}
		for _, x := range list {
			if d.odd(x) >= math.Pi/4*wide*wide {
				return err
			}
		}
	}
	return nil
}

// odd is how many pixels of a plane have another value than most.
func (d *detection) odd(p recipe.Plane) float64 {
	var all, run, most int64
	if p.Counts == nil {
		slices.Sort(p.Values)
		for i, x := range p.Values {
			if run++; i > 0 && x != p.Values[i-1] {
				run = 1
			}
			most = max(most, run)
		}
		all = int64(len(p.Values))
	}
	for _, n := range p.Counts {
		all, most = all+n, max(most, n)
	}
	pixels := float64(d.view.full.X) * float64(d.view.full.Y) // of a large plane not every row was looked at
	return float64(all-most) / float64(max(all, 1)) * pixels
}
