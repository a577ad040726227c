package infer

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"strconv"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
)

// decoder makes objects of a network's answers.
type decoder interface {
	// inputs is told the whole inputs, before the first answer, where they are held.
	inputs(raw map[string]*recipe.Array)
	// take is given the answers to one block, one call at a time, in any order.
	take(b block, out map[string]*recipe.Array) error
	// objects is called after the last block.
	objects(ctx context.Context) ([]object, error)
}

// former is a decoder that can tell what the answers so far make, between calls of take.
type former interface {
	sofar(ctx context.Context) ([]object, error)
}

// object is one that was found: its middle and outline in pixels of what the network sees.
type object struct {
	x, y, score float64
	outline     []annotation.Point
	class       string // empty: the model's
}

// newDecoder is the one that the model's description asks for; a threshold above 0 takes
// the place of its own.
func newDecoder(m *recipe.Model, p *plan, threshold float64) (decoder, error) { //nolint:ireturn // one of four
	switch m.Decode.ID {
	case recipe.StarConvex:
		return newStars(m, p, threshold)
	case recipe.BoxList:
		return newBoxes(m, p, threshold)
	}
	k := maps{stitcher: newStitcher(p), model: m, op: m.Decode.ID}
	var err error
	if k.op == recipe.FlowFields {
		k.flows, err = m.Decode.Flows()
		if threshold > 0 && threshold < 1 { // theirs is a logit
			k.flows.Prob = math.Log(threshold / (1 - threshold))
		}
	} else {
		k.arg, err = m.Decode.Pixels()
		k.arg.Threshold = cmp.Or(threshold, k.arg.Threshold)
		if s := newRegions(m, p, k.arg); s != nil && err == nil {
			return s, nil
		}
	}
	return &k, err
}

// guarded is a decoder that answers which bring it down take nobody with.
type guarded struct {
	decoder
	ref Ref
}

func (g guarded) take(b block, out map[string]*recipe.Array) (err error) {
	defer broken(&err, g.broken())
	return g.decoder.take(b, out)
}

func (g guarded) objects(ctx context.Context) (found []object, err error) {
	defer broken(&err, g.broken())
	return g.decoder.objects(ctx)
}

// broken makes an error of a panic; it is to be deferred.
func broken(err *error, say string) {
	if r := recover(); r != nil {
		*err = fault.New(fault.Invalid, say, "Choose another model, or ask whoever made it.", &imageio.Crash{Value: r, Stack: debug.Stack()})
	}
}

// broken is what is said then.
func (g guarded) broken() string {
	return "No objects can be made of what the model " + g.ref.String() + " answered."
}

// maps makes objects of whole outputs.
type maps struct {
	*stitcher
	model *recipe.Model
	op    string
	arg   recipe.Pixels
	flows recipe.Flows
}

// sheet is one output as planes y, x, one a channel. A pixel of it is sx, sy pixels of the
// network's input wide and high.
type sheet struct {
	w, h   int
	planes [][]float32
	sx, sy float64
	names  []string // of classes, if there are any
}

func (s *maps) objects(ctx context.Context) ([]object, error) {
	if err := s.model.Postprocess(s.out, s.raw); err != nil {
		return nil, err
	}
	sh, err := s.sheet(s.model.From)
	if err != nil {
		return nil, err
	}
	for _, c := range []int{s.arg.Channel, s.arg.Boundary} {
		if c >= len(sh.planes) {
			return nil, unfit(fmt.Sprintf("Its output %s has no channel %d.", s.model.From, c))
		}
	}
	switch s.op {
	case recipe.FlowFields:
		return s.follow(ctx, sh)
	case recipe.Points:
		return s.points(sh), nil
	case recipe.Semantic:
		return s.classes(sh), nil
	case recipe.LabelImage:
		return s.labels(sh), nil
	}
	return s.components(sh), nil
}

// sheet takes an output apart. Of every axis but y, x and the channels it takes the first
// position: the plane that was asked for.
func (s *maps) sheet(id string) (sheet, error) {
	t, a := s.model.Tensor(id), s.out[id]
	y, x := t.Axis("y"), t.Axis("x")
	if y == nil || x == nil {
		return sheet{}, unfit(fmt.Sprintf("Its output %s is no image.", id))
	}
	_, my := s.plan.over(*y)
	_, mx := s.plan.over(*x)
	if my.scale == 0 || mx.scale == 0 {
		return sheet{}, unfit(fmt.Sprintf("Its output %s does not lie over the image.", id))
	}
	sh := sheet{w: a.Size("x"), h: a.Size("y"), sx: 1 / mx.scale, sy: 1 / my.scale, names: t.ClassNames()}
	stride := strides(a)
	dc, dy, dx := stride[string(recipe.Channel)], stride["y"], stride["x"]
	for c := range max(a.Size(string(recipe.Channel)), 1) {
		if dx == 1 && dy == sh.w {
			sh.planes = append(sh.planes, a.Data[c*dc:][:sh.w*sh.h])
			continue
		}
		plane := make([]float32, 0, sh.w*sh.h)
		for y := range sh.h {
			for x := range sh.w {
				plane = append(plane, a.Data[c*dc+y*dy+x*dx])
			}
		}
		sh.planes = append(sh.planes, plane)
	}
	return sh, nil
}

// class names the i-th class.
func (sh sheet) class(i int) string {
	if i >= 0 && i < len(sh.names) && sh.names[i] != "" {
		return sh.names[i]
	}
	return "class " + strconv.Itoa(i)
}

// tally is what pixels of one label say together.
type tally struct {
	n         int
	x, y, sum float64
}

// trace makes objects of labels, with the mean of a score over each.
func (sh sheet) trace(labels []uint32, score []float32, least int, outline map[uint32][]annotation.Point) []object {
	var all []tally
	for i, l := range labels {
		if l == 0 {
			continue
		}
		if int(l) >= len(all) {
			all = append(all, make([]tally, int(l)+1-len(all))...)
		}
		t := &all[l]
		t.n++
		t.x, t.y = t.x+float64(i%sh.w)+0.5, t.y+float64(i/sh.w)+0.5
		if score == nil {
			t.sum++
		} else {
			t.sum += float64(score[i])
		}
	}
	out := make([]object, len(all)) // by label; those without an outline are none
	for l, t := range all {
		o := slices.Clone(outline[uint32(l)])
		if t.n < max(least, 1) || len(o) == 0 {
			continue
		}
		n := float64(t.n)
		for k, p := range o {
			o[k] = annotation.Point{X: p.X * sh.sx, Y: p.Y * sh.sy}
		}
		out[l] = object{x: t.x / n * sh.sx, y: t.y / n * sh.sy, score: t.sum / n, outline: o}
	}
	return out
}

func logistic(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }
