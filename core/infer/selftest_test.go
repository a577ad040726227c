package infer_test

import (
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
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
		"no number":       {out: npy(t, "1, 1, 1, 4", 1, nan, nan, inf), say: "The output y has values that are no numbers where its maker's has numbers, or the other way around, in 1 of 4."},
		"another number":  {out: npy(t, "1, 1, 1, 4", 1.5, 2, nan, 3), furthest: 0.5, say: "The output y has values that are no numbers where its maker's has numbers, or the other way around, in 1 of 4."},
		"other numbers":   {out: npy(t, "1, 1, 1, 4", 1.5, 3, nan, inf), furthest: 1, say: "The output y differs from its maker's by up to 1, in 2 of 4 numbers."},
		"as the RDF says": {out: npy(t, "1, 1, 1, 4", 1.5, 2, nan, inf), config: allowed, furthest: 0.5, say: "It gives its maker's answers, to within 0.5."},
		"more than that":  {out: npy(t, "1, 1, 1, 4", 1.5, 2, nan, -inf), config: allowed, furthest: 0.5, say: "The output y has values that are no numbers where its maker's has numbers, or the other way around, in 1 of 4."},
		"no labels":       {out: in, kind: fault.NotFound, op: "{id: cellpose_flow_dynamics}", say: "The model's test answers are neither numbers nor one image of labels, so it can't be tested."},
		"no flows":        {out: npy(t, "1, 1, 1, 4", 1, 1, 0, 2), op: "{id: cellpose_flow_dynamics}", say: "The model's description does not fit the model. Its output has no three channels: flows along y and x, and the logit of being in a cell."},
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

// unpacked reads a file of core/segment's references.
func unpacked[T any](t *testing.T, name string) []T {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "segment", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var zero T
	out := make([]T, len(b)/binary.Size(zero))
	if _, err := binary.Decode(b, binary.LittleEndian, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestVerdictsOnObjects has stardist's own labels, and cellpose's: a model that makes them passes,
// whatever they are numbered; without one of them, or with one of another shape, it does not.
func TestVerdictsOnObjects(t *testing.T) {
	star := append(unpacked[float32](t, "grid1.prob.f32.gz"), unpacked[float32](t, "grid1.dist.f32.gz")...)
	drawn := unpacked[uint16](t, "grid1.labels.u16.gz")
	flow := unpacked[uint16](t, "flows.bin.gz") // a side in 32 bits, and flows, logits and labels of that
	side := int(flow[0])
	n := side * side
	var flows []float32
	for _, half := range flow[2:][:3*n] {
		flows = append(flows, math.Float32frombits(uint32(half&0x8000)<<16|uint32(half&0x7fff)<<13)*0x1p112)
	}
	all := engines(t)
	ref := shelved(t, all["embedded"], filepath.Join(zoo(t, "nets"), "same.onnx"))
	for op, c := range map[string]struct {
		side, channels int
		in             []float32
		labels         []uint16
	}{
		"{id: stardist_postprocessing, kwargs: {prob_threshold: 0.5, nms_threshold: 0.3, n_rays: 16, grid: [1, 1], b: 2}}": {64, 17, star, drawn},
		"{id: cellpose_flow_dynamics}": {side, 3, flows, flow[2+3*n:][:n]},
	} {
		text := "format_version: 0.5.10\nname: a\ninputs: [{id: image, axes: [{type: batch}, {type: channel, channel_names: [" + strings.Repeat("c, ", c.channels) + "]}, " +
			"{type: space, id: y, size: {min: 1, step: 1}}, {type: space, id: x, size: {min: 1, step: 1}}], test_tensor: {source: in.npy}}]\n" +
			"outputs: [{id: y, axes: [{type: batch}, {type: channel, channel_names: [label]}, {type: space, id: y, size: {tensor_id: image, axis_id: y}}, " +
			"{type: space, id: x, size: {tensor_id: image, axis_id: x}}], test_tensor: {source: out.npy}, postprocessing: [" + op + "]}]\n"
		m, err := recipe.Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		count, want := int(slices.Max(c.labels)), make([]float32, len(c.labels))
		in := npy(t, fmt.Sprintf("1, %d, %d, %[2]d", c.channels, c.side), c.in...)
		for what, change := range map[string]struct {
			to  func(l uint16) uint16
			say string
		}{
			"another numbering": {func(l uint16) uint16 { return (l + 5) * min(l, 1) }, fmt.Sprintf("It finds its maker's objects, all %d.", count)},
			"one less":          {func(l uint16) uint16 { return l * min(l^1, 1) }, fmt.Sprintf("It finds %d of its maker's %[1]d objects, and 1 others.", count-1)},
			"two as one":        {func(l uint16) uint16 { return max(l, 2*min(l, 1)) }, fmt.Sprintf("It finds %d of its maker's %d objects, and %d others.", count-1, count-1, 1)},
		} {
			for i, l := range c.labels {
				want[i] = float32(change.to(l))
			}
			v, err := infer.SelfTest(t.Context(), all["embedded"], ref, m, map[string][]byte{"in.npy": in, "out.npy": npy(t, fmt.Sprintf("1, 1, %d, %[1]d", c.side), want...)})
			if err != nil || v.Say != change.say || v.Passed != strings.HasPrefix(v.Say, "It finds its") {
				t.Errorf("%s, %s: %+v, %v", op, what, v, err)
			}
		}
	}
}

// gridOf2 answers whatever it is asked with the maps of core/segment's second reference.
type gridOf2 struct {
	echo
	maps []byte
}

func (g gridOf2) Infer(context.Context, infer.Ref, []infer.Tensor) ([]infer.Tensor, error) {
	return []infer.Tensor{{Port: infer.Port{Name: "y", Type: "FP32", Shape: []int64{1, 33, 56, 56}}, Data: g.maps}}, nil
}

// TestLabelsOfAGrid: the description of a StarDist model speaks of the labels, which are as large as
// the image, or of the network's numbers, which are fewer.
func TestLabelsOfAGrid(t *testing.T) {
	maps, err := binary.Append(nil, binary.LittleEndian, append(unpacked[float32](t, "grid2.prob.f32.gz"), unpacked[float32](t, "grid2.dist.f32.gz")...))
	if err != nil {
		t.Fatal(err)
	}
	var want []float32
	for _, l := range unpacked[uint16](t, "grid2.labels.u16.gz") {
		want = append(want, float32(l))
	}
	files := map[string][]byte{"in.npy": npy(t, "1, 1, 112, 112", make([]float32, 112*112)...), "out.npy": npy(t, "1, 1, 112, 112", want...)}
	for _, scale := range []string{"1", "2"} {
		m, err := recipe.Read([]byte("format_version: 0.5.10\nname: a\ninputs: [{id: image, axes: [{type: batch}, {type: channel, channel_names: [c]}, " +
			"{type: space, id: y, size: {min: 16, step: 16}}, {type: space, id: x, size: {min: 16, step: 16}}], test_tensor: {source: in.npy}}]\n" +
			"outputs: [{id: y, axes: [{type: batch}, {type: channel, channel_names: [label]}, {type: space, id: y, scale: " + scale + ", halo: 15, size: {tensor_id: image, axis_id: y}}, " +
			"{type: space, id: x, scale: " + scale + ", halo: 15, size: {tensor_id: image, axis_id: x}}], test_tensor: {source: out.npy}, " +
			"postprocessing: [{id: stardist_postprocessing, kwargs: {prob_threshold: 0.4, nms_threshold: 0.4, n_rays: 32, grid: [2, 2], b: 2}}]}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		v, err := infer.SelfTest(t.Context(), gridOf2{maps: maps}, ref, m, files)
		if err != nil || v.Say != "It finds its maker's objects, all 37." {
			t.Errorf("scale %s: %+v, %v", scale, v, err)
		}
	}
}
