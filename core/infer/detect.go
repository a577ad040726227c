package infer

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// Options say where to look and how. The zero value looks at the first plane, as the
// model was made.
type Options struct {
	Channel, Z, T int // the channel is for a model that takes one
	// Channels are those for the channels of a model that takes several, in its order;
	// nil: those with the model's names for them, and in the places of the others those that are left, in order.
	Channels []int
	// Diameter is how large the objects are, in pixels of the image. The image is
	// scaled so that they have the size that the model was made for; 0: as it is.
	Diameter  float64
	Threshold float64 // of probability; 0: the model's own
	// Tile is the side of a tile in pixels of the network; 0: 512, or 256 of a stack. A
	// model that numbers the objects itself is given the whole image.
	Tile     int
	Overlap  int // pixels that neighbouring tiles share; 0: what the model says, or 96
	Parallel int // questions under way at a time; 0: as the engine likes, or 2
	// Hold is how many numbers of an output are held at a time, about, where objects can't be made
	// of less than all of it, and how many positions of a star-convex one; 0: 8 million. A larger
	// image is looked at in cells.
	Hold int
	// Region is the part of the image, in its pixels, whose objects are wanted: those whose
	// middle lies in it. Empty: all. Statistics are those of the whole image all the same. Around it
	// as much is looked at as its objects reach, up to 16 diameters or 768 pixels of the
	// network; one that reaches further is left out, as its middle is not known.
	Region image.Rectangle
	Keep   Keep
	// Forming is called now and then while answers come in, if it is not nil: sofar makes the
	// objects of those that have. It may be called until Forming returns, and takes a
	// moment; without objects, the model's are made at the end only.
	Forming func(sofar func() []annotation.Object)
}

// Detect asks the model for the objects of one plane. The statistics that the
// description wants are those of the whole image; it goes through the network in tiles
// that overlap, and outlines are made once, of all tiles' answers together, so that no
// tile edge cuts an object. A model of stacks sees the planes around the one that is
// asked about. Objects come from above to below, and their order and IDs depend on the
// pixels, as src calls them, and the model only, not on the engine or on how tiles were cut. ctx stops it at
// any time.
func Detect(ctx context.Context, e Engine, ref Ref, m *recipe.Model, src imageio.Source, opt Options, p Progress) (l annotation.Layer, err error) {
	defer broken(&err, ref.broken())
	if p == nil {
		p = silent{}
	}
	d, err := prepare(m, ref, src, opt)
	if err != nil {
		return annotation.Layer{}, err
	}
	spec, err := e.Describe(ctx, ref)
	if err != nil {
		return annotation.Layer{}, err
	}
	q, err := d.question(e, spec)
	if err != nil {
		return annotation.Layer{}, err
	}
	all := around{d.area, image.Rectangle{Max: d.view.size}, d.wide(), widest * d.wide()}
	n, err := d.blocks(q, all)
	if err != nil {
		return annotation.Layer{}, err
	}
	p.Grow(n)
	p.Step("reading the image")
	if err := d.read(ctx, q, p); err != nil {
		return annotation.Layer{}, err
	}
	found, cut, err := d.look(ctx, q, all, p, d.find)
	if err != nil {
		return annotation.Layer{}, err
	}
	if found = slices.DeleteFunc(found, cut); *d.empty {
		found = nil
	}
	return annotation.Layer{
		Image: src.ID(), By: ref.String(), Made: time.Now(), Objects: d.objects(found), Z: opt.Z, T: opt.T, Threshold: opt.Threshold,
	}, nil
}

// find asks the question, in cells if the image is too large to be looked at as one.
func (d *detection) find(ctx context.Context, q *question, p Progress) ([]object, error) {
	if cells := d.cells(q.plan); len(cells) > 1 {
		return d.inCells(ctx, q, cells, p)
	}
	return d.ask(ctx, q, p)
}

