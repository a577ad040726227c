package infer_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
)

// npy is a file of NumPy's format 1.
func npy(t *testing.T, shape string, data ...float32) []byte {
	t.Helper()
	head := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }\n", shape)
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(head)), 0)
	out, err := binary.Append(append(b, head...), binary.LittleEndian, data)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestVerdicts asks a network that answers what it is asked.
func TestVerdicts(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	whole := "space, id: y, size: {tensor_id: image, axis_id: y}}, {type: space, id: x, size: {tensor_id: image, axis_id: x}}"
	text := "format_version: 0.5.10\nname: a\ninputs: [{id: image, axes: [{type: batch}, {type: channel, channel_names: [c]}, " +
		"{type: space, id: y, size: 1}, {type: space, id: x, size: {min: 1, step: 1}}], test_tensor: {source: in.npy}}]\n" +
		"outputs: [{id: y, axes: [{type: batch}, {type: channel, channel_names: [c]}, {type: " + whole + "], test_tensor: {source: out.npy}, postprocessing: [OP]}]\n"
	in := npy(t, "1, 1, 1, 4", 1, 2, nan, inf)
	allowed := "config: {bioimageio: {reproducibility_tolerance: [{absolute_tolerance: 0, relative_tolerance: 0, mismatched_elements_per_million: 250000}]}}\n"
	all := engines(t)
	ref := shelved(t, all["embedded"], filepath.Join(zoo(t, "nets"), "same.onnx"))
	for name, c := range map[string]struct {
		op, config, say string
		out             []byte
		kind            fault.Kind
		furthest        float64
	}{
		"the same":        {out: in, say: "It gives its maker's answers, to within 0."},
		"another shape":   {out: npy(t, "1, 1, 4, 1", 1, 2, nan, inf), say: "The output y has the shape [1 1 1 4], its maker's [1 1 4 1]."},
		"longer":          {out: npy(t, "1, 1, 1, 5", 1, 2, nan, inf, 0), say: "The output y has the shape [1 1 1 4], its maker's [1 1 1 5]."},
		"no number":       {out: npy(t, "1, 1, 1, 4", 1, nan, nan, inf), say: "The output y differs from its maker's by up to 0, in 1 of 4 numbers."},
		"another number":  {out: npy(t, "1, 1, 1, 4", 1.5, 2, nan, 3), furthest: 0.5, say: "The output y differs from its maker's by up to 0.5, in 2 of 4 numbers."},
		"as the RDF says": {out: npy(t, "1, 1, 1, 4", 1.5, 2, nan, inf), config: allowed, furthest: 0.5, say: "It gives its maker's answers, to within 0.5."},
		"more than that":  {out: npy(t, "1, 1, 1, 4", 1.5, 2, nan, -inf), config: allowed, furthest: 0.5, say: "The output y differs from its maker's by up to 0.5, in 2 of 4 numbers."},
		"only objects":    {out: in, kind: fault.NotFound, op: "{id: cellpose_flow_dynamics}", say: "The model's test answers are objects, not numbers, so it can't be tested."},
	} {
		m, err := recipe.Read([]byte(strings.Replace(text, "OP", c.op, 1) + c.config))
		if err != nil {
			t.Fatal(err)
		}
		v, err := infer.SelfTest(t.Context(), all["embedded"], ref, m, map[string][]byte{"in.npy": in, "out.npy": c.out})
		say := v.Say
		if err != nil {
			say, _ = fault.Explain(err)
		}
		if say != c.say || fault.KindOf(err) != c.kind || v.Furthest != c.furthest || v.Passed != strings.HasPrefix(say, "It gives") {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
		if _, err := json.Marshal(v); err != nil {
			t.Errorf("%s can't be kept: %v", name, err)
		}
	}
}
