package embedded

import (
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/servertest"
)

// squeezed is a network of an opset with the output y, which is the image without its dimensions of
// one: how many are left nobody can tell before.
func squeezed(opset uint64) []byte {
	const (
		modelIR     = 1
		modelOpsets = 8
		opsetNumber = 2
		graphName   = 2
		graphInput  = 11
		typeShape   = 2
		shapeSide   = 1
		sideName    = 2
	)
	var shape []byte
	for _, side := range []string{"N", "C", "H", "W"} {
		shape = message(shape, shapeSide, text(nil, sideName, side))
	}
	port := func(name string, kind []byte) []byte {
		return message(text(nil, valueName, name), valueType, message(nil, typeTensor, kind))
	}
	kind := count(nil, elementType, isFloat)
	graph := text(node(nil, "Squeeze", "y", nil, "image"), graphName, "squeezed")
	graph = message(graph, graphInput, port("image", message(slices.Clone(kind), typeShape, shape)))
	graph = message(graph, graphOutput, port("y", kind))
	m := message(count(nil, modelIR, 3), modelOpsets, count(nil, opsetNumber, opset))
	return message(m, modelGraph, graph)
}

// TestUnknownDimensions: an output of as many dimensions as there happen to be comes as it is, also
// from a network that is older than what gives a single number one.
func TestUnknownDimensions(t *testing.T) {
	lib := servertest.Need(t, "COVERSLIP_TEST_ORT")
	for _, opset := range []uint64{7, 11} {
		e := Open(lib, Options{Threads: 1})
		b := infer.Bundle{Ref: infer.Ref{Model: "m", Version: "1"}, ONNX: squeezed(opset)}
		if err := e.Load(t.Context(), b); err != nil {
			t.Errorf("opset %d: %v", opset, err)
			continue
		}
		image := infer.Tensor{Port: infer.Port{Name: "image", Type: "FP32", Shape: []int64{1, 1, 2, 3}}, Data: make([]byte, 24)}
		out, err := e.Infer(t.Context(), b.Ref, []infer.Tensor{image})
		if err != nil || len(out) != 1 || out[0].Name != "y" || !slices.Equal(out[0].Shape, []int64{2, 3}) {
			t.Errorf("opset %d: %v, %v", opset, out, err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
