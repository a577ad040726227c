package infer_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// sheets is an image in memory whose channels are what a network would have answered.
type sheets struct {
	w, h     int
	channels [][]float32
	names    []string
}

func (s sheets) ID() string   { return "sheets" }
func (s sheets) Close() error { return nil }
func (s sheets) Info() imageio.Info {
	info := imageio.Info{
		Levels: []imageio.Level{{Size: image.Pt(s.w, s.h), Downsample: 1}}, TileSize: image.Pt(64, 64), Z: 1, T: 1, Type: imageio.Float32,
	}
	for i := range s.channels {
		info.Channels = append(info.Channels, imageio.Channel{Name: s.names[i]})
	}
	return info
}

func (s sheets) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	r, err := s.Info().Bounds(t)
	if err != nil {
		return nil, err
	}
	out := &imageio.Pixels{Size: r.Size(), Type: imageio.Float32}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			out.Data = binary.LittleEndian.AppendUint32(out.Data, math.Float32bits(s.channels[t.C][y*s.w+x]))
		}
	}
	return out, nil
}

// cells are maps of touching discs: inside, edge, flows along y and x, and the logit.
func cells(w, h int) sheets {
	s := sheets{w: w, h: h, names: []string{"inside", "edge", "dy", "dx", "logit"}}
	for range s.names {
		s.channels = append(s.channels, make([]float32, w*h))
	}
	const r, step = 11.0, 20.0
	for y := range h {
		for x := range w {
			// The middles of a row are shifted against those of the next.
			row := math.Round((float64(y) - 10) / step)
			cx := math.Round((float64(x)-10-3*row)/step)*step + 10 + 3*row
			dy, dx := row*step+10-float64(y), cx-float64(x)
			d, i := math.Hypot(dx, dy), y*w+x
			s.channels[0][i] = float32(1 / (1 + math.Exp(d-r)))
			s.channels[1][i] = float32(math.Exp(-(d - r) * (d - r) / 4))
			s.channels[4][i] = float32(r - 1 - d)
			if d > 0 {
				s.channels[2][i], s.channels[3][i] = float32(5*dy/d), float32(5*dx/d)
			}
		}
	}
	return s
}

