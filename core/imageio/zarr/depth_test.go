package zarr_test

import (
	"fmt"
	"image"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/zarr"
)

// TestHalvedInDepth opens stacks whose coarser levels have fewer planes, too, each plane of them of its
// own number: one of the image shows that which holds it.
func TestHalvedInDepth(t *testing.T) {
	for _, c := range []struct {
		depths []int
		want   []byte // planes of the last level, for each of the image
	}{
		{[]int{8, 4}, []byte{0, 0, 1, 1, 2, 2, 3, 3}},
		{[]int{9, 5}, []byte{0, 0, 1, 1, 2, 2, 3, 3, 4}},
		{[]int{9, 4}, []byte{0, 0, 1, 1, 2, 2, 3, 3, 3}},
		{[]int{8, 4, 2}, []byte{0, 0, 0, 0, 1, 1, 1, 1}},
		{[]int{6, 4}, []byte{0, 0, 1, 2, 2, 3}},
		{[]int{3, 3, 1}, []byte{0, 0, 0}},
	} {
		m, list := memory{}, ""
		for i, depth := range c.depths {
			side := 8 >> i
			list += fmt.Sprintf(`,{"path":"%d"}`, i)
			m[fmt.Sprintf("%d/.zarray", i)] = fmt.Appendf(nil,
				`{"zarr_format":2,"shape":[%d,%[2]d,%[2]d],"chunks":[1,%[2]d,%[2]d],"dtype":"|u1","compressor":null,"fill_value":9,"order":"C","filters":null}`, depth, side)
			for z := range depth {
				m[fmt.Sprintf("%d/%d.0.0", i, z)] = slices.Repeat([]byte{byte(z)}, side*side)
			}
		}
		m[".zattrs"] = []byte(`{"multiscales":[{"axes":["z","y","x"],"datasets":[` + list[1:] + `]}]}`)
		src, err := zarr.OpenStore(t.Context(), m, "deep.zarr", "test", -1)
		if err != nil {
			t.Fatal(err)
		}
		last := len(c.depths) - 1
		if i := src.Info(); len(i.Levels) != last+1 || i.Z != c.depths[0] || i.Levels[last].Downsample != float64(int(1)<<last) ||
			i.Levels[0].Merged || i.Levels[last].Merged != (c.depths[last] < c.depths[0]) {
			t.Errorf("%v: %d planes, levels %v", c.depths, i.Z, i.Levels)
			continue
		}
		for z, want := range c.want {
			if px, err := src.ReadTile(t.Context(), imageio.Tile{Level: last, Z: z}); err != nil || px.Data[0] != want {
				t.Errorf("%v: plane %d is %v, want %d: %v", c.depths, z, px, want, err)
			}
		}
	}
}

// TestStripAndUneven has the levels of a kymograph, whose short side does not tell by how much they are
// coarser, and leaves one out that is narrower and not lower.
func TestStripAndUneven(t *testing.T) {
	for _, c := range []struct{ sizes, want []image.Point }{
		{[]image.Point{{61, 6000}, {31, 3000}, {16, 1500}, {8, 750}, {4, 375}}, []image.Point{{61, 6000}, {31, 3000}, {16, 1500}, {8, 750}, {4, 375}}},
		{[]image.Point{{800, 800}, {400, 800}, {200, 200}}, []image.Point{{800, 800}, {200, 200}}},
	} {
		m, list := memory{}, ""
		for i, size := range c.sizes {
			list += fmt.Sprintf(`,{"path":"%d"}`, i)
			m[fmt.Sprintf("%d/.zarray", i)] = fmt.Appendf(nil,
				`{"zarr_format":2,"shape":[%d,%d],"chunks":[64,64],"dtype":"|u1","compressor":null,"fill_value":9,"order":"C","filters":null}`, size.Y, size.X)
		}
		m[".zattrs"] = []byte(`{"multiscales":[{"axes":["y","x"],"datasets":[` + list[1:] + `]}]}`)
		src, err := zarr.OpenStore(t.Context(), m, "strip.zarr", "test", -1)
		if err != nil {
			t.Fatal(err)
		}
		levels := src.Info().Levels
		if len(levels) != len(c.want) {
			t.Fatalf("%v: %v", c.sizes, levels)
		}
		for i, l := range levels {
			if by := float64(c.want[0].Y / c.want[i].Y); l.Size != c.want[i] || l.Downsample != by {
				t.Errorf("level %d is %v, want %v by %g", i, l, c.want[i], by)
			}
		}
	}
}
