package infer

import (
	"context"
	"image"
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// A decoder that needs whole outputs is given those of an image that is too large for that cell
// by cell, and so is one that has something of every position: each cell is looked at with what lies around it, and has the objects whose middle
// is its own. Objects are whole as long as they are not larger than what is around, which is more
// where one is; at most four times as much is held then.
const (
	maxNumbers = 1 << 23 // of one output that are held at a time, about; or possible centres of stars
	leastCell  = 64      // pixels of the network that a cell is wide and high at least
	nearEdge   = 8       // pixels within which a middle may lie in another cell when it is seen from there
)

// cells are those of what the network sees of the image, in pixels of the network; nil if it is
// one, or if objects may be of any size: those of a class, or whatever a network numbers.
func (d *detection) cells(p *plan) []around {
	m, mapped := d.decoder.decoder.(*maps)
	_, starred := d.decoder.decoder.(*stars) // of a centre all numbers are held, and of few positions any
	if !mapped && !starred || mapped && (m.op == recipe.Semantic || m.op == recipe.LabelImage) {
		return nil
	}
	most := 0.0 // numbers of an output that a pixel makes, or positions
	for i := range d.model.Outputs {
		t := &d.model.Outputs[i]
		if !t.Local() {
			return nil
		}
		n := 1.0
		for _, a := range t.Axes {
			if x, by := p.over(a); x != nil {
				n *= by.scale
			} else if mapped {
				n *= float64(max(a.Size.At(1), 1))
			}
		}
		most = max(most, n)
	}
	hold := float64(max(d.opt.Hold, 0))
	if hold == 0 {
		hold = maxNumbers
	}
	if most*float64(d.part.Dx())*float64(d.part.Dy()) <= hold {
		return nil
	}
	room := int(math.Sqrt(hold / most))
	wide := min(d.wide(), room/4)
	side := max(room-2*wide, leastCell)
	var all []around
	for y := d.part.Min.Y; y < d.part.Max.Y; y += side {
		for x := d.part.Min.X; x < d.part.Max.X; x += side {
			cell := image.Rect(x, y, x+side, y+side).Intersect(d.part)
			all = append(all, around{cell, d.part, wide, room - side/2})
		}
	}
	return all
}

// inCells asks about one cell after the other. The answers of a cell are let go of before the
// next one is asked about.
func (d *detection) inCells(ctx context.Context, whole *question, cells []around, p Progress) ([]object, error) {
	var all, seam []object // and those of all that may be seen from two cells
	for _, cell := range cells {
		c := *d
		c.opt.Keep.share = len(cells) // or the last ones' answers take the room of the first ones'
		c.opt.Forming = nil           // a cell alone is not what is wanted
		found, _, err := c.look(ctx, whole, cell, p, c.ask)
		if err != nil {
			return nil, err
		}
		dx, dy := float64(c.part.Min.X-d.part.Min.X), float64(c.part.Min.Y-d.part.Min.Y)
		own := cell.area.Sub(d.part.Min)
		old := seam
		for _, o := range found {
			o.x, o.y = o.x+dx, o.y+dy
			for i := range o.outline {
				o.outline[i].X, o.outline[i].Y = o.outline[i].X+dx, o.outline[i].Y+dy
			}
			at := image.Pt(int(math.Floor(o.x)), int(math.Floor(o.y)))
			if len(o.outline) == 0 || !at.In(own.Inset(-nearEdge)) || !at.In(own.Inset(nearEdge)) && twice(o, old) {
				continue
			}
			all = append(all, o)
			if !at.In(own.Inset(4 * nearEdge)) {
				seam = append(seam, o)
			}
		}
		if d.opt.Forming != nil {
			d.opt.Forming(func() []annotation.Object { return d.objects(copies(all)) })
		}
	}
	return all, nil
}

// twice tells if an object is among those of the cells before: its rectangle is that of one of
// them, by more than half.
func twice(o object, before []object) bool {
	return slices.ContainsFunc(before, func(x object) bool { return same(o, x) })
}

// same tells if two that were seen from two sides are one.
func same(o, x object) bool {
	if math.Abs(x.x-o.x) > 2*nearEdge || math.Abs(x.y-o.y) > 2*nearEdge {
		return false
	}
	a, b := segment.Bounds(x.outline), segment.Bounds(o.outline)
	both := a.Intersect(b)
	shared := both.Dx() * both.Dy()
	return 2*shared > a.Dx()*a.Dy()+b.Dx()*b.Dy()-shared
}

// copies are objects whose outlines may be changed.
func copies(all []object) []object {
	out := slices.Clone(all)
	for i := range out {
		out[i].outline = slices.Clone(out[i].outline)
	}
	return out
}
