package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/servertest"
)

func at(x, y float64) Row { return Row{X: x, Y: y} }

// TestLinkAFilm: two objects pass each other, one is missing for a time point, one comes, one
// goes, and one is missing for too long.
func TestLinkAFilm(t *testing.T) {
	l := Linker{Linking: Linking{Reach: 6, Gap: 1}}
	for i, f := range []struct {
		objects []Row
		want    []int
	}{
		{[]Row{at(10, 10), at(30, 10), at(100, 100)}, []int{1, 2, 3}},
		{[]Row{at(25, 12), at(15, 10), at(101, 100)}, []int{2, 1, 3}},
		{[]Row{at(20, 8), at(20, 14)}, []int{1, 2}},                  // 3 is missing
		{[]Row{at(25, 8), at(15, 14), at(102, 103)}, []int{1, 2, 3}}, // and is back
		{[]Row{at(30, 8), at(50, 50)}, []int{1, 4}},                  // 2 has gone, 4 comes
		{nil, nil},
		{[]Row{at(103, 103)}, []int{5}}, // too late for 3
	} {
		if got, err := l.Next(t.Context(), f.objects); err != nil || !slices.Equal(got, f.want) {
			t.Errorf("time point %d: tracks %v, want %v, %v", i, got, f.want, err)
		}
	}
}

// TestLinkBest: the nearest for each is not the best for all.
func TestLinkBest(t *testing.T) {
	l := Linker{Linking: Linking{Reach: 10}}
	before, now := []Row{at(10, 10), at(16, 10)}, []Row{at(15, 10), at(21, 10)}
	if _, err := l.Next(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Next(t.Context(), now); err != nil || !slices.Equal(got, []int{1, 2}) {
		t.Errorf("tracks %v, %v", got, err)
	}
}

// TestLinkADenseField: 5,000 objects so close that each may be any of its neighbours need
// little memory, and the work can be stopped and begun again.
func TestLinkADenseField(t *testing.T) {
	var before, now []Row
	var want []int
	for i := range 5000 {
		x, y := float64(i%100*10), float64(i/100*10)
		before, now, want = append(before, at(x, y)), append(now, at(x+3, y+2)), append(want, i+1)
	}
	l := Linker{Linking: Linking{Reach: 15}}
	if _, err := l.Next(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := l.Next(gone, now); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	var was, is runtime.MemStats
	runtime.ReadMemStats(&was)
	got, err := l.Next(t.Context(), now)
	runtime.ReadMemStats(&is)
	if used := (is.TotalAlloc - was.TotalAlloc) >> 20; err != nil || !slices.Equal(got, want) || used > 50 {
		t.Errorf("%d tracks with %d MiB, %v", len(got), used, err)
	}
}

// TestLinksAsScipy wants the total that scipy finds for Jaqaman's whole matrix: links, ends,
// beginnings, and the links once more.
func TestLinksAsScipy(t *testing.T) {
	python := servertest.Need(t, "COVERSLIP_TEST_RECIPES_PYTHON")
	const program = `
import json, sys
import numpy as np
from scipy.optimize import linear_sum_assignment
out = []
for q in json.load(sys.stdin):
    n, m, end = q["Rows"], q["Columns"], q["End"]
    c = np.full((n + m, m + n), 1e9)
    for i, j, d in q["Links"]:
        c[int(i), int(j)] = d
        c[n + int(j), m + int(i)] = 0
    c[np.arange(n), m + np.arange(n)] = end
    c[n + np.arange(m), np.arange(m)] = end
    a, b = linear_sum_assignment(c)
    out.append(float(c[a, b].sum()))
json.dump(out, sys.stdout)
`
	type problem struct {
		Rows, Columns int
		End           float64
		Links         [][3]float64
	}
	rng := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // a test's
	var all []problem
	var ours []float64
	for range 60 {
		l := Linker{Linking: Linking{Reach: 5 + 40*rng.Float64()}}
		points := func(n int) (at []annotation.Point) {
			for range n {
				at = append(at, annotation.Point{X: 100 * rng.Float64(), Y: 100 * rng.Float64()})
			}
			return at
		}
		for i, p := range points(1 + rng.IntN(40)) {
			l.tracks = append(l.tracks, track{number: i + 1, x: p.X, y: p.Y})
		}
		now := points(1 + rng.IntN(40))
		links := l.links(now)
		q := problem{Rows: len(l.tracks), Columns: len(now), End: apart(links), Links: [][3]float64{}}
		for i, ls := range links {
			for _, k := range ls {
				q.Links = append(q.Links, [3]float64{float64(i), float64(k.to), k.cost})
			}
		}
		total, linked := 0.0, 0
		for _, g := range parts(links, q.Rows, q.Columns) {
			columns, err := g.solve(t.Context(), links, q.End)
			if err != nil {
				t.Fatal(err)
			}
			for k, j := range columns {
				for _, x := range links[g.rows[k]] {
					if x.to == j {
						total += x.cost
						linked++
					}
				}
			}
		}
		all, ours = append(all, q), append(ours, total+q.End*float64(q.Rows+q.Columns-2*linked))
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", program)
	cmd.Stdin = bytes.NewReader(b)
	said, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs []float64
	if err := json.Unmarshal(said, &theirs); err != nil || len(theirs) != len(ours) {
		t.Fatal(err, len(theirs))
	}
	for i, want := range theirs {
		if math.Abs(ours[i]-want) > 1e-6*math.Max(1, want) {
			t.Errorf("problem %d of %d and %d: total %v, scipy %v", i, all[i].Rows, all[i].Columns, ours[i], want)
		}
	}
}
