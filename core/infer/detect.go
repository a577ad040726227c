package infer

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"sync"
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
	Channel, Z, T int
	// Diameter is how large the objects are, in pixels of the image. The image is
	// scaled so that they have the size that the model was made for; 0: as it is.
	Diameter  float64
	Threshold float64 // of probability; 0: the model's own
	Tile      int     // side of a tile in pixels of the network; 0: 512
	Overlap   int     // pixels that neighbouring tiles share; 0: 96
	Parallel  int     // questions under way at a time; 0: 2
}

// Progress is told how far the work is. A *job.Progress is one.
type Progress interface {
	Add(n int64)
	Grow(n int64)
	Step(s string)
}

// Detect asks the model for the objects of one plane. The statistics that the recipe
// wants are those of the whole plane; the plane goes through the network in tiles that
// overlap, and outlines are made once, of all tiles' answers together, so that no tile
// edge cuts an object. Objects come from above to below, and their order and IDs depend
// on the pixels and the model only, not on the engine or on how tiles were cut. ctx
// stops it at any time.
func Detect(ctx context.Context, e Engine, ref Ref, r *recipe.Recipe, src imageio.Source, opt Options, p Progress) (annotation.Layer, error) {
	if p == nil {
		p = silent{}
	}
	d, err := prepare(ctx, e, ref, r, src, opt)
	if err != nil {
		return annotation.Layer{}, err
	}
	p.Step("reading the image")
	if d.pipe, err = fit(ctx, src, r.Inputs[0].Ops, d.opt, p); err != nil {
		return annotation.Layer{}, err
	}
	p.Step("asking the model")
	found, err := d.ask(ctx, p)
	if err != nil {
		return annotation.Layer{}, err
	}
	p.Step("drawing outlines")
	stars, err := found.Stars(ctx, d.stars.NMS)
	if err != nil {
		return annotation.Layer{}, err
	}
	return annotation.Layer{Image: src.ID(), By: ref.String(), Made: time.Now(), Objects: d.objects(stars)}, nil
}

// detection is one call of Detect: what is asked, and how the plane is cut.
type detection struct {
	engine Engine
	ref    Ref
	recipe *recipe.Recipe
	src    imageio.Source
	opt    Options
	stars  recipe.Stars
	pipe   recipe.Pipeline
	post   []recipe.Pipeline // one an output
	view   view
	cols   []piece
	rows   []piece
}

func prepare(ctx context.Context, e Engine, ref Ref, r *recipe.Recipe, src imageio.Source, opt Options) (*detection, error) {
	info := src.Info()
	if opt.Channel < 0 || opt.Channel >= len(info.Channels) || opt.Z < 0 || opt.Z >= info.Z || opt.T < 0 || opt.T >= info.T {
		return nil, fault.New(fault.Invalid, "The image has no such channel, plane or time point.", "Choose another one.", nil)
	}
	d := &detection{engine: e, ref: ref, recipe: r, src: src, opt: opt}
	d.opt.Tile, d.opt.Overlap, d.opt.Parallel = cmp.Or(opt.Tile, 512), cmp.Or(opt.Overlap, 96), max(cmp.Or(opt.Parallel, 2), 1)
	var err error
	if d.stars, err = r.Stars(); err != nil {
		return nil, err
	}
	if opt.Threshold > 0 {
		d.stars.Prob = opt.Threshold
	}
	if len(r.Inputs) != 1 || len(r.Outputs) != 2 {
		return nil, unfit("It has not one input and two outputs, as star-convex models have.")
	}
	for _, o := range r.Outputs {
		if o.Scale*float64(d.stars.Grid) != 1 {
			return nil, unfit(fmt.Sprintf("Its output %s has scale %v, which does not go with a grid of %d.", o.ID, o.Scale, d.stars.Grid))
		}
		post, err := recipe.Fit(o.Ops, nil, nil)
		if err != nil {
			return nil, err
		}
		d.post = append(d.post, post)
	}
	scale := 1.0
	if r.Diameter > 0 && opt.Diameter > 0 {
		scale = r.Diameter / opt.Diameter
	}
	if scale < 1.0/16 || scale > 16 {
		return nil, fault.New(fault.Invalid, "The diameter is too far from the size that the model was made for.",
			fmt.Sprintf("Choose one between %.0f and %.0f pixels.", r.Diameter/16, r.Diameter*16), nil)
	}
	d.view = newView(info, scale)
	return d, d.cut(ctx)
}

// cut lays tiles over the scaled plane. A network with a fixed size gets that.
func (d *detection) cut(ctx context.Context) error {
	spec, err := d.engine.Describe(ctx, d.ref)
	if err != nil {
		return err
	}
	in := d.recipe.Inputs[0]
	grid := tiling{min: in.Min, step: in.Step, tile: d.opt.Tile, overlap: d.opt.Overlap}
	for _, o := range d.recipe.Outputs {
		grid.halo = max(grid.halo, o.Halo*d.stars.Grid)
	}
	if in.Step%d.stars.Grid != 0 {
		return unfit(fmt.Sprintf("Its step of %d is no multiple of its grid of %d.", in.Step, d.stars.Grid))
	}
	fixed := [2]int64{-1, -1} // height, width
	for _, p := range spec.In {
		if p.Name != in.ID {
			continue
		}
		if p.Type != "FP32" || len(p.Shape) < 2 {
			return unfit(fmt.Sprintf("Its input %s is %s, not FP32.", p.Name, p.Type))
		}
		fixed = [2]int64(p.Shape[len(p.Shape)-2:])
	}
	d.rows = grid.pieces(d.view.size.Y, int(fixed[0]))
	d.cols = grid.pieces(d.view.size.X, int(fixed[1]))
	if d.rows == nil || d.cols == nil {
		return fault.New(fault.Invalid, "The tiles are too small for what they must share.", "Choose larger tiles or less overlap.", nil)
	}
	return nil
}

// ask sends all tiles through the network and collects where it sees centres.
func (d *detection) ask(ctx context.Context, p Progress) (*segment.Candidates, error) {
	n := len(d.rows) * len(d.cols)
	p.Grow(int64(n))
	all := segment.NewCandidates(d.stars.Rays, d.stars.Grid)
	var mu sync.Mutex // guards all
	g := d.stars.Grid
	inner := image.Rect(0, 0, (d.view.size.X+g-1)/g, (d.view.size.Y+g-1)/g).Inset(d.stars.Border)
	err := each(ctx, n, d.opt.Parallel, func(ctx context.Context, i int) error {
		row, col := d.rows[i/len(d.cols)], d.cols[i%len(d.cols)]
		m, err := d.tile(ctx, row, col)
		if err != nil {
			return err
		}
		at := image.Pt(col.start/g, row.start/g)
		keep := image.Rect(col.from/g, row.from/g, (col.to+g-1)/g, (row.to+g-1)/g).Intersect(inner)
		mu.Lock()
		defer mu.Unlock()
		p.Add(1)
		return all.Collect(m, keep.Sub(at), at, d.stars.Prob)
	})
	return all, err
}

func unfit(say string) error {
	return fault.New(fault.Invalid, "The model's description does not fit the model. "+say, "Ask whoever made the model for a newer one.", nil)
}

type silent struct{}

func (silent) Add(int64)   {}
func (silent) Grow(int64)  {}
func (silent) Step(string) {}
