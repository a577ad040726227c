package recipe

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// axisText is an axis in format 0.5.
type axisText struct {
	Type, ID, Unit string
	Size           yaml.Node
	Scale          float64
	Halo           int
	Names          yaml.Node `yaml:"channel_names"`
}

// sizeText is a size that is no number.
type sizeText struct {
	Min, Step, Offset int
	Tensor            string `yaml:"tensor_id"`
	Axis              string `yaml:"axis_id"`
}

// dataText is the description of a tensor's numbers.
type dataText struct {
	Type   string
	Values []any
}

func (m *Model) from5(d rdf) (err error) {
	m.Inputs, err = tensors5(d.Inputs, "input")
	if err != nil {
		return err
	}
	m.Outputs, err = tensors5(d.Outputs, "output")
	return err
}

func tensors5(list []tensorText, id string) ([]Tensor, error) {
	out := make([]Tensor, len(list))
	for i, t := range list {
		if t.ID == "" {
			t.ID = id
		}
		var axes []axisText
		if err := t.Axes.Decode(&axes); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", t.ID, err)
		}
		r := Tensor{ID: t.ID, Description: t.Description, Optional: t.Optional, Pad: Padding{Mode: "symmetric"}}
		for _, a := range axes {
			x, err := a.axis()
			if err != nil {
				return nil, fmt.Errorf("tensor %s: %w", t.ID, err)
			}
			r.Axes = append(r.Axes, x)
		}
		if t.Pad != nil {
			r.Pad = Padding(*t.Pad)
		}
		if err := r.data(t.Data); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", t.ID, err)
		}
		r.Test, r.Sample = t.Test.file(), t.Sample.file()
		r.Ops = implied(opsOf(append(t.Pre, t.Post...)), r.Type)
		out[i] = r
	}
	return out, nil
}

func (a axisText) axis() (Axis, error) {
	x := Axis{ID: a.ID, Kind: Kind(a.Type), Unit: a.Unit, Scale: a.Scale, Halo: a.Halo}
	if x.ID == "" {
		x.ID = a.Type
		if x.Kind == Space {
			x.ID = "x"
		}
	}
	x.ID = fullName(x.ID)
	if x.Scale == 0 {
		x.Scale = 1
	}
	switch x.Kind {
	case Batch, Index, Time, Space:
	case Channel:
		var names []string
		if err := a.Names.Decode(&names); err != nil {
			return x, fmt.Errorf("axis %s: %w", x.ID, err)
		}
		x.Names, x.Size.Fixed = names, len(names)
		return x, nil
	default:
		return x, fmt.Errorf("axis %s is of type %q", x.ID, a.Type)
	}
	if err := a.size(&x); err != nil {
		return x, fmt.Errorf("axis %s: %w", x.ID, err)
	}
	return x, nil
}

func (a axisText) size(x *Axis) error {
	n := resolved(a.Size)
	if n.Kind == 0 || n.Tag == "!!null" {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&x.Size.Fixed)
	}
	var s sizeText
	if err := n.Decode(&s); err != nil {
		return err
	}
	switch {
	case s.Tensor != "":
		x.Size = Size{Tensor: s.Tensor, Axis: fullName(s.Axis), Offset: s.Offset}
	case s.Step > 0:
		x.Size = Size{Min: s.Min, Step: s.Step}
	}
	return nil // else it is the length of a list, which the data tell
}

// data reads the type of numbers, and the names of classes if they are nominal.
func (t *Tensor) data(n yaml.Node) error {
	t.Type = "float32"
	var list []dataText
	n = resolved(n)
	if n.Kind == 0 {
		return nil
	}
	err := n.Decode(&list)
	if n.Kind != yaml.SequenceNode {
		list = make([]dataText, 1)
		err = n.Decode(&list[0])
	}
	if err != nil {
		return err
	}
	for i, d := range list {
		if d.Type != "" {
			t.Type = d.Type
		} else if len(d.Values) > 0 {
			t.Type = "uint8" // the default of nominal values
		}
		if i > 0 && list[i].Type != list[0].Type {
			return fmt.Errorf("channels of types %q and %q", list[0].Type, d.Type)
		}
		for _, v := range d.Values {
			t.Classes = append(t.Classes, fmt.Sprint(v))
		}
	}
	return nil
}
