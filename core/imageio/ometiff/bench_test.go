package ometiff_test

import (
	"os"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// BenchmarkRead reads all tiles of the file that COVERSLIP_BENCH_TIFF names, one after the
// other.
func BenchmarkRead(b *testing.B) {
	path := os.Getenv("COVERSLIP_BENCH_TIFF")
	if path == "" {
		b.Skip("COVERSLIP_BENCH_TIFF names no file.")
	}
	src, err := ometiff.Format{}.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	info := src.Info()
	n := info.Tiles(0)
	b.SetBytes(int64(info.Levels[0].Size.X * info.Levels[0].Size.Y * info.Type.Bytes()))
	for b.Loop() {
		for i := range n.X * n.Y {
			if _, err := src.ReadTile(b.Context(), imageio.Tile{Col: i % n.X, Row: i / n.X}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
