// Package measure turns objects and pixels into a table with units.
//
// Shapes and intensities are those of scikit-image's regionprops of the pixels whose
// centres an outline encloses. Each object is measured by itself: where two overlap,
// both have the pixels. The background of an object is the median of the pixels around it,
// more than 2 and up to 7 pixels away, that are of no object; where there are none, the
// darkest pixel there. Its neighbours are the objects with a pixel not more than 5 away. Of an
// object whose rectangle has more than 2^25 pixels, as of tissue on a slide, perimeter,
// circularity, Feret diameter, neighbours and intensities are not measured: they are NaN. So are
// the intensities of an object whose pixels can't be read.
// Eccentricity and orientation are of the object as it is, also where pixels are known not to be
// square; its perimeter in micrometres and its circularity are not measured then.
// Positions are in pixels of the full image with the centre of the upper left pixel at
// (0.5, 0.5), as everywhere in Coverslip.
package measure

import (
	"cmp"
	"context"
	"image"
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
)

// Row is what was measured of one object, in pixels.
type Row struct {
	Object       annotation.Object
	X, Y         float64 // centroid
	Area         float64
	Perimeter    float64
	Diameter     float64 // of a circle with this area
	Major, Minor float64 // axes of an ellipse with the same second moments
	Circularity  float64 // 4π·area/perimeter²; 0 without a perimeter
	Eccentricity float64 // 0 for a circle, towards 1 for a line
	Feret        float64 // the largest diameter of the convex hull
	Orientation  float64 // of the major axis from the image's vertical, towards x, in radians: -π/2…π/2
	Neighbours   float64 // objects within 5 pixels
	Nearest      float64 // from its centroid to the nearest other one; NaN if it is alone
	Micron       Lengths // of pixels that are not square; 0 of others
	Channels     []Intensity
}

// Lengths are those of a [Row], in micrometres.
type Lengths struct{ Perimeter, Diameter, Major, Minor, Feret, Nearest float64 }

// Intensity is what the pixels of one object say in one channel. SD is that of the
// population, Sum the integrated intensity, Background what is around the object; NaN if nothing is.
type Intensity struct{ Mean, SD, Min, Max, Sum, Background float64 }

// unknown is the intensity of what nobody has looked at.
func unknown() Intensity {
	nan := math.NaN()
	return Intensity{nan, nan, nan, nan, nan, nan}
}

// Table is the rows of one plane.
type Table struct {
	Image    imageio.Info
	Channels []int // numbers of channels, in the order of Row.Channels
	Rows     []Row // in the order of the objects
}

// block is the side of the squares of an image that are read together, in pixels.
const block = 1024

// Objects measures objects on plane z of time point t, in the channels named, or all if
// none is. The table is whole also where pixels can't be read: the first reason comes besides
// it. When ctx ends there is no table.
func Objects(ctx context.Context, src imageio.Source, objects []annotation.Object, z, t int, channels ...int) (Table, error) {
	table := Table{Image: src.Info(), Channels: channels, Rows: make([]Row, len(objects))}
	if len(channels) == 0 {
		for c := range table.Image.Channels {
			table.Channels = append(table.Channels, c)
		}
	}
	um := table.Image.Micron
	whole := image.Rectangle{Max: table.Image.Levels[0].Size}
	blocks := map[image.Point][]int{}
	near := newSurroundings(objects, whole)
	for i, o := range objects {
		table.Rows[i] = Row{Object: o, Channels: make([]Intensity, len(table.Channels))}
		if area(near.bounds[i]) > mostPixels {
			table.Rows[i].large(o.Outline, near.bounds[i], um)
			continue
		}
		b := near.bounds[i]
		at := image.Pt((b.Min.X+b.Max.X)/2/block, (b.Min.Y+b.Max.Y)/2/block)
		blocks[at] = append(blocks[at], i)
	}
	order := make([]image.Point, 0, len(blocks))
	for at := range blocks {
		order = append(order, at)
	}
	slices.SortFunc(order, func(a, b image.Point) int { return cmp.Or(a.Y-b.Y, a.X-b.X) })
	plane := &plane{src: src, z: z, t: t}
	for _, at := range order {
		for _, some := range near.portions(blocks[at]) {
			table.measure(ctx, plane, some, near)
			if ctx.Err() != nil {
				return Table{}, ctx.Err()
			}
		}
	}
	near.nearest(table.Rows, 1, 1, func(r *Row, d float64) { r.Nearest = d })
	if oblong(um) {
		near.nearest(table.Rows, um.X, um.Y, func(r *Row, d float64) { r.Micron.Nearest = d })
	}
	return table, plane.failed
}

// measure measures some objects, which lie close together.
func (t *Table) measure(ctx context.Context, from *plane, objects []int, near *surroundings) {
	rect := near.look(objects)
	found := make([]patch, len(objects))
	for k, i := range objects {
		m := near.mask(i)
		p := patch{row: &t.Rows[i], own: m.runs(), around: near.with(i)}
		m.shape(p.row, p.own, t.Image.Micron)
		p.ring, p.row.Neighbours = near.around(i, m.rect, p.own)
		found[k] = p
	}
	if rect.Empty() {
		return // all outside
	}
	var v []float64 // scratch
	for j, c := range t.Channels {
		px, err := from.read(ctx, rect, c)
		for _, p := range found {
			switch {
			case len(p.own) == 0:
			case err == nil:
				p.row.Channels[j], v = p.intensity(px, rect, v)
			default: // what can't be read may be of another one
				p.row.Channels[j] = unknown()
				if p.around == rect {
					continue
				}
				if alone, err := from.read(ctx, p.around, c); err == nil {
					p.row.Channels[j], v = p.intensity(alone, p.around, v)
				}
			}
		}
	}
}

// patch is one object among its pixels.
type patch struct {
	row    *Row
	own    []run
	ring   ring
	around image.Rectangle
}

func (p patch) intensity(px *imageio.Pixels, rect image.Rectangle, v []float64) (Intensity, []float64) {
	x, v := intensity(p.own, px, rect, v)
	x.Background, v = p.ring.background(px, rect, v)
	return x, v
}

// intensity is that of an object's pixels. It takes two passes, so that a small spread on a
// large offset stays exact. v is scratch space.
func intensity(own []run, px *imageio.Pixels, rect image.Rectangle, v []float64) (Intensity, []float64) {
	v = v[:0]
	words := px.Uint16s()
	for _, s := range own {
		at := (s.y-rect.Min.Y)*px.Size.X - rect.Min.X
		if words == nil {
			for x := s.from; x < s.to; x++ {
				v = append(v, px.Sample(at+x))
			}
			continue
		}
		for _, x := range words[at+s.from : at+s.to] {
			v = append(v, float64(x))
		}
	}
	if len(v) == 0 {
		return Intensity{}, v
	}
	out := Intensity{Min: v[0], Max: v[0]}
	var sq float64
	for _, x := range v {
		out.Sum += x
		out.Min, out.Max = min(out.Min, x), max(out.Max, x)
	}
	n := float64(len(v))
	out.Mean = out.Sum / n
	for _, x := range v {
		sq += (x - out.Mean) * (x - out.Mean)
	}
	out.SD = math.Sqrt(sq / n)
	return out, v
}
