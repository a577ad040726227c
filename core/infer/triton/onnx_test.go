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

func FuzzFreeFirst(f *testing.F) {
	f.Add(infertest.Affine1())
	f.Add(infertest.Single())
	f.Fuzz(func(_ *testing.T, onnx []byte) { freeFirst(onnx) })
}
