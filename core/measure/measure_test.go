package measure_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"math"
	"os"
	"runtime"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/measure"
)

type region struct {
	Outline                                                     []annotation.Point
	X, Y, Area, Perimeter, Diameter, Eccentricity, Major, Minor float64
	Circularity, Feret, Orientation                             float64
	Sum                                                         []float64
	Mean, SD, Min, Max, Background                              []float64
	Neighbours, Nearest                                         float64
	Flat                                                        struct { // of pixels that are wider than high or the other way
		Eccentricity, Orientation, Major, Minor, Feret, Diameter, Nearest float64
	}
}

type vectors struct {
	W, H    int
	Image   []byte
	Regions []region
}

// ID and the rest make it a source: two channels in one tile each.
func (v vectors) ID() string   { return "vectors" }
func (v vectors) Close() error { return nil }
func (v vectors) Info() imageio.Info {
	return imageio.Info{
		Levels: []imageio.Level{{Size: image.Pt(v.W, v.H), Downsample: 1}}, TileSize: image.Pt(v.W, v.H),
		Channels: []imageio.Channel{{Name: "DAPI"}, {}}, Z: 1, T: 1, Type: imageio.Uint16, Micron: imageio.Micron{X: 0.5, Y: 0.5},
	}
}

func (v vectors) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	n := 2 * v.W * v.H
	return &imageio.Pixels{Size: image.Pt(v.W, v.H), Type: imageio.Uint16, Data: v.Image[t.C*n : (t.C+1)*n]}, nil
}

func load(t *testing.T) (v vectors, objects []annotation.Object) {
	t.Helper()
	b, err := os.ReadFile("testdata/regions.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil || len(v.Regions) < 20 {
		t.Fatal(err)
	}
	for _, r := range v.Regions {
		objects = append(objects, annotation.Object{Outline: r.Outline})
	}
	return v, objects
}

