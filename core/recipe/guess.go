package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// stars is how objects come of the models that stardist hands out: it leaves its thresholds under
// config.stardist, and says of its one output, the probability and the distances, no more than how
// many channels it has.
func (m *Model) stars() (Op, bool) {
	hints, _ := m.Config["stardist"].(map[string]any)
	limits, ok := hints["thresholds"].(map[string]any)
	last := &m.Outputs[len(m.Outputs)-1]
	a := last.Axis(string(Channel))
	if !ok || a == nil || len(m.Outputs) > 2 {
		return Op{}, false
	}
	made, _ := hints["config"].(map[string]any)
	op := Op{ID: StarConvex, Kwargs: map[string]any{
		"prob_threshold": limits["prob"], "nms_threshold": limits["nms"], "grid": made["grid"],
		"n_rays": a.Size.Fixed + len(m.Outputs) - 2, // one is the probability, beside them or before them
	}}
	if last.Axis("z") != nil {
		op.Kwargs["anisotropy"] = made["anisotropy"]
	}
	rays, said := number(made["n_rays"])
	return op, !said || int(rays) == op.Kwargs["n_rays"]
}

// about is what is said of a model as a whole. Tags are of what it does; its name and what describes it
// also speak of what it was trained on, or is not for.
type about struct {
	tags       []string
	name, text string
}

func (a about) says(re *regexp.Regexp) bool {
	return anyOf(a.tags, re) || anyOf([]string{a.name, a.text}, re)
}

