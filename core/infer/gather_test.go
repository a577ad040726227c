package infer_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/servertest"
)

// inTwo writes a network with its numbers in a second file, some of them in a branch: 2x + 3.
const inTwo = `import sys, numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper
value = lambda n: helper.make_tensor_value_info(n, TensorProto.FLOAT, None)
branch = lambda n, v: helper.make_graph([helper.make_node("Identity", [n + "k"], [n])], n, [], [value(n)], [numpy_helper.from_array(np.float32(v), n + "k")])
nodes = [helper.make_node("Constant", [], ["k"], value=numpy_helper.from_array(np.full(4, 2, "<f4"), "k")),
         helper.make_node("ReduceMax", ["k"], ["two"], keepdims=0),
         helper.make_node("If", ["yes"], ["three"], then_branch=branch("a", [3]), else_branch=branch("b", [4])),
         helper.make_node("Mul", ["image", "two"], ["m"]), helper.make_node("Add", ["m", "three"], ["y"])]
port = lambda n: helper.make_tensor_value_info(n, TensorProto.FLOAT, [None, 1, None, None])
model = helper.make_model(helper.make_graph(nodes, "two", [port("image")], [port("y")], [numpy_helper.from_array(np.array(True), "yes")]), opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 8
onnx.save_model(model, sys.argv[1], save_as_external_data=True, location="model.onnx.data", size_threshold=0, convert_attribute=True)
`

// TestNumbersInASecondFile: a network that its exporter left in two files works as one that is whole, wherever it
// is asked.
func TestNumbersInASecondFile(t *testing.T) {
	dir := folder(t, map[string]string{"rdf.yaml": rdf("{onnx: {source: 3/model.onnx, external_data: {source: 3/model.onnx.data}}}"), "3/a": ""})
	python := servertest.Need(t, "COVERSLIP_TEST_RECIPES_PYTHON")
	if said, err := exec.CommandContext(t.Context(), python, "-c", inTwo, filepath.Join(dir, "3", "model.onnx")).CombinedOutput(); err != nil { //nolint:gosec // the test's own
		t.Fatalf("%v: %s", err, said)
	}
	b, m, err := infer.ReadFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	one := filepath.Join(t.TempDir(), "whole.onnx")
	if err := os.WriteFile(one, b.ONNX, 0o600); err != nil {
		t.Fatal(err)
	}
	in := map[string]*recipe.Array{"image": {Axes: []string{"batch", "channel", "y", "x"}, Shape: []int{1, 1, 1, 3}, Data: []float32{1, 2, 3}}}
	for name, e := range engines(t, "GRPC") {
		out, err := infer.Run(t.Context(), e, shelved(t, e, one), m, in, infer.Cut{Whole: true})
		if err != nil || !slices.Equal(out["y"].Data, []float32{5, 7, 9}) {
			t.Errorf("%s: %v, %v", name, out["y"], err)
		}
	}
}

// network is one of a tensor whose numbers are elsewhere, as its entries say.
func network(entries ...string) string {
	in := func(f protowire.Number, b []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, f, protowire.BytesType), b)
	}
	tensor := in(8, []byte("k"))
	for _, e := range entries {
		k, v, _ := strings.Cut(e, "=")
		tensor = append(tensor, in(13, append(in(1, []byte(k)), in(2, []byte(v))...))...)
	}
	tensor = protowire.AppendVarint(protowire.AppendTag(tensor, 14, protowire.VarintType), 1)
	graph := append(in(2, []byte("graph")), in(5, tensor)...)
	return string(append(in(7, append(graph, in(10, []byte("said"))...)), in(2, []byte("maker"))...))
}

// TestOddSecondFiles: what is not in the folder is not read, and nothing beyond the end of a file; whoever lacks
// one hears of it.
func TestOddSecondFiles(t *testing.T) {
	for name, c := range map[string]struct {
		network string
		kind    fault.Kind
		says    string
	}{
		"whole":      {network("location=n.data", "offset=2", "length=3"), 0, "J\x03cde"},
		"to the end": {network("location=n.data", "offset=4"), 0, "J\x02ef"},
		"all":        {network("location=n.data"), 0, "J\x06abcdef"},
		"not there":  {network("location=m.data"), fault.NotFound, "a second file, m.data, which is not there"},
		"outside":    {network("location=../n.data"), fault.Invalid, "outside of its folder"},
		"anywhere":   {network("location=/etc/passwd"), fault.Invalid, "outside of its folder"},
		"a folder":   {network("location=sub"), fault.Invalid, "“sub” of the model is not a file"},
		"no name":    {network("offset=1"), fault.Invalid, "outside of its folder"},
		"beyond":     {network("location=n.data", "offset=7"), fault.Corrupt, "ends too early"},
		"too long":   {network("location=n.data", "offset=2", "length=5"), fault.Corrupt, "ends too early"},
		"no number":  {network("location=n.data", "offset=x"), 0, "offset"},
		"below":      {network("location=n.data", "length=-1"), 0, "length"},
		"very far":   {network("location=n.data", "offset=9223372036854775807", "length=9223372036854775807"), fault.Corrupt, "ends too early"},
		"cut off":    {network("location=n.data")[:20], 0, "k"},
		"another's":  {network("location=o.data"), fault.Corrupt, "o.data is not the one that its maker packed"},
	} {
		dir := folder(t, map[string]string{
			"rdf.yaml": rdf("{onnx: {source: n.onnx, external_data: {source: o.data, sha256: " + strings.Repeat("0", 64) + "}}}"),
			"n.onnx":   c.network, "n.data": "abcdef", "o.data": "o", "sub/a": "",
		})
		b, _, err := infer.ReadFolder(dir)
		told := fmt.Sprint(err)
		if err == nil {
			told = string(b.ONNX)
		}
		if fault.KindOf(err) != c.kind || (err == nil) != (c.kind == 0) || !strings.Contains(told, c.says) {
			t.Errorf("%s: %q, %v", name, b.ONNX, err)
		}
		if err == nil && strings.HasPrefix(c.says, "J") && (!strings.HasSuffix(told, "maker") || !strings.Contains(told, "said") || strings.Contains(told, "location")) {
			t.Errorf("%s: %q", name, told)
		}
	}
}
