package infer

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// Verdict is how a model did on an engine with the images that its maker packed with it.
type Verdict struct {
	Passed   bool      `json:"passed"`
	Say      string    `json:"say"`      // a whole sentence
	Furthest float64   `json:"furthest"` // the largest difference from the maker's answer
	At       time.Time `json:"at"`
}

// SelfTest asks a model that is loaded as ref about its test tensors, files of the bundle
// by the names in the description, and compares the answer with the maker's: numbers by the
// tolerance that the description allows, objects by where they are. A model
// without test tensors is fault.NotFound; an error says that there is no verdict.
func SelfTest(ctx context.Context, e Engine, ref Ref, m *recipe.Model, files map[string][]byte) (Verdict, error) {
	in, err := testTensors(m.Inputs, files)
	if err != nil {
		return Verdict{}, err
	}
	want, err := testTensors(m.Outputs, files)
	if err != nil {
		return Verdict{}, err
	}
	var objects *labelled
	for i := range m.Outputs {
		t := &m.Outputs[i]
		if !decodes(t) {
			continue
		}
		if t.ID == m.From {
			objects = newLabelled(want[t.ID])
		}
		delete(want, t.ID)
	}
	if len(want) == 0 && objects == nil {
		return Verdict{}, fault.New(fault.NotFound, "The model's test answers are neither numbers nor one image of labels, so it can't be tested.", "", nil)
	}
	v := Verdict{At: time.Now()}
	got, found, err := tested(ctx, e, ref, m, in, objects != nil)
	if k := fault.KindOf(err); err != nil && (k == fault.Invalid || k == fault.Full) {
		say, _ := fault.Explain(err)            // the model does not do what its description says
		return Verdict{Say: say, At: v.At}, nil //nolint:nilerr // that is the verdict
	}
	if err != nil {
		return Verdict{}, err
	}
	v.Say, v.Furthest = judge(m, got, want)
	good := fmt.Sprintf("It gives its maker's answers, to within %.2g.", v.Furthest)
	if objects != nil && v.Say == "" {
		if good, v.Say, err = objects.judge(found); err != nil {
			return Verdict{}, err
		}
	}
	if v.Passed = v.Say == ""; v.Passed {
		v.Say = good
	}
	return v, nil
}

// tested returns a model's answers to its test tensors and, if they are wanted, the objects of them.
func tested(ctx context.Context, e Engine, ref Ref, m *recipe.Model, in map[string]*recipe.Array, objects bool) (out map[string]*recipe.Array, found []object, err error) {
	defer broken(&err, ref.broken())
	q, err := running(ctx, e, ref, m, in, Cut{Whole: true})
	if err != nil {
		return nil, nil, err
	}
	b := q.plan.block(0)
	if out, err = q.answer(ctx, b); err != nil {
		return nil, nil, err
	}
	if objects {
		made, err := newDecoder(m, q.plan, 0)
		if err != nil {
			return nil, nil, err
		}
		raw := map[string]*recipe.Array{} // decoders do the postprocessing themselves
		for id, a := range out {
			raw[id] = a.Clone()
		}
		d := guarded{made, ref}
		d.inputs(in)
		if err := d.take(b, raw); err != nil {
			return nil, nil, err
		}
		if found, err = d.objects(ctx); err != nil {
			return nil, nil, err
		}
	}
	return out, found, m.Postprocess(out, in)
}

// judge says what is wrong with a model's numbers, and how far they are off at most.
func judge(m *recipe.Model, got, want map[string]*recipe.Array) (say string, furthest float64) {
	for i := range m.Outputs {
		id := m.Outputs[i].ID
		w, g := want[id], got[id]
		switch {
		case w == nil || say != "":
			continue
		case g == nil || !slices.Equal(g.Shape, w.Shape):
			say = fmt.Sprintf("The output %s has the shape %v, its maker's %v.", id, shape(g), w.Shape)
			continue
		}
		tol := m.Tolerance(id)
		most, off, none := apart(g, w, tol)
		furthest = max(furthest, most)
		if n := len(w.Data); float64(off)*1e6 > tol.PerMillion*float64(n) {
			say = fmt.Sprintf("The output %s differs from its maker's by up to %.3g, in %d of %d numbers.", id, most, off, n)
			if none > 0 {
				say = fmt.Sprintf("The output %s has values that are no numbers where its maker's has numbers, or the other way around, in %d of %d.", id, none, n)
			}
		}
	}
	return say, furthest
}