// description of a network that answers what it is asked, with this to make objects.
func description(t *testing.T, channels, decode string, outputs ...string) *recipe.Model {
	t.Helper()
	if len(outputs) == 0 {
		outputs = []string{"{id: y, axes: bcyx, channels: [" + channels + "]}"}
	}
	m, err := recipe.Read([]byte("name: a\ntask: instances\ninputs: [{id: image, axes: bcyx, channels: [" + channels + "]}]\noutputs: [" +
		strings.Join(outputs, ", ") + "]\ndecode: " + decode))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// outlines are those that the labels of an image have, in the order of their middles.
func outlines(labels []uint32, w int) map[string]bool {
	out := map[string]bool{}
	for _, o := range segment.Contours(labels, w) {
		out[fmt.Sprint(o)] = true
	}
	return out
}

// TestDecoders lets every way to make objects work through the real engines, cut into
// tiles, and wants what the decoder makes of the map as a whole.
func TestDecoders(t *testing.T) {
	src, nets := cells(233, 187), zoo(t, "nets")
	in := func(c int, level float32) segment.Mask { return segment.Above(src.channels[c], src.w, level) }
	inside := in(0, 0.5)
	components, _ := segment.Components(inside, false)
	parted, _ := segment.Split(inside, 6)
	seeds := segment.Where(src.w, src.h, func(i int) bool { return src.channels[0][i]-src.channels[1][i] > 0.5 && src.channels[0][i] > 0.5 })
	flooded, _ := segment.SplitAt(src.channels[1], seeds, inside)
	followed, _, err := segment.FollowFlows(t.Context(), segment.Flows{Y: src.channels[2], X: src.channels[3], Prob: src.channels[4], W: src.w, H: src.h},
		segment.FlowOptions{Error: 0.4, MinSize: 15})
	if err != nil {
		t.Fatal(err)
	}
	enclosed, _ := segment.SplitAt(src.channels[1], segment.Where(src.w, src.h, func(i int) bool { return 1-src.channels[1][i] > 0.5 }),
		segment.Where(src.w, src.h, func(int) bool { return true }))
	higher := segment.Classes(append(append([]float32{}, src.channels[1]...), src.channels[0]...), src.w*src.h)
	classes, _ := segment.ClassComponents(higher, src.w)
	for _, c := range []struct {
		name, channels, decode string
		want                   []uint32
		least                  int
	}{
		{"components", "inside", "{id: components}", components, 1},
		{"watershed", "inside", "{id: watershed, kwargs: {min_distance: 6}}", parted, 80},
		{"boundary", "inside, edge", "{id: watershed, kwargs: {boundary: 1}}", flooded, 80},
		{"boundary alone", "edge", "{id: watershed, kwargs: {boundary: 0}}", enclosed, 80},
		{"flows", "dy, dx, logit", "{id: cellpose_flow_dynamics}", followed, 80},
		{"classes", "edge, inside", "{id: classes}", classes, 80},
	} {
		m := description(t, c.channels, c.decode)
		want := outlines(c.want, src.w)
		if len(want) < c.least {
			t.Fatalf("%s: only %d objects", c.name, len(want))
		}
		channel := max(slices.Index(src.names, c.channels), 0)
		for name, got := range everywhere(t, filepath.Join(nets, "same.onnx"), m, src, channel) {
			for _, o := range got {
				if !want[fmt.Sprint(o.Outline)] {
					t.Errorf("%s on %s: %v is none", c.name, name, o)
					break
				}
			}
			if len(got) != len(want) { // also those of one pixel
				t.Errorf("%s on %s: %d objects of %d", c.name, name, len(got), len(want))
			}
		}
	}
}

// TestLabelsOfTheNetwork: a network that numbers what it sees is given the whole image, however
// large tiles are to be; where it can't take it, that is said, and no object is lost.
func TestLabelsOfTheNetwork(t *testing.T) {
	const bars = 60
	src := sheets{w: 10 * bars, h: 70, channels: [][]float32{make([]float32, 10*bars*70)}, names: []string{"inside"}}
	for i := range src.channels[0] {
		if i%10 >= 5 {
			src.channels[0][i] = 1
		}
	}
	nets, m := zoo(t, "nets"), description(t, "inside", "{id: labels}")
	for name, got := range everywhere(t, filepath.Join(nets, "numbers.onnx"), m, src, 0) {
		if len(got) != bars {
			t.Errorf("%s: %d bars of %d", name, len(got), bars)
		}
	}
	for name, e := range engines(t) {
		ref := shelved(t, e, filepath.Join(nets, "numbers64.onnx"))
		_, err := infer.Detect(t.Context(), e, ref, m, src, infer.Options{}, nil)
		if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "numbers the objects") {
			t.Errorf("%s: %v", name, err)
		}
		part := src
		part.w, part.h = 60, 60
		if layer, err := infer.Detect(t.Context(), e, ref, m, part, infer.Options{}, nil); err != nil || len(layer.Objects) == 0 {
			t.Errorf("%s: %d bars of a part, %v", name, len(layer.Objects), err)
		}
	}
}

// TestSmallAsDescribed: how small an object of pixels may be is the description's to say; one
// pixel is one, as scipy.ndimage.label has it.
func TestSmallAsDescribed(t *testing.T) {
	src := sheets{w: 70, h: 60, channels: [][]float32{make([]float32, 70*60)}, names: []string{"inside"}}
	for k, pixels := range [][]int{{0}, {1, 2}, {4, 5, 6}} {
		for _, x := range pixels {
			src.channels[0][(10+20*k)*70+30+x] = float32(k + 1)
		}
	}
	nets := zoo(t, "nets")
	for decode, want := range map[string]int{
		"{id: components}": 3, "{id: components, kwargs: {min_size: 1}}": 3, "{id: components, kwargs: {min_size: 2}}": 2,
		"{id: watershed}": 3, "{id: labels}": 3, "{id: classes, kwargs: {min_size: 3}}": 1, "{id: classes}": 3,
	} {
		for name, got := range everywhere(t, filepath.Join(nets, "same.onnx"), description(t, "inside", decode), src, 0) {
			if len(got) != want {
				t.Errorf("%s on %s: %d objects, want %d", decode, name, len(got), want)
			}
		}
	}
}

// TestPointsAndBoxes wants one object a disc.
func TestPointsAndBoxes(t *testing.T) {
	src, nets := cells(233, 187), zoo(t, "nets")
	peaks := segment.Peaks(src.channels[4], src.w, 7, 9)
	for i, v := range src.channels[4] { // boxes of middles
		src.channels[4][i] = float32(1 / (1 + math.Exp(float64(9-v)*8)))
	}
	list := []string{"{id: corners, axes: ic}", "{id: scores, axes: i}"}
	for _, c := range []struct {
		net string
		m   *recipe.Model
	}{
		{"same.onnx", description(t, "logit", "{id: points, kwargs: {threshold: 0.6, min_distance: 7, radius: 4}}")},
		{"boxes.onnx", description(t, "logit", "{id: boxes, kwargs: {threshold: 0.6, iou_threshold: 0.1}}", list...)},
	} {
		for name, got := range everywhere(t, filepath.Join(nets, c.net), c.m, src, 4) {
			if len(got) != len(peaks) || len(peaks) < 80 {
				t.Errorf("%s on %s: %d objects of %d", c.net, name, len(got), len(peaks))
			}
			for _, o := range got {
				hit := false
				for _, p := range peaks {
					hit = hit || image.Pt(p%src.w, p/src.w).In(segment.Bounds(o.Outline))
				}
				if !hit || o.Score < 0.6 {
					t.Errorf("%s on %s: there is nothing at %v", c.net, name, o)
				}
			}
		}
	}
}

