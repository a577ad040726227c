package infer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
)

// Verdict is how a model did on an engine with the images that its maker packed with it.
type Verdict struct {
	Passed   bool      `json:"passed"`
	Say      string    `json:"say"`      // a whole sentence
	Furthest float64   `json:"furthest"` // the largest difference from the maker's answer
	At       time.Time `json:"at"`
}

// SelfTest asks a model that is loaded as ref about its test tensors, files of the bundle
// by the names in the description, and compares the answer with the maker's. A model
// without them, or all of whose outputs are objects, is fault.NotFound; an error says that
// there is no verdict.
func SelfTest(ctx context.Context, e Engine, ref Ref, m *recipe.Model, files map[string][]byte) (Verdict, error) {
	in, err := testTensors(m.Inputs, files)
	if err != nil {
		return Verdict{}, err
	}
	want, err := testTensors(m.Outputs, files)
	if err != nil {
		return Verdict{}, err
	}
	for i := range m.Outputs {
		if t := &m.Outputs[i]; decodes(t) {
			delete(want, t.ID) // objects, which are another's to compare
		}
	}
	if len(want) == 0 {
		return Verdict{}, fault.New(fault.NotFound, "The model's test answers are objects, not numbers, so it can't be tested.", "", nil)
	}
	v := Verdict{At: time.Now()}
	got, err := Run(ctx, e, ref, m, in, Cut{Whole: true})
	if k := fault.KindOf(err); err != nil && (k == fault.Invalid || k == fault.Full) {
		say, _ := fault.Explain(err)            // the model does not do what its description says
		return Verdict{Say: say, At: v.At}, nil //nolint:nilerr // that is the verdict
	}
	if err != nil {
		return Verdict{}, err
	}
	for i := range m.Outputs {
		id := m.Outputs[i].ID
		w, g := want[id], got[id]
		switch {
		case w == nil || v.Say != "":
			continue
		case g == nil || !slices.Equal(g.Shape, w.Shape):
			v.Say = fmt.Sprintf("The output %s has the shape %v, its maker's %v.", id, shape(g), w.Shape)
			continue
		}
		tol := m.Tolerance(id)
		most, off := apart(g, w, tol)
		v.Furthest = max(v.Furthest, most)
		if float64(off)*1e6 > tol.PerMillion*float64(len(w.Data)) {
			v.Say = fmt.Sprintf("The output %s differs from its maker's by up to %.3g, in %d of %d numbers.", id, most, off, len(w.Data))
		}
	}
	if v.Passed = v.Say == ""; v.Passed {
		v.Say = fmt.Sprintf("It gives its maker's answers, to within %.2g.", v.Furthest)
	}
	return v, nil
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
		if h := sha256.Sum256(b); t.Test.SHA256 != "" && t.Test.SHA256 != hex.EncodeToString(h[:]) {
			return nil, fault.New(fault.Corrupt, "A test image of the model is not the one that its maker packed.", "Fetch the model again.",
				fmt.Errorf("%s has hash %x", t.Test.Source, h))
		}
		a, err := recipe.ReadNPY(bytes.NewReader(b), t)
		if err != nil {
			return nil, err
		}
		out[t.ID] = a
	}
	return out, nil
}

// apart is the largest finite difference, and how many numbers are further off than allowed.
func apart(got, want *recipe.Array, tol recipe.Tolerance) (most float64, off int) {
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
		}
	}
	return most, off
}
