package recipe

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// RDFName is the name of a bioimage.io description beside its network.
const RDFName = "rdf.yaml"

// rdf is the part of a description that both formats share.
type rdf struct {
	Format      string             `yaml:"format_version"`
	Type        string             `yaml:"type"`
	Name        string             `yaml:"name"`
	Description string             `yaml:"description"`
	Version     yaml.Node          `yaml:"version"`
	Tags        []string           `yaml:"tags"`
	Inputs      []tensorText       `yaml:"inputs"`
	Outputs     []tensorText       `yaml:"outputs"`
	Weights     map[string]weights `yaml:"weights"`
	TestInputs  []string           `yaml:"test_inputs"` // 0.3 and 0.4
	TestOutputs []string           `yaml:"test_outputs"`
	Config      map[string]any     `yaml:"config"`
}

type weights struct {
	Source string    `yaml:"source"`
	SHA256 string    `yaml:"sha256"`
	Parent string    `yaml:"parent"`
	Opset  int       `yaml:"opset_version"`
	Second *fileText `yaml:"external_data"`
}

// tensorText is a tensor in either format.
type tensorText struct {
	ID, Name, Description string
	Axes                  yaml.Node `yaml:"axes"`
	Test                  *fileText `yaml:"test_tensor"`
	Sample                *fileText `yaml:"sample_tensor"`
	Optional              bool      `yaml:"optional"`
	Pad                   *padding  `yaml:"pad"`
	Data                  yaml.Node `yaml:"data"`
	Pre                   []opText  `yaml:"preprocessing"`
	Post                  []opText  `yaml:"postprocessing"`

	Type  string    `yaml:"data_type"` // 0.3 and 0.4, as the rest
	Shape yaml.Node `yaml:"shape"`
	Halo  []int     `yaml:"halo"`
}

type fileText struct {
	Source string `yaml:"source"`
	SHA256 string `yaml:"sha256"`
}

type padding struct {
	Mode  string  `yaml:"mode"`
	Value float64 `yaml:"value"`
}

type opText struct {
	ID, Name string
	Kwargs   map[string]any
}

func (f *fileText) file() File {
	if f == nil {
		return File{}
	}
	return File(*f)
}

// ParseRDF reads a bioimage.io model description in format 0.3, 0.4 or 0.5. What can't be done
// exactly is fault.Invalid, with a sentence.
func ParseRDF(text []byte) (*Model, error) {
	var d rdf
	if err := yaml.Unmarshal(text, &d); err != nil {
		return nil, invalid("The model's description can't be read.", err)
	}
	if d.Type != "" && d.Type != "model" {
		return nil, invalid(fmt.Sprintf("The description is of a %s, not of a model.", d.Type), nil)
	}
	m := &Model{
		Name: d.Name, Description: d.Description, Version: d.Version.Value, Format: d.Format,
		Weights: map[string]Weights{}, Config: d.Config,
	}
	for format, w := range d.Weights {
		if format == "pytorch_script" { // 0.3
			format = "torchscript"
		}
		m.Weights[format] = Weights{File: File{w.Source, w.SHA256}, External: w.Second.file(), Opset: w.Opset, Parent: w.Parent}
	}
	var err error
	switch {
	case strings.HasPrefix(d.Format, "0.5."):
		err = m.from5(d)
	case strings.HasPrefix(d.Format, "0.4."), strings.HasPrefix(d.Format, "0.3."):
		err = m.from4(d)
	default:
		err = fmt.Errorf("format %q", d.Format)
		return nil, invalid("The model's description is in a format that Coverslip does not read; it reads 0.3 to 0.5.", err)
	}
	if err != nil {
		return nil, invalid("The model's description can't be read.", err)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, m.decoding(about{tags: d.Tags, name: d.Name, text: strings.Join(strings.Fields(d.Description), " ")})
}

// implied adds the ensure_dtype that the specification implies before and after ops.
func implied(ops []Op, dtype string) []Op {
	ensure := Op{ID: "ensure_dtype", Kwargs: map[string]any{"dtype": dtype}}
	if len(ops) == 0 || ops[0].ID != ensure.ID {
		ops = append([]Op{ensure}, ops...)
	}
	switch ops[len(ops)-1].ID {
	case ensure.ID, "binarize", StarConvex, FlowFields:
		return ops
	}
	return append(ops, ensure)
}

// ops brings a list of operations of either format into the terms of 0.5.
func opsOf(list []opText) []Op {
	out := make([]Op, 0, len(list)+2)
	for _, o := range list {
		id := o.ID
		if id == "" {
			id = o.Name
		}
		out = append(out, Op{ID: id, Kwargs: o.Kwargs})
	}
	return out
}

// Tolerance is how far an output of the ONNX weights may be from its test tensor: the first
// entry of config.bioimageio.reproducibility_tolerance that applies, or else what the older
// test_kwargs say. What is left out has the default of specification 0.5.7.
func (m *Model) Tolerance(output string) Tolerance {
	hints, _ := m.Config["bioimageio"].(map[string]any)
	list, _ := hints["reproducibility_tolerance"].([]any)
	for _, e := range list {
		entry, ok := e.(map[string]any)
		if ok && within(entry["output_ids"], output) && within(entry["weights_formats"], "onnx") {
			return tolerance(entry)
		}
	}
	older, _ := hints["test_kwargs"].(map[string]any)
	entry, _ := older["onnx"].(map[string]any)
	return tolerance(entry)
}

func tolerance(entry map[string]any) Tolerance {
	said := func(name string, otherwise float64) float64 {
		if x, ok := number(entry[name]); ok {
			return x
		}
		return otherwise
	}
	return Tolerance{
		Absolute: said("absolute_tolerance", 1e-3), Relative: said("relative_tolerance", 1e-3),
		PerMillion: said("mismatched_elements_per_million", 100),
	}
}

// within reports whether a list has a name; one that is empty or not there has all.
func within(list any, name string) bool {
	names := asList(list)
	return len(names) == 0 || slices.Contains(names, any(name))
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

// kindOf is the kind of an axis with one of the usual names.
func kindOf(id string) Kind {
	switch id {
	case "b", "batch":
		return Batch
	case "c", "channel":
		return Channel
	case "i", "index":
		return Index
	case "t", "time":
		return Time
	}
	return Space
}

// fullName is the name of an axis in 0.5 for its letter in 0.4.
func fullName(letter string) string {
	if k := kindOf(letter); k != Space {
		return string(k)
	}
	return letter
}

// resolved follows a YAML alias.
func resolved(n yaml.Node) yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return *n.Alias
	}
	return n
}

var errNoAxes = errors.New("axes are neither a list nor letters")