// TestLargeBoxes has one object of 200 pixels where two tiles would meet: it comes out once
// and whole of a model that says how large its objects are.
func TestLargeBoxes(t *testing.T) {
	src := sheets{w: 920, h: 300, channels: [][]float32{make([]float32, 920*300)}, names: []string{"inside"}}
	for y := 50; y < 250; y++ {
		for x := 360; x < 560; x++ {
			src.channels[0][y*src.w+x] = 1
		}
	}
	m := description(t, "inside", "{id: boxes, kwargs: {iou_threshold: 0.9}}", "{id: corners, axes: ic}", "{id: scores, axes: i}")
	e := engines(t)["embedded"]
	ref := shelved(t, e, filepath.Join(zoo(t, "nets"), "extent.onnx"))
	for diameter, want := range map[float64]int{200: 1, 0: 2} {
		m.Diameter = diameter
		layer, err := infer.Detect(t.Context(), e, ref, m, src, infer.Options{}, nil)
		if err != nil || len(layer.Objects) != want {
			t.Fatalf("diameter %v: %d objects, %v", diameter, len(layer.Objects), err)
		}
		if b := segment.Bounds(layer.Objects[0].Outline); want == 1 && b != image.Rect(360, 50, 561, 251) { // with the line
			t.Errorf("diameter %v: box %v", diameter, b)
		}
	}
}

// everywhere asks all engines, whole and in tiles; all must say the same.
func everywhere(t *testing.T, net string, m *recipe.Model, src imageio.Source, channel int) map[string][]annotation.Object {
	t.Helper()
	out := map[string][]annotation.Object{}
	var first []annotation.Object
	for name, e := range engines(t, "GRPC") {
		ref := shelved(t, e, net)
		for what, opt := range map[string]infer.Options{" whole": {Tile: 1024}, " in tiles": {Tile: 80, Overlap: 40, Parallel: 3}} {
			opt.Channel = channel
			layer, err := infer.Detect(t.Context(), e, ref, m, src, opt, nil)
			if err != nil {
				t.Fatalf("%s%s: %v", name, what, err)
			}
			for i := range layer.Objects { // of which the model's name here is a part
				layer.Objects[i].ID, layer.Objects[i].By = "", ""
			}
			if first == nil {
				first = layer.Objects
			}
			if !reflect.DeepEqual(first, layer.Objects) {
				t.Errorf("%s%s: other objects than elsewhere", name, what)
			}
			out[name+what] = layer.Objects
		}
	}
	return out
}

// starMaps are the probability and the distances of discs, at every second pixel of them.
func starMaps(t *testing.T) sheets {
	t.Helper()
	disc, _ := discs(260, 220, 10)
	in := infer.Tensor{Port: infer.Port{Name: "image", Type: "FP32", Shape: []int64{1, 1, 220, 260}}}
	for _, v := range disc.px {
		in.Data = binary.LittleEndian.AppendUint32(in.Data, math.Float32bits(float32(v)/3000))
	}
	answer, err := marcher{}.Infer(t.Context(), infer.Ref{}, []infer.Tensor{in})
	if err != nil {
		t.Fatal(err)
	}
	src := sheets{w: 130, h: 110}
	numbers := append(infertest.Numbers(answer[1]), infertest.Numbers(answer[0])...) // prob, then dist
	for c := range 33 {
		src.channels, src.names = append(src.channels, numbers[c*130*110:][:130*110]), append(src.names, fmt.Sprintf("c%d", c))
	}
	return src
}

// starsOf are those of maps as a whole.
func starsOf(t *testing.T, src sheets, grid int) []segment.Star {
	t.Helper()
	whole := segment.Maps{Prob: src.channels[0], W: src.w, H: src.h, Rays: 32}
	for _, c := range src.channels[1:] {
		whole.Dist = append(whole.Dist, c...)
	}
	want, err := segment.Stars(t.Context(), whole, grid, segment.Options{Prob: 0.4, NMS: 0.4, Border: 2})
	if err != nil || len(want) < 50 {
		t.Fatal(len(want), err)
	}
	return want
}

