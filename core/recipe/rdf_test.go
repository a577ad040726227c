package recipe_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/servertest"
)

// head5 and head4 are what a description needs besides what is tested.
const head5 = `
format_version: 0.5.3
type: model
name: a model
description: for a test
authors: [{name: A}]
cite: [{text: a paper, doi: 10.1234/a}]
license: MIT
documentation: README.md
timestamp: "2026-01-01T00:00:00"
weights:
  onnx: {source: w.onnx, sha256: "0000000000000000000000000000000000000000000000000000000000000000", opset_version: 17}
`

const head4 = `
format_version: 0.4.10
type: model
name: a model
description: for a test
authors: [{name: A}]
cite: [{text: a paper, doi: 10.1234/a}]
license: MIT
documentation: README.md
timestamp: "2026-01-01T00:00:00"
test_inputs: [in.npy]
test_outputs: [out.npy]
weights:
  onnx: {source: w.onnx, sha256: "0000000000000000000000000000000000000000000000000000000000000000", opset_version: 15}
`

// plane5 has two channels, operations pre before the network and post after it.
func plane5(pre, post string) string {
	return head5 + `
inputs:
  - id: raw
    axes:
      - {type: batch}
      - {type: channel, channel_names: [a, b]}
      - {type: space, id: y, size: {min: 16, step: 8}}
      - {type: space, id: x, size: {min: 18, step: 8}}
    test_tensor: {source: in.npy, sha256: "0000000000000000000000000000000000000000000000000000000000000000"}
    data: {type: float32}
    preprocessing: [` + pre + `]
outputs:
  - id: prob
    axes:
      - {type: batch}
      - {type: channel, channel_names: [background, b]}
      - {type: space, id: y, scale: 0.5, halo: 4, size: {tensor_id: raw, axis_id: y}}
      - {type: space, id: x, scale: 0.5, halo: 4, size: {tensor_id: raw, axis_id: x, offset: -1}}
    test_tensor: {source: out.npy, sha256: "0000000000000000000000000000000000000000000000000000000000000000"}
    data: [{type: float32}, {type: float32}]
    postprocessing: [` + post + `]
`
}

func plane4(pre, post string) string {
	return head4 + `
config: {coverslip: {decode: {id: classes}}}
inputs:
  - name: raw
    axes: bcyx
    data_type: uint16
    data_range: [0, 65535]
    shape: {min: [1, 2, 32, 32], step: [0, 0, 16, 16]}
    preprocessing: [` + pre + `]
outputs:
  - name: prob
    axes: bcyx
    data_type: float32
    data_range: [-.inf, .inf]
    shape: {reference_tensor: raw, scale: [1, 0, 2, 1], offset: [0, 1, 0, -4]}
    halo: [0, 0, 8, 6]
    postprocessing: [` + post + `]
`
}

const volume5 = head5 + `
inputs:
  - id: stack
    axes:
      - {type: batch, size: 1}
      - {type: time, id: time, size: 1}
      - {type: space, id: z, size: {min: 4, step: 2}, unit: micrometer, scale: 2}
      - {type: space, id: y, size: 12}
      - {type: space, id: x, size: {min: 12, step: 4}}
      - {type: channel, channel_names: [a, b, c]}
    test_tensor: {source: in.npy, sha256: "0000000000000000000000000000000000000000000000000000000000000000"}
    data: {type: uint8}
    preprocessing:
      - {id: ensure_dtype, kwargs: {dtype: float32}}
      - {id: zero_mean_unit_variance, kwargs: {axes: [z, y, x]}}
  - id: mask
    optional: true
    axes:
      - {type: index, size: 5}
    test_tensor: {source: in2.npy, sha256: "0000000000000000000000000000000000000000000000000000000000000000"}
    data: {type: float32}
outputs:
  - id: classes
    axes:
      - {type: batch, size: 1}
      - {type: space, id: z, size: {tensor_id: stack, axis_id: z}, unit: micrometer, scale: 4}
      - {type: channel, channel_names: [background, q, r, s]}
    test_tensor: {source: out.npy, sha256: "0000000000000000000000000000000000000000000000000000000000000000"}
    postprocessing:
      - {id: softmax}
  - id: boxes
    axes:
      - {type: index, size: {min: 1, max: 40}}
      - {type: channel, channel_names: [x0, y0, x1, y1]}
    test_tensor: {source: out2.npy, sha256: "0000000000000000000000000000000000000000000000000000000000000000"}
    data: {type: float32}
`

