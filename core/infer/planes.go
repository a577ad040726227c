package infer

import (
	"context"
	"fmt"
	"image"
	"slices"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
)

// planes supplies a network with an image's pixels, tile by tile: of the image no more is
// in memory than what is asked for.
type planes struct {
	d     *detection
	plan  *plan
	parts map[string][]part // by input
}

// part is one plane y, x of an input, and what is done with its pixels.
type part struct {
	at    map[string]int // where it lies in the input
	of    imageio.Tile   // its channel, plane and time point in the image
	ready lookup
}

// newPlanes finds the image's planes for each input.
func newPlanes(d *detection, p *plan) (*planes, error) {
	s := &planes{d: d, plan: p, parts: map[string][]part{}}
	for i := range d.model.Inputs {
		t := &d.model.Inputs[i]
		if t.Optional {
			continue
		}
		if err := aPlane(t, p); err != nil {
			return nil, err
		}
		channels, err := d.opt.channels(t, t == first(d.model), d.src.Info().Channels)
		if err != nil {
			return nil, err
		}
		depth := 1
		if t.Axis("z") != nil {
			depth = d.src.Info().Z
		}
		for c, of := range channels {
			for z := range depth {
				x := part{at: map[string]int{string(recipe.Channel): c}, of: imageio.Tile{C: of, Z: d.opt.Z, T: d.opt.T}}
				if t.Axis("z") != nil {
					x.at["z"], x.of.Z = z, z
				}
				s.parts[t.ID] = append(s.parts[t.ID], x)
			}
		}
	}
	return s, nil
}

// aPlane refuses an input that is no image, or one of several positions along an axis along
// which one is given, such as time: the others would be made up.
func aPlane(t *recipe.Tensor, p *plan) error {
	if t.Axis("y") == nil || t.Axis("x") == nil {
		return unasked(fmt.Sprintf("The model's input %s is no image, and Coverslip has nothing else to give it.", t.ID))
	}
	for _, a := range t.Axes {
		if x := p.axis(a.ID); x != nil && a.ID != "y" && a.ID != "x" && a.ID != "z" && x.pieces[0].size > 1 {
			return unasked(fmt.Sprintf("The model's input %s takes %d positions along %s at once, and Coverslip gives it one.", t.ID, x.pieces[0].size, a.ID))
		}
	}
	return nil
}

// unasked is why a model can't be asked that has nothing wrong with it.
func unasked(say string) error {
	return fault.New(fault.Invalid, say, "Choose a model that takes one plane of one time point, or one stack.", nil)
}

// of implements supply.
func (s *planes) of(d *detection, p *plan) supply { //nolint:ireturn // one of three
	return &planes{d: d, plan: p, parts: s.parts}
}

// cut implements supply.
func (s *planes) cut(ctx context.Context, t *recipe.Tensor, b block) (*recipe.Array, error) {
	if t.Optional {
		return nil, nil //nolint:nilnil // what is left out
	}
	return s.read(ctx, t, b, true)
}

// all returns an input as the image has it, whole.
func (s *planes) all(ctx context.Context, t *recipe.Tensor) (*recipe.Array, error) {
	b := block{}
	total := 1
	for _, a := range s.plan.axes {
		x := piece{size: a.n, to: a.n}
		switch a.id {
		case "y":
			x = piece{start: -s.d.part.Min.Y, size: s.d.view.size.Y}
		case "x":
			x = piece{start: -s.d.part.Min.X, size: s.d.view.size.X}
		}
		b[a.id] = x
		total *= x.size
	}
	if total*len(s.parts[t.ID]) > maxHeld {
		return nil, fault.New(fault.Invalid, "The model wants to see the whole image at once, and it is too large for that.", "Analyse a part of it.", nil)
	}
	return s.read(ctx, t, b, false)
}

// maxHeld bounds how many numbers of an image are held for operations that need all.
const maxHeld = 1 << 28

