package segment_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/segment"
	"coverslip.dev/coverslip/core/servertest"
)

// task is something for testdata/reference.py to make and to decode.
type task struct {
	Kind    string `json:"kind"`
	Seed    uint32 `json:"seed"`
	Size    int    `json:"size"`
	Objects int    `json:"objects"`
	Reach   int    `json:"reach"`
	Rays    int    `json:"rays"`
	Grid    int    `json:"grid"`
	Labels  string `json:"labels,omitempty"` // a real label image, of which a corner is taken

	dir, name string
}

// decode has the reference decode tasks, in the Python that has its code.
func decode(t *testing.T, tasks []task) []task {
	t.Helper()
	python := servertest.Need(t, "COVERSLIP_TEST_RECIPES_PYTHON")
	dir := t.TempDir()
	b, err := json.Marshal(tasks)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/reference.py", dir)
	cmd.Stdin = bytes.NewReader(b)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	var answers []struct{ Missing string }
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var done []task
	for i, k := range tasks {
		if answers[i].Missing != "" {
			t.Run(k.Kind+" not compared", func(t *testing.T) {
				servertest.Without(t, answers[i].Missing+": packaging/stack/system-packages torch brings it")
			})
			continue
		}
		k.dir, k.name = dir, fmt.Sprintf("%03d", i)
		done = append(done, k)
	}
	return done
}

