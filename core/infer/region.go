package infer

import (
	"cmp"
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"
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

// around is a region of the image in pixels of the network, with what the network must see
// around it, so that no object of it is cut.
func (d *detection) around(r image.Rectangle) image.Rectangle {
	v := d.view
	if r = r.Intersect(image.Rectangle{Max: v.full}); r.Empty() {
		return image.Rectangle{}
	}
	return d.grown(image.Rect(r.Min.X*v.size.X/v.full.X, r.Min.Y*v.size.Y/v.full.Y,
		(r.Max.X*v.size.X+v.full.X-1)/v.full.X, (r.Max.Y*v.size.Y+v.full.Y-1)/v.full.Y))
}

// wide is how much the network must see around a part, in pixels of its own.
func (d *detection) wide() int {
	return max(cmp.Or(d.opt.Overlap, 96), 2*int(math.Ceil(d.model.Diameter)))
}

// grown is a part, in pixels of the network, with what must be seen around it. It begins at a
// multiple of phase, as networks that shrink images see them differently elsewhere.
func (d *detection) grown(r image.Rectangle) image.Rectangle {
	const phase = 64
	r = r.Inset(-d.wide())
	r.Min = image.Pt(max(r.Min.X, 0)/phase*phase, max(r.Min.Y, 0)/phase*phase)
	return r.Intersect(image.Rectangle{Max: d.view.size})
}
