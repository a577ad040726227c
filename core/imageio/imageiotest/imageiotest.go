// Package imageiotest is the contract that every [imageio.Source] keeps, as tests.
package imageiotest

import (
	"bytes"
	"context"
	"errors"
	"image"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Run tests the contract on sources that open makes; each call opens the same image anew.
func Run(t *testing.T, open func(*testing.T) imageio.Source) {
	t.Helper()
	t.Run("info", func(t *testing.T) { info(t, use(t, open)) })
	t.Run("outside", func(t *testing.T) { outside(t, use(t, open)) })
	t.Run("stopped", func(t *testing.T) { stopped(t, use(t, open)) })
	t.Run("same", func(t *testing.T) { same(t, use(t, open), use(t, open)) })
	t.Run("together", func(t *testing.T) { together(t, use(t, open)) })
}

func use(t *testing.T, open func(*testing.T) imageio.Source) imageio.Source {
	t.Helper()
	src := open(t)
	t.Cleanup(func() {
		if err := src.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return src
}

func info(t *testing.T, src imageio.Source) {
	t.Helper()
	i := src.Info()
	if src.ID() == "" || i.Name == "" || i.Format == "" {
		t.Errorf("nameless: ID %q, %+v", src.ID(), i)
	}
	if len(i.Levels) == 0 || len(i.Channels) == 0 || i.Z < 1 || i.T < 1 || i.TileSize.X < 1 || i.TileSize.Y < 1 {
		t.Fatalf("no image: %+v", i)
	}
	if i.Levels[0].Downsample != 1 {
		t.Errorf("level 0 is scaled by %g", i.Levels[0].Downsample)
	}
	for l := 1; l < len(i.Levels); l++ {
		if a, b := i.Levels[l-1], i.Levels[l]; b.Downsample <= a.Downsample || b.Size.X > a.Size.X || b.Size.Y > a.Size.Y {
			t.Errorf("level %d is %+v after %+v", l, b, a)
		}
	}
}

func outside(t *testing.T, src imageio.Source) {
	t.Helper()
	i := src.Info()
	n := i.Tiles(0)
	for _, tile := range []imageio.Tile{
		{Col: -1},
		{Row: -1},
		{Col: n.X},
		{Row: n.Y},
		{Level: -1},
		{Level: len(i.Levels)},
		{C: len(i.Channels)},
		{C: -1},
		{Z: i.Z},
		{Z: -1},
		{T: i.T},
		{T: -1},
	} {
		if _, err := src.ReadTile(t.Context(), tile); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%+v: %v, want fault.NotFound", tile, err)
		}
	}
}

func stopped(t *testing.T, src imageio.Source) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.ReadTile(ctx, imageio.Tile{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a stopped read says %v", err)
	}
}

// same reads every tile of two openings.
func same(t *testing.T, a, b imageio.Source) {
	t.Helper()
	if a.ID() != b.ID() {
		t.Errorf("one image is called %q and %q", a.ID(), b.ID())
	}
	each(a.Info(), func(tile imageio.Tile) {
		p, q := read(t, a, tile), read(t, b, tile)
		at, err := a.Info().Bounds(tile)
		if err != nil {
			t.Fatal(err)
		}
		if p.Size != at.Size() || p.Type != a.Info().Type || len(p.Data) != p.Size.X*p.Size.Y*p.Type.Bytes() {
			t.Errorf("%+v is %v %v of %d bytes, want %v", tile, p.Size, p.Type, len(p.Data), at.Size())
		}
		if !bytes.Equal(p.Data, q.Data) {
			t.Errorf("%+v differs from one reading to the next", tile)
		}
	})
}

// together reads every tile from many goroutines.
func together(t *testing.T, src imageio.Source) {
	t.Helper()
	want := map[imageio.Tile][]byte{}
	each(src.Info(), func(tile imageio.Tile) { want[tile] = bytes.Clone(read(t, src, tile).Data) })
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for tile, data := range want {
				p, err := src.ReadTile(t.Context(), tile)
				if err != nil || !bytes.Equal(p.Data, data) {
					t.Errorf("%+v read beside others: %v", tile, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func each(i imageio.Info, visit func(imageio.Tile)) {
	for l := range i.Levels {
		n := i.Tiles(l)
		for k := range n.X * n.Y * len(i.Channels) * i.Z * i.T {
			tile := imageio.Tile{Level: l, Col: k % n.X, Row: k / n.X % n.Y}
			k /= n.X * n.Y
			tile.C, tile.Z, tile.T = k%len(i.Channels), k/len(i.Channels)%i.Z, k/len(i.Channels)/i.Z
			visit(tile)
		}
	}
}

func read(t *testing.T, src imageio.Source, tile imageio.Tile) *imageio.Pixels {
	t.Helper()
	p, err := src.ReadTile(t.Context(), tile)
	if err != nil {
		t.Fatalf("%+v: %v", tile, err)
	}
	return p
}

// Plane reads a whole plane.
func Plane(t *testing.T, src imageio.Source, level, c, z, at int) *imageio.Pixels {
	t.Helper()
	r := imageio.Region{Level: level, Rect: image.Rectangle{Max: src.Info().Levels[level].Size}, C: c, Z: z, T: at}
	p, err := imageio.ReadRegion(t.Context(), src, r)
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return p
}

// Equal compares level 0 with all planes in the order T, Z, C behind each other; bytes may
// differ by tolerance.
func Equal(t *testing.T, src imageio.Source, want []byte, tolerance int) {
	t.Helper()
	i := src.Info()
	for k := range i.T * i.Z * len(i.Channels) {
		c, z, at := k%len(i.Channels), k/len(i.Channels)%i.Z, k/len(i.Channels)/i.Z
		got := Plane(t, src, 0, c, z, at).Data
		if len(want) < len(got) {
			t.Fatalf("plane %d has %d bytes, %d are left to compare", k, len(got), len(want))
		}
		for j := range got {
			if d := int(got[j]) - int(want[j]); d > tolerance || -d > tolerance {
				t.Fatalf("c %d z %d t %d: byte %d is %d, want %d", c, z, at, j, got[j], want[j])
			}
		}
		want = want[len(got):]
	}
	if len(want) > 0 {
		t.Errorf("%d bytes were not read", len(want))
	}
}
