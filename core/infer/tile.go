package infer

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"strings"
	"sync"
	"sync/atomic"

	"coverslip.dev/coverslip/core/segment"
)

// piece is a tile's stretch of one axis, in pixels of the scaled plane: it begins at
// start (before the plane if there is a halo) and is size long, and its answers count
// for from ≤ x < to.
type piece struct{ start, size, from, to int }

// tiling is how an axis is cut. Sizes are min + n·step; starts are whole steps, so that
// a pooling network sees the same grid in every tile.
type tiling struct{ min, step, tile, overlap, halo int }

// pieces cuts n pixels. What fits one tile stays whole. Neighbours share at least
// overlap pixels and meet in the middle of that. At the plane's edges only the halo is
// filled with what lies inside, mirrored: star-convex models learn to see real edges.
// fixed is the network's only size, or below 1. It returns nil if tiles are too small.
func (t tiling) pieces(n, fixed int) []piece {
	up := func(x, step int) int { return (x + step - 1) / step * step }
	allowed := func(x int) int { return t.min + up(max(x-t.min, 0), t.step) }
	halo := up(t.halo, t.step)
	size := allowed(t.tile)
	if fixed > 0 {
		size = fixed
	}
	if whole := allowed(n + 2*halo); whole <= size {
		if fixed < 1 {
			size = whole
		}
		return []piece{{start: -halo, size: size, from: 0, to: n}}
	}
	stride := (size - max(t.overlap, 2*halo)) / t.step * t.step
	if stride <= 0 {
		return nil
	}
	var out []piece
	for start := -halo; ; start += stride {
		last := start+size >= n+halo
		if last { // no further than needed
			start = min(start, -halo+up(n+2*halo-size, t.step))
		}
		p := piece{start: start, size: size, to: n}
		if k := len(out) - 1; k >= 0 {
			shared := out[k].start + size - start
			p.from = start + shared/2/t.step*t.step
			out[k].to = p.from
		}
		out = append(out, p)
		if last {
			return out
		}
	}
}

// tile reads one tile, asks the network and returns its answer.
func (d *detection) tile(ctx context.Context, row, col piece) (segment.Maps, error) {
	x, err := d.view.read(ctx, d.src, d.opt, image.Rect(col.start, row.start, col.start+col.size, row.start+row.size))
	if err != nil {
		return segment.Maps{}, err
	}
	d.pipe.Apply(x)
	in := d.recipe.Inputs[0]
	t := Tensor{Port: Port{Name: in.ID, Type: "FP32"}, Data: make([]byte, 0, 4*len(x))}
	for _, axis := range in.Axes {
		t.Shape = append(t.Shape, map[rune]int64{'y': int64(row.size), 'x': int64(col.size)}[axis])
		if !strings.ContainsRune("yx", axis) {
			t.Shape[len(t.Shape)-1] = 1
		}
	}
	for _, v := range x {
		t.Data = binary.LittleEndian.AppendUint32(t.Data, math.Float32bits(v))
	}
	out, err := d.engine.Infer(ctx, d.ref, []Tensor{t})
	if err != nil {
		return segment.Maps{}, err
	}
	g := d.stars.Grid
	m := segment.Maps{W: col.size / g, H: row.size / g, Rays: d.stars.Rays}
	if m.Prob, err = d.output(out, 0, m.W*m.H); err != nil {
		return m, err
	}
	m.Dist, err = d.output(out, 1, m.W*m.H*m.Rays)
	return m, err
}

// output returns the i-th output of the recipe, which must hold n numbers.
func (d *detection) output(out []Tensor, i, n int) ([]float32, error) {
	id := d.recipe.Outputs[i].ID
	for _, t := range out {
		if t.Name != id {
			continue
		}
		if t.Type != "FP32" || len(t.Data) != 4*n {
			return nil, unfit(fmt.Sprintf("Its output %s is %s of shape %v, not %d numbers.", id, t.Type, t.Shape, n))
		}
		x := make([]float32, n)
		for k := range x {
			x[k] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*k:]))
		}
		d.post[i].Apply(x)
		return x, nil
	}
	return nil, unfit(fmt.Sprintf("It has no output %s.", id))
}

// each calls fn for 0…n-1, at most workers at a time, and returns when all have ended.
// The first error stops the rest.
func each(ctx context.Context, n, workers int, fn func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				if err := fn(ctx, i); err != nil {
					cancel(err) // the first one wins
					return
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