func raw[T any](t *testing.T, k task, what string) []T {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(k.dir, k.name+"."+what))
	if err != nil {
		t.Fatal(err)
	}
	var zero T
	out := make([]T, len(b)/binary.Size(zero))
	if _, err := binary.Decode(b, binary.LittleEndian, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// differ counts pixels with another label.
func differ(a, b []uint32) int {
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

func sameLabels(t *testing.T, k task, got []uint32) {
	t.Helper()
	want := raw[uint32](t, k, "labels")
	if len(got) != len(want) {
		t.Fatalf("%+v: %d pixels, want %d", k, len(got), len(want))
	}
	if n := differ(got, want); n > 0 {
		t.Errorf("%+v: %d of %d pixels have another label", k, n, len(got))
	}
}

func TestDecodersAsReference(t *testing.T) {
	seed := rand.Uint32()
	var tasks []task
	for i, kind := range []string{"components", "components8", "distance", "split", "boundary", "peaks", "stars", "flows", "boxes", "classes", "sieve"} {
		for j, objects := range []int{40, 150} {
			tasks = append(tasks, task{
				Kind: kind, Seed: seed + uint32(100*i+j), Size: 200 + 56*j, Objects: objects, Reach: 1 + 3*j, Rays: 32, Grid: 1 + j,
			})
		}
	}
	for _, kind := range []string{"split", "boundary", "stars", "flows"} {
		tasks = append(tasks, task{Kind: kind, Seed: seed, Size: 256, Objects: 1, Reach: 5, Rays: 32, Grid: 2, Labels: "../../assets/sample/truth/img2d_labels.tif"})
	}
	for _, k := range decode(t, tasks) {
		switch k.Kind {
		case "components", "components8":
			l, _ := segment.Components(segment.Above(raw[float32](t, k, "prob"), k.Size, 0.5), k.Kind == "components8")
			sameLabels(t, k, l)
		case "distance":
			want := raw[float64](t, k, "distance")
			for i, d := range segment.SquaredDistance(segment.Above(raw[float32](t, k, "prob"), k.Size, 0.5)) {
				if math.Sqrt(float64(d)) != want[i] {
					t.Fatalf("%+v: distance %v at %d, scipy %v", k, math.Sqrt(float64(d)), i, want[i])
				}
			}
		case "split":
			l, _ := segment.Split(segment.Above(raw[float32](t, k, "prob"), k.Size, 0.5), k.Reach)
			sameLabels(t, k, l)
		case "boundary":
			p, b := raw[float32](t, k, "prob"), raw[float32](t, k, "boundary")
			seeds := segment.Where(k.Size, k.Size, func(i int) bool { return p[i]-b[i] > 0.5 && p[i] > 0.5 })
			l, _ := segment.SplitAt(b, seeds, segment.Above(p, k.Size, 0.5))
			sameLabels(t, k, l)
		case "peaks":
			var got []uint32
			for _, i := range segment.Peaks(raw[float32](t, k, "prob"), k.Size, k.Reach, 0.6) {
				got = append(got, uint32(i/k.Size), uint32(i%k.Size))
			}
			if !slices.Equal(got, raw[uint32](t, k, "points")) {
				t.Errorf("%+v: other points than skimage's", k)
			}
		case "stars":
			compareStars(t, k)
		case "flows":
			f := segment.Flows{Y: raw[float32](t, k, "y"), X: raw[float32](t, k, "x"), Prob: raw[float32](t, k, "logit"), W: k.Size, H: k.Size}
			l, n, err := segment.FollowFlows(t.Context(), f, segment.FlowOptions{Error: 0.4, MinSize: 15})
			if err != nil || n != int(slices.Max(l)) || n < k.Objects/2 {
				t.Errorf("%+v: %d cells, %v", k, n, err)
			}
			sameLabels(t, k, l)
		case "boxes":
			compareBoxes(t, k)
		case "sieve":
			compareSieve(t, k)
		case "classes":
			c := segment.Classes(raw[float32](t, k, "scores"), k.Size*k.Size)
			for i, want := range raw[uint32](t, k, "classes") {
				if uint32(c[i]) != want {
					t.Fatalf("%+v: class %d at %d, numpy %d", k, c[i], i, want)
				}
			}
			l, of := segment.ClassComponents(c, k.Size)
			sameLabels(t, k, l)
			for i, x := range l {
				if of[x] != int(c[i]) {
					t.Fatalf("%+v: label %d is of class %d, its pixel of %d", k, x, of[x], c[i])
				}
			}
		}
	}
}

// compareSieve wants outlines with the area that skimage counts, which painted are its labels.
func compareSieve(t *testing.T, k task) {
	t.Helper()
	r := segment.NewRegions(0.5)
	for row := range slices.Chunk(raw[float32](t, k, "prob"), k.Size) {
		r.Row(row)
	}
	all, err := r.All(1)
	want := raw[uint32](t, k, "points")
	if err != nil || len(all) != len(want) || len(all) < 5 {
		t.Fatalf("%+v: %d regions, skimage %d, %v", k, len(all), len(want), err)
	}
	found, holes := make([]annotation.Object, len(all)), 0
	for i, g := range all {
		if a := segment.Area(g.Outline); a != float64(want[i]) {
			t.Errorf("%+v: region %d has area %v, skimage %d", k, i, a, want[i])
		}
		holes += len(annotation.Rings(g.Outline)) - 1
		found[i] = annotation.Object{Outline: g.Outline, Score: g.Mean}
	}
	if holes < 5 {
		t.Errorf("%+v: %d holes", k, holes)
	}
	sameLabels(t, k, segment.Labels(found, k.Size, k.Size))
}

// compareStars wants nearly all stars, and of those that both have the same labels in every
// pixel. Where two overlap by as much as they may, the area that they share decides, which
// stardist takes from a polygon whose corners Clipper has rounded on its way, edge after edge.
func compareStars(t *testing.T, k task) {
	t.Helper()
	side := (k.Size + k.Grid - 1) / k.Grid
	m := segment.Maps{Prob: raw[float32](t, k, "prob"), Dist: raw[float32](t, k, "dist"), W: side, H: side, Rays: k.Rays}
	stars, err := segment.Stars(t.Context(), m, k.Grid, segment.Options{Prob: 0.5, NMS: 0.4, Border: 2})
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := [][2]uint32{{}}, [][2]uint32{{}} // by label: where its star is
	for _, s := range stars {
		ours = append(ours, [2]uint32{uint32(s.Y), uint32(s.X)})
	}
	for p := range slices.Chunk(raw[uint32](t, k, "points"), 2) {
		theirs = append(theirs, [2]uint32{p[0], p[1]})
	}
	only := func(a, b [][2]uint32) int {
		return len(slices.DeleteFunc(slices.Clone(a[1:]), func(p [2]uint32) bool { return slices.Contains(b[1:], p) }))
	}
	more, less := only(ours, theirs), only(theirs, ours)
	t.Logf("stars: %d, of them %d not stardist's, which has %d others", len(stars), more, less)
	if more+less > max(4, len(stars)/25) {
		t.Errorf("%+v: %d and %d stars differ", k, more, less)
	}
	got, want, n := segment.Labels(objects(stars), k.Size, k.Size), raw[uint32](t, k, "labels"), 0
	for i, l := range got {
		a, b := ours[l], theirs[want[i]]
		if a != b && slices.Contains(theirs, a) && slices.Contains(ours, b) {
			n++
		}
	}
	if n > 0 {
		t.Errorf("%+v: %d of %d pixels are of another star", k, n, len(got))
	}
}

func compareBoxes(t *testing.T, k task) {
	t.Helper()
	b, s := raw[float32](t, k, "boxes"), raw[float32](t, k, "scores")
	boxes := make([]segment.Box, len(s))
	for i := range boxes {
		boxes[i] = segment.Box{X0: float64(b[4*i]), Y0: float64(b[4*i+1]), X1: float64(b[4*i+2]), Y1: float64(b[4*i+3]), Score: float64(s[i])}
	}
	var got []uint32
	for _, i := range segment.SuppressBoxes(boxes, 0.3001, 0.45) {
		got = append(got, uint32(i))
	}
	if want := raw[uint32](t, k, "kept"); !slices.Equal(got, want) {
		t.Errorf("%+v: %d boxes, want %d, or others", k, len(got), len(want))
	}
}
