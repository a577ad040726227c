package recipe

import (
	"fmt"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// Model is what a bioimage.io model description (RDF) says that matters for using it, in
// the terms of format 0.5; one in format 0.3 or 0.4 is brought into them.
type Model struct {
	Name, Description, Version string
	Format                     string // as the file has it: "0.5.3"
	Inputs, Outputs            []Tensor
	Weights                    map[string]Weights // by format: "onnx", "torchscript", …
	Config                     map[string]any     // hints for certain programs

	// How outputs become objects.
	Class    string  // the class that objects get; with several classes, their names count
	Diameter float64 // the usual size of an object in pixels that it was made for; 0: any
	Decode   Op
	From     string // the output that Decode begins with; others follow in their order
}

// Tensor is one input or output.
type Tensor struct {
	ID, Description string
	Axes            []Axis
	Type            string   // of its numbers: "float32", …
	Classes         []string // what nominal values stand for, in order; may be empty
	Optional        bool
	Pad             Padding
	Ops             []Op // pre- or postprocessing, with the ensure_dtype that the specification implies
	Test, Sample    File
}

// Padding is how an input is continued beyond its edges.
type Padding struct {
	Mode  string // constant, edge, reflect or symmetric
	Value float64
}

// File is a file of the model's package, or a URL.
type File struct{ Source, SHA256 string }

// Weights is one file with the network. External is a second one with its numbers, if there is one.
type Weights struct {
	File
	External File
	Opset    int
	Parent   string
}

// Tolerance is how far a number of a test output may be from the one in the package,
// Absolute + Relative·|that one|, and how many of a million may be further off.
type Tolerance struct{ Absolute, Relative, PerMillion float64 }

// Axes returns the names of a tensor's axes, in order.
func (t *Tensor) axisNames() []string {
	out := make([]string, len(t.Axes))
	for i, a := range t.Axes {
		out[i] = a.ID
	}
	return out
}

// types of numbers that a tensor may hold.
func knownType(t string) bool {
	return slices.Contains([]string{
		"float32", "float64", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "bool",
	}, t)
}

// check refuses what can't be followed exactly, in a sentence.
func (m *Model) check() error {
	switch {
	case m.Name == "":
		return invalid("The model's description has no name.", nil)
	case len(m.Inputs) == 0 || len(m.Outputs) == 0:
		return invalid("The model's description names no inputs or no outputs.", nil)
	}
	seen := map[string]bool{}
	for i := range m.Inputs {
		if err := m.checkTensor(&m.Inputs[i], seen, false); err != nil {
			return err
		}
	}
	for i := range m.Outputs {
		if err := m.checkTensor(&m.Outputs[i], seen, true); err != nil {
			return err
		}
	}
	for _, list := range [][]Tensor{m.Inputs, m.Outputs} {
		for _, t := range list {
			for _, a := range t.Axes {
				if a.Size.Tensor != "" && m.referred(a.Size) == nil {
					return m.unclear(t.ID, a.ID)
				}
			}
		}
	}
	_, err := m.InputHalo()
	return err
}

func (m *Model) checkTensor(t *Tensor, seen map[string]bool, output bool) error {
	if t.ID == "" || seen[t.ID] {
		if slices.ContainsFunc(m.Inputs, func(in Tensor) bool { return strings.Contains(in.ID, "prompt") }) { // Segment Anything, as micro-sam hands it out
			return fault.New(fault.Invalid, "The model is asked by prompts, such as points and boxes, and Coverslip gives it images only.",
				"Choose a model that finds objects by itself.", nil)
		}
		return invalid(fmt.Sprintf("The model's description has two tensors named %q, or one without a name.", t.ID), nil)
	}
	seen[t.ID] = true
	if !knownType(t.Type) {
		return invalid(fmt.Sprintf("The model's tensor %q is of type %q, which Coverslip does not know.", t.ID, t.Type), nil)
	}
	if !slices.Contains([]string{"constant", "edge", "reflect", "symmetric"}, t.Pad.Mode) {
		return invalid(fmt.Sprintf("The model's input %q is to be padded by %q, which Coverslip does not know.", t.ID, t.Pad.Mode), nil)
	}
	names := map[string]bool{}
	for _, a := range t.Axes {
		if a.ID == "" || names[a.ID] || a.Scale <= 0 || a.Halo < 0 || a.Size.Fixed < 0 || a.Size.Min < 0 || a.Size.Step < 0 {
			return invalid(fmt.Sprintf("The model's tensor %q has an axis %q that makes no sense.", t.ID, a.ID), nil)
		}
		names[a.ID] = true
	}
	if len(t.Axes) == 0 {
		return invalid(fmt.Sprintf("The model's tensor %q has no axes.", t.ID), nil)
	}
	for _, o := range t.Ops {
		if err := m.checkOp(t, o, output); err != nil {
			return err
		}
	}
	return nil
}

// checkOp refuses an operation that is not known, or not at this place.
func (m *Model) checkOp(t *Tensor, o Op, output bool) error {
	switch o.ID {
	case "custom":
		return fault.New(fault.Invalid, "The model needs Python code of its own beside the network, which Coverslip does not run.",
			"Choose a model without it, or have it run on the server as an ensemble.", nil)
	case StarConvex, FlowFields:
		if !output {
			return invalid(fmt.Sprintf("The model has %q before the network, where it makes no sense.", o.ID), nil)
		}
		return o.decoder()
	}
	s, err := o.arrayStep(t.axisNames())
	if err != nil {
		return err
	}
	if a := t.Axis(s.along); a != nil && a.Size.Fixed > 0 && s.lists > 1 && s.lists != a.Size.Fixed {
		return invalid(fmt.Sprintf("The model's operation %q has %d numbers for %d along %s of %q.", o.ID, s.lists, a.Size.Fixed, a.ID, t.ID), nil)
	}
	if ref, ok := o.Kwargs["reference_tensor"].(string); ok && ref != "" && m.Tensor(ref) == nil {
		return invalid(fmt.Sprintf("The model's operation %q refers to a tensor %q that is not there.", o.ID, ref), nil)
	}
	return nil
}
