package infer_test

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/embedded"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/servertest"
)

// zoo makes models with bioimageio.core's own answers.
func zoo(t *testing.T, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	args := append([]string{"testdata/zoo.py", dir}, more...)
	said, err := exec.CommandContext(t.Context(), servertest.Need(t, "COVERSLIP_TEST_RECIPES_PYTHON"), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return dir
}

// engines are the real ones: this process, and a server over each of the wires.
func engines(t *testing.T, wires ...string) map[string]infer.Engine {
	t.Helper()
	out := map[string]infer.Engine{"embedded": embedded.Open(servertest.Need(t, "COVERSLIP_TEST_ORT"), embedded.Options{Threads: 1})}
	for _, wire := range wires {
		name := "COVERSLIP_TEST_TRITON_" + wire
		e, err := triton.Dial(t.Context(), triton.Options{Address: servertest.Need(t, name), Backend: "python"})
		if err != nil {
			t.Fatal(err)
		}
		out[name] = e
	}
	t.Cleanup(func() {
		for _, e := range out {
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return out
}

// shelved loads a network into an engine until the test ends.
func shelved(t *testing.T, e infer.Engine, file string) infer.Ref {
	t.Helper()
	onnx, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	l, ok := e.(infer.Loader)
	if !ok {
		t.Fatal("the engine loads nothing")
	}
	ref := infer.Ref{Model: infertest.UniqueName(), Version: "1"}
	if err := l.Load(t.Context(), infer.Bundle{Ref: ref, ONNX: onnx}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := l.Unload(ctx, ref.Model); err != nil {
			t.Error(err)
		}
	})
	return ref
}

func arrays(t *testing.T, folder, kind string, list []recipe.Tensor) map[string]*recipe.Array {
	t.Helper()
	out := map[string]*recipe.Array{}
	for i := range list {
		f, err := os.Open(filepath.Join(folder, kind+"-"+list[i].ID+".npy"))
		if err != nil {
			t.Fatal(err)
		}
		if out[list[i].ID], err = recipe.ReadNPY(f, &list[i]); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// furthest is how far an answer is from the one that is wanted.
func furthest(t *testing.T, got, want *recipe.Array) float64 {
	t.Helper()
	if got == nil || len(got.Data) != len(want.Data) {
		t.Fatalf("shape %v, bioimageio.core %v", got.Shape, want.Shape)
	}
	var most float64
	for i, w := range want.Data {
		d := float64(got.Data[i] - w)
		if most = max(most, d, -d); d != d { //nolint:gocritic // NaN
			t.Fatalf("%v at %d, bioimageio.core %v", got.Data[i], i, w)
		}
	}
	return most
}

// testItself wants the self-test to pass, and to fail when the maker's answer is another.
func testItself(t *testing.T, e infer.Engine, ref infer.Ref, m *recipe.Model, b infer.Bundle) {
	t.Helper()
	v, err := infer.SelfTest(t.Context(), e, ref, m, b.Tests)
	if err != nil || !v.Passed || v.Furthest > 1e-4 {
		t.Errorf("%+v, %v", v, err)
	}
	other := maps.Clone(b.Tests)
	out := m.Outputs[0].Test
	other[out.Source] = slices.Clone(other[out.Source])
	for i := range 400 { // a hundred numbers at its end
		other[out.Source][len(other[out.Source])-1-i] ^= 0x55
	}
	if _, err := infer.SelfTest(t.Context(), e, ref, m, other); out.SHA256 != "" && fault.KindOf(err) != fault.Corrupt {
		t.Errorf("another file than the maker's: %v", err)
	}
	m.Outputs[0].Test.SHA256 = ""
	v, err = infer.SelfTest(t.Context(), e, ref, m, other)
	m.Outputs[0].Test = out
	if err != nil || v.Passed || v.Say == "" {
		t.Errorf("another answer: %+v, %v", v, err)
	}
	if _, err := infer.SelfTest(t.Context(), e, ref, m, nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no test images: %v", err)
	}
}

// TestModelsAsBioimageio runs models of different shapes in blocks on every engine, and
// wants what bioimageio.core's prediction pipeline gives.
func TestModelsAsBioimageio(t *testing.T) {
	dir := zoo(t)
	all := engines(t, "GRPC", "HTTP")
	folders, err := os.ReadDir(dir)
	if err != nil || len(folders) < 11 {
		t.Fatal(folders, err)
	}
	for _, f := range folders {
		folder := filepath.Join(dir, f.Name())
		b, m, err := infer.ReadFolder(folder)
		if err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		for name, e := range all {
			t.Run(f.Name()+"/"+name, func(t *testing.T) {
				ref := shelved(t, e, filepath.Join(folder, "model.onnx"))
				testItself(t, e, ref, m, b)
				for _, c := range []struct {
					in, out string
					cut     infer.Cut
				}{
					{"test", "test", infer.Cut{Whole: true}},
					{"in", "out", infer.Cut{}},
					{"in", "out", infer.Cut{Tile: 64, Parallel: 3}},
				} {
					got, err := infer.Run(t.Context(), e, ref, m, arrays(t, folder, c.in, m.Inputs), c.cut)
					if err != nil {
						t.Fatalf("%+v: %v", c, err)
					}
					for id, want := range arrays(t, folder, c.out, m.Outputs) {
						if d := furthest(t, got[id], want); d > 1e-4 {
							t.Errorf("%+v: %s differs by %v", c, id, d)
						}
					}
				}
			})
		}
	}
}