// ask asks the question, and makes objects of the answers.
func (d *detection) ask(ctx context.Context, q *question, p Progress) ([]object, error) {
	p.Step("asking the model")
	var err error
	if q.kept, err = d.opt.Keep.open(d.key(q.plan)); err != nil && !d.opt.Keep.Spare {
		return nil, err
	}
	d.opt.Keep.remember(d.ref, q.spec)
	err = q.ask(ctx, p, d.take(ctx, q))
	if _, recalled := q.engine.(memory); recalled && fault.KindOf(err) == fault.NotFound && q.kept.full() {
		err = fault.New(fault.NotFound, "The model's answers to this image are more than is kept, so its threshold can't be moved.",
			"Move the score slider instead, or analyse a part of the image.", err)
	}
	if cerr := q.kept.close(); err == nil && !d.opt.Keep.Spare {
		err = cerr
	}
	if err != nil || *d.empty {
		return nil, err
	}
	p.Step("drawing outlines")
	return d.decoder.objects(ctx)
}

// detection is one call of Detect.
type detection struct {
	model   *recipe.Model
	ref     Ref
	src     imageio.Source
	opt     Options
	view    view
	area    image.Rectangle          // whose objects are wanted, in pixels of the network
	part    image.Rectangle          // what the network sees of the image, in these
	raw     map[string]*recipe.Array // whole inputs, where they are held
	decoder guarded
	empty   *bool // it is [detection.excuse]d; for all cells
}

func prepare(m *recipe.Model, ref Ref, src imageio.Source, opt Options) (*detection, error) {
	info := src.Info()
	bad := func(c int) bool { return c < 0 || c >= len(info.Channels) }
	if bad(opt.Channel) || slices.ContainsFunc(opt.Channels, bad) || opt.Z < 0 || opt.Z >= info.Z || opt.T < 0 || opt.T >= info.T {
		return nil, fault.New(fault.Invalid, "The image has no such channel, plane or time point.", "Choose another one.", nil)
	}
	scale := 1.0
	if m.Diameter > 0 && opt.Diameter > 0 {
		scale = m.Diameter / opt.Diameter
	}
	if scale < 1.0/16 || scale > 16 {
		return nil, fault.New(fault.Invalid, "The diameter is too far from the size that the model was made for.",
			fmt.Sprintf("Choose one between %.0f and %.0f pixels.", m.Diameter/16, m.Diameter*16), nil)
	}
	d := &detection{model: m, ref: ref, src: imageio.Guard(src), opt: opt, view: newView(info, scale), empty: new(bool)}
	d.area = image.Rectangle{Max: d.view.size}
	if opt.Region != (image.Rectangle{}) {
		d.area = d.view.wanted(opt.Region)
	}
	if d.part = d.grown(d.area, d.wide()); d.area.Empty() {
		return nil, fault.New(fault.Invalid, "The region does not lie in the image.",
			fmt.Sprintf("Choose one within its %d × %d pixels.", info.Levels[0].Size.X, info.Levels[0].Size.Y), nil)
	}
	return d, nil
}

// take is what the decoder does with answers, and Forming behind it. Of an image without objects
// the rest is asked for only to be kept.
func (d *detection) take(ctx context.Context, q *question) func(block, map[string]*recipe.Array) error {
	forming, ok := d.decoder.decoder.(former)
	return func(b block, out map[string]*recipe.Array) error {
		if *d.empty {
			return nil
		}
		err := d.decoder.take(b, out)
		if errors.Is(err, segment.ErrFar) && q.stretched.Load() {
			err = d.excuse(ctx, q.plan, err)
			*d.empty = err == nil
			return err
		}
		if err != nil || !ok || d.opt.Forming == nil {
			return err
		}
		d.opt.Forming(func() (all []annotation.Object) {
			defer broken(&err, d.decoder.broken())
			var found []object
			if found, err = forming.sofar(ctx); err == nil {
				all = d.objects(found)
			}
			return all
		})
		return err
	}
}