// hint5 is one more input.
const hint5 = `
  - id: hint
    axes:
      - {type: batch}
      - {type: channel, channel_names: [a, b]}
      - {type: space, id: y, size: {tensor_id: raw, axis_id: y}}
      - {type: space, id: x, size: {tensor_id: raw, axis_id: x}}
    test_tensor: {source: in2.npy, sha256: "0000000000000000000000000000000000000000000000000000000000000000"}
    data: {type: float32}
outputs:
`

type tensor struct {
	Shape []int     `json:"shape"`
	Data  []float32 `json:"data"`
}

type job struct {
	RDF     string            `json:"rdf"`
	Inputs  map[string]tensor `json:"inputs"`
	Outputs map[string]tensor `json:"outputs"`
}

type told struct {
	Error     string
	Tolerance map[string]recipe.Tolerance
	Pre, Post map[string][]float32
	Sizes     map[string]recipe.Sizes
	Halo      recipe.Sizes
}

// descriptions are all operations, in both formats.
func descriptions() (all []string) {
	for pre, post := range map[string]string{
		`{id: scale_range}`: `{id: sigmoid}`,
		`{id: scale_range, kwargs: {axes: [y, x], min_percentile: 1, max_percentile: 99.8}}`:        `{id: softmax, kwargs: {axis: channel}}`,
		`{id: scale_range, kwargs: {axes: [channel, y, x], min_percentile: 5, max_percentile: 95}}`: `{id: binarize, kwargs: {threshold: 0.25}}`,
		`{id: scale_range, kwargs: {axes: [batch, y, x], max_percentile: 90}}`:                      `{id: zero_mean_unit_variance, kwargs: {axes: [y, x]}}`,
		`{id: zero_mean_unit_variance}`:                                                               `{id: scale_range, kwargs: {axes: [y, x], reference_tensor: raw, min_percentile: 2}}`,
		`{id: zero_mean_unit_variance, kwargs: {axes: [channel, y, x]}}`:                              `{id: sigmoid}, {id: scale_mean_variance, kwargs: {axes: [y, x], reference_tensor: raw}}`,
		`{id: fixed_zero_mean_unit_variance, kwargs: {mean: 103.5, std: 12.25}}`:                      `{id: scale_mean_variance, kwargs: {axes: [channel, y, x], reference_tensor: raw}}`,
		`{id: fixed_zero_mean_unit_variance, kwargs: {axis: channel, mean: [1, 2.5], std: [3, 0.5]}}`: `{id: clip, kwargs: {min_percentile: 10, max_percentile: 80, axes: [y, x]}}`,
		`{id: scale_linear, kwargs: {gain: 0.5, offset: -3}}`:                                         `{id: scale_linear, kwargs: {axis: channel, gain: [2, 3], offset: [-1, 0.5]}}`,
		`{id: clip, kwargs: {min: 50, max: 250.5}}, {id: scale_range, kwargs: {axes: [y, x]}}`:        `{id: scale_linear, kwargs: {gain: 7.5}}, {id: ensure_dtype, kwargs: {dtype: uint8}}`,
		`{id: clip, kwargs: {min_percentile: 3, max_percentile: 97, axes: [channel, y, x]}}`:          `{id: ensure_dtype, kwargs: {dtype: int16}}`,
		`{id: ensure_dtype, kwargs: {dtype: uint16}}, {id: binarize, kwargs: {threshold: 100}}`:       `{id: ensure_dtype, kwargs: {dtype: float64}}, {id: scale_linear, kwargs: {gain: 7.5, offset: 1}}`,
		`{id: binarize, kwargs: {threshold: [30.5, 60], axis: channel}}`:                              `{id: binarize, kwargs: {threshold: [-0.5, 1], axis: channel}}`,
		`{id: clip, kwargs: {min: 20, max_percentile: 90, axes: [channel, y, x]}}`:                    `{id: clip, kwargs: {min_percentile: 15, max: 1.5, axes: [y, x]}}`,
		`{id: scale_range, kwargs: {axes: [y, x], max_percentile: 80}}`:                               `{id: scale_mean_variance, kwargs: {reference_tensor: raw, eps: 0.1}}`,
	} {
		all = append(all, plane5(pre, post))
	}
	for _, dtype := range []string{"int8", "int16", "int32", "int64", "bool"} {
		all = append(all, plane5(`{id: ensure_dtype, kwargs: {dtype: `+dtype+`}}`, `{id: scale_linear, kwargs: {gain: 12.5}}, {id: ensure_dtype, kwargs: {dtype: `+dtype+`}}`))
	}
	for _, dtype := range []string{"uint32", "uint64"} { // what a negative number becomes is up to the machine
		all = append(all, plane5(`{id: ensure_dtype, kwargs: {dtype: `+dtype+`}}`, `{id: clip, kwargs: {min: 0}}, {id: scale_linear, kwargs: {gain: 1e6}}, {id: ensure_dtype, kwargs: {dtype: `+dtype+`}}`))
	}
	all = append(all, strings.Replace(plane5(`{id: scale_range, kwargs: {axes: [y, x], reference_tensor: hint, min_percentile: 5}}`, ``), "outputs:\n", hint5, 1))
	for pre, post := range map[string]string{
		`{name: scale_range, kwargs: {mode: per_sample, axes: yx, min_percentile: 1, max_percentile: 99}}`: `{name: sigmoid}`,
		`{name: zero_mean_unit_variance, kwargs: {mode: per_sample, axes: cyx}}`:                           `{name: binarize, kwargs: {threshold: 0.5}}`,
		`{name: zero_mean_unit_variance, kwargs: {mode: fixed, axes: yx, mean: [10, 20], std: [3, 4]}}`:    `{name: clip, kwargs: {min: 0.1, max: 0.75}}`,
		`{name: scale_linear, kwargs: {axes: yx, gain: [0.5, 2], offset: [1, 2]}}`:                         `{name: scale_mean_variance, kwargs: {mode: per_sample, axes: yx, reference_tensor: raw}}`,
		`{name: zero_mean_unit_variance, kwargs: {mode: per_dataset, axes: yx}}`:                           ``,
		``: `{name: scale_linear, kwargs: {axes: cyx, gain: 4, offset: 0}}`,
		`{name: clip, kwargs: {min: 20.5, max: 150}}`:  `{name: clip, kwargs: {min: -1, max: 1}}`,
		`{name: binarize, kwargs: {threshold: 54.25}}`: `{name: sigmoid}, {name: binarize, kwargs: {threshold: 0.5}}`,
	} {
		all = append(all, plane4(pre, post))
	}
	older := func(old, now string) {
		text := strings.Replace(plane4(`{name: scale_linear, kwargs: {axes: yx, gain: [0.5, 2], offset: [1, 2]}}`, `{name: sigmoid}`), old, now, 1)
		all = append(all, strings.Replace(text, "format_version: 0.4.10", "format_version: 0.3.6", 1))
	}
	older("", "")
	older("scale: [1, 0, 2, 1], offset: [0, 1, 0, -4]", "scale: [1, 1, 2, 1], offset: [0, 0, 0, -4]") // as many channels as the input
	all = append(all, strings.NewReplacer("format_version: 0.4.10", "format_version: 0.3.2", "reference_tensor: raw, scale", "reference_input: raw, scale").Replace(plane4("", "")),
		strings.Replace(plane5(`{id: scale_range, kwargs: {axes: [y, x]}}`, ""), "{type: space, id: x, size", "{type: space, size", 1)) // x is what space is without a name
	for _, config := range []string{
		"reproducibility_tolerance: [{absolute_tolerance: 0.5, weights_formats: [torchscript]}, {relative_tolerance: 0.002, weights_formats: [torchscript, onnx]}]",
		"reproducibility_tolerance: [{absolute_tolerance: 0.25, output_ids: [other]}, {absolute_tolerance: 0.125, output_ids: [prob], mismatched_elements_per_million: 7}, {absolute_tolerance: 1}]",
		"test_kwargs: {onnx: {absolute_tolerance: 0.03125}, torchscript: {absolute_tolerance: 3}}",
	} {
		all = append(all, plane5("", "")+"config: {bioimageio: {"+config+"}}\n")
	}
	slices.Sort(all)
	return append(all, volume5)
}

