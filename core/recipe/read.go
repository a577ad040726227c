package recipe

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"coverslip.dev/coverslip/core/fault"
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
func (m *Model) decoding(about []string) error {
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
		if of, ok := said["output"].(string); ok {
			m.From = of
		}
		if m.Tensor(m.From) == nil {
			return invalid(fmt.Sprintf("The model's objects are to come of an output %q that is not there.", m.From), nil)
		}
		return m.Decode.decoder()
	}
	op, ok := guess(&m.Outputs[0], about)
	if !ok {
		what, such := "the numbers", "{id: labels}"
		if a := m.Outputs[0].Axis(string(Channel)); a != nil && a.Size.Fixed > 1 {
			what, such = fmt.Sprintf("the %d channels", a.Size.Fixed), "{id: watershed, kwargs: {channel: 0, boundary: 1}}"
		}
		return fault.New(fault.Invalid, fmt.Sprintf("The model's description does not say what %s of its output %q are.", what, m.From),
			"Write config.coverslip.decode into rdf.yaml, such as "+such+"; Help, Models has more.", nil)
	}
	m.Decode = op
	return nil
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

// guess tells what the channels of an output hold: a boundary beside the inside, scores of
// classes that exclude one another, or one probability. False if nothing says which: objects of
// the wrong channel look like any others.
func guess(t *Tensor, about []string) (Op, bool) {
	a := t.Axis(string(Channel))
	if a == nil || a.Size.Fixed < 2 {
		return t.alone()
	}
	op := Op{ID: Semantic, Kwargs: map[string]any{}}
	edges, insides, grounds := told(a.Names)
	named := slices.ContainsFunc(a.Names, func(name string) bool { return !counted.MatchString(name) })
	switch {
	case len(edges) > 0:
		if len(edges) > 1 || len(insides) != 1 {
			return op, false
		}
		op.ID, op.Kwargs["boundary"], op.Kwargs["channel"] = Floods, edges[0], insides[0]
	case len(t.Classes) > 1 || grounds == 1 || t.exclusive() && !named:
	case a.Size.Fixed == 2 && !named && slices.ContainsFunc(about, func(s string) bool { return says(s, "boundar") || says(s, "border") }):
		op.ID, op.Kwargs["boundary"] = Floods, 1 // as all of bioimage.io have it
	default:
		return op, false
	}
	return op, true
}

// told sorts channels by their names. Beside a background a membrane is a class of its own.
func told(names []string) (edges, insides []int, grounds int) {
	ground := slices.ContainsFunc(names, Ground)
	for i, name := range names {
		switch {
		case Ground(name):
			grounds++
		case parts.MatchString(name), !ground && surrounds.MatchString(name):
			edges = append(edges, i)
		default:
			insides = append(insides, i)
		}
	}
	return edges, insides, grounds
}

// alone is the same for an output of one channel. Whole numbers may be a mask as well as what
// numbers its objects.
func (t *Tensor) alone() (Op, bool) {
	op := Op{ID: Components, Kwargs: map[string]any{}}
	said := []string{t.ID, t.Description}
	if a := t.Axis(string(Channel)); a != nil {
		said = append(said, a.Names...)
		if slices.ContainsFunc(a.Names, edgeOrGround) {
			return op, false
		}
	}
	switch {
	case len(t.Classes) > 1:
		op.ID = Semantic
	case !strings.Contains(t.Type, "int") || slices.ContainsFunc(t.Ops, func(o Op) bool { return o.ID == "binarize" }):
	case slices.ContainsFunc(said, func(s string) bool { return says(s, "instance") }):
		op.ID = LabelImage
	default:
		return op, false
	}
	return op, true
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

func edgeOrGround(name string) bool {
	return parts.MatchString(name) || surrounds.MatchString(name) || Ground(name)
}

// parts is the name of a channel that tells where objects end, and surrounds that of one that may
// as well be something of theirs. Words are whole: a hedgehog is no edge, and what is unbound no boundary.
var (
	parts     = regexp.MustCompile(`(?i)boundar|borders?([^a-z]|$)`)
	surrounds = regexp.MustCompile(`(?i)(^|[^a-z])(edge|contour|membrane)s?([^a-z]|$)`)
)

func says(text, word string) bool { return strings.Contains(strings.ToLower(text), word) }

// counted is a channel's name that says no more than its number, as of those brought from
// format 0.4.
var counted = regexp.MustCompile(`(?i)^(c|ch|channel|class|out|output)?[ _-]*[0-9]*$`)

// exclusive reports whether a pixel's channels are probabilities of which one excludes the
// others.
func (t *Tensor) exclusive() bool {
	return slices.ContainsFunc(t.Ops, func(o Op) bool {
		s, err := o.arrayStep(t.axisNames())
		return err == nil && s.softmax == string(Channel)
	})
}
