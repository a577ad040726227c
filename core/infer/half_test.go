package infer_test

import (
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/recipe"
)

// TestNetworkOfHalves: a network of 16-bit floating numbers is asked and answers, in each of
// the engines. The numbers are such that all of them are exact.
func TestNetworkOfHalves(t *testing.T) {
	file := filepath.Join(t.TempDir(), "half.onnx")
	if err := os.WriteFile(file, infertest.Half(), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := recipe.Read(infertest.Recipe("y"))
	if err != nil {
		t.Fatal(err)
	}
	image := &recipe.Array{Axes: []string{"batch", "channel", "y", "x"}, Shape: []int{1, 1, 40, 50}}
	for i := range 40 * 50 {
		image.Data = append(image.Data, float32(i)/8)
	}
	for name, e := range engines(t, "GRPC", "HTTP") {
		out, err := infer.Run(t.Context(), e, shelved(t, e, file), m, map[string]*recipe.Array{"image": image}, infer.Cut{Whole: true})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, x := range image.Data {
			if y := out["y"].Data[i]; y != 2*x+1 {
				t.Fatalf("%s: %v becomes %v", name, x, y)
			}
		}
	}
}