// guess tells what the channels of an output hold: a boundary beside the inside, scores of
// classes that exclude one another, or one probability. False if nothing says which: objects of
// the wrong channel look like any others.
func guess(t *Tensor, of about) (Op, bool) {
	a := t.Axis(string(Channel))
	if a == nil || a.Size.Fixed < 2 {
		return t.alone(of)
	}
	op := Op{ID: Semantic, Kwargs: map[string]any{}}
	edges, insides, grounds := told(a.Names)
	named := slices.ContainsFunc(a.Names, func(name string) bool { return !counted.MatchString(name) })
	switch {
	case named && t.numbered(of):
		op.ID, op.Kwargs["every"] = LabelImage, true
	case a.Size.Fixed == 3 && strings.HasPrefix(strings.ToLower(t.ID), "flow") && of.says(cellpose):
		op.ID = FlowFields
	case slices.Contains(a.Names, "F") && slices.Contains(a.Names, "C"): // BiaPy's letters for foreground and contour
		op.ID, op.Kwargs["channel"], op.Kwargs["boundary"] = Floods, slices.Index(a.Names, "F"), slices.Index(a.Names, "C")
	case len(edges) > 0:
		if len(edges) > 1 || len(insides) != 1 {
			return op, false
		}
		op.ID, op.Kwargs["boundary"], op.Kwargs["channel"] = Floods, edges[0], insides[0]
	case len(t.Classes) > 1 || grounds == 1 || t.exclusive() && !named:
	case !named && a.Size.Fixed > 2 && of.says(semantic): // each pixel is of the class that is highest
	case !named && of.says(parting) && (a.Size.Fixed == 2 || a.Size.Fixed == 3 && of.says(biapy) && !of.says(affine)):
		op.ID, op.Kwargs["boundary"] = Floods, 1 // as all of bioimage.io have it; a third is how deep inside a pixel is
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
// numbers its objects, and numbers that are no whole ones another image.
func (t *Tensor) alone(of about) (Op, bool) {
	op := Op{ID: Components, Kwargs: map[string]any{}}
	said := t.names()
	tells := func(name string) bool { return !counted.MatchString(name) }
	named := slices.ContainsFunc(said[1:], tells)
	mask := slices.ContainsFunc(t.Ops, func(o Op) bool { return o.ID == "binarize" })
	switch {
	case slices.ContainsFunc(said[1:], Ground), t.Axis("y") == nil, t.Axis("x") == nil:
		return op, false
	case anyOf(said[1:], parts), anyOf(said[1:], surrounds), !named && parts.MatchString(t.ID),
		!named && !tells(t.ID) && !mask && t.walled(of):
		op.ID, op.Kwargs["boundary"] = Floods, 0 // which encloses them
	case len(t.Classes) > 1:
		op.ID = Semantic
	case mask, yesOrNo.MatchString(t.Description):
	case t.numbered(of):
		op.ID = LabelImage
	case strings.Contains(t.Type, "int"), !t.squashed() && t.pictured(of):
		return op, false
	}
	return op, true
}

// names are what an output and its channels are called.
func (t *Tensor) names() []string {
	said := []string{t.ID}
	if a := t.Axis(string(Channel)); a != nil {
		said = append(said, a.Names...)
	}
	return said
}

// walled reports whether an output that has no name is said to be the boundary. Of whole sentences the word
// alone does not do: objects "whose borders touch" are no borders.
func (t *Tensor) walled(of about) bool {
	return anyOf(of.tags, parts) || anyOf(of.tags, membrane) || parts.MatchString(t.Description) ||
		anyOf([]string{of.name, of.text, t.Description}, walls)
}

// pictured reports whether an output is said to be another image. What marks objects may have been trained on
// such ones.
func (t *Tensor) pictured(of about) bool {
	marked := of.says(marks) || anyOf(append(t.names(), t.Description), marks)
	return anyOf(of.tags, pictures) || pictures.MatchString(of.name) || anyOf(t.names(), pictures) || !marked && pictures.MatchString(of.text)
}

// numbered reports whether an output is said to number its objects. It may do so in numbers that
// are no whole ones by type.
func (t *Tensor) numbered(of about) bool {
	said := append(t.names(), t.Description)
	switch {
	case t.squashed():
		return false
	case strings.Contains(t.Type, "int"):
		return anyOf(said, instance) || of.says(instances)
	}
	return anyOf(said, instances) || t.ID == "masks" && of.says(cellpose) // which calls them so
}

func anyOf(said []string, re *regexp.Regexp) bool { return slices.ContainsFunc(said, re.MatchString) }

// squashed reports whether an output's numbers are made probabilities.
func (t *Tensor) squashed() bool {
	return slices.ContainsFunc(t.Ops, func(o Op) bool { return o.ID == "sigmoid" || o.ID == "softmax" })
}

// untold is why nothing is made of the first output, and what to do about it.
func (m *Model) untold() error {
	t := &m.Outputs[0]
	list := boxes.MatchString(t.ID) || slices.ContainsFunc(t.Axes, func(a Axis) bool { return a.Kind == Index })
	if (t.Axis("y") == nil || t.Axis("x") == nil) && !list {
		return fault.New(fault.Invalid, fmt.Sprintf("The model's output %q is no image but tells something of the image as a whole, and Coverslip looks for objects.", t.ID),
			"Choose a model that marks them.", nil)
	}
	what, such := "the numbers", "{id: components, kwargs: {threshold: 0.5}}"
	switch a := t.Axis(string(Channel)); {
	case t.Axis("y") == nil || t.Axis("x") == nil:
		such = "{id: boxes}"
	case a != nil && a.Size.Fixed > 1:
		what, such = fmt.Sprintf("the %d channels", a.Size.Fixed), "{id: watershed, kwargs: {channel: 0, boundary: 1}}"
	case strings.Contains(t.Type, "int"):
		such = "{id: labels}"
	}
	return fault.New(fault.Invalid, fmt.Sprintf("The model's description does not say what %s of its output %q are.", what, t.ID),
		"Write config.coverslip.decode into rdf.yaml, such as "+such+"; Help, Models has more.", nil)
}

// parting is what is said of models with a boundary beside the inside: it is for telling
// instances apart.
var parting = regexp.MustCompile(`(?i)boundar|border|instance[ _-]seg`)

// walls is what is said of models whose one output is the boundary, not of those that are only
// given images of membranes, or are to be better where objects touch; membrane is the tag of such a model.
var (
	walls = regexp.MustCompile(`(?i)(predict|segment)(s|ing|(ion|ations?) of)? (the )?([a-z]+ )?(membrane|boundar(y|ie)|border)s?([^a-z-]|$)|` +
		`(membranes?|boundar(y|ies)|borders?)[ -]?(predict|segment|probab|enhancer)`)
	membrane = regexp.MustCompile(`(?i)^(cell-)?membranes?$`)
)

// instance is what numbers are called that number objects, and instances the same where they may
// be probabilities as well.
var (
	instance  = regexp.MustCompile(`(?i)instance`)
	instances = regexp.MustCompile(`(?i)instance[ _-]?(seg|label|mask|id)`)
)

// semantic is what is said of models that tell classes of pixels apart.
var semantic = regexp.MustCompile(`(?i)semantic[ _-]seg`)

// Whose model it is, and that its channels are no boundaries but affinities.
var (
	cellpose = regexp.MustCompile(`(?i)cellpose`)
	biapy    = regexp.MustCompile(`(?i)^biapy$`)
	affine   = regexp.MustCompile(`(?i)affinit`)
)

// boxes is what a list is called.
var boxes = regexp.MustCompile(`(?i)box`)

// yesOrNo is what whole numbers are called that number nothing.
var yesOrNo = regexp.MustCompile(`(?i)(boolean|binary) mask`)

// pictures is what is said of models that make another image of an image.
var pictures = regexp.MustCompile(`(?i)super[ -]?resol|resolution enhancement|deno?is|image[ -](restor|reconstr|transl)|deconvol|virtual[ -]stain|label-free predict|noise2|density map|pix2pix|(artificial|in[ -]silico)[ -]label`)

// marks is what is said of models that tell where something is.
var marks = regexp.MustCompile(`(?i)segment|foreground|probabilit|detect|instance|(^|[^a-z])masks?([^a-z]|$)`)

// parts is the name of a channel that tells where objects end, and surrounds that of one that may
// as well be something of theirs. Words are whole: a hedgehog is no edge, and what is unbound no boundary.
var (
	parts     = regexp.MustCompile(`(?i)boundar|borders?([^a-z]|$)`)
	surrounds = regexp.MustCompile(`(?i)(^|[^a-z])(edge|contour|membrane)s?([^a-z]|$)`)
)

// counted is a channel's name that says no more than its number, as of those brought from
// format 0.4.
var counted = regexp.MustCompile(`(?i)^(c|ch|channel|class|out|output|pred|prediction)?[ _-]*[0-9]*$`)

// exclusive reports whether a pixel's channels are probabilities of which one excludes the
// others.
func (t *Tensor) exclusive() bool {
	return slices.ContainsFunc(t.Ops, func(o Op) bool {
		s, err := o.arrayStep(t.axisNames())
		return err == nil && s.softmax == string(Channel)
	})
}
