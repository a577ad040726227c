package recipe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Read reads a model's description, whichever of the two it is: a coverslip.yaml or a
// bioimage.io rdf.yaml. What can't be done exactly is fault.Invalid.
func Read(text []byte) (*Model, error) {
	var head struct {
		Format string `yaml:"format_version"`
	}
	if err := yaml.Unmarshal(text, &head); err == nil && head.Format != "" {
		return ParseRDF(text)
	}
	r, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return r.Model()
}

// Model says a coverslip.yaml in the terms of bioimage.io.
func (r *Recipe) Model() (*Model, error) {
	m := &Model{
		Name: r.Name, Description: r.Description,
		Class: r.Class, Diameter: r.Diameter, Decode: r.Decode,
	}
	for _, p := range r.Inputs {
		t := p.tensor()
		for l := range strings.SplitSeq(p.Axes, "") {
			a := axisOf(l)
			switch {
			case a.Kind == Channel:
				a.Names, a.Size.Fixed = p.Channels, max(len(p.Channels), 1)
			case l == "y" || l == "x":
				a.Size = Size{Min: p.Min, Step: p.Step}
			}
			t.Axes = append(t.Axes, a)
		}
		m.Inputs = append(m.Inputs, t)
	}
	for _, p := range r.Outputs {
		t := p.tensor()
		for l := range strings.SplitSeq(p.Axes, "") {
			a := axisOf(l)
			switch l {
			case "c":
				a.Names, a.Size.Fixed = p.Channels, len(p.Channels)
			case "y", "x":
				a.Size, a.Scale, a.Halo = Size{Tensor: m.Inputs[0].ID, Axis: l}, 1/p.Scale, p.Halo
			case "z":
				a.Size = Size{Tensor: m.Inputs[0].ID, Axis: l}
			}
			t.Axes = append(t.Axes, a)
		}
		m.Outputs = append(m.Outputs, t)
	}
	m.From = m.Outputs[0].ID
	return m, m.check()
}

func axisOf(letter string) Axis {
	return Axis{ID: fullName(letter), Kind: kindOf(letter), Scale: 1}
}

func (p Port) tensor() Tensor {
	return Tensor{ID: p.ID, Type: p.Type, Pad: Padding{Mode: "reflect"}, Ops: p.Ops}
}

// decoding finds out how an RDF's outputs become objects: by an operation among theirs, by
// what config.coverslip says, or by their channels and what is said about the model.
func (m *Model) decoding(of about) error {
	hints, _ := m.Config["coverslip"].(map[string]any)
	class, _ := hints["class"].(string)
	m.Class = cmp.Or(class, "object")
	m.Diameter, _ = number(hints["diameter"])
	m.From = m.Outputs[0].ID
	for i := range m.Outputs {
		if o, ok := m.Outputs[i].Decoder(); ok {
			m.From, m.Decode = m.Outputs[i].ID, o
			m.gridded(&m.Outputs[i])
			return nil
		}
	}
	if said, ok := hints["decode"].(map[string]any); ok {
		m.Decode.ID, _ = said["id"].(string)
		m.Decode.Kwargs, _ = said["kwargs"].(map[string]any)
		if from, ok := said["output"].(string); ok {
			m.From = from
		}
		if m.Tensor(m.From) == nil {
			return invalid(fmt.Sprintf("The model's objects are to come of an output %q that is not there.", m.From), nil)
		}
		return m.Decode.decoder()
	}
	op, ok := m.stars()
	if !ok {
		op, ok = guess(&m.Outputs[0], of)
	}
	if !ok {
		return m.untold()
	}
	m.Decode = op
	return op.decoder()
}

// gridded makes the axes of an output of stars those of the network's numbers. The specification
// speaks of the labels that stardist makes of them, which are as large as the image.
func (m *Model) gridded(t *Tensor) {
	s, err := m.Decode.Stars()
	if err != nil || m.Decode.ID != StarConvex {
		return
	}
	for i := range t.Axes {
		a := &t.Axes[i]
		if of := m.referred(a.Size); of != nil && of.Scale == a.Scale && (a.ID == "y" || a.ID == "x") {
			a.Scale *= float64(s.Grid)
			a.Halo = (a.Halo + s.Grid - 1) / s.Grid
		}
	}
}

// Background is the class of pixels that makes no objects: the one that the description says
// or names so, or else the first.
func (m *Model) Background() int {
	if p, err := m.Decode.Pixels(); err == nil && p.Ground >= 0 {
		return p.Ground
	}
	t := m.Tensor(m.From)
	if t == nil {
		return 0
	}
	return max(slices.IndexFunc(t.ClassNames(), Ground), 0)
}

// Ground reports whether a class of this name makes no objects. "Non-background" makes some, and
// so does "background staining".
func Ground(name string) bool {
	name = strings.TrimSpace(name)
	return strings.EqualFold(name, "background") || strings.EqualFold(name, "bg")
}
