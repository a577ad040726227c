package station_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/model/local"
)

// TestAModelThatDoesNotFitLosesNothing: a registered network whose output has another shape
// than its description says fails with a sentence, and what was there before comes back.
func TestAModelThatDoesNotFitLosesNothing(t *testing.T) {
	ws := twoModels(t, "misfit")
	reg, err := local.Open(filepath.Join(ws, "registry"))
	if err != nil {
		t.Fatal(err)
	}
	described, err := os.ReadFile("../../assets/sample/model/coverslip.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"model.onnx": infertest.Affine1(), "coverslip.yaml": described}
	run, err := reg.Start(t.Context(), "misfit", "second", nil, nil)
	if err == nil {
		_, err = reg.Register(t.Context(), "misfit", run.ID, files, nil)
	}
	if err == nil {
		err = reg.SetAlias(t.Context(), "misfit", model.Champion, "2")
	}
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, ws, nil)
	b.drop(field)
	it := b.capture(field, predicted)
	before, _, err := b.Objects(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.PredictWith(t.Context(), []string{it.ID}, "misfit"); err != nil {
		t.Fatal(err)
	}
	it = b.capture(field, func(it flow.Item) bool { return it.Passes["infer"].State == flow.Failed })
	if p := it.Passes["infer"]; !strings.HasSuffix(p.Say, ".") || p.Hint == "" {
		t.Errorf("it says %+v", p)
	}
	if n, err := b.CancelAsked(t.Context()); n != 1 || err != nil {
		t.Errorf("%d were taken back, %v", n, err)
	}
	it = b.capture(field, predicted)
	after, _, err := b.Objects(t.Context(), it)
	if err != nil || by(it) != "nuclei" || len(after) != len(before) || len(after) == 0 {
		t.Errorf("by %s: %d objects, then %d, %v", by(it), len(before), len(after), err)
	}
}
