package infer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
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

// perMillion of an output's numbers may be further off than the tolerance: the default of
// the RDF specification.
const perMillion = 100

// SelfTest asks a model that is loaded as ref about its test tensors, files of the bundle
// by the names in the description, and compares the answer with the maker's. A model
// without them is fault.NotFound; an error says that there is no verdict.
func SelfTest(ctx context.Context, e Engine, ref Ref, m *recipe.Model, files map[string][]byte) (Verdict, error) {
	in, err := testTensors(m.Inputs, files)
	if err != nil {
		return Verdict{}, err
	}
	want, err := testTensors(m.Outputs, files)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Passed: true, At: time.Now()}
	got, err := Run(ctx, e, ref, m, in, Cut{Whole: true})
	if k := fault.KindOf(err); err != nil && (k == fault.Invalid || k == fault.Full) {
		say, _ := fault.Explain(err)            // the model does not do what its description says
		return Verdict{Say: say, At: v.At}, nil //nolint:nilerr // that is the verdict
	}
	if err != nil {
		return Verdict{}, err
	}
	for id, w := range want {
		if t := m.Tensor(id); decodes(t) {
			continue // objects, which are another's to compare
		}
		most, off := apart(got[id], w, m.Tolerance)
		v.Furthest = max(v.Furthest, most)
		if off > len(w.Data)*perMillion/1_000_000 {
			v.Passed = false
			v.Say = fmt.Sprintf("The output %s differs from its maker's by up to %.3g, in %d of %d numbers.", id, most, off, len(w.Data))
		}
	}
	if v.Passed {
		v.Say = fmt.Sprintf("It gives its maker's answers, to within %.2g.", v.Furthest)
	}
	return v, nil
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

// apart is the largest difference, and how many numbers are further off than allowed.
func apart(got, want *recipe.Array, tol recipe.Tolerance) (most float64, off int) {
	if got == nil || len(got.Data) != len(want.Data) {
		return math.Inf(1), len(want.Data)
	}
	for i, w := range want.Data {
		d := math.Abs(float64(got.Data[i]) - float64(w))
		if !(d <= tol.Absolute+tol.Relative*math.Abs(float64(w))) { // also a NaN
			off++
		}
		if d > most || d != d { //nolint:gocritic // NaN
			most = d
		}
	}
	return most, off
}
