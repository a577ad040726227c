package infer

import (
	"context"
	"math"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// components are the connected pixels above the threshold; a watershed parts them where
// they touch.
func (s *maps) components(sh sheet) []object {
	p := sh.planes[s.arg.Channel]
	level := float32(s.arg.Threshold)
	if s.op == recipe.Floods && s.arg.Boundary == s.arg.Channel {
		return s.enclosed(sh, level)
	}
	inside := segment.Above(p, sh.w, level)
	var labels []uint32
	switch {
	case s.op == recipe.Components:
		labels, _ = segment.Components(inside, false)
	case s.arg.Boundary >= 0:
		edge := sh.planes[s.arg.Boundary]
		seeds := segment.Where(sh.w, sh.h, func(i int) bool { return p[i]-edge[i] > level && p[i] > level })
		labels, _ = segment.SplitAt(edge, seeds, inside)
	default:
		labels, _ = segment.Split(inside, s.arg.Distance)
	}
	return sh.trace(labels, p, s.arg.MinSize, segment.Contours(labels, sh.w))
}

// enclosed are what a boundary parts: all of the image is some object's.
func (s *maps) enclosed(sh sheet, level float32) []object {
	edge := sh.planes[s.arg.Boundary]
	p := make([]float32, len(edge))
	for i, x := range edge {
		p[i] = 1 - x
	}
	labels, _ := segment.SplitAt(edge, segment.Above(p, sh.w, level), segment.Where(sh.w, sh.h, func(int) bool { return true }))
	return sh.trace(labels, p, s.arg.MinSize, segment.Contours(labels, sh.w))
}

// follow lets pixels drift along the flows.
func (s *maps) follow(ctx context.Context, sh sheet) ([]object, error) {
	if len(sh.planes) < 3 {
		return nil, unfit("Its output has no three channels: flows along y and x, and the logit of being in a cell.")
	}
	f := segment.Flows{Y: sh.planes[0], X: sh.planes[1], Prob: sh.planes[2], W: sh.w, H: sh.h}
	labels, _, err := segment.FollowFlows(ctx, f, segment.FlowOptions{Prob: s.flows.Prob, Error: s.flows.Flow, MinSize: s.flows.MinSize})
	if err != nil {
		return nil, err
	}
	score := make([]float32, len(f.Prob))
	for i, x := range f.Prob {
		score[i] = logistic(x)
	}
	return sh.trace(labels, score, 0, segment.Contours(labels, sh.w)), nil
}

// classes are the connected pixels of each class but the background: the highest of several
// channels, or the number that the one channel holds.
func (s *maps) classes(sh sheet) []object {
	ground := s.model.Background()
	n := sh.w * sh.h
	class, best := make([]uint8, n), make([]float32, n)
	classify(class, best, len(sh.planes), ground, func(c int) []float32 { return sh.planes[c] })
	sh.planes = nil
	clear(s.out) // nor beside the labels
	labels, of := segment.ClassComponents(class, sh.w)
	out := sh.trace(labels, best, s.arg.MinSize, segment.Contours(labels, sh.w))
	for l := range out {
		out[l].class = sh.class(swapped(of[l], ground))
	}
	return out
}

// classify tells the class of each pixel, and how sure it is: of the highest of its
// channels, or of the one that holds numbers. The class that is the ground is 0, and the other
// way around.
func classify(class []uint8, best []float32, channels, ground int, of func(c int) []float32) {
	if channels == 1 {
		numbered(class, best, of(0))
	} else {
		for c := range channels {
			segment.Higher(class, best, of(c), c)
		}
	}
	if ground == 0 {
		return
	}
	for i, c := range class {
		class[i] = uint8(swapped(int(c), ground)) //nolint:gosec // both are below 256
	}
}

// swapped is what a class is called where the ground is called 0.
func swapped(class, ground int) int {
	switch class {
	case 0:
		return ground
	case ground:
		return 0
	}
	return class
}

// numbered takes the classes of pixels from what holds their numbers. All are as sure.
func numbered(class []uint8, best, number []float32) {
	for i, x := range number {
		class[i], best[i] = 0, 1
		if x >= 0.5 { // no NaN is
			class[i] = uint8(min(x+0.5, 255))
		}
	}
}

// labels are in the output as they are: in one channel, or in each, which is a class then. A network may
// number objects as it likes.
func (s *maps) labels(sh sheet) []object {
	if !s.arg.Every || len(sh.planes) == 1 {
		return s.labelled(sh, s.arg.Channel)
	}
	var all []object
	for c := range sh.planes {
		of := s.labelled(sh, c)
		for i := range of {
			of[i].class = sh.class(c)
		}
		all = append(all, of...)
	}
	return all
}

func (s *maps) labelled(sh sheet, channel int) []object {
	labels, number := make([]uint32, sh.w*sh.h), map[float32]uint32{}
	for i, x := range sh.planes[channel] {
		if !(x > 0) {
			continue
		}
		l := number[x]
		if l == 0 {
			l = uint32(len(number) + 1) //nolint:gosec // not more than pixels
			number[x] = l
		}
		labels[i] = l
	}
	return sh.trace(labels, nil, s.arg.MinSize, segment.Contours(labels, sh.w))
}

// corners of what is drawn around a point.
const corners = 16

// circle are these, around 0. They mirror one another to the last digit, which math.Sincos leaves open: on one
// side of a point no more pixels are to have their middle on the line than on the other.
func circle() [corners]annotation.Point {
	sin, cos := math.Sincos(math.Pi / 8)
	quarter := [...]float64{1, cos, math.Sqrt2 / 2, sin, 0}
	at := func(k int) float64 {
		if k = min(k, corners-k); k > corners/4 {
			return -quarter[corners/2-k]
		}
		return quarter[k]
	}
	var out [corners]annotation.Point
	for k := range out {
		out[k] = annotation.Point{X: at(k), Y: at((k + corners*3/4) % corners)}
	}
	return out
}

// points are the peaks of a channel, drawn as small discs.
func (s *maps) points(sh sheet) []object {
	p := sh.planes[s.arg.Channel]
	var out []object
	for _, i := range segment.Peaks(p, sh.w, s.arg.Distance, float32(s.arg.Threshold)) {
		o := object{x: (float64(i%sh.w) + 0.5) * sh.sx, y: (float64(i/sh.w) + 0.5) * sh.sy, score: float64(p[i])}
		for _, c := range circle() {
			o.outline = append(o.outline, annotation.Point{X: o.x + s.arg.Radius*sh.sx*c.X, Y: o.y + s.arg.Radius*sh.sy*c.Y})
		}
		out = append(out, o)
	}
	return out
}