// labelled is the maker's objects: an image of labels.
type labelled struct {
	labels []uint32
	w, h   int
}

// newLabelled returns nil for an answer that is no single image of labels.
func newLabelled(a *recipe.Array) *labelled {
	l := &labelled{w: a.Size("x"), h: a.Size("y"), labels: make([]uint32, len(a.Data))}
	if l.w*l.h != len(a.Data) || len(a.Data) == 0 || slices.Index(a.Axes, "y") > slices.Index(a.Axes, "x") {
		return nil
	}
	for i, x := range a.Data {
		if l.labels[i] = uint32(max(x, 0)); float32(l.labels[i]) != x {
			return nil
		}
	}
	return l
}

// From an intersection over union of paired on two objects are one. Engines round differently: a
// pixel of an edge may be one's or another's, which of a small object is much, and a probability at
// the threshold above or below it. So they must be alike on average, and one in few may differ.
const (
	paired = 0.5
	alike  = 0.9
	few    = 50
)

// judge says what is wrong with the objects that were found, or what is good.
func (l *labelled) judge(found []object) (good, wrong string, err error) {
	objects := make([]annotation.Object, len(found))
	for i, o := range found {
		objects[i] = annotation.Object{Outline: o.outline, Score: o.score}
	}
	fits, err := segment.Match(l.labels, segment.Labels(objects, l.w, l.h), paired)
	if err != nil {
		return "", "", err
	}
	fit := fits[0]
	all, off := fit.TP+fit.FN, fit.FN+fit.FP
	say := fmt.Sprintf("It finds %d of its maker's %d objects, and %d others.", fit.TP, all, fit.FP)
	switch {
	case off*few > all:
		return "", say, nil
	case fit.TP > 0 && fit.MeanIoU < alike:
		return "", fmt.Sprintf("It finds its maker's objects, but they share %.1f %% of their pixels with its maker's, on average.", 100*fit.MeanIoU), nil
	case off == 0:
		say = fmt.Sprintf("It finds its maker's objects, all %d.", all)
	}
	return say, "", nil
}

func shape(a *recipe.Array) []int {
	if a == nil {
		return nil
	}
	return a.Shape
}

func decodes(t *recipe.Tensor) bool {
	_, ok := t.Decoder()
	return ok
}

func testTensors(list []recipe.Tensor, files map[string][]byte) (map[string]*recipe.Array, error) {
	out := map[string]*recipe.Array{}
	for i := range list {
		t := &list[i]
		b, ok := files[t.Test.Source]
		if !ok && t.Optional {
			continue
		}
		if !ok {
			return nil, fault.New(fault.NotFound, "The model came without test images, so it can't be tested.", "", fmt.Errorf("tensor %s", t.ID))
		}
		if err := packed(t.Test, b); err != nil {
			return nil, fault.New(fault.Corrupt, "A test image of the model is not the one that its maker packed.", "Fetch the model again.", err)
		}
		a, err := recipe.ReadNPY(bytes.NewReader(b), t)
		if err != nil {
			return nil, err
		}
		out[t.ID] = a
	}
	return out, nil
}

// apart is the largest finite difference, how many numbers are further off than allowed, and of how many
// of these no difference can be told.
func apart(got, want *recipe.Array, tol recipe.Tolerance) (most float64, off, none int) {
	for i, w := range want.Data {
		g := got.Data[i]
		if g == w || g != g && w != w { //nolint:gocritic // NaN
			continue
		}
		d := math.Abs(float64(g) - float64(w))
		finite := d-d == 0 //nolint:gocritic // neither is infinite or NaN
		if !finite || d > tol.Absolute+tol.Relative*math.Abs(float64(w)) {
			off++
		}
		if finite {
			most = max(most, d)
		} else {
			none++
		}
	}
	return most, off, none
}