// question plans what the engine is asked, and who makes objects of the answers.
func (d *detection) question(e Engine, spec Spec) (*question, error) {
	q := &question{engine: e, spec: spec, ref: d.ref, model: d.model, parallel: d.opt.Parallel}
	var err error
	sizes := map[string]map[string]int{}
	for i := range d.model.Inputs {
		if t := &d.model.Inputs[i]; !t.Optional {
			sizes[t.ID] = d.sizes(t)
		}
	}
	op := d.model.Decode.ID
	cut := cutting{tile: d.opt.Tile, overlap: d.opt.Overlap, diameter: d.diameter(), whole: op == recipe.BoxList || op == recipe.StarConvex}
	if op == recipe.LabelImage { // it would number those of each tile from 1
		cut.once = true
	}
	if q.plan, err = newPlan(d.model, q.spec, sizes, cut); err != nil {
		return nil, err
	}
	q.plan.origin = d.part.Min
	q.plan.only("z", d.opt.Z)
	if op == recipe.LabelImage && !q.plan.whole() {
		return nil, fault.New(fault.Invalid, "The model numbers the objects itself, so it must see the whole image at once, and it can't take one of this size.",
			"Analyse a part of the image, or choose a model that answers with probabilities.", nil)
	}
	made, err := newDecoder(d.model, q.plan, d.opt.Threshold)
	d.decoder = guarded{made, d.ref}
	_, q.inRows = made.(*regions)
	return q, err
}

// key names all that the answers to the blocks depend on.
func (d *detection) key(p *plan) string {
	o := d.opt
	var key strings.Builder
	fmt.Fprintf(&key, "%s %d\n%s\n%d %v %d %d %v\n%+v", d.src.ID(), imageio.Reading, d.ref, o.Channel, o.Channels, o.Z, o.T, d.view, d.model.Inputs)
	if d.part != (image.Rectangle{Max: d.view.size}) {
		fmt.Fprintf(&key, "\n%v", d.part)
	}
	for _, t := range d.model.Outputs {
		fmt.Fprintf(&key, "\n%s %d", t.ID, len(t.Axes))
	}
	for _, a := range p.axes {
		fmt.Fprintf(&key, "\n%s %v", a.id, a.pieces)
	}
	return key.String()
}

// sizes are those of what the network sees of the image along the axes of an input.
func (d *detection) sizes(t *recipe.Tensor) map[string]int {
	out := map[string]int{}
	for _, a := range t.Axes {
		switch a.ID {
		case "y":
			out[a.ID] = d.part.Dy()
		case "x":
			out[a.ID] = d.part.Dx()
		case "z":
			out[a.ID] = d.src.Info().Z
		default:
			out[a.ID] = max(a.Size.At(1), 1)
			if a.Kind != recipe.Channel {
				out[a.ID] = 1
			}
		}
	}
	return out
}

// read looks at the whole image as far as the operations ask for it. Where they can't be
// done plane by plane, the image is held in memory.
func (d *detection) read(ctx context.Context, q *question, p Progress) error {
	s, err := newPlanes(d, q.plan)
	if err != nil {
		return err
	}
	_, recalled := q.engine.(memory)
	switch {
	case recalled && !d.model.Held():
		q.supply = nothing{}
		return nil
	case !d.model.Held():
		q.supply = s
		return s.fit(ctx, p)
	}
	d.raw = map[string]*recipe.Array{}
	for i := range d.model.Inputs {
		t := &d.model.Inputs[i]
		if t.Optional {
			continue
		}
		if d.raw[t.ID], err = s.all(ctx, t); err != nil {
			return err
		}
		takes, more := narrow(t, d.src.Info().Type)
		if err := within(d.raw[t.ID].Data, takes, more); err != nil {
			return err
		}
	}
	d.decoder.inputs(d.raw)
	h, err := newHeld(d.model, d.raw)
	if err != nil {
		return err
	}
	q.supply = h.of(d, q.plan)
	return nil
}

func unfit(say string) error {
	return fault.New(fault.Invalid, "The model's description does not fit the model. "+say, "Ask whoever made the model for a newer one.", nil)
}
