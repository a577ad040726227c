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
	window  image.Rectangle       // what is looked at now
	masks   map[int]mask          // within it
	seen    []int                 // for which object one was last looked at, + 1
	change  []uint32              // scratch space, as is far
	far     []uint8
}

// side of a square, in pixels: about the size of a cell.
const side = 64

func newSurroundings(objects []annotation.Object, whole image.Rectangle) *surroundings {
	s := &surroundings{objects: objects, whole: whole, cells: map[image.Point][]int{}, seen: make([]int, len(objects))}
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

// look turns to some objects and what is around them, of which window is the rectangle; it
// lets go of the masks.
func (s *surroundings) look(objects []int) (window image.Rectangle) {
	s.window, s.masks = image.Rectangle{}, map[int]mask{}
	for _, i := range objects {
		s.window = s.window.Union(s.with(i))
	}
	return s.window
}

// with is the rectangle of an object with what is around it.
func (s *surroundings) with(i int) image.Rectangle {
	if s.bounds[i].Empty() {
		return image.Rectangle{}
	}
	return s.bounds[i].Inset(-ringTo).Intersect(s.whole)
}

func (s *surroundings) mask(i int) mask {
	m, ok := s.masks[i]
	if !ok {
		m = newMask(s.objects[i].Outline, s.bounds[i].Intersect(s.window))
		s.masks[i] = m
	}
	return m
}

// ring is where an object's background is: 1 where no object is, 2 where another one is.
type ring struct{ mask }

// around looks at what is close to object i, whose pixels are own, in the rectangle rect.
func (s *surroundings) around(i int, rect image.Rectangle, own []run) (r ring, neighbours float64) {
	if len(own) == 0 {
		return ring{}, 0
	}
	r.rect = rect.Inset(-ringTo).Intersect(s.whole)
	far := s.distance(own, r.rect)
	r.in = make([]uint8, len(far))
	for k, d := range far {
		if d == ringTo || d == touch {
			r.in[k] = 1
		}
	}
	s.seen[i] = i + 1
	squares(r.rect, func(at image.Point) {
		for _, j := range s.cells[at] {
			if s.seen[j] == i+1 || !s.bounds[j].Overlaps(r.rect) {
				continue
			}
			s.seen[j] = i + 1
			if r.meet(s.mask(j), far) {
				neighbours++
			}
		}
	})
	return r, neighbours
}

// distance tells, for each pixel of r, which of ringFrom, touch and ringTo is the least that
// some pixel of the mask, whose runs are own, is not further away than; 0 is beyond all. The
// pixels of a row that are near enough to a run of the mask are a run themselves.
func (s *surroundings) distance(own []run, r image.Rectangle) []uint8 {
	w, h := r.Dx(), r.Dy()
	if len(s.change) < (w+1)*h {
		s.change, s.far = make([]uint32, (w+1)*h), make([]uint8, (w+1)*h)
	}
	// Of how many such runs there are, along each row: a byte for each of the distances. At
	// most 82 runs of a mask have a pixel within ringTo of one.
	change := s.change[:(w+1)*h]
	clear(change)
	for k, d := range [3]int{ringTo, touch, ringFrom} {
		one := uint32(1) << (8 * k)
		for dy := -d; dy <= d; dy++ {
			wide := int(math.Sqrt(float64(d*d - dy*dy)))
			for _, o := range own {
				y := o.y + dy - r.Min.Y
				if y < 0 || y >= h {
					continue
				}
				row := change[y*(w+1):][:w+1]
				row[max(o.from-wide-r.Min.X, 0)] += one
				row[min(o.to+wide-r.Min.X, w)] -= one
			}
		}
	}
	far := s.far[:w*h]
	for y := range h {
		n := uint32(0)
		row := far[y*w:][:w]
		for x, c := range change[y*(w+1):][:w] {
			n += c
			switch {
			case n == 0:
				row[x] = 0
			case n < 1<<8:
				row[x] = ringTo
			case n < 1<<16:
				row[x] = touch
			default:
				row[x] = ringFrom
			}
		}
	}
	return far
}

// meet marks another object in the ring, and reports whether it comes close.
func (r ring) meet(other mask, far []uint8) (closeBy bool) {
	both := other.rect.Intersect(r.rect)
	for y := both.Min.Y; y < both.Max.Y; y++ {
		at := (y-r.rect.Min.Y)*r.rect.Dx() + both.Min.X - r.rect.Min.X
		for x, in := range other.in[(y-other.rect.Min.Y)*other.rect.Dx()+both.Min.X-other.rect.Min.X:][:both.Dx()] {
			if in == 0 {
				continue
			}
			closeBy = closeBy || far[at+x] == touch || far[at+x] == ringFrom
			if r.in[at+x] == 1 {
				r.in[at+x] = 2
			}
		}
	}
	return closeBy
}

// background is the median of what is free, or else the darkest of the ring; NaN where there
// is nothing around. v is scratch space.
func (r ring) background(px *imageio.Pixels, rect image.Rectangle, v []float64) (float64, []float64) {
	if v = r.values(px, rect, 1, v[:0]); len(v) > 0 {
		return median(v), v
	}
	if v = r.values(px, rect, 2, v); len(v) > 0 {
		return slices.Min(v), v
	}
	return math.NaN(), v
}

// values appends the pixels of px, whose first one is rect.Min, where the ring is as which.
func (r ring) values(px *imageio.Pixels, rect image.Rectangle, which uint8, v []float64) []float64 {
	w, words := r.rect.Dx(), px.Uint16s()
	for y := range r.rect.Dy() {
		at := (r.rect.Min.Y+y-rect.Min.Y)*px.Size.X + r.rect.Min.X - rect.Min.X
		for x, in := range r.in[y*w:][:w] {
			switch {
			case in != which:
			case words != nil:
				v = append(v, float64(words[at+x]))
			default:
				v = append(v, px.Sample(at+x))
			}
		}
	}
	return v
}

// median reorders v, which must not be empty; as numpy's it is NaN if one of v is.
func median(v []float64) float64 {
	if slices.ContainsFunc(v, math.IsNaN) { // which is neither more nor less than another
		return math.NaN()
	}
	k := len(v) / 2
	lo, hi := 0, len(v)-1
	for lo < hi { // Hoare's selection
		pivot := v[(lo+hi)/2]
		i, j := lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			lo, hi = k, k
		}
	}
	if len(v)%2 == 1 {
		return v[k]
	}
	return (slices.Max(v[:k]) + v[k]) / 2
}

