package measure

import (
	"image"
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/segment"
)

// Where an object's background and its neighbours are, in pixels from it.
const (
	ringFrom, ringTo = 2, 7
	touch            = 5
)

// surroundings know where all objects lie.
type surroundings struct {
	objects []annotation.Object
	whole   image.Rectangle
	bounds  []image.Rectangle
	cells   map[image.Point][]int // objects by squares that their bounds meet
}

// side of a square, in pixels: about the size of a cell.
const side = 64

func newSurroundings(objects []annotation.Object, whole image.Rectangle) *surroundings {
	s := &surroundings{objects: objects, whole: whole, cells: map[image.Point][]int{}}
	for i, o := range objects {
		b := segment.Bounds(o.Outline).Intersect(whole)
		s.bounds = append(s.bounds, b)
		squares(b, func(at image.Point) { s.cells[at] = append(s.cells[at], i) })
	}
	return s
}

func squares(r image.Rectangle, f func(image.Point)) {
	if r.Empty() {
		return
	}
	for y := r.Min.Y / side; y <= (r.Max.Y-1)/side; y++ {
		for x := r.Min.X / side; x <= (r.Max.X-1)/side; x++ {
			f(image.Pt(x, y))
		}
	}
}

func (s *surroundings) mask(i int) mask { return newMask(s.objects[i].Outline, s.whole) }

// ring is where an object's background is: 1 where no object is, 2 where another one is.
type ring struct{ mask }

// around looks at what is close to object i, whose pixels are own.
func (s *surroundings) around(i int, own mask) (r ring, neighbours int) {
	if own.rect.Empty() || !slices.Contains(own.in, 1) {
		return ring{}, 0
	}
	r.rect = own.rect.Inset(-ringTo).Intersect(s.whole)
	w := r.rect.Dx()
	outside := make([]bool, w*r.rect.Dy())
	r.in = make([]uint8, len(outside))
	for y := r.rect.Min.Y; y < r.rect.Max.Y; y++ {
		for x := r.rect.Min.X; x < r.rect.Max.X; x++ {
			outside[(y-r.rect.Min.Y)*w+x-r.rect.Min.X] = own.at(x, y) == 0
		}
	}
	far := segment.SquaredDistance(outside, w)
	for k, d := range far {
		if d > ringFrom*ringFrom && d <= ringTo*ringTo {
			r.in[k] = 1
		}
	}
	seen := map[int]bool{i: true}
	squares(r.rect, func(at image.Point) {
		for _, j := range s.cells[at] {
			if seen[j] || !s.bounds[j].Overlaps(r.rect) {
				continue
			}
			seen[j] = true
			if r.meet(s.mask(j), far) {
				neighbours++
			}
		}
	})
	return r, neighbours
}

// meet marks another object in the ring, and reports whether it comes close.
func (r ring) meet(other mask, far []int32) (closeBy bool) {
	both := other.rect.Intersect(r.rect)
	for y := both.Min.Y; y < both.Max.Y; y++ {
		for x := both.Min.X; x < both.Max.X; x++ {
			if other.at(x, y) == 0 {
				continue
			}
			k := (y-r.rect.Min.Y)*r.rect.Dx() + x - r.rect.Min.X
			closeBy = closeBy || far[k] <= touch*touch
			if r.in[k] == 1 {
				r.in[k] = 2
			}
		}
	}
	return closeBy
}

// background is the median of what is free, or else the darkest of the ring.
func (r ring) background(px *imageio.Pixels, rect image.Rectangle) float64 {
	var free []float64
	darkest := math.Inf(1)
	for k, in := range r.in {
		if in == 0 {
			continue
		}
		x, y := r.rect.Min.X+k%r.rect.Dx(), r.rect.Min.Y+k/r.rect.Dx()
		v := px.Sample((y-rect.Min.Y)*px.Size.X + x - rect.Min.X)
		darkest = min(darkest, v)
		if in == 1 {
			free = append(free, v)
		}
	}
	switch n := len(free); {
	case n > 0:
		slices.Sort(free)
		return (free[(n-1)/2] + free[n/2]) / 2
	case math.IsInf(darkest, 1):
		return 0
	}
	return darkest
}

// nearest finds each object's nearest other centroid: in the squares around, as far as it
// must look.
func (s *surroundings) nearest(rows []Row) {
	at := map[image.Point][]int{}
	var all image.Rectangle
	for i, r := range rows {
		if r.Area == 0 {
			continue
		}
		p := image.Pt(int(r.X)/side, int(r.Y)/side)
		at[p] = append(at[p], i)
		all = all.Union(image.Rectangle{Min: p, Max: p.Add(image.Pt(1, 1))})
	}
	for i := range rows {
		r := &rows[i]
		if r.Area == 0 {
			continue
		}
		best := math.Inf(1)
		p := image.Pt(int(r.X)/side, int(r.Y)/side)
		// What lies beyond reach squares is further than reach·side away.
		for reach := 0; best > float64(max(reach-1, 0)*side) && reach <= max(all.Dx(), all.Dy()); reach++ {
			shell(p, reach, func(q image.Point) {
				for _, j := range at[q] {
					if j != i {
						best = min(best, math.Hypot(rows[j].X-r.X, rows[j].Y-r.Y))
					}
				}
			})
		}
		if !math.IsInf(best, 1) {
			r.Nearest = best
		}
	}
}

// shell calls f for the squares at a distance of reach from p, in the larger of both axes.
func shell(p image.Point, reach int, f func(image.Point)) {
	for y := -reach; y <= reach; y++ {
		step := 1
		if reach > 0 && y != -reach && y != reach {
			step = 2 * reach
		}
		for x := -reach; x <= reach; x += step {
			f(p.Add(image.Pt(x, y)))
		}
	}
}
