package infer

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// minArea is the least area, in pixels of the image, of a star or a box: below it, it is noise.
const minArea = 2

// tooSmall reports whether an outline of such an area is no object. What is made of pixels is as
// small as the model's description lets it be, and what is drawn around a point says nothing of it.
func (d *detection) tooSmall(area float64) bool {
	switch d.model.Decode.ID {
	case recipe.StarConvex, recipe.BoxList:
		return area < minArea
	}
	return area <= 0
}

// objects brings what was found from pixels of the network back to those of the image.
func (d *detection) objects(found []object) []annotation.Object {
	v, dx, dy := d.view, float64(d.part.Min.X), float64(d.part.Min.Y)
	sx, sy := float64(v.full.X)/float64(v.size.X), float64(v.full.Y)/float64(v.size.Y)
	slices.SortStableFunc(found, func(a, b object) int { return cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x)) })
	used := make(map[string]bool, len(found))
	var out []annotation.Object
	for _, s := range found {
		for i, p := range s.outline {
			s.outline[i] = annotation.Point{X: (p.X + dx) * sx, Y: (p.Y + dy) * sy}
		}
		s.x, s.y = (s.x+dx)*sx, (s.y+dy)*sy
		if r := d.opt.Region; !r.Empty() && !image.Pt(int(math.Floor(s.x)), int(math.Floor(s.y))).In(r) {
			continue
		}
		if d.model.Decode.ID == recipe.Points {
			squeeze(s, float64(v.full.X), float64(v.full.Y))
		}
		outline := clip(s.outline, float64(v.full.X), float64(v.full.Y))
		if d.tooSmall(segment.Area(outline)) {
			continue
		}
		id := d.id(s.x, s.y, 0)
		for n := 1; used[id]; n++ { // two within a pixel
			id = d.id(s.x, s.y, n)
		}
		used[id] = true
		out = append(out, annotation.Object{
			ID: id, Class: cmp.Or(s.class, d.model.Class), Outline: outline, Score: min(max(s.score, 0), 1),
			State: annotation.Predicted, By: d.ref.String(),
		})
	}
	return out
}

// squeeze narrows what is drawn around a point as far as the edges of an image want it, so that
// the point stays its middle: cut, it would have another.
func squeeze(o object, w, h float64) {
	dx, dy := 0.0, 0.0
	for _, p := range o.outline {
		dx, dy = max(dx, math.Abs(p.X-o.x)), max(dy, math.Abs(p.Y-o.y))
	}
	fx, fy := min(1, o.x/dx, (w-o.x)/dx), min(1, o.y/dy, (h-o.y)/dy)
	for i, p := range o.outline {
		o.outline[i] = annotation.Point{X: o.x + (p.X-o.x)*fx, Y: o.y + (p.Y-o.y)*fy}
	}
}

// id names an object by the pixels, the plane, the model and where it lies, so that
// asking again gives the same names.
func (d *detection) id(x, y float64, n int) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d %d %d\n%.0f %.0f %d", d.src.ID(), d.ref,
		d.opt.Channel, d.opt.Z, d.opt.T, math.Floor(x), math.Floor(y), n))
	return hex.EncodeToString(h[:8])
}

// clip cuts an outline at the edges of an image (Sutherland and Hodgman).
func clip(o []annotation.Point, w, h float64) []annotation.Point {
	if !slices.ContainsFunc(o, func(p annotation.Point) bool { return !(p.X >= 0 && p.X <= w && p.Y >= 0 && p.Y <= h) }) {
		return o // nearly always
	}
	for _, depth := range []func(annotation.Point) float64{ // how far inside an edge
		func(p annotation.Point) float64 { return p.X },
		func(p annotation.Point) float64 { return w - p.X },
		func(p annotation.Point) float64 { return p.Y },
		func(p annotation.Point) float64 { return h - p.Y },
	} {
		if len(o) == 0 {
			return nil
		}
		var kept []annotation.Point
		a := o[len(o)-1]
		for _, b := range o {
			da, db := depth(a), depth(b)
			if (da < 0) != (db < 0) {
				in, out := a, b
				if da < 0 { // the same both ways, as a bridge to a hole is run
					in, out = b, a
				}
				t := depth(in) / (depth(in) - depth(out))
				kept = append(kept, annotation.Point{X: in.X + t*(out.X-in.X), Y: in.Y + t*(out.Y-in.Y)})
			}
			if db >= 0 {
				kept = append(kept, b)
			}
			a = b
		}
		o = kept
	}
	return o
}