// nearest finds each object's nearest other centroid, where a pixel is so wide and so high: in
// the squares around, as far as it must look. What has no pixels or is alone has none: NaN.
func (s *surroundings) nearest(rows []Row, sx, sy float64, found func(r *Row, distance float64)) {
	at := map[image.Point][]int{}
	var all image.Rectangle
	square := func(r *Row) image.Point { return image.Pt(int(r.X)/side, int(r.Y)/side) }
	for i := range rows {
		if rows[i].Area == 0 {
			continue
		}
		p := square(&rows[i])
		at[p] = append(at[p], i)
		all = all.Union(image.Rectangle{Min: p, Max: p.Add(image.Pt(1, 1))})
	}
	for i := range rows {
		r := &rows[i]
		best := math.Inf(1)
		// What lies beyond reach squares is further than reach·side pixels away.
		for reach := 0; r.Area > 0 && best > float64(max(reach-1, 0)*side)*min(sx, sy) && reach <= max(all.Dx(), all.Dy()); reach++ {
			shell(square(r), reach, func(q image.Point) {
				for _, j := range at[q] {
					if j != i {
						best = min(best, math.Hypot((rows[j].X-r.X)*sx, (rows[j].Y-r.Y)*sy))
					}
				}
			})
		}
		if math.IsInf(best, 1) {
			best = math.NaN()
		}
		found(r, best)
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