// reference runs a program of testdata in the Python that has the reference's own code.
func reference(t *testing.T, script string, in, out any) {
	t.Helper()
	python := servertest.Need(t, "COVERSLIP_TEST_RECIPES_PYTHON")
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/"+script)
	cmd.Stdin = bytes.NewReader(b)
	var said strings.Builder
	cmd.Stderr = &said
	answer, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, said.String())
	}
	answer = bytes.ReplaceAll(answer, []byte("NaN"), []byte("null"))
	if err := json.Unmarshal(answer, out); err != nil {
		t.Fatalf("%v\n%s", err, answer)
	}
}

func random(r *rand.Rand, shape ...int) tensor {
	n := 1
	for _, s := range shape {
		n *= s
	}
	x := tensor{Shape: shape, Data: make([]float32, n)}
	for i := range x.Data {
		x.Data[i] = float32(math.Floor(math.Exp(r.NormFloat64()+4)*10) / 10)
	}
	return x
}

// TestModelsAsBioimageio gives random tensors to bioimageio.core and to us.
func TestModelsAsBioimageio(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	var jobs []job
	for _, text := range descriptions() {
		j := job{RDF: text, Inputs: map[string]tensor{"raw": random(r, 2, 2, 16, 18)}, Outputs: map[string]tensor{"prob": random(r, 2, 2, 8, 9)}}
		for i := range j.Outputs["prob"].Data {
			j.Outputs["prob"].Data[i] = j.Outputs["prob"].Data[i]/40 - 2
		}
		if strings.Contains(text, "id: hint") {
			j.Inputs["hint"] = random(r, 2, 2, 16, 18)
		}
		if text == volume5 {
			j.Inputs = map[string]tensor{"stack": random(r, 1, 1, 4, 12, 16, 3)}
			j.Outputs = map[string]tensor{"classes": random(r, 1, 2, 4), "boxes": random(r, 7, 4)}
			for i := range j.Inputs["stack"].Data {
				j.Inputs["stack"].Data[i] = float32(uint8(j.Inputs["stack"].Data[i]))
			}
		}
		jobs = append(jobs, j)
	}
	var want []told
	reference(t, "reference.py", jobs, &want)
	for i, j := range jobs {
		what := j.RDF[strings.Index(j.RDF, "inputs:\n"):]
		if want[i].Error != "" {
			t.Errorf("bioimageio.core refuses this:\n%s\n%s", want[i].Error, what)
			continue
		}
		m, err := recipe.ParseRDF([]byte(j.RDF))
		if err != nil {
			t.Errorf("%v\n%s", err, what)
			continue
		}
		compareModel(t, m, j, want[i], what)
	}
}

