package infer_test

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// spots are random scores of classes, coarse enough for regions, with ties and numbers that are none.
func spots(classes, w, h int) sheets {
	rng := rand.New(rand.NewPCG(uint64(classes), 1)) //nolint:gosec // a test's
	s := sheets{w: w, h: h}
	for c := range classes {
		s.names = append(s.names, fmt.Sprintf("c%d", c))
		plane := make([]float32, w*h)
		coarse := make([]float32, (w/4+1)*(h/4+1))
		for i := range coarse {
			coarse[i] = float32(rng.IntN(8)) / 8
		}
		for i := range plane {
			plane[i] = coarse[i/w/4*(w/4+1)+i%w/4]
		}
		s.channels = append(s.channels, plane)
	}
	s.channels[0][w+1] = float32(math.NaN())
	return s
}

// TestClassesRowByRow: the regions of classes are those of the map as a whole, also where channels
// come last, and they form while answers come in: no map of the whole image is held.
func TestClassesRowByRow(t *testing.T) {
	for _, n := range []int{1, 2, 5} {
		src := spots(n, 233, 187)
		if n == 1 {
			for i := range src.channels[0] {
				src.channels[0][i] *= 8
			}
		}
		class := segment.Classes(slices.Concat(src.channels...), src.w*src.h)
		if n == 1 {
			for i, x := range src.channels[0] {
				if class[i] = 0; x >= 1 {
					class[i] = uint8(x)
				}
			}
		}
		labels, of := segment.ClassComponents(class, src.w)
		want := map[string]string{}
		for l, o := range segment.Contours(labels, src.w) {
			if segment.Area(o) >= 2 {
				want[fmt.Sprint(o)] = fmt.Sprintf("class %d", of[l])
				if n > 1 {
					want[fmt.Sprint(o)] = src.names[of[l]]
				}
			}
		}
		for _, axes := range []string{"bcyx", "byxc"} {
			names := strings.Join(src.names, ", ")
			m, err := recipe.Read(fmt.Appendf(nil, "name: a\ntask: semantic\ninputs: [{id: image, axes: %s, channels: [%s]}]\noutputs: [{id: y, axes: %[1]s%[3]s}]\ndecode: {id: classes}",
				axes, names, map[bool]string{true: ", channels: [" + names + "]"}[n > 1]))
			if err != nil {
				t.Fatal(err)
			}
			var forming []int
			opt := infer.Options{Tile: 64, Overlap: 16, Parallel: 1, Forming: func(sofar func() []annotation.Object) { forming = append(forming, len(sofar())) }}
			l, err := infer.Detect(t.Context(), echo{}, ref, m, src, opt, nil)
			if err != nil {
				t.Fatal(n, axes, err)
			}
			got := map[string]string{}
			for _, o := range l.Objects {
				got[fmt.Sprint(o.Outline)] = o.Class
			}
			if !reflect.DeepEqual(got, want) || len(l.Objects) != len(got) || len(got) < 50 {
				t.Errorf("%d classes, %s: %d objects, want %d", n, axes, len(l.Objects), len(want))
			}
			if k := len(forming); k == 0 || forming[k/2] == 0 || forming[k/2] >= forming[k-1] {
				t.Errorf("%d classes, %s: %v while answers came in", n, axes, forming)
			}
		}
	}
}

// TestBackgroundWhereverItIs: of a channel of cells and one of what is none, in either order, and
// of numbers, it is the cells that are found; row by row, and where a statistic wants the whole map.
func TestBackgroundWhereverItIs(t *testing.T) {
	cell := disc(130, 90, 40, 45, 20).channels[0]
	none := make([]float32, len(cell))
	for i, x := range cell {
		none[i] = 1 - x
	}
	src := sheets{w: 130, h: 90, channels: [][]float32{cell, none}, names: []string{"cell", "background"}}
	for input, decode := range map[string]string{
		"cell, background": "{id: classes}", "background, cell": "{id: classes}", "": "{id: classes, kwargs: {background: 1}}",
	} {
		for _, op := range []string{"sigmoid", "scale_range"} {
			channels, opt, want := ", channels: ["+input+"]", infer.Options{Tile: 64}, "cell"
			if input == "" { // the number 1 is the background, 0 a class
				channels, opt, want = "", infer.Options{Tile: 64, Channel: 1}, "class 0"
				op = map[string]string{"sigmoid": "binarize, kwargs: {threshold: 0.5}", "scale_range": "scale_range"}[op]
			}
			m, err := recipe.Read(fmt.Appendf(nil, "name: a\ntask: semantic\ninputs: [{id: image, axes: bcyx%s}]\noutputs: [{id: y, axes: bcyx%[1]s, ops: [{id: %s}]}]\ndecode: %s",
				channels, op, decode))
			if err != nil {
				t.Fatal(err)
			}
			l, err := infer.Detect(t.Context(), echo{}, ref, m, src, opt, nil)
			if err != nil || len(l.Objects) != 1 || l.Objects[0].Class != want || segment.Bounds(l.Objects[0].Outline) != image.Rect(20, 25, 62, 67) {
				t.Errorf("%q, %s: %+v, %v", input, op, l.Objects, err)
			}
		}
	}
}
