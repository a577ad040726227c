package infer_test

import (
	"context"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
)

// overflowing answers what it is asked, but for one number of each output.
type overflowing struct {
	spec infer.Spec
	at   []int // of each output; below 0: none
	x    float32
}

func (overflowing) Name() string                                   { return "overflowing" }
func (overflowing) Ready(context.Context) error                    { return nil }
func (overflowing) Models(context.Context) ([]infer.Status, error) { return nil, nil }
func (overflowing) Close() error                                   { return nil }
func (e overflowing) Describe(context.Context, infer.Ref) (infer.Spec, error) {
	return e.spec, nil
}

func (e overflowing) Infer(_ context.Context, _ infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	var out []infer.Tensor
	for i, p := range e.spec.Out {
		t := infer.Tensor{Port: p}
		t.Shape = append([]int64{}, p.Shape...)
		n := 1
		for k := range t.Shape {
			if t.Shape[k] < 0 {
				t.Shape[k] = in[0].Shape[k]
			}
			n *= int(t.Shape[k])
		}
		t.Data = make([]byte, 4*n)
		for k := range n { // a probability above any threshold, where one is wanted
			binary.LittleEndian.PutUint32(t.Data[4*k:], math.Float32bits(0.9))
		}
		if e.at[i] >= 0 {
			binary.LittleEndian.PutUint32(t.Data[4*e.at[i]:], math.Float32bits(e.x))
		}
		out = append(out, t)
	}
	return out, nil
}

// TestInfiniteAnswersAreRefused: where objects would be made of them. A sigmoid makes infinities finite, a logit
// may be as low as it likes, and of a box that does not count nobody looks at the corners.
func TestInfiniteAnswersAreRefused(t *testing.T) {
	inf := float32(math.Inf(1))
	free := func(name string, channels int64) infer.Port {
		return infer.Port{Name: name, Type: "FP32", Shape: []int64{1, channels, -1, -1}}
	}
	star := "{id: stardist_postprocessing, kwargs: {n_rays: 4, b: 0}}"
	boxes := []infer.Port{{Name: "corners", Type: "FP32", Shape: []int64{2, 4}}, {Name: "scores", Type: "FP32", Shape: []int64{2}}}
	lists := []string{"{id: corners, axes: ic}", "{id: scores, axes: i}"}
	stars := []string{"{id: prob, axes: bcyx}", "{id: dist, axes: bcyx}"}
	for name, c := range map[string]struct {
		decode  string
		outputs []string
		out     []infer.Port
		at      []int
		x       float32
		says    string // empty: it may pass
	}{
		"a map":              {"{id: components}", []string{"{id: y, axes: bcyx}"}, []infer.Port{free("y", 1)}, []int{0}, inf, "infinite values"},
		"a map, below":       {"{id: components}", []string{"{id: y, axes: bcyx}"}, []infer.Port{free("y", 1)}, []int{0}, -inf, ""},
		"a logit":            {"{id: components}", []string{"{id: y, axes: bcyx, ops: [{id: sigmoid}]}"}, []infer.Port{free("y", 1)}, []int{0}, inf, ""},
		"points":             {"{id: points}", []string{"{id: y, axes: bcyx}"}, []infer.Port{free("y", 1)}, []int{0}, inf, "infinite values"},
		"classes":            {"{id: classes}", []string{"{id: y, axes: bcyx, ops: [{id: clip, kwargs: {min: 0}}]}"}, []infer.Port{free("y", 2)}, []int{0}, inf, "infinite values"},
		"a flow":             {"{id: cellpose_flow_dynamics}", []string{"{id: y, axes: bcyx}"}, []infer.Port{free("y", 3)}, []int{0}, -inf, "infinite values"},
		"another output":     {"{id: components}", []string{"{id: y, axes: bcyx}", "{id: z, axes: bcyx}"}, []infer.Port{free("y", 1), free("z", 1)}, []int{-1, 0}, inf, ""},
		"a probability":      {star, stars, []infer.Port{free("prob", 1), free("dist", 4)}, []int{0, -1}, inf, "infinite values"},
		"a distance":         {star, stars, []infer.Port{free("prob", 1), free("dist", 4)}, []int{-1, 0}, inf, "larger than any image"},
		"far":                {star, stars, []infer.Port{free("prob", 1), free("dist", 4)}, []int{-1, 0}, 1e9, "larger than any image"},
		"a corner":           {"{id: boxes}", lists, boxes, []int{5, -1}, inf, "infinite values"},
		"a corner, below":    {"{id: boxes}", lists, boxes, []int{5, -1}, -inf, "infinite values"},
		"a score":            {"{id: boxes}", lists, boxes, []int{-1, 1}, inf, "infinite values"},
		"a box without sure": {"{id: boxes}", lists, boxes, []int{-1, 1}, -inf, ""},
	} {
		m, err := recipe.Read([]byte("name: a\ntask: instances\ninputs: [{id: image, axes: bcyx}]\noutputs: [" + strings.Join(c.outputs, ", ") + "]\ndecode: " + c.decode))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		e := overflowing{infer.Spec{In: []infer.Port{free("image", 1)}, Out: c.out}, c.at, c.x}
		src, _ := discs(40, 30, 10) // few odd pixels, but nothing that is stretched
		for i := range src.px {
			src.px[i] = 0
		}
		_, err = infer.Detect(t.Context(), e, ref, m, src, infer.Options{}, nil)
		if (err == nil) != (c.says == "") || err != nil && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