func compareModel(t *testing.T, m *recipe.Model, j job, want told, what string) {
	t.Helper()
	in, out := arrays(m.Inputs, j.Inputs), arrays(m.Outputs, j.Outputs)
	pre, err := m.Preprocess(in)
	if err != nil {
		t.Errorf("%v\n%s", err, what)
		return
	}
	if err := m.Postprocess(out, in); err != nil {
		t.Errorf("%v\n%s", err, what)
		return
	}
	for id, want := range want.Tolerance {
		if got := m.Tolerance(id); got != want {
			t.Errorf("%s may be %+v off, bioimageio.core %+v\n%s", id, got, want, what)
		}
	}
	compareArrays(t, what, pre, want.Pre)
	compareArrays(t, what, out, want.Post)
	halo, err := m.InputHalo()
	if err != nil || fmt.Sprint(halo) != fmt.Sprint(want.Halo) {
		t.Errorf("halo %v, bioimageio.core %v (%v)\n%s", halo, want.Halo, err, what)
	}
	for n, want := range want.Sizes {
		got, err := m.Sizes(want)
		if err != nil {
			t.Errorf("%v\n%s", err, what)
			continue
		}
		chosen := recipe.Sizes{}
		for i, x := range m.Inputs {
			chosen[x.ID] = map[string]int{}
			for _, a := range x.Axes {
				if a.Size.Tensor == "" {
					chosen[x.ID][a.ID] = want[x.ID][a.ID]
				}
				if k := map[string]int{"0": 0, "1": 1, "3": 3}[n]; a.Size.Step > 0 && a.Size.Min+k*a.Size.Step != want[x.ID][a.ID] {
					t.Errorf("input %d along %s is %d for n = %d, want %d", i, a.ID, a.Size.Min+k*a.Size.Step, k, want[x.ID][a.ID])
				}
			}
		}
		if again, err := m.Sizes(chosen); err != nil || !maps.EqualFunc(again, want, maps.Equal) || !maps.EqualFunc(got, want, maps.Equal) {
			t.Errorf("sizes %v and %v, bioimageio.core %v (%v)\n%s", got, again, want, err, what)
		}
	}
}

