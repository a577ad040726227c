package infer

import (
	"context"
	"fmt"
	"image"
	"slices"
	"strconv"
	"strings"
	"sync"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
)

// maxValues bounds how many pixels of an image with 32-bit samples are looked at: 256 MB.
const maxValues = 64 << 20

// fit takes the statistics of the whole image that the operations need. Of 8- and 16-bit
// images it counts every pixel; of larger types it takes all up to maxValues pixels, and
// beyond that every n-th row.
func (s *planes) fit(ctx context.Context, p Progress) error {
	p.Grow(s.reads() / readings)
	p = &light{Progress: p}
	for i := range s.d.model.Inputs {
		t := &s.d.model.Inputs[i]
		parts := s.parts[t.ID]
		list := make([]recipe.Plane, len(parts))
		for k, x := range parts {
			list[k].At = x.at
		}
		takes, more := narrow(t, s.d.src.Info().Type)
		if s.counted(t) {
			if err := s.count(ctx, t, list, p); err != nil {
				return err
			}
		}
		for _, x := range list {
			if err := within(x.Values, takes, more); err != nil {
				return err
			}
		}
		pipes, err := t.Fit(list)
		if err != nil {
			return err
		}
		for k := range parts {
			parts[k].ready = newLookup(pipes[k], s.d.src.Info().Type, s.d.view.size.X*s.d.view.size.Y)
			parts[k].ready.takes = takes
		}
	}
	return nil
}

// reads is how many tiles fit reads.
func (s *planes) reads() (n int64) {
	for i := range s.d.model.Inputs {
		if t := &s.d.model.Inputs[i]; s.counted(t) {
			order, cols, rows := s.grid(t)
			n += int64(len(order) * cols * rows)
		}
	}
	return n
}

// counted reports whether the pixels of an input must be known before the network is asked.
func (s *planes) counted(t *recipe.Tensor) bool {
	_, more := narrow(t, s.d.src.Info().Type)
	return t.Statistic() || more
}

// within refuses values beyond what an input takes, if there may be more. A NaN or an infinity is
// for the network to judge.
func within(values []float32, takes limits, more bool) error {
	for _, x := range values {
		if more && !takes.has(x) && !isNaN(x-x) { //nolint:gocritic // NaN of infinities too
			return fault.New(fault.Invalid, fmt.Sprintf("The model takes whole numbers from %d to %d, and the image has %s.",
				takes.lo, takes.hi, strconv.FormatFloat(float64(x), 'f', -1, 32)), "Convert the image, or choose another model.", nil)
		}
	}
	return nil
}

// narrow are the numbers that an input takes as they are, and whether the image may hold others:
// what is beyond would begin again from the other end.
func narrow(t *recipe.Tensor, of imageio.PixelType) (takes limits, more bool) {
	if len(t.Ops) == 0 || t.Ops[0].ID != "ensure_dtype" {
		return takes, false
	}
	kind, _ := t.Ops[0].Kwargs["dtype"].(string)
	takes, more = limitsOf(strings.ToUpper(kind))
	if has, ok := limitsOf(strings.ToUpper(of.String())); ok && has.lo >= takes.lo && has.hi <= takes.hi {
		more = false
	}
	return takes, more
}

// count looks at the pixels of an input's planes.
func (s *planes) count(ctx context.Context, t *recipe.Tensor, list []recipe.Plane, p Progress) error {
	counters := s.counters(t)
	err := s.tiles(ctx, t, p, func(of imageio.Tile, px *imageio.Pixels, top int) error {
		counters[of].add(px, top)
		return nil
	})
	if err != nil {
		return err
	}
	for k, x := range s.parts[t.ID] {
		list[k].Values, list[k].Counts = counters[x.of].population()
	}
	return nil
}

// counters are one for each plane of an input.
func (s *planes) counters(t *recipe.Tensor) map[imageio.Tile]*counter {
	info, parts, all := s.d.src.Info(), s.parts[t.ID], map[imageio.Tile]*counter{}
	for _, x := range parts {
		if all[x.of] == nil { // a plane may be there twice
			all[x.of] = newCounter(info.Type, info.Levels[0].Size, len(parts))
		}
	}
	return all
}

// tiles reads the planes of an input whole, each once; fn is given what lies from row top of one on.
// It may be called from several goroutines, and its error stops the rest.
func (s *planes) tiles(ctx context.Context, t *recipe.Tensor, p Progress, fn func(of imageio.Tile, px *imageio.Pixels, top int) error) error {
	order, cols, rows := s.grid(t)
	n := cols * rows
	readers := func() int { return max(s.d.opt.Parallel, 2) }
	return each(ctx, n*len(order), readers, func() int { return n * len(order) }, func(ctx context.Context, i int) error {
		at := order[i/n]
		at.Col, at.Row = i%n%cols, i%n/cols
		px, err := s.d.src.ReadTile(ctx, at)
		if err != nil {
			return err
		}
		p.Add(1)
		return fn(order[i/n], px, at.Row*s.d.src.Info().TileSize.Y)
	})
}

// grid are the planes of an input, each once, and how many tiles each has along x and y.
func (s *planes) grid(t *recipe.Tensor) (order []imageio.Tile, cols, rows int) {
	info := s.d.src.Info()
	size := info.Levels[0].Size
	for _, x := range s.parts[t.ID] {
		if !slices.Contains(order, x.of) {
			order = append(order, x.of)
		}
	}
	return order, (size.X + info.TileSize.X - 1) / info.TileSize.X, (size.Y + info.TileSize.Y - 1) / info.TileSize.Y
}

// counter collects the pixels of a plane, tile by tile in any order.
type counter struct {
	every  int
	mu     sync.Mutex // guards all below
	bins   []int64    // by value-least, where the type is small
	least  int
	values []float32
}

// newCounter is for one of several planes of a size.
func newCounter(t imageio.PixelType, size image.Point, planes int) *counter {
	c := &counter{every: (size.X*size.Y*planes + maxValues - 1) / maxValues}
	switch t {
	case imageio.Uint8, imageio.Uint16:
		c.bins = make([]int64, 1<<16)
	case imageio.Int8, imageio.Int16:
		c.bins, c.least = make([]int64, 1<<16), -1<<15
	case imageio.Uint32, imageio.Int32, imageio.Float32, imageio.Float64: // once, as who grows has both for a moment
		c.values = make([]float32, 0, size.X*((size.Y+c.every-1)/c.every))
	}
	return c
}

// add counts a tile whose first row is row top of the plane.
func (c *counter) add(t *imageio.Pixels, top int) {
	if v := t.Uint16s(); v != nil && c.bins != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		bins := (*[1 << 16]int64)(c.bins)
		for _, s := range v {
			bins[s]++
		}
		return
	}
	v := t.Float32s(nil)
	c.mu.Lock()
	defer c.mu.Unlock()
	for y := range t.Size.Y {
		if c.bins == nil && (top+y)%c.every != 0 {
			continue
		}
		row := v[y*t.Size.X:][:t.Size.X]
		if c.bins == nil {
			c.values = append(c.values, row...)
			continue
		}
		for _, v := range row {
			c.bins[int(v)-c.least]++
		}
	}
}

// population returns what was counted, as recipe.Fit takes it.
func (c *counter) population() (values []float32, counts []int64) {
	if c.bins == nil {
		return c.values, nil
	}
	for i, n := range c.bins {
		if n > 0 {
			values, counts = append(values, float32(i+c.least)), append(counts, n)
		}
	}
	return values, counts
}
