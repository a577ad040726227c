package infer

import (
	"context"
	"sync"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
)

// maxValues bounds how many pixels of a plane with 32-bit samples are looked at: 256 MB.
const maxValues = 64 << 20

// fit takes the statistics of the whole plane that the operations need. Of 8- and 16-bit
// planes it counts every pixel; of larger types it takes all up to maxValues pixels, and
// beyond that every n-th row.
func fit(ctx context.Context, src imageio.Source, ops []recipe.Op, o Options, p Progress) (recipe.Pipeline, error) {
	if pipe, err := recipe.Fit(ops, nil, nil); err == nil {
		return pipe, nil // none needs any
	}
	info := src.Info()
	size := info.Levels[0].Size
	cols, rows := (size.X+info.TileSize.X-1)/info.TileSize.X, (size.Y+info.TileSize.Y-1)/info.TileSize.Y
	p.Grow(int64(cols * rows))
	c := newCounter(info.Type, size.X*size.Y)
	err := each(ctx, cols*rows, o.Parallel, func(ctx context.Context, i int) error {
		t, err := src.ReadTile(ctx, imageio.Tile{Col: i % cols, Row: i / cols, C: o.Channel, Z: o.Z, T: o.T})
		if err != nil {
			return err
		}
		c.add(t, i/cols*info.TileSize.Y)
		p.Add(1)
		return nil
	})
	if err != nil {
		return recipe.Pipeline{}, err
	}
	values, counts := c.population()
	return recipe.Fit(ops, values, counts)
}

// counter collects the pixels of a plane, tile by tile in any order.
type counter struct {
	every  int
	mu     sync.Mutex // guards all below
	bins   []int64    // by value-least, where the type is small
	least  int
	values []float32
}

func newCounter(t imageio.PixelType, pixels int) *counter {
	c := &counter{every: (pixels + maxValues - 1) / maxValues}
	switch t {
	case imageio.Uint8, imageio.Uint16:
		c.bins = make([]int64, 1<<16)
	case imageio.Int8, imageio.Int16:
		c.bins, c.least = make([]int64, 1<<16), -1<<15
	case imageio.Uint32, imageio.Int32, imageio.Float32, imageio.Float64:
	}
	return c
}

// add counts a tile whose first row is row top of the plane.
func (c *counter) add(t *imageio.Pixels, top int) {
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
