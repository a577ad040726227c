//go:build unix

package segment_test

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"coverslip.dev/coverslip/core/segment"
)

// input is an input that packaging/run/bench_decoders.py made: 2048² with 2,000 objects.
func input(b *testing.B, name string) []float32 {
	b.Helper()
	dir := os.Getenv("COVERSLIP_BENCH_DECODERS")
	if dir == "" {
		b.Skip("COVERSLIP_BENCH_DECODERS is not set: packaging/run/bench_decoders.py makes the inputs")
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		b.Skip("the reference is not there, and its inputs neither")
	}
	if err != nil {
		b.Fatal(err)
	}
	out := make([]float32, len(data)/4)
	if _, err := binary.Decode(data, binary.LittleEndian, out); err != nil {
		b.Fatal(err)
	}
	return out
}

const benchSide = 2048

// loop reports CPU time beside the clock's, which another program on the machine stretches.
func loop(b *testing.B, f func()) {
	b.Helper()
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		f()
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		b.Fatal(err)
	}
	spent := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(spent)/float64(b.N), "cpu-ns/op")
}

func BenchmarkComponents(b *testing.B) {
	p := input(b, "components.prob")
	loop(b, func() {
		segment.Components(segment.Above(p, benchSide, 0.5), false)
	})
}

func BenchmarkSplit(b *testing.B) {
	p := input(b, "split.prob")
	loop(b, func() {
		segment.Split(segment.Above(p, benchSide, 0.5), 5)
	})
}

func BenchmarkStars(b *testing.B) {
	m := segment.Maps{Prob: input(b, "stars.prob"), Dist: input(b, "stars.dist"), W: benchSide / 2, H: benchSide / 2, Rays: 32}
	loop(b, func() {
		stars, err := segment.Stars(b.Context(), m, 2, segment.Options{Prob: 0.5, NMS: 0.4, Border: 2})
		if err != nil {
			b.Fatal(err)
		}
		segment.Labels(objects(stars), benchSide, benchSide)
	})
}

func BenchmarkFlows(b *testing.B) {
	f := segment.Flows{Y: input(b, "flows.y"), X: input(b, "flows.x"), Prob: input(b, "flows.logit"), W: benchSide, H: benchSide}
	loop(b, func() {
		if _, _, err := segment.FollowFlows(b.Context(), f, segment.FlowOptions{Error: 0.4, MinSize: 15}); err != nil {
			b.Fatal(err)
		}
	})
}
