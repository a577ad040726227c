package imageio

import (
	"context"
	"image"
	"math"
	"slices"

	"coverslip.dev/coverslip/core/fault"
)

// Percentiles returns percentiles (0–100) of a plane's samples, interpolated as numpy's
// method "linear" does. Samples that are no numbers are left out.
func Percentiles(ctx context.Context, src Source, c, z, t, level int, ps ...float64) ([]float64, error) {
	for _, p := range ps {
		if !(p >= 0 && p <= 100) {
			return nil, fault.New(fault.Invalid, "A percentile lies between 0 and 100.", "", nil)
		}
	}
	info := src.Info()
	if err := info.plane(level, c, z, t); err != nil {
		return nil, err
	}
	px, err := ReadRegion(ctx, src, Region{Level: level, Rect: image.Rectangle{Max: info.Levels[level].Size}, C: c, Z: z, T: t})
	if err != nil {
		return nil, err
	}
	return percentiles(px, ps...), nil
}

func percentiles(px *Pixels, ps ...float64) []float64 {
	n := px.Size.X * px.Size.Y
	var nth func(int) float64 // the i-th smallest sample
	if v := px.Uint16s(); v != nil {
		nth = ranked(v[:n])
	} else {
		all := make([]float64, 0, n)
		for i := range n {
			if s := px.Sample(i); !math.IsNaN(s) {
				all = append(all, s)
			}
		}
		slices.Sort(all)
		n = len(all)
		nth = func(i int) float64 { return all[i] }
	}
	out := make([]float64, len(ps))
	for i, p := range ps {
		if n == 0 {
			out[i] = math.NaN()
			continue
		}
		at := p / 100 * float64(n-1)
		lo := min(int(at), n-1)
		out[i] = lerp(nth(lo), nth(min(lo+1, n-1)), at-float64(lo))
	}
	return out
}

// ranked counts samples, so that the n-th smallest is found without sorting them.
func ranked(v []uint16) func(int) float64 {
	var below [1<<16 + 1]int // below[s] samples are smaller than s
	for _, s := range v {
		below[int(s)+1]++
	}
	for i := 1; i < len(below); i++ {
		below[i] += below[i-1]
	}
	return func(i int) float64 {
		at, _ := slices.BinarySearch(below[:], i+1)
		return float64(at - 1)
	}
}

// lerp is numpy's: from the nearer end, so that it meets both ends exactly.
func lerp(a, b, t float64) float64 {
	if t >= 0.5 {
		return b - (b-a)*(1-t)
	}
	return a + (b-a)*t
}
