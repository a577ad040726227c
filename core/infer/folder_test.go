package infer_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
)

// rdf is a description of a network of one channel, with these weights.
func rdf(weights string) string {
	whole := "{type: space, id: y, size: {tensor_id: image, axis_id: y}}, {type: space, id: x, size: {tensor_id: image, axis_id: x}}"
	return "format_version: 0.5.10\nname: a\ninputs: [{id: image, axes: [{type: batch}, {type: channel, channel_names: [c]}, " +
		"{type: space, id: y, size: {min: 1, step: 1}}, {type: space, id: x, size: {min: 1, step: 1}}], test_tensor: {source: tests/in.npy}}]\n" +
		"outputs: [{id: y, axes: [{type: batch}, {type: channel, channel_names: [c]}, " + whole + "], test_tensor: {source: ./out.npy}}]\n" +
		"weights: " + weights + "\n"
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestReadFolder wants the network of each kind of folder, and a sentence where there are two.
func TestReadFolder(t *testing.T) {
	own := "name: a\ntask: instances\ninputs: [{id: image, axes: bcyx}]\noutputs: [{id: y, axes: bcyx}]\ndecode: {id: components}\n"
	for name, c := range map[string]struct {
		files   map[string]string
		version string
		onnx    string
		tests   int
		kind    fault.Kind
	}{
		"named among two":  {map[string]string{"rdf.yaml": rdf("{onnx: {source: b.onnx}}"), "a.onnx": "a", "b.onnx": "b", "tests/in.npy": "1", "out.npy": "2"}, "1", "b", 2, 0},
		"the only one":     {map[string]string{"coverslip.yaml": own, "a.onnx": "a"}, "1", "a", 0, 0},
		"two":              {map[string]string{"coverslip.yaml": own, "a.onnx": "a", "b.onnx": "b"}, "", "", 0, fault.Invalid},
		"named, not there": {map[string]string{"rdf.yaml": rdf("{onnx: {source: b.onnx}}"), "a.onnx": "a"}, "", "", 0, fault.NotFound},
		"of Triton":        {map[string]string{"rdf.yaml": rdf("{torchscript: {source: w.pt}}"), "config.pbtxt": "", "9/model.onnx": "i", "10/model.onnx": "j"}, "10", "j", 0, 0},
		"on a server":      {map[string]string{"rdf.yaml": rdf("{onnx: {source: https://example.org/w.onnx}}"), "1/model.onnx": "i"}, "1", "i", 0, 0},
		"of the engine":    {map[string]string{"bioimageio.yaml": rdf("{torchscript: {source: w.pt}}"), "w.pt": "t"}, "", "", 0, 0},
		"ours alone":       {map[string]string{"coverslip.yaml": own}, "", "", 0, 0},
		"nothing":          {map[string]string{"a.onnx": "a"}, "", "", 0, fault.NotFound},
	} {
		dir := folder(t, c.files)
		b, m, err := infer.ReadFolder(dir)
		if fault.KindOf(err) != c.kind || (err == nil) != (c.kind == 0) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err == nil && (b.Model != filepath.Base(dir) || b.Version != c.version || string(b.ONNX) != c.onnx || len(b.Tests) != c.tests || m == nil) {
			t.Errorf("%s: %s, network %q, %d tests", name, b.Ref, b.ONNX, len(b.Tests))
		}
	}
}

// TestNetworksAreThoseOfTheirMakers: where the description has a hash, and of the file that it names only.
func TestNetworksAreThoseOfTheirMakers(t *testing.T) {
	hash := func(b string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(b))) }
	for name, c := range map[string]struct {
		weights, file string
		kind          fault.Kind
	}{
		"the very one":    {"{onnx: {source: b.onnx, sha256: " + hash("b") + "}}", "b.onnx", 0},
		"in capitals":     {"{onnx: {source: ./b.onnx, sha256: " + strings.ToUpper(hash("b")) + "}}", "b.onnx", 0},
		"another":         {"{onnx: {source: b.onnx, sha256: " + hash("a") + "}}", "b.onnx", fault.Corrupt},
		"not that one":    {"{onnx: {source: \"https://example.org/w.onnx\", sha256: " + hash("a") + "}}", "1/model.onnx", 0},
		"of other format": {"{torchscript: {source: b.pt, sha256: " + hash("a") + "}}", "b.onnx", 0},
	} {
		b, _, err := infer.ReadFolder(folder(t, map[string]string{"rdf.yaml": rdf(c.weights), c.file: "b"}))
		if fault.KindOf(err) != c.kind || (err == nil) != (string(b.ONNX) == "b" && c.kind == 0) {
			t.Errorf("%s: %v", name, err)
		}
		if c.kind != 0 && !strings.Contains(err.Error(), "The network b.onnx is not the one that its maker packed.") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestModelOfTheServer asks a model that a real server has, which somebody else loaded, by a
// description whose weights are not ONNX.
func TestModelOfTheServer(t *testing.T) {
	b, m, err := infer.ReadFolder(folder(t, map[string]string{"rdf.yaml": rdf("{torchscript: {source: w.pt}}")}))
	if err != nil {
		t.Fatal(err)
	}
	theirs := shelved(t, engines(t, "GRPC")["COVERSLIP_TEST_TRITON_GRPC"], filepath.Join(zoo(t, "nets"), "same.onnx"))
	e := engines(t, "GRPC")["COVERSLIP_TEST_TRITON_GRPC"]
	in := map[string]*recipe.Array{"image": {Axes: []string{"batch", "channel", "y", "x"}, Shape: []int{1, 1, 1, 3}, Data: []float32{1, 2, 3}}}
	if _, err := infer.Run(t.Context(), e, b.Ref, m, in, infer.Cut{Whole: true}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a model that the server has not: %v", err)
	}
	b.Model = theirs.Model
	out, err := infer.Run(t.Context(), e, b.Ref, m, in, infer.Cut{Whole: true})
	if err != nil {
		t.Fatal(err)
	}
	if y := out["y"]; y == nil || !slices.Equal(y.Data, in["image"].Data) {
		t.Errorf("answered %+v", y)
	}
}
