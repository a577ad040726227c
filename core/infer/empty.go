package infer

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"

	"coverslip.dev/coverslip/core/imageio"
)

// anyone is how many pixels of the image an object is wide where nobody has said.
const anyone = 8

// excuse lets a model off that answered nonsense about an image of nothing but a few odd pixels:
// stretched to a range of numbers of which the image has none, they are millions. An empty field
// of view has no objects. Of any other image the error is the model's, and no more of it is read
// than tells.
func (d *detection) excuse(ctx context.Context, q *plan, err error) error {
	s, serr := newPlanes(d, q)
	if serr != nil {
		return err
	}
	wide := cmp.Or(d.opt.Diameter, d.model.Diameter, anyone)
	allowed := math.Pi / 4 * wide * wide
	pixels := float64(d.view.full.X) * float64(d.view.full.Y) // of a large plane not every row is counted
	for i := range d.model.Inputs {
		t := &d.model.Inputs[i]
		counters := s.counters(t)
		var mu sync.Mutex
		least := map[imageio.Tile]float64{} // odd pixels of each plane: those of its tiles, each by itself
		serr := s.tiles(ctx, t, silent{}, func(of imageio.Tile, px *imageio.Pixels, top int) error {
			counters[of].add(px, top)
			alone := newCounter(px.Type, px.Size, 1)
			alone.add(px, 0)
			n, _ := alone.odd()
			mu.Lock()
			defer mu.Unlock()
			if least[of] += n; least[of] >= allowed {
				return err
			}
			return nil
		})
		if serr != nil {
			return serr
		}
		for _, c := range counters {
			if n, all := c.odd(); n/max(all, 1)*pixels >= allowed {
				return err
			}
		}
	}
	return nil
}

// odd is how many of the pixels that were counted have another value than most.
func (c *counter) odd() (n, all float64) {
	values, counts := c.population()
	var run, most int64
	if counts == nil {
		slices.Sort(values)
		for i, x := range values {
			if run++; i > 0 && x != values[i-1] {
				run = 1
			}
			most = max(most, run)
		}
		all = float64(len(values))
	}
	for _, n := range counts {
		all, most = all+float64(n), max(most, n)
	}
	return all - float64(most), all
}
