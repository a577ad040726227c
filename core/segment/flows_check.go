package segment

import (
	"context"
	"fmt"
	"image"
	"math"
)

// extents returns the smallest rectangle around each label.
func extents(labels []uint32, w, n int) []image.Rectangle {
	out := make([]image.Rectangle, n+1)
	for i, l := range labels {
		if l == 0 {
			continue
		}
		x, y := i%w, i/w
		r := &out[l]
		if r.Empty() {
			*r = image.Rect(x, y, x+1, y+1)
			continue
		}
		r.Min.X, r.Max.X, r.Max.Y = min(r.Min.X, x), max(r.Max.X, x+1), y+1
	}
	return out
}

// dropBad removes cells whose own flows differ from the network's by more than most, as a
// mean of squares. A cell's own flows lead up the heat that a source at its centre spreads.
func dropBad(ctx context.Context, f Flows, labels []uint32, n int, most float64) (int, error) {
	rects := extents(labels, f.W, n)
	steps := 0
	for _, r := range rects[1:] {
		steps = max(steps, 2*(r.Dx()+r.Dy()+2))
	}
	heat := make([]float64, len(labels))
	var s spread
	for l := 1; l <= n; l++ {
		if l%64 == 0 && ctx.Err() != nil {
			return 0, fmt.Errorf("check flows: %w", ctx.Err())
		}
		s.run(labels, f.W, uint32(l), rects[l], steps, heat)
	}
	bad := make([]bool, n+1)
	for l := 1; l <= n; l++ {
		bad[l] = flowError(f, labels, heat, uint32(l), rects[l]) > most
	}
	return erase(labels, bad), nil
}

// spread is room for the heat of one cell, with a border of cold around.
type spread struct{ heat, rows, in []float64 }

// run lets heat spread over one cell: in each step the source gets 1 and every pixel the
// mean of its 3×3 neighbourhood, of which what is not of the cell is cold.
func (s *spread) run(labels []uint32, w int, l uint32, r image.Rectangle, steps int, out []float64) {
	pw, ph := r.Dx()+2, r.Dy()+2
	s.heat, s.rows, s.in = room(s.heat, pw*ph), room(s.rows, pw*ph), room(s.in, pw*ph)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if labels[y*w+x] == l {
				s.in[(y-r.Min.Y+1)*pw+x-r.Min.X+1] = 1. / 9
			}
		}
	}
	source := centre(s.in, pw)
	for range steps {
		s.heat[source]++
		s.step(pw, ph)
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if labels[y*w+x] == l {
				out[y*w+x] = s.heat[(y-r.Min.Y+1)*pw+x-r.Min.X+1]
			}
		}
	}
}

// step gives each pixel the mean of its neighbourhood: the sums of rows first.
func (s *spread) step(pw, ph int) {
	for y := range ph {
		row, to := s.heat[y*pw:(y+1)*pw], s.rows[y*pw:(y+1)*pw]
		for x := 1; x < len(row)-1; x++ {
			to[x] = row[x-1] + row[x] + row[x+1]
		}
	}
	for y := 1; y < ph-1; y++ {
		a, b, c := s.rows[(y-1)*pw:y*pw], s.rows[y*pw:(y+1)*pw], s.rows[(y+1)*pw:(y+2)*pw]
		in, to := s.in[y*pw:(y+1)*pw], s.heat[y*pw:(y+1)*pw]
		for x := range to {
			to[x] = (a[x] + b[x] + c[x]) * in[x]
		}
	}
}

// room returns n zeros, in x if they fit.
func room(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n)
	}
	x = x[:n]
	clear(x)
	return x
}

// centre returns the pixel at the mean of a cell's pixels, or the one next to it that is of
// the cell.
func centre(in []float64, w int) int {
	var n, sx, sy float64
	for i, v := range in {
		if v != 0 {
			n, sx, sy = n+1, sx+float64(i%w-1), sy+float64(i/w-1)
		}
	}
	// Halves go to even numbers, counted without the border, as numpy has it.
	mx, my := int(math.RoundToEven(sx/n))+1, int(math.RoundToEven(sy/n))+1
	best, least := my*w+mx, math.MaxInt
	if in[best] != 0 {
		return best
	}
	for i, v := range in {
		if d := (i%w-mx)*(i%w-mx) + (i/w-my)*(i/w-my); v != 0 && d < least {
			best, least = i, d
		}
	}
	return best
}

// flowError is the mean square of the difference of a cell's flows and the network's. Heat
// next to a cell is that of its neighbours there, as in the reference.
func flowError(f Flows, labels []uint32, heat []float64, l uint32, r image.Rectangle) float64 {
	at := func(x, y int) float64 {
		if x < 0 || y < 0 || x >= f.W || y >= f.H {
			return 0
		}
		return heat[y*f.W+x]
	}
	var sum, n float64
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			i := y*f.W + x
			if labels[i] != l {
				continue
			}
			dy, dx := at(x, y+1)-at(x, y-1), at(x+1, y)-at(x-1, y)
			norm := 1e-60 + math.Sqrt(dy*dy+dx*dx)
			ey, ex := dy/norm-float64(f.Y[i]/5), dx/norm-float64(f.X[i]/5)
			sum += ey*ey + ex*ex
			n++
		}
	}
	return sum / n
}

// fillHoles fills the holes of each label, also where smaller ones lie in them, and removes
// labels of fewer than least pixels, before and after.
func fillHoles(labels []uint32, w, n, least int) int {
	if least > 0 {
		n = RemoveSmall(labels, n, least)
	}
	rects := extents(labels, w, n)
	var open []bool
	for l := 1; l <= n; l++ {
		open = fillLabel(labels, w, uint32(l), rects[l], open)
	}
	if least > 0 {
		n = RemoveSmall(labels, n, least)
	}
	return n
}

// fillLabel fills what no path of 4-connected pixels joins to the edge of r.
func fillLabel(labels []uint32, w int, l uint32, r image.Rectangle, open []bool) []bool {
	rw, rh := r.Dx(), r.Dy()
	if cap(open) < rw*rh {
		open = make([]bool, rw*rh)
	}
	open = open[:rw*rh]
	clear(open)
	var stack []int
	visit := func(x, y int) {
		if x < 0 || y < 0 || x >= rw || y >= rh || open[y*rw+x] || labels[(y+r.Min.Y)*w+x+r.Min.X] == l {
			return
		}
		open[y*rw+x] = true
		stack = append(stack, y*rw+x)
	}
	for x := range rw {
		visit(x, 0)
		visit(x, rh-1)
	}
	for y := range rh {
		visit(0, y)
		visit(rw-1, y)
	}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		x, y := i%rw, i/rw
		visit(x-1, y)
		visit(x+1, y)
		visit(x, y-1)
		visit(x, y+1)
	}
	for i, o := range open {
		if !o {
			labels[(i/rw+r.Min.Y)*w+i%rw+r.Min.X] = l
		}
	}
	return open
}
