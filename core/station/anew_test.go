package station_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/model/local"
)

// TestAModelThatIsRegisteredAnew: what is version 1 again is another one, and is in force as it is
// now. What an earlier program had kept of it, which does not say what it is, goes by its age.
func TestAModelThatIsRegisteredAnew(t *testing.T) {
	ws := twoModels(t, "bright")
	b := open(t, ws, nil)
	b.drop(field)
	objects := func(name string) (n int) {
		t.Helper()
		var p intake.Predicted
		b.capture(name, func(it flow.Item) bool { return it.Behind("infer") }).Out("infer", &p)
		return p.Objects
	}
	before := objects(field)
	b.stop()

	reg, err := local.Open(filepath.Join(ws, "registry"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := reg.Fetch(t.Context(), "nuclei", "1")
	if err != nil {
		t.Fatal(err)
	}
	anew := func(threshold string) {
		t.Helper()
		if err := os.Remove(filepath.Join(ws, "registry", "registry.json")); err != nil {
			t.Fatal(err)
		}
		with := map[string][]byte{"model.onnx": files["model.onnx"]}
		with["coverslip.yaml"] = bytes.Replace(files["coverslip.yaml"], []byte("prob_threshold: 0.5"), []byte("prob_threshold: "+threshold), 1)
		if _, err := reg.Register(t.Context(), "nuclei", "", with, nil); err != nil {
			t.Fatal(err)
		}
		if err := reg.SetAlias(t.Context(), "nuclei", model.Champion, "1"); err != nil {
			t.Fatal(err)
		}
	}
	anew("0.7")
	b = open(t, ws, nil)
	b.dropAs(field, "second.ome.tif")
	fewer := objects("second.ome.tif")
	if fewer == 0 || fewer >= before {
		t.Errorf("a stricter one finds %d, the one before found %d", fewer, before)
	}
	b.stop()

	kept, err := filepath.Glob(filepath.Join(ws, "models", "*", "*", "*", "made"))
	if err != nil || len(kept) == 0 {
		t.Fatal("nothing says what was kept", err)
	}
	for _, path := range kept { // as an earlier program left it
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	anew("0.5")
	b = open(t, ws, nil)
	b.dropAs(field, "third.ome.tif")
	if n := objects("third.ome.tif"); n != before {
		t.Errorf("the first one again finds %d, found %d", n, before)
	}
}