func (s *planes) read(ctx context.Context, t *recipe.Tensor, b block, ready bool) (*recipe.Array, error) {
	y, x := b["y"], b["x"]
	rect := image.Rect(x.start, y.start, x.start+x.size, y.start+y.size).Add(s.d.part.Min)
	if ready && s.single(t) {
		return s.plane(ctx, t, b, rect)
	}
	out, constant := blank(t, b), t.Pad.Mode == "constant"
	z := []int{0}
	if a := t.Axis("z"); a != nil {
		z = beyond(t.Pad.Mode, b["z"].start, b["z"].start+b["z"].size, s.d.src.Info().Z)
	}
	for _, p := range s.parts[t.ID] {
		if !slices.Contains(z, p.at["z"]) {
			continue
		}
		pixels, err := s.d.view.read(ctx, s.d.src, p.of, rect, t.Pad.Mode, p.as(ready))
		if err != nil {
			return nil, err
		}
		pad := []float32{float32(t.Pad.Value)}
		if p.as(ready).pipe.Apply(pad); constant { // an image is padded as it is
			outside(pixels, rect, s.d.view.size, pad[0])
		}
		for k, of := range z {
			at := map[string]int{string(recipe.Channel): p.at[string(recipe.Channel)], "z": k}
			if of == p.at["z"] {
				put(out, at, pixels)
			}
			if deep := b["z"].start + k; constant && (deep < 0 || deep >= s.d.src.Info().Z) {
				put(out, at, slices.Repeat(pad, len(pixels)))
			}
		}
	}
	return out, nil
}

// as is what is done with the pixels: all that is to be done, or nothing.
func (p part) as(ready bool) lookup {
	if ready {
		return p.ready
	}
	return lookup{}
}

// single reports whether an input is one plane y, x that lies as one of an image does.
func (s *planes) single(t *recipe.Tensor) bool {
	return len(s.parts[t.ID]) == 1 && t.Axis("z") == nil && t.Pad.Mode != "constant" && flat(t)
}

// plane reads such an input.
func (s *planes) plane(ctx context.Context, t *recipe.Tensor, b block, r image.Rectangle) (*recipe.Array, error) {
	p := s.parts[t.ID][0]
	pixels, err := s.d.view.read(ctx, s.d.src, p.of, r, t.Pad.Mode, p.ready)
	if err != nil {
		return nil, err
	}
	axes, shape := shapeOf(t, b)
	return &recipe.Array{Axes: axes, Shape: shape, Data: pixels}, nil
}

// flat reports whether a plane y, x of a tensor lies as one of an image does.
func flat(t *recipe.Tensor) bool {
	n := len(t.Axes)
	return t.Axes[n-1].ID == "x" && t.Axes[n-2].ID == "y"
}

// blank is an array for a block of t.
func blank(t *recipe.Tensor, b block) *recipe.Array { return recipe.NewArray(shapeOf(t, b)) }

func shapeOf(t *recipe.Tensor, b block) (axes []string, shape []int) {
	for _, a := range t.Axes {
		n := max(a.Size.At(1), 1)
		if p, ok := b[a.ID]; ok && a.Kind != recipe.Channel {
			n = p.size
		}
		axes, shape = append(axes, a.ID), append(shape, n)
	}
	return axes, shape
}

// put writes a plane y, x into a at a position along its other axes.
func put(a *recipe.Array, at map[string]int, plane []float32) {
	stride, base := strides(a), 0
	for axis, i := range at {
		base += i * stride[axis]
	}
	w, h := a.Size("x"), a.Size("y")
	for y := range h {
		row := plane[y*w:][:w]
		from := base + y*stride["y"]
		if stride["x"] == 1 {
			copy(a.Data[from:], row)
			continue
		}
		for x, v := range row {
			a.Data[from+x*stride["x"]] = v
		}
	}
}

// strides are how far apart neighbours along each axis lie; 0 along one that is not there.
func strides(a *recipe.Array) map[string]int {
	out, n := map[string]int{}, 1
	for i, axis := range slices.Backward(a.Axes) {
		out[axis] = n
		n *= a.Shape[i]
	}
	return out
}

// outside sets what lies beyond an image.
func outside(pixels []float32, r image.Rectangle, size image.Point, v float32) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if x < 0 || y < 0 || x >= size.X || y >= size.Y {
				pixels[(y-r.Min.Y)*r.Dx()+x-r.Min.X] = v
			}
		}
	}
}
