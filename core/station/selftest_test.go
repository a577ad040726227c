package station

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/health"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/embedded"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/model/local"
	"coverslip.dev/coverslip/core/release"
	"coverslip.dev/coverslip/core/servertest"
)

// zooFiles are a model as bioimage.io hands it out: 2x + 1, with a test image whose answer
// is off by wrong.
func zooFiles(wrong float32) map[string][]byte {
	axes := `axes: [{type: batch}, {type: channel, channel_names: [c]}, {type: space, id: y, size: {min: 4, step: 1}}, {type: space, id: x, size: {min: 4, step: 1}}]`
	rdf := "format_version: 0.5.3\ntype: model\nname: doubled\nweights: {onnx: {source: w.onnx}}\n" +
		"inputs:\n- {id: image, " + axes + ", test_tensor: {source: in.npy}}\n" +
		"outputs:\n- {id: y, " + axes + ", test_tensor: {source: out.npy}}\n"
	npy := func(f func(i int) float32) []byte {
		head := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 8, 8), }%s\n", strings.Repeat(" ", 47))
		b := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), byte(len(head)>>8))
		b = append(b, head...)
		for i := range 64 {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f(i)))
		}
		return b
	}
	return map[string][]byte{
		"rdf.yaml": []byte(rdf), "w.onnx": infertest.Affine1(),
		"in.npy": npy(func(i int) float32 { return float32(i) }), "out.npy": npy(func(i int) float32 { return float32(2*i) + 1 + wrong }),
	}
}

// TestSelfTests takes models from the registry to the engine, and wants their verdicts to
// outlive the program.
func TestSelfTests(t *testing.T) {
	library := servertest.Need(t, "COVERSLIP_TEST_ORT")
	ctx, dir, log := t.Context(), t.TempDir(), slog.New(slog.DiscardHandler)
	own, err := local.Open(filepath.Join(dir, "registry"))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []float32{0, 3} {
		if _, err := own.Register(ctx, "doubled", "", zooFiles(wrong), nil); err != nil {
			t.Fatal(err)
		}
	}
	shelf := bundles{dir: filepath.Join(dir, "models")}
	path := filepath.Join(dir, "models", "selftests.json")
	for _, version := range []string{"1", "2"} {
		ref := infer.Ref{Model: "doubled", Version: version}
		fetched, err := shelf.fetch(ctx, own, ref, model.Version{})
		if err != nil {
			t.Fatal(err)
		}
		kept, err := shelf.fetch(ctx, own, ref, model.Version{}) // from the disk now
		if err != nil || len(kept.Tests) != 2 || len(fetched.Tests) != 2 {
			t.Fatalf("%d and %d test images, %v", len(fetched.Tests), len(kept.Tests), err)
		}
		e := newEngines(embedded.Open(library, embedded.Options{}), &health.Board{}, readVerdicts(path, log), log)
		if err := e.loadAll(ctx, kept); err != nil {
			t.Fatal(err)
		}
		if err := e.close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := release.Bundle(ctx, own, "doubled", "3"); err == nil {
		t.Error("a version that is not there was fetched")
	}
	got := readVerdicts(path, log).of("this computer")
	if !got["doubled@1"].Passed || got["doubled@2"].Passed || got["doubled@2"].Furthest != 3 || len(got) != 2 {
		t.Errorf("kept %+v", got)
	}
}

// TestSelfTestLeavesNothing: what a test has brought to a server goes with it, and what was there stays.
func TestSelfTestLeavesNothing(t *testing.T) {
	q := Question{Engine: servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"), Backend: "python", Model: infertest.UniqueName(), Folder: t.TempDir()}
	for name, b := range zooFiles(0) {
		if err := os.WriteFile(filepath.Join(q.Folder, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, _, err := q.bundle()
	if err != nil {
		t.Fatal(err)
	}
	h, err := dialHosts(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close() //nolint:errcheck // the test is over
	name := guest(b).Model
	for _, there := range []bool{false, true} {
		if there {
			if err := load(t.Context(), h, b); err != nil {
				t.Fatal(err)
			}
		}
		v, err := SelfTest(t.Context(), q)
		if err != nil || !v.Passed {
			t.Fatalf("%+v, %v", v, err)
		}
		if h.have(t.Context(), name) != there {
			t.Errorf("was there before: %v, and is there now: %v", there, !there)
		}
	}
	if err := h.Unload(t.Context(), b.Model); err != nil {
		t.Error(err)
	}
}