// TestStarsOfOneOutput has probability and distances in the channels of one output, as
// bioimage.io's stardist_postprocessing takes them.
func TestStarsOfOneOutput(t *testing.T) {
	src := starMaps(t)
	for _, plane := range src.channels[1:] {
		for i := range plane {
			plane[i] /= 2 // the maps are of half the size
		}
	}
	axes := "axes: [{type: batch}, {type: channel, channel_names: [" + strings.Join(src.names, ", ") + "]}"
	in2 := ", {type: space, id: y, size: {min: 1, step: 1}}, {type: space, id: x, size: {min: 1, step: 1}}]"
	out := ", {type: space, id: y, size: {tensor_id: image, axis_id: y}}, {type: space, id: x, size: {tensor_id: image, axis_id: x}}]"
	m, err := recipe.Read([]byte("format_version: 0.5.10\nname: stars\ninputs: [{id: image, " + axes + in2 + "}]\noutputs: [{id: y, " + axes + out +
		", postprocessing: [{id: stardist_postprocessing, kwargs: {prob_threshold: 0.4, nms_threshold: 0.4, n_rays: 32, grid: [1, 1], b: 2}}]}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := starsOf(t, src, 1)
	for name, got := range everywhere(t, filepath.Join(zoo(t, "nets"), "same.onnx"), m, src, 0) {
		if len(got) != len(want) {
			t.Errorf("%s: %d stars of %d", name, len(got), len(want))
		}
	}
}

// TestPointsLieEven: beside an edge, too, what is drawn around a point has as many pixels on one side of it as on
// the other.
func TestPointsLieEven(t *testing.T) {
	src := sheets{w: 64, h: 48, names: []string{"peaks"}}
	for x := range 4 {
		for _, p := range []image.Point{{x, 8}, {63 - x, 40}, {12, x}, {40, 47 - x}, {20, 20}} {
			src.channels = [][]float32{make([]float32, src.w*src.h)}
			src.channels[0][p.Y*src.w+p.X] = 1
			for radius := 1; radius < 9; radius++ {
				m := description(t, "peaks", fmt.Sprintf("{id: points, kwargs: {min_distance: 4, radius: %d}}", radius))
				l, err := infer.Detect(t.Context(), echo{}, ref, m, src, infer.Options{}, nil)
				if err != nil || len(l.Objects) != 1 {
					t.Fatalf("%v: %d objects, %v", p, len(l.Objects), err)
				}
				var at image.Point
				n := 0
				for i, label := range segment.Labels(l.Objects, src.w, src.h) {
					if label > 0 {
						at, n = at.Add(image.Pt(i%src.w, i/src.w)), n+1
					}
				}
				if at != p.Mul(n) || n == 0 {
					t.Errorf("radius %d: the middle of the %d pixels of %v is %.3f, %.3f", radius, n, p, float64(at.X)/float64(n), float64(at.Y)/float64(n))
				}
			}
		}
	}
}

// TestPointsAtEdges: what is drawn around a point has it in its middle, also where the image ends,
// and is there however small it has to be.
func TestPointsAtEdges(t *testing.T) {
	src := sheets{w: 64, h: 48, channels: [][]float32{make([]float32, 64*48)}, names: []string{"peaks"}}
	peaks := []image.Point{{0, 0}, {63, 0}, {30, 1}, {2, 20}, {31, 22}, {63, 47}}
	for _, p := range peaks {
		src.channels[0][p.Y*src.w+p.X] = 1
	}
	for radius, opt := range map[float64]infer.Options{3: {}, 0.5: {}, 2: {Region: image.Rect(0, 0, 64, 48)}} {
		m := description(t, "peaks", fmt.Sprintf("{id: points, kwargs: {radius: %v}}", radius))
		l, err := infer.Detect(t.Context(), echo{}, ref, m, src, opt, nil)
		if err != nil || len(l.Objects) != len(peaks) {
			t.Fatalf("radius %v: %d points of %d: %v", radius, len(l.Objects), len(peaks), err)
		}
		labels := segment.Labels(l.Objects, src.w, src.h)
		for i, p := range peaks {
			var x, y float64
			o := l.Objects[i].Outline
			for _, c := range o {
				x, y = x+c.X/float64(len(o)), y+c.Y/float64(len(o))
			}
			if math.Hypot(x-float64(p.X)-0.5, y-float64(p.Y)-0.5) > 1e-9 || labels[p.Y*src.w+p.X] != uint32(i+1) {
				t.Errorf("radius %v: the middle of %v is %v, %v", radius, p, x, y)
			}
			if b := segment.Bounds(o).Inset(1); !b.In(image.Rect(0, 0, src.w, src.h)) {
				t.Errorf("radius %v: %v reaches beyond the image: %v", radius, p, b)
			}
		}
	}
}
