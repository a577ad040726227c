package station_test

import (
	"bytes"
	"image"
	"testing"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/model/local"
)

// A version that is stricter is compared with the one in force: it finds fewer objects, and
// what the capture has stays.
func TestSeeWithAnotherVersion(t *testing.T) {
	ws := twoModels(t, "bright")
	reg, err := local.Open(ws + "/registry")
	if err != nil {
		t.Fatal(err)
	}
	files, err := reg.Fetch(t.Context(), "nuclei", "1")
	if err != nil {
		t.Fatal(err)
	}
	strict := bytes.Replace(files["coverslip.yaml"], []byte("prob_threshold: 0.5"), []byte("prob_threshold: 0.7"), 1)
	if bytes.Equal(strict, files["coverslip.yaml"]) {
		t.Fatal("the bundled recipe has another threshold")
	}
	files["coverslip.yaml"] = strict
	if _, err := reg.Register(t.Context(), "nuclei", "", files, nil); err != nil {
		t.Fatal(err)
	}
	b := open(t, ws, nil)
	b.ReadShelf(t.Context())
	b.drop(field)
	it := b.capture(field, predicted)
	before, _, err := b.Objects(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	if all := b.Registered(); len(all) != 3 {
		t.Errorf("registered: %v", all)
	}
	same, err := b.SeeWith(t.Context(), it, infer.Ref{Model: "nuclei", Version: "1"}, nil)
	if err != nil || len(same) != len(before) {
		t.Errorf("the same version finds %d, not %d, %v", len(same), len(before), err)
	}
	fewer, err := b.SeeWith(t.Context(), it, infer.Ref{Model: "nuclei", Version: "2"}, nil)
	if err != nil || len(fewer) == 0 || len(fewer) >= len(before) {
		t.Errorf("the stricter version finds %d of %d, %v", len(fewer), len(before), err)
	}
	after, log, err := b.Objects(t.Context(), it)
	if err != nil || len(after) != len(before) || len(log) != 0 {
		t.Errorf("the capture has %d objects, had %d, %v", len(after), len(before), err)
	}
	was := it.Passes["infer"].At
	if err := b.Again(t.Context(), it, 12, image.Rectangle{}, nil); err != nil {
		t.Fatal(err)
	}
	it = b.capture(field, func(it flow.Item) bool { return it.Behind("infer") && it.Passes["infer"].At.After(was) })
	small, _, err := b.Objects(t.Context(), it)
	if err != nil || len(small) == len(before) {
		t.Fatalf("of another diameter there are %d objects, too, %v", len(small), err)
	}
	same, err = b.SeeWith(t.Context(), it, infer.Ref{Model: "nuclei", Version: "1"}, nil)
	if err != nil || len(same) != len(small) {
		t.Errorf("of another diameter the same version finds %d, not %d, %v", len(same), len(small), err)
	}
	if _, err := b.SeeWith(t.Context(), it, infer.Ref{Model: "nuclei", Version: "9"}, nil); err == nil {
		t.Error("a version that is not there")
	}
}
