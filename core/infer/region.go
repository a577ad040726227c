package infer

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/segment"
)

// ParseRegion reads a region that is written as x,y,width,height in pixels of the image.
func ParseRegion(s string) (image.Rectangle, error) {
	var v [4]int
	parts := strings.Split(s, ",")
	if len(parts) != len(v) {
		return image.Rectangle{}, fmt.Errorf("region %q is not like x,y,width,height", s)
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 30)
		if err != nil || i > 1 && n == 0 {
			return image.Rectangle{}, fmt.Errorf("region %q is not like x,y,width,height", s)
		}
		v[i] = int(n)
	}
	return image.Rect(v[0], v[1], v[0]+v[2], v[1]+v[3]), nil
}

// wanted is a region of the image in pixels of the network.
func (v view) wanted(r image.Rectangle) image.Rectangle {
	if r = r.Intersect(image.Rectangle{Max: v.full}); r.Empty() {
		return image.Rectangle{}
	}
	return image.Rect(r.Min.X*v.size.X/v.full.X, r.Min.Y*v.size.Y/v.full.Y,
		(r.Max.X*v.size.X+v.full.X-1)/v.full.X, (r.Max.Y*v.size.Y+v.full.Y-1)/v.full.Y)
}

// wide is how much the network must see around an area at least, in pixels of its own.
func (d *detection) wide() int {
	return max(cmp.Or(d.opt.Overlap, 96), 2*int(math.Ceil(d.diameter())))
}

// diameter is how large objects are, in pixels of the network, where anybody has said.
func (d *detection) diameter() float64 { return cmp.Or(d.model.Diameter, d.opt.Diameter) }

// grown is an area, in pixels of the network, with what is to be seen around it. It begins at a
// multiple of phase, as networks that shrink images see them differently elsewhere.
func (d *detection) grown(r image.Rectangle, wide int) image.Rectangle {
	const phase = 64
	r = r.Inset(-wide)
	r.Min = image.Pt(max(r.Min.X, 0)/phase*phase, max(r.Min.Y, 0)/phase*phase)
	return r.Intersect(image.Rectangle{Max: d.view.size})
}

// widest is how much is seen around a region at most, in times of what is at least.
const widest = 8

// around is an area, and what lies around it within limits: what is looked at to find the area's
// objects, in pixels of the network.
type around struct {
	area, limits  image.Rectangle
	least, widest int // pixels that are seen around the area
}

// look asks about an area. Where the edge of what is seen around it cuts an object of it, who can
// tell how large that is, or where its middle lies? So more is looked at then. What is cut all
// the same is among the objects; cut tells.
func (d *detection) look(ctx context.Context, q *question, at around, p Progress, ask asking) (found []object, cut func(object) bool, err error) {
	for wide := at.least; ; wide *= 2 {
		d.part = d.grown(at.area, wide).Intersect(at.limits)
		turned, err := d.question(q.engine, q.spec)
		if err != nil {
			return nil, nil, err
		}
		turned.supply = q.supply.of(d, turned.plan)
		d.decoder.inputs(d.raw)
		if found, err = ask(ctx, turned, p); err != nil {
			return nil, nil, err
		}
		cut = at.cut(d.part)
		if 2*wide > at.widest || !slices.ContainsFunc(found, cut) {
			return found, cut, nil
		}
		p = besides{p}
	}
}

// asking asks the question about what a detection looks at.
type asking func(context.Context, *question, Progress) ([]object, error)

// cut tells of an object that was found in a part whether it reaches from the area to where the
// part ends and the image, or what may be seen of it, does not.
func (at around) cut(part image.Rectangle) func(object) bool {
	inner := part.Inset(nearEdge)
	if part.Min.X == at.limits.Min.X {
		inner.Min.X = math.MinInt32
	}
	if part.Min.Y == at.limits.Min.Y {
		inner.Min.Y = math.MinInt32
	}
	if part.Max.X == at.limits.Max.X {
		inner.Max.X = math.MaxInt32
	}
	if part.Max.Y == at.limits.Max.Y {
		inner.Max.Y = math.MaxInt32
	}
	return func(o object) bool {
		b := segment.Bounds(o.outline).Add(part.Min)
		return b.Overlaps(at.area) && !b.In(inner)
	}
}