func TestObjectsAsSkimage(t *testing.T) {
	v, objects := load(t)
	table, err := measure.Objects(t.Context(), v, objects, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range v.Regions {
		got := table.Rows[i]
		pairs := map[string][2]float64{
			"x": {got.X, want.X}, "y": {got.Y, want.Y}, "area": {got.Area, want.Area}, "perimeter": {got.Perimeter, want.Perimeter},
			"circularity": {got.Circularity, want.Circularity},
			"diameter":    {got.Diameter, want.Diameter}, "eccentricity": {got.Eccentricity, want.Eccentricity},
			"major": {got.Major, want.Major}, "minor": {got.Minor, want.Minor},
			"neighbours": {float64(got.Neighbours), want.Neighbours}, "nearest": {got.Nearest, want.Nearest},
			"feret": {got.Feret, want.Feret}, "orientation": {got.Orientation, want.Orientation},
		}
		for c := range 2 {
			pairs["mean"+string(rune('0'+c))] = [2]float64{got.Channels[c].Mean, want.Mean[c]}
			pairs["sd"+string(rune('0'+c))] = [2]float64{got.Channels[c].SD, want.SD[c]}
			pairs["background"+string(rune('0'+c))] = [2]float64{got.Channels[c].Background, want.Background[c]}
			pairs["min"+string(rune('0'+c))] = [2]float64{got.Channels[c].Min, want.Min[c]}
			pairs["sum"+string(rune('0'+c))] = [2]float64{got.Channels[c].Sum, want.Sum[c]}
			pairs["max"+string(rune('0'+c))] = [2]float64{got.Channels[c].Max, want.Max[c]}
		}
		for name, p := range pairs {
			if !(math.Abs(p[0]-p[1]) <= 1e-6*math.Max(1, math.Abs(p[1]))) {
				t.Errorf("object %d: %s is %v, skimage %v", i, name, p[0], p[1])
			}
		}
	}
}

// TestHolesAsSkimage: what regionprops (0.26) tells of a region with two holes, one of which has
// another region in it; how long its border is it tells with the holes'.
func TestHolesAsSkimage(t *testing.T) {
	outline := annotation.Join(box(4, 5, 30, 26), [][]annotation.Point{box(9, 10, 11, 8), box(12, 22, 18, 3)})
	objects := []annotation.Object{{Outline: outline}, {Outline: box(12, 12, 2, 3)}}
	table, err := measure.Objects(t.Context(), blank{image.Pt(40, 40)}, objects, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []measure.Row{
		{Area: 638, Perimeter: 191.31370849898477, Feret: 39.05124837953327, Eccentricity: 0.5137355608346278, Major: 36.908887229040694, X: 19.45141065830721, Y: 18.086206896551722},
		{Area: 6, Perimeter: 6, Feret: 3.1622776601683795, Eccentricity: 0.7905694150420949, Major: 3.265986323710904, X: 13, Y: 13.5},
	} {
		got := table.Rows[i]
		for name, p := range map[string][2]float64{
			"area": {got.Area, want.Area}, "perimeter": {got.Perimeter, want.Perimeter}, "feret": {got.Feret, want.Feret},
			"eccentricity": {got.Eccentricity, want.Eccentricity}, "major": {got.Major, want.Major}, "x": {got.X, want.X}, "y": {got.Y, want.Y},
		} {
			if !(math.Abs(p[0]-p[1]) < 1e-9) {
				t.Errorf("object %d: %s is %v, skimage %v", i, name, p[0], p[1])
			}
		}
	}
}

func TestValuesHaveUnits(t *testing.T) {
	v, objects := load(t)
	table, err := measure.Objects(t.Context(), v, objects[:1], 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, x := range table.Values(table.Rows[0]) {
		got[x.Name] = x.Value
	}
	r := table.Rows[0]
	for name, want := range map[string]float64{
		"Area px^2": r.Area, "Area µm^2": r.Area / 4, "Perimeter µm": r.Perimeter / 2, "Centroid X µm": r.X / 2,
		"DAPI: Mean corrected": r.Channels[0].Mean - r.Channels[0].Background, "DAPI: Integrated corrected": r.Channels[0].Sum - r.Area*r.Channels[0].Background,
		"DAPI: Mean": r.Channels[0].Mean, "Channel 2: Std.Dev.": r.Channels[1].SD,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}

// TestPixelsThatAreNotSquare: shapes are of the object as it is, as regionprops has them with a
// spacing; what it has not is not known.
func TestPixelsThatAreNotSquare(t *testing.T) {
	v, objects := load(t)
	table, err := measure.Objects(t.Context(), imageio.Calibrated(v, imageio.Micron{X: 0.35, Y: 0.9}), objects, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range v.Regions {
		got := map[string]float64{}
		for _, x := range table.Values(table.Rows[i]) {
			got[x.Name] = x.Value
		}
		for name, want := range map[string]float64{
			"Eccentricity": want.Flat.Eccentricity, "Orientation °": want.Flat.Orientation * 180 / math.Pi, "Major axis µm": want.Flat.Major, "Minor axis µm": want.Flat.Minor,
			"Max Feret µm": want.Flat.Feret, "Equivalent diameter µm": want.Flat.Diameter, "Nearest neighbour µm": want.Flat.Nearest,
			"Major axis px": want.Major, "Max Feret px": want.Feret, "Perimeter px": want.Perimeter, "Nearest neighbour px": want.Nearest, "Area µm^2": want.Area * 0.35 * 0.9,
		} {
			if !(math.Abs(got[name]-want) <= 1e-6*math.Max(1, math.Abs(want))) {
				t.Errorf("object %d: %s is %v, skimage %v", i, name, got[name], want)
			}
		}
		for _, name := range []string{"Circularity", "Perimeter µm"} {
			if x, ok := got[name]; !ok || !math.IsNaN(x) {
				t.Errorf("object %d: %s is %v, which nobody knows", i, name, x)
			}
		}
	}
}

// torn is an image of tiles of 64 pixels, one of which can't be read.
type torn struct {
	blank
	tile  image.Point
	why   error
	asked int
}

func (s *torn) Info() imageio.Info {
	info := s.blank.Info()
	info.TileSize = image.Pt(64, 64)
	info.Channels = append(info.Channels, imageio.Channel{})
	return info
}

func (s *torn) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	s.asked++
	if t.C == 0 && (image.Pt(t.Col, t.Row) == s.tile || s.tile.X < 0) {
		return nil, s.why
	}
	return &imageio.Pixels{Size: image.Pt(64, 64), Type: imageio.Uint8, Data: bytes.Repeat([]byte{7}, 64*64)}, nil
}

// TestOneTornTile: an object whose pixels can't be read has no intensities, all others have; the
// reason is told besides.
func TestOneTornTile(t *testing.T) {
	src := &torn{blank: blank{image.Pt(512, 512)}, tile: image.Pt(1, 0), why: fault.New(fault.Invalid, "Torn.", "", nil)}
	objects := []annotation.Object{{ID: "a", Outline: box(10, 10, 20, 20)}, {ID: "b", Outline: box(80, 10, 20, 20)}, {ID: "c", Outline: box(160, 100, 20, 20)}}
	table, err := measure.Objects(t.Context(), src, objects, 0, 0)
	if !errors.Is(err, src.why) || len(table.Rows) != 3 {
		t.Fatalf("%v %+v", err, table.Rows)
	}
	for i, r := range table.Rows {
		if r.Area != 400 || r.Channels[1].Mean != 7 || math.IsNaN(r.Channels[0].Mean) != (i == 1) || math.IsNaN(r.Channels[0].Background) != (i == 1) || math.IsNaN(r.Nearest) {
			t.Errorf("%s: %+v", r.Object.ID, r)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if table, err := measure.Objects(ctx, src, objects, 0, 0); !errors.Is(err, context.Canceled) || table.Rows != nil {
		t.Errorf("stopped: %v, %d rows", err, len(table.Rows))
	}
}

// TestAServerThatIsAwayIsNotWaitedFor for each of a thousand objects.
func TestAServerThatIsAwayIsNotWaitedFor(t *testing.T) {
	src := &torn{blank: blank{image.Pt(64*1024, 1024)}, tile: image.Pt(-1, 0), why: fault.New(fault.Offline, "Away.", "", nil)}
	var objects []annotation.Object
	for i := range 1000 {
		objects = append(objects, annotation.Object{Outline: box(float64(64*i+20), 10, 20, 20)})
	}
	table, err := measure.Objects(t.Context(), src, objects, 0, 0, 0)
	if fault.KindOf(err) != fault.Offline || len(table.Rows) != 1000 || !math.IsNaN(table.Rows[999].Channels[0].Mean) || table.Rows[999].Area != 400 {
		t.Errorf("%v, %d rows", err, len(table.Rows))
	}
	if src.asked > 100 {
		t.Errorf("asked for %d tiles", src.asked)
	}
}

// TestNothingAroundIsNotNothing: what is alone has no neighbour, and what fills its image no background.
func TestNothingAroundIsNotNothing(t *testing.T) {
	table, err := measure.Objects(t.Context(), blank{image.Pt(40, 30)}, []annotation.Object{{Outline: box(0, 0, 40, 30)}}, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := table.Rows[0]
	if r.Area != 1200 || r.Channels[0].Mean != 0 || !math.IsNaN(r.Nearest) || !math.IsNaN(r.Channels[0].Background) || r.Neighbours != 0 {
		t.Errorf("%+v", r)
	}
}

func TestObjectsOutsideCountNothing(t *testing.T) {
	v, _ := load(t)
	far := annotation.Object{Outline: []annotation.Point{{X: 500, Y: 500}, {X: 510, Y: 500}, {X: 510, Y: 510}}}
	table, err := measure.Objects(t.Context(), v, []annotation.Object{far, {}}, 0, 0)
	if err != nil || table.Rows[0].Area != 0 || table.Rows[1].Area != 0 {
		t.Errorf("%v %+v", err, table.Rows)
	}
}

// TestLargeObjects: the moments of a rectangle of w·h pixels are (w²-1)/12 and (h²-1)/12,
// however large it is.
func TestLargeObjects(t *testing.T) {
	for _, size := range []image.Point{{2500, 2500}, {20000, 200}, {200, 20000}} {
		src := blank{size}
		w, h := float64(size.X), float64(size.Y)
		table, err := measure.Objects(t.Context(), src, []annotation.Object{{Outline: []annotation.Point{{}, {X: w}, {X: w, Y: h}, {Y: h}}}}, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		got, long, short := table.Rows[0], max(w, h), min(w, h)
		for name, p := range map[string][2]float64{
			"x": {got.X, w / 2}, "y": {got.Y, h / 2}, "area": {got.Area, w * h},
			"major": {got.Major, 4 * math.Sqrt((long*long-1)/12)}, "minor": {got.Minor, 4 * math.Sqrt((short*short-1)/12)},
			"eccentricity": {got.Eccentricity, math.Sqrt(1 - (short*short-1)/(long*long-1))},
		} {
			if !(math.Abs(p[0]-p[1]) <= 1e-9*math.Max(1, p[1])) {
				t.Errorf("%v: %s is %v, want %v", size, name, p[0], p[1])
			}
		}
	}
}

// TestTissue: an outline as large as a slide takes no memory for its pixels, and the cells in
// it know that it is there.
func TestTissue(t *testing.T) {
	of := func(x, y, w, h float64) annotation.Object { return annotation.Object{Outline: box(x, y, w, h)} }
	src := blank{image.Pt(60_000, 40_000)}
	var was, is runtime.MemStats
	runtime.ReadMemStats(&was)
	table, err := measure.Objects(t.Context(), src, []annotation.Object{of(100, 100, 50_000, 30_000), of(500, 600, 20, 30), of(50_103, 700, 10, 10)}, 0, 0)
	runtime.ReadMemStats(&is)
	if err != nil {
		t.Fatal(err)
	}
	if used := (is.TotalAlloc - was.TotalAlloc) >> 20; used > 200 {
		t.Errorf("%d MiB", used)
	}
	tissue, inside, beside := table.Rows[0], table.Rows[1], table.Rows[2]
	if tissue.Area != 1.5e9 || tissue.X != 25_100 || tissue.Y != 15_100 || math.Abs(tissue.Major-50_000*2/math.Sqrt(3)) > 1e-3 || tissue.Nearest < 20_000 {
		t.Errorf("tissue: %+v", tissue)
	}
	for _, v := range []float64{tissue.Perimeter, tissue.Circularity, tissue.Feret, tissue.Neighbours, tissue.Channels[0].Mean, tissue.Channels[0].Background} {
		if !math.IsNaN(v) {
			t.Errorf("%v of tissue, which nobody has measured", v)
		}
	}
	if inside.Area != 600 || inside.Neighbours != 1 || beside.Neighbours != 1 || beside.Channels[0].Mean != 0 {
		t.Errorf("inside %+v\nbeside %+v", inside, beside)
	}
}

func box(x, y, w, h float64) []annotation.Point {
	return []annotation.Point{{X: x, Y: y}, {X: x + w, Y: y}, {X: x + w, Y: y + h}, {X: x, Y: y + h}}
}

// blank is an image of nothing.
type blank struct{ size image.Point }

func (b blank) ID() string   { return "blank" }
func (b blank) Close() error { return nil }
func (b blank) Info() imageio.Info {
	return imageio.Info{
		Levels: []imageio.Level{{Size: b.size, Downsample: 1}}, TileSize: image.Pt(512, 512),
		Channels: []imageio.Channel{{Name: "DAPI"}}, Z: 1, T: 1, Type: imageio.Uint8,
	}
}

func (b blank) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	r, err := b.Info().Bounds(t)
	if err != nil {
		return nil, err
	}
	return &imageio.Pixels{Size: r.Size(), Type: imageio.Uint8, Data: make([]byte, r.Dx()*r.Dy())}, nil
}
