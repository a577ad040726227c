//go:build unix

package ometiff_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// BenchmarkRead reads all tiles of the file that COVERSLIP_BENCH_TIFF names, one after the
// other; cpu-ns/op is the processor's time, which other programs do not lengthen.
func BenchmarkRead(b *testing.B) {
	path := os.Getenv("COVERSLIP_BENCH_TIFF")
	if path == "" {
		b.Skip("COVERSLIP_BENCH_TIFF names no file.")
	}
	read := func() {
		src, err := ometiff.Format{}.Open(b.Context(), path) // anew: a source remembers chunks of several channels
		if err != nil {
			b.Fatal(err)
		}
		defer src.Close()
		info := src.Info()
		n := info.Tiles(0)
		b.SetBytes(int64(info.Levels[0].Size.X * info.Levels[0].Size.Y * len(info.Channels) * info.Type.Bytes()))
		for i := range n.X * n.Y {
			for c := range info.Channels {
				if _, err := src.ReadTile(b.Context(), imageio.Tile{Col: i % n.X, Row: i / n.X, C: c}); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	read()
	before := cpu(b)
	for b.Loop() {
		read()
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
}

// cpu is how many nanoseconds of processors this process has used.
func cpu(b *testing.B) int64 {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
