package recipe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// shapeText is a shape in format 0.3 or 0.4 that is no list: min and step of an input, or what
// an output's is of an input's: size·scale + 2·offset.
type shapeText struct {
	Min, Step []int
	Ref       string `yaml:"reference_tensor"`
	Older     string `yaml:"reference_input"` // the same before 0.3.3
	Scale     []*float64
	Offset    []float64
}

func (m *Model) from4(d rdf) error {
	for i, t := range d.Inputs {
		r, err := tensor4(t)
		if err != nil {
			return fmt.Errorf("input %s: %w", t.Name, err)
		}
		if i < len(d.TestInputs) {
			r.Test.Source = d.TestInputs[i]
		}
		// Networks in this format take float32, whatever the image is.
		r.Ops = append(r.Ops, Op{ID: "ensure_dtype", Kwargs: map[string]any{"dtype": "float32"}})
		m.Inputs = append(m.Inputs, r)
	}
	for i, t := range d.Outputs {
		r, err := tensor4(t)
		if err != nil {
			return fmt.Errorf("output %s: %w", t.Name, err)
		}
		if i < len(d.TestOutputs) {
			r.Test.Source = d.TestOutputs[i]
		}
		r.Ops = implied(r.Ops, r.Type)
		m.Outputs = append(m.Outputs, r)
	}
	m.settle4()
	return nil
}

// settle4 says sizes of outputs in the terms of 0.5, where channels have a number of their own and
// what is cropped has a size that refers to an input's.
func (m *Model) settle4() {
	for i := range m.Outputs {
		for k := range m.Outputs[i].Axes {
			a := &m.Outputs[i].Axes[k]
			of := m.referred(a.Size)
			switch {
			case a.Kind == Channel && of != nil && of.Size.Fixed > 0:
				a.Size, a.Scale = Size{Fixed: a.Size.times(of.Size.Fixed, of.Scale/a.Scale)}, 1
			case a.Halo > 0 && a.Size.Fixed > 0:
				m.refer4(a)
			}
		}
	}
}

// refer4 makes the fixed size of an output's axis that of the first input that has such an axis,
// which is then as large as it must be for that.
func (m *Model) refer4(a *Axis) {
	for i := range m.Inputs {
		of := m.Inputs[i].Axis(a.ID)
		if of == nil {
			continue
		}
		if of.Size.Fixed == 0 && of.Size.Fits(a.Size.Fixed) {
			of.Size = Size{Fixed: a.Size.Fixed}
		}
		if of.Size.Fixed > 0 {
			a.Scale = of.Scale * float64(of.Size.Fixed) / float64(a.Size.Fixed)
			a.Size = Size{Tensor: m.Inputs[i].ID, Axis: a.ID}
		}
		return
	}
}

func tensor4(t tensorText) (Tensor, error) {
	r := Tensor{ID: t.Name, Description: t.Description, Type: t.Type, Pad: Padding{Mode: "symmetric"}}
	letters, err := letters(t.Axes)
	if err != nil {
		return r, err
	}
	var list []int
	var shape shapeText
	if resolved(t.Shape).Kind == yaml.SequenceNode {
		err = t.Shape.Decode(&list)
	} else if t.Shape.Kind != 0 {
		err = t.Shape.Decode(&shape)
	}
	if err != nil {
		return r, err
	}
	for i, l := range letters {
		a := Axis{ID: fullName(l), Kind: kindOf(l), Scale: 1}
		if err := a.shape4(i, list, shape); err != nil {
			return r, err
		}
		if i < len(t.Halo) && a.Kind != Batch {
			a.Halo = t.Halo[i]
		}
		r.Axes = append(r.Axes, a)
	}
	for _, o := range opsOf(append(t.Pre, t.Post...)) {
		op, err := op4(o, letters)
		if err != nil {
			return r, err
		}
		r.Ops = append(r.Ops, op)
	}
	if len(r.Ops) > 0 {
		r.Ops = append([]Op{{ID: "ensure_dtype", Kwargs: map[string]any{"dtype": r.Type}}}, r.Ops...)
	}
	return r, nil
}

// letters of "bcyx", or of [batch, channel, y, x].
func letters(n yaml.Node) ([]string, error) {
	n = resolved(n)
	if n.Kind == yaml.ScalarNode {
		return strings.Split(n.Value, ""), nil
	}
	var out []string
	if err := n.Decode(&out); err != nil || len(out) == 0 {
		return nil, errNoAxes
	}
	return out, nil
}

// shape4 sets the size of the i-th axis.
func (a *Axis) shape4(i int, list []int, s shapeText) error {
	switch {
	case a.Kind == Batch:
	case i < len(list):
		a.Size.Fixed = list[i]
	case i < len(s.Min) && i < len(s.Step):
		a.Size = Size{Min: s.Min[i], Step: s.Step[i]}
		if s.Step[i] == 0 {
			a.Size = Size{Fixed: s.Min[i]}
		}
	case s.Ref+s.Older != "" && i < len(s.Scale) && i < len(s.Offset):
		tensor, axis, ok := strings.Cut(cmp.Or(s.Ref, s.Older), ".")
		if !ok {
			axis = a.ID
		}
		twice := int(2 * s.Offset[i])
		if s.Scale[i] == nil || *s.Scale[i] == 0 { // an axis that the input does not have
			a.Size = Size{Fixed: twice}
			return nil
		}
		a.Size = Size{Tensor: tensor, Axis: fullName(axis), Offset: twice}
		a.Scale = 1 / *s.Scale[i]
	default:
		return fmt.Errorf("axis %s has no size", a.ID)
	}
	return nil
}

// op4 says an operation of format 0.4 in the terms of 0.5.
func op4(o Op, letters []string) (Op, error) {
	out := Op{ID: o.ID, Kwargs: map[string]any{}}
	for k, v := range o.Kwargs {
		if k != "mode" && k != "axes" {
			out.Kwargs[k] = v
		}
	}
	var axes []any
	text, _ := o.Kwargs["axes"].(string)
	for l := range strings.SplitSeq(text, "") {
		if l != "" {
			axes = append(axes, fullName(l))
		}
	}
	mode, _ := o.Kwargs["mode"].(string)
	switch {
	case o.ID == "zero_mean_unit_variance" && mode == "fixed":
		out.ID = "fixed_zero_mean_unit_variance"
		delete(out.Kwargs, "eps")
		return out, alongRest(out, axes, letters)
	case o.ID == "scale_linear":
		return out, alongRest(out, axes, letters)
	case mode == "per_dataset":
		axes = append([]any{"batch"}, axes...)
	}
	if o.ID == "zero_mean_unit_variance" {
		delete(out.Kwargs, "mean")
		delete(out.Kwargs, "std")
	}
	if len(axes) > 0 {
		out.Kwargs["axes"] = axes
	}
	return out, nil
}

// alongRest says that an operation's lists run along the one axis that 0.4's axes leave.
func alongRest(o Op, axes []any, letters []string) error {
	if len(axes) == 0 {
		return nil
	}
	var rest []string
	for _, l := range letters {
		if n := fullName(l); n != "batch" && !slices.Contains(axes, any(n)) {
			rest = append(rest, n)
		}
	}
	switch len(rest) {
	case 0:
		return nil
	case 1:
		o.Kwargs["axis"] = rest[0]
		return nil
	}
	return fmt.Errorf("%s leaves the axes %v", o.ID, rest)
}
