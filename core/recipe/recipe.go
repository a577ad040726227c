// Package recipe is a model's description in the vocabulary of bioimage.io: what
// to do with the pixels before the network, and with its numbers after.
//
// A description is a small file beside the network, coverslip.yaml:
//
//	name: nuclei-star
//	description: Nuclei in fluorescence images, as star-convex polygons.
//	task: instances
//	class: nucleus          # the class that its objects get
//	diameter: 20            # their usual size in pixels; 0 or absent: any, of boxes up to 96
//	inputs:
//	  - id: image           # the name of the tensor
//	    axes: bcyx
//	    type: float32
//	    min: 64             # height and width of a tile are min + n·step
//	    step: 16
//	    ops:
//	      - id: scale_range
//	        kwargs: {min_percentile: 1, max_percentile: 99.8, eps: 1e-6}
//	outputs:
//	  - {id: prob, axes: bcyx, type: float32, scale: 0.5, halo: 0}
//	  - {id: dist, axes: bcyx, type: float32, scale: 0.5, halo: 0}
//	decode:
//	  id: stardist_postprocessing
//	  kwargs: {prob_threshold: 0.5, nms_threshold: 0.4, n_rays: 32, grid: 2}
//
// The operations and their arguments are those of the RDF specification 0.5
// (bioimage.io), with its defaults. The first output of stardist_postprocessing is the
// probability, the second the distances along the rays in pixels of the input; ray k
// points along (cos, sin)(2πk/n_rays) in (x, y). What else makes objects, which the
// specification does not know, is in [Op.Pixels] and [Op.Boxes]. An input of several
// channels names them: channels: [DAPI, actin]. Statistics are always those of the
// whole plane as it came from the instrument, never of a tile. Fields of the file that
// are not named here are kept.
//
// A bioimage.io description itself, rdf.yaml in format 0.3 to 0.5, is a [Model]: tensors
// of any number of axes, which [Model.Preprocess] and [Model.Postprocess] work on. [Read]
// makes a Model of either file. What an rdf.yaml does not say of making objects may stand
// in it under config.coverslip: class, diameter and decode, as above; without it the
// outputs' channels and classes decide, and what is not clear by them is refused.
package recipe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"coverslip.dev/coverslip/core/fault"
)

// FileName is the name of a description beside its network.
const FileName = "coverslip.yaml"

// Recipe is a coverslip.yaml.
type Recipe struct {
	Name        string  `yaml:"name"`
	Description string  `yaml:"description,omitempty"`
	Task        string  `yaml:"task"`               // "instances", "detection" or "semantic"
	Class       string  `yaml:"class"`              // the class that its objects get, such as "nucleus"
	Diameter    float64 `yaml:"diameter,omitempty"` // the usual size of an object in pixels that it was made for; 0: any
	Inputs      []Port  `yaml:"inputs"`
	Outputs     []Port  `yaml:"outputs"`
	Decode      Op      `yaml:"decode"` // how outputs become objects: stardist_postprocessing, …

	Extra map[string]any `yaml:",inline"` // what else the file says: licence, authors, …
}

// Port is one input or output tensor.
type Port struct {
	ID       string   `yaml:"id"`
	Axes     string   `yaml:"axes"` // "bcyx"
	Type     string   `yaml:"type,omitempty"`
	Channels []string `yaml:"channels,omitempty,flow"` // names; an input without them has one, an output any number
	// Step: the height and width of a tile must be Min + n·Step.
	Min   int     `yaml:"min,omitempty"`
	Step  int     `yaml:"step,omitempty"`
	Halo  int     `yaml:"halo,omitempty"`  // pixels to crop at each side of an output
	Scale float64 `yaml:"scale,omitempty"` // pixels of the output a pixel of the input
	Ops   []Op    `yaml:"ops,omitempty"`   // pre- or postprocessing, in order
}

// Op is one named operation and its keyword arguments.
type Op struct {
	ID     string         `yaml:"id"`
	Kwargs map[string]any `yaml:"kwargs,omitempty,flow"`
}

// Parse reads a coverslip.yaml. What can't be done exactly is fault.Invalid.
func Parse(text []byte) (*Recipe, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	r := &Recipe{}
	if err := dec.Decode(r); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("empty file")
		}
		return nil, invalid("The model's description can't be read.", err)
	}
	r.fill()
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// Marshal returns the text that Parse reads.
func (r *Recipe) Marshal() ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(r); err != nil {
		return nil, fmt.Errorf("encode recipe: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("encode recipe: %w", err)
	}
	return b.Bytes(), nil
}

// fill sets what the specification leaves to defaults.
func (r *Recipe) fill() {
	if r.Class == "" {
		r.Class = "object"
	}
	for i := range r.Inputs {
		p := &r.Inputs[i]
		p.Step = max(p.Step, 1)
		p.Min = max(p.Min, p.Step)
	}
	for i := range r.Outputs {
		if p := &r.Outputs[i]; p.Scale == 0 {
			p.Scale = 1
		}
	}
	for _, ports := range [][]Port{r.Inputs, r.Outputs} {
		for i := range ports {
			if ports[i].Type == "" {
				ports[i].Type = "float32"
			}
		}
	}
}

func (r *Recipe) check() error {
	switch {
	case r.Name == "":
		return invalid("The model's description has no name.", nil)
	case !slices.Contains([]string{"instances", "detection", "semantic"}, r.Task):
		return invalid(fmt.Sprintf("The model's task %q is not one that Coverslip knows.", r.Task), nil)
	case len(r.Inputs) == 0 || len(r.Outputs) == 0:
		return invalid("The model's description names no inputs or no outputs.", nil)
	case r.Diameter < 0:
		return invalid("The model's description gives objects a negative diameter.", nil)
	}
	for _, p := range r.Inputs {
		if err := p.check(false); err != nil {
			return err
		}
	}
	for _, p := range r.Outputs {
		if err := p.check(true); err != nil {
			return err
		}
	}
	return r.Decode.decoder()
}

func repeats(axes string) bool {
	for i, a := range axes {
		if strings.ContainsRune(axes[:i], a) {
			return true
		}
	}
	return false
}

func (p Port) check(output bool) error {
	list := output && strings.Contains(p.Axes, "i") // of boxes, as long as it comes out
	if p.ID == "" || !list && (!strings.Contains(p.Axes, "y") || !strings.Contains(p.Axes, "x")) || strings.Trim(p.Axes, "bcizyx") != "" || repeats(p.Axes) {
		return invalid(fmt.Sprintf("The model's tensor %q has axes %q, which Coverslip can't fill.", p.ID, p.Axes), nil)
	}
	if !knownType(p.Type) {
		return invalid(fmt.Sprintf("The model's tensor %q is of type %q, which Coverslip does not know.", p.ID, p.Type), nil)
	}
	if p.Halo < 0 || p.Scale < 0 || p.Min < 0 {
		return invalid(fmt.Sprintf("The model's tensor %q has a negative size.", p.ID), nil)
	}
	for _, o := range p.Ops {
		if _, err := o.step(); err != nil {
			return err
		}
	}
	return nil
}

func invalid(say string, err error) error {
	return fault.New(fault.Invalid, say, "Ask whoever made the model for a newer description.", err)
}