func arrays(list []recipe.Tensor, of map[string]tensor) map[string]*recipe.Array {
	out := map[string]*recipe.Array{}
	for _, x := range list {
		if g, ok := of[x.ID]; ok {
			a := &recipe.Array{Shape: g.Shape, Data: slices.Clone(g.Data)}
			for _, y := range x.Axes {
				a.Axes = append(a.Axes, y.ID)
			}
			out[x.ID] = a
		}
	}
	return out
}

func compareArrays(t *testing.T, what string, got map[string]*recipe.Array, want map[string][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d tensors, want %d\n%s", len(got), len(want), what)
	}
	for id, w := range want {
		g := got[id]
		if g == nil || len(g.Data) != len(w) {
			t.Errorf("no %s\n%s", id, what)
			continue
		}
		for i := range w {
			if d := g.Data[i] - w[i]; !(max(d, -d) <= 1e-6*max(1, w[i], -w[i])) {
				t.Errorf("%s[%d] is %v, bioimageio.core %v\n%s", id, i, g.Data[i], w[i], what)
				break
			}
		}
	}
}

func TestRDFRefuses(t *testing.T) {
	whole := plane5(`{id: scale_range}`, `{id: sigmoid}`)
	if _, err := recipe.ParseRDF([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	for old, bad := range map[string]string{
		"{id: sigmoid}":           "{id: custom, callable: f, source: f.py, kwargs: {}}",
		"{id: scale_range}":       "{id: scale_rang}",
		"format_version: 0.5.3":   "format_version: 0.2.6",
		"type: model\n":           "type: dataset\n",
		"name: a model":           "name: ''",
		"axis_id: x, offset: -1}": "axis_id: z, offset: -1}",
		"type: float32":           "type: complex64",
		"scale: 0.5, halo: 4, size: {tensor_id: raw, axis_id: y}": "scale: 0.5, halo: 3, size: {tensor_id: raw, axis_id: y}",
		"{type: batch}":   "{type: colour}",
		"name: a model\n": "name: [\n",
	} {
		broken := strings.Replace(whole, old, bad, 1)
		if broken == whole {
			t.Fatalf("%q is not there", old)
		}
		_, err := recipe.ParseRDF([]byte(broken))
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
		say, hint := fault.Explain(err)
		if own := strings.Contains(bad, "custom"); own != strings.Contains(say, "Python code of its own") || own != strings.Contains(hint, "ensemble") {
			t.Errorf("%s: %v", bad, err)
		}
		if strings.Contains(hint, "coverslip.yaml") {
			t.Errorf("%s: there is no such file, but %s", bad, hint)
		}
	}
}

// TestFixedSizeWithAHalo: format 0.4 has outputs of one size of which the border is cropped; so has
// the input then.
func TestFixedSizeWithAHalo(t *testing.T) {
	const old = "shape: {reference_tensor: raw, scale: [1, 0, 2, 1], offset: [0, 1, 0, -4]}"
	for in, want := range map[string]string{
		"{min: [1, 2, 32, 32], step: [0, 0, 16, 16]}": "64 64, 8 6",
		"[1, 2, 32, 64]": "32 64, 4 6", // twice as fine along y
		"{min: [1, 2, 33, 33], step: [0, 0, 16, 16]}": "",
	} {
		text := strings.NewReplacer(old, "shape: [1, 2, 64, 64]", "shape: {min: [1, 2, 32, 32], step: [0, 0, 16, 16]}", "shape: "+in).Replace(plane4("", ""))
		m, err := recipe.ParseRDF([]byte(text))
		if want == "" {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", in, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		halo, err := m.InputHalo()
		if err != nil {
			t.Fatal(err)
		}
		raw := m.Tensor("raw")
		if got := fmt.Sprint(raw.Axis("y").Size.Fixed, " ", raw.Axis("x").Size.Fixed, ", ", halo["raw"]["y"], " ", halo["raw"]["x"]); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func FuzzParseRDF(f *testing.F) {
	for _, d := range descriptions() {
		f.Add([]byte(d))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := recipe.ParseRDF(b)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("not invalid: %v", err)
			}
			return
		}
		if _, err := m.Sizes(recipe.Sizes{}); err != nil && fault.KindOf(err) != fault.Invalid {
			t.Error(err)
		}
	})
}
