package triton

import (
	"testing"

	"coverslip.dev/coverslip/core/infer/infertest"
)

func TestFreeFirst(t *testing.T) {
	for what, c := range map[string]struct {
		onnx []byte
		want bool
	}{
		"any number of images":  {infertest.Affine1(), true},
		"two outputs":           {infertest.Split(), true},
		"one image":             {infertest.Single(), false},
		"nothing":               {nil, false},
		"no network":            {[]byte("hello"), false},
		"a network that is cut": {infertest.Affine1()[:100], false},
	} {
		if got := freeFirst(c.onnx); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}

func TestWhole(t *testing.T) {
	all := [][]byte{infertest.Affine1(), infertest.Split(), infertest.Slow(), infertest.Single(), infertest.Half(), infertest.Scalar()}
	for i, onnx := range all {
		if !whole(onnx) {
			t.Errorf("network %d is none", i)
		}
	}
	graph := func(fields ...byte) []byte { return append([]byte{modelGraph<<3 | 2, byte(len(fields))}, fields...) }
	for what, onnx := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "nulls": make([]byte, 64), "no graph": {1 << 3, 8},
		"a graph without nodes": graph(graphOutputs<<3|2, 0), "a graph that ends in a node": graph(graphNodes<<3|2, 5),
		"cut": all[0][:100], "the last byte is missing": all[0][:len(all[0])-1],
	} {
		if whole(onnx) {
			t.Errorf("%s passes for a network", what)
		}
	}
}

func FuzzFreeFirst(f *testing.F) {
	f.Add(infertest.Affine1())
	f.Add(infertest.Single())
	f.Fuzz(func(_ *testing.T, onnx []byte) { freeFirst(onnx); whole(onnx) })
}
