package recipe_test

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
)

const text = `name: nuclei-star
description: Nuclei in fluorescence images.
task: instances
class: nucleus
diameter: 20
licence: CC0-1.0
inputs:
  - id: image
    axes: bcyx
    type: float32
    min: 64
    step: 16
    ops:
      - id: scale_range
        kwargs: {min_percentile: 1, max_percentile: 99.8, eps: 1e-6}
outputs:
  - {id: prob, axes: bcyx, scale: 0.5}
  - {id: dist, axes: bcyx, scale: 0.5, halo: 8}
decode:
  id: stardist_postprocessing
  kwargs: {prob_threshold: 0.45, nms_threshold: 0.4, n_rays: 32, grid: [2, 2]}
`

func TestParseAndBack(t *testing.T) {
	r, err := recipe.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if r.Diameter != 20 || r.Inputs[0].Step != 16 || r.Outputs[1].Halo != 8 || r.Outputs[0].Type != "float32" {
		t.Errorf("got %+v", r)
	}
	s, err := r.Decode.Stars()
	if want := (recipe.Stars{Prob: 0.45, NMS: 0.4, Rays: 32, Grid: 2, Border: 2}); err != nil || s != want {
		t.Errorf("stars %+v, %v", s, err)
	}
	if r.Extra["licence"] != "CC0-1.0" {
		t.Errorf("lost what it does not know: %v", r.Extra)
	}
	b, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := recipe.Parse(b)
	if err != nil || !reflect.DeepEqual(r, again) {
		t.Errorf("%v\n%s\n%+v\n%+v", err, b, r, again)
	}
}

func TestParseRefuses(t *testing.T) {
	for old, bad := range map[string]string{
		"id: scale_range":             "id: scale_rang",
		"eps: 1e-6":                   "epsilon: 1e-6",
		"min_percentile: 1,":          "min_percentile: 100,",
		"task: instances":             "task: poetry",
		"id: stardist_postprocessing": "id: cellpose_flow_dynamics",
		"axes: bcyx\n    type":        "axes: btyx\n    type",
		"type: float32":               "type: complex64",
		"n_rays: 32":                  "n_rays: 1",
		"    step: 16":                "    steps: 16",
		"grid: [2, 2]":                "grid: [2, 4]",
		"name: nuclei-star":           "",
	} {
		broken := strings.Replace(text, old, bad, 1)
		if broken == text {
			t.Fatalf("%q is not there", old)
		}
		if _, err := recipe.Parse([]byte(broken)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := recipe.Parse(nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("empty: %v", err)
	}
}

type opsCase struct {
	Name    string
	In, Out []float32
	Ops     []recipe.Op
}

func cases(t *testing.T) (cs []opsCase) {
	t.Helper()
	b, err := os.ReadFile("testdata/ops.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &cs); err != nil || len(cs) == 0 {
		t.Fatal(err)
	}
	return cs
}

func TestOpsAsNumpy(t *testing.T) {
	for _, c := range cases(t) {
		values, counts := histogram(c.In)
		for name, prepare := range map[string]func() (recipe.Pipeline, error){
			"values":    func() (recipe.Pipeline, error) { return fit(c.Ops, c.In, nil) },
			"histogram": func() (recipe.Pipeline, error) { return fit(c.Ops, values, counts) },
		} {
			p, err := prepare()
			if err != nil {
				t.Errorf("%s: %v", c.Name, err)
				continue
			}
			x := append([]float32(nil), c.In...)
			p.Apply(x)
			for i, want := range c.Out {
				if d := math.Abs(float64(x[i]) - float64(want)); !(d <= 1e-6*math.Max(1, math.Abs(float64(want)))) {
					t.Errorf("%s by %s: f(%v) = %v, numpy %v", c.Name, name, c.In[i], x[i], want)
					break
				}
			}
		}
	}
}

// fit prepares operations for a single plane.
func fit(ops []recipe.Op, values []float32, counts []int64) (recipe.Pipeline, error) {
	t := recipe.Tensor{ID: "x", Ops: ops, Axes: []recipe.Axis{{ID: "channel", Kind: recipe.Channel}, {ID: "y"}, {ID: "x"}}}
	all, err := t.Fit([]recipe.Plane{{Values: slices.Clone(values), Counts: counts}})
	if err != nil {
		return recipe.Pipeline{}, err
	}
	return all[0], nil
}

// histogram gives distinct values in the order in which they come, as no order is promised.
func histogram(x []float32) (values []float32, counts []int64) {
	at := map[float32]int{}
	for _, v := range x {
		i, ok := at[v]
		if !ok {
			i = len(values)
			at[v] = i
			values, counts = append(values, v), append(counts, 0)
		}
		counts[i]++
	}
	return values, counts
}

func TestStatisticsNeedPixels(t *testing.T) {
	if _, err := fit([]recipe.Op{{ID: "scale_range"}}, nil, nil); err == nil {
		t.Error("took percentiles of nothing")
	}
	p, err := fit([]recipe.Op{{ID: "sigmoid"}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	x := []float32{0}
	if p.Apply(x); x[0] != 0.5 {
		t.Errorf("sigmoid(0) = %v", x[0])
	}
}

// TestStatisticsOfInfinities: they are as if the pixels that are no finite numbers were not there.
func TestStatisticsOfInfinities(t *testing.T) {
	inf := float32(math.Inf(1))
	some := []float32{3, inf, 1, float32(math.NaN()), 4, -inf, 1, 5, -inf, 9}
	for _, op := range []recipe.Op{
		{ID: "zero_mean_unit_variance"}, {ID: "scale_range", Kwargs: map[string]any{"min_percentile": 1., "max_percentile": 99.}},
	} {
		p, err := fit([]recipe.Op{op}, some, nil)
		if err != nil {
			t.Fatal(err)
		}
		q, err := fit([]recipe.Op{op}, []float32{3, 1, 4, 1, 5, 9}, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, want := []float32{0, 1, 9}, []float32{0, 1, 9}
		p.Apply(got)
		q.Apply(want)
		if !slices.Equal(got, want) || got[0] == got[2] {
			t.Errorf("%s: %v, want %v", op.ID, got, want)
		}
	}
}

// TestStatisticsTakeNoMemory: the pixels of a large image are not copied to be put in order.
func TestStatisticsTakeNoMemory(t *testing.T) {
	const n = 1 << 20
	p := []recipe.Plane{{Values: make([]float32, n)}}
	for i := range n {
		p[0].Values[i] = float32(i * 7919 % n)
	}
	of := recipe.Tensor{ID: "x", Ops: []recipe.Op{{ID: "scale_range", Kwargs: map[string]any{"min_percentile": 1., "max_percentile": 99.}}}}
	var was, is runtime.MemStats
	runtime.ReadMemStats(&was)
	_, err := of.Fit(p)
	runtime.ReadMemStats(&is)
	if used := is.TotalAlloc - was.TotalAlloc; err != nil || used > n {
		t.Errorf("%d bytes for %d of them, %v", used, 4*n, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(text))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := recipe.Parse(b)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("not invalid: %v", err)
			}
			return
		}
		if _, err := r.Marshal(); err != nil {
			t.Error(err)
		}
	})
}
