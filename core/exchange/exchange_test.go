package exchange_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/image/tiff"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/exchange"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/measure"
)

func layer() annotation.Layer {
	ring := []annotation.Point{{X: 1.1, Y: 2.2}, {X: 10.000000000000002, Y: 2}, {X: 5, Y: math.Pi * 3}}
	return annotation.Layer{
		Image: "md5:abc", By: "nuclei-star@3", Made: time.Date(2026, 11, 24, 15, 0, 0, 5, time.UTC),
		Objects: []annotation.Object{
			{ID: "00ff", Class: "nucleus", Outline: ring, Score: float64(float32(0.8)), State: annotation.Accepted, By: "nuclei-star@3", Track: 17},
			{ID: "6f1c36e6-8f2c-4d12-9f6c-0d9d7d3a5b11", Class: "Zelle \"ä\"", Outline: ring, Score: 1, State: annotation.Drawn, By: "mia"},
			{ID: "01", Outline: ring, Score: 0, State: annotation.Rejected, By: "nuclei-star@3"},
		},
	}
}

func TestGeoJSONRoundTrip(t *testing.T) {
	want := layer()
	var b bytes.Buffer
	if err := exchange.WriteGeoJSON(&b, want, measure.Table{}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	got, skipped, err := exchange.ReadGeoJSON(&b)
	if err != nil || skipped != 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %d skipped\n%+v\n%+v", err, skipped, got, want)
	}
	if n := strings.Count(text, "\n"); n != len(want.Objects)+2 {
		t.Errorf("%d lines", n)
	}
}

// TestGeoJSONIsQuPaths checks the words that QuPath's reader looks for.
func TestGeoJSONIsQuPaths(t *testing.T) {
	l := layer()
	table := measure.Table{
		Image: imageio.Info{Channels: []imageio.Channel{{Name: "DAPI"}}, Micron: imageio.Micron{X: 0.5, Y: 0.5}}, Channels: []int{0},
		Rows: []measure.Row{{Object: l.Objects[0], Area: 40, Channels: []measure.Intensity{{Mean: 7, SD: math.NaN()}}}},
	}
	var b bytes.Buffer
	if err := exchange.WriteGeoJSON(&b, l, table); err != nil {
		t.Fatal(err)
	}
	var file struct {
		Type     string
		Features []struct {
			Type, ID string
			Geometry struct {
				Type        string
				Coordinates [][][]float64
			}
			Properties struct {
				ObjectType     string
				Classification struct {
					Name  string
					Color []int
				}
				Measurements map[string]float64
				Metadata     map[string]string
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &file); err != nil {
		t.Fatal(err)
	}
	f, drawn := file.Features[0], file.Features[1]
	ring := f.Geometry.Coordinates[0]
	if file.Type != "FeatureCollection" || f.Type != "Feature" || f.Geometry.Type != "Polygon" || len(ring) != 4 || !reflect.DeepEqual(ring[0], ring[3]) {
		t.Errorf("got %+v", f)
	}
	if p := f.Properties; p.ObjectType != "detection" || p.Classification.Name != "nucleus" || len(p.Classification.Color) != 3 ||
		p.Measurements["Area µm^2"] != 10 || p.Measurements["DAPI: Mean"] != 7 || p.Measurements["Detection probability"] != l.Objects[0].Score ||
		p.Metadata["id"] != "00ff" || p.Metadata["state"] != "accepted" {
		t.Errorf("got %+v", p)
	}
	if _, ok := f.Properties.Measurements["DAPI: Std.Dev."]; ok || len(f.ID) != 36 || f.ID[14] != '8' {
		t.Errorf("a measurement that is no number, or a bad UUID %s", f.ID)
	}
	if drawn.Properties.ObjectType != "annotation" || drawn.ID != l.Objects[1].ID {
		t.Errorf("got %+v", drawn)
	}
}

// TestGeoJSONSaysThePlane as QuPath does: with all channels, and not at all on the first.
func TestGeoJSONSaysThePlane(t *testing.T) {
	for _, at := range [][2]int{{0, 0}, {3, 0}, {0, 7}} {
		l := layer()
		l.Z, l.T = at[0], at[1]
		var b bytes.Buffer
		if err := exchange.WriteGeoJSON(&b, l, measure.Table{}); err != nil {
			t.Fatal(err)
		}
		want := 0
		if at != [2]int{} {
			want = len(l.Objects)
		}
		if n := strings.Count(b.String(), fmt.Sprintf(`]]],"plane":{"c":-1,"z":%d,"t":%d}}`, at[0], at[1])); n != want {
			t.Errorf("%v: %d planes, want %d: %s", at, n, want, b.String())
		}
		if got, _, err := exchange.ReadGeoJSON(&b); err != nil || got.Z != at[0] || got.T != at[1] {
			t.Errorf("%v: read %d, %d, %v", at, got.Z, got.T, err)
		}
	}
	const odd = `{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,0]]],"plane":"z"},"properties":null}`
	if l, _, err := exchange.ReadGeoJSON(strings.NewReader(odd)); err != nil || len(l.Objects) != 1 {
		t.Errorf("%+v, %v", l, err)
	}
}

// TestGeoJSONWithHoles: a ring is a polygon with a hole, in which no corner comes twice, and comes
// back as it was but for the corner where its bridge stood.
func TestGeoJSONWithHoles(t *testing.T) {
	outer := []annotation.Point{{}, {X: 9}, {X: 9, Y: 9}, {Y: 9}}
	hole := []annotation.Point{{X: 3, Y: 3}, {X: 3, Y: 6}, {X: 6, Y: 6}, {X: 6, Y: 3}}
	l := annotation.Layer{Objects: []annotation.Object{{ID: "a", State: annotation.Drawn, Score: 1, Outline: annotation.Join(outer, [][]annotation.Point{hole})}}}
	var b bytes.Buffer
	if err := exchange.WriteGeoJSON(&b, l, measure.Table{}); err != nil {
		t.Fatal(err)
	}
	const want = `"coordinates":[[[0,0],[3,0],[9,0],[9,9],[0,9],[0,0]],[[3,3],[3,6],[6,6],[6,3],[3,3]]]`
	if !strings.Contains(b.String(), want) {
		t.Errorf("%s, want %s", b.String(), want)
	}
	got, _, err := exchange.ReadGeoJSON(&b)
	if err != nil || !reflect.DeepEqual(got.Objects, l.Objects) {
		t.Errorf("%+v, want %+v, %v", got.Objects, l.Objects, err)
	}
}

// TestReadOthers reads what QuPath wrote over the years.
func TestReadOthers(t *testing.T) {
	const ring = `"geometry":{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[2,1],[2,2],[1,1]]]}`
	for name, c := range map[string]struct {
		text    string
		want    annotation.Object
		skipped int
	}{
		"0.6": {
			`{"type":"FeatureCollection","features":[{"type":"Feature","id":"x",` + ring +
				`,"properties":{"objectType":"detection","classification":{"names":["Tumor","Positive"],"color":[1,2,3]},"measurements":{"Detection probability":0.5}}}]}`,
			annotation.Object{ID: "x", Class: "Tumor: Positive", Score: 0.5, State: annotation.Predicted},
			0,
		},
		"0.3": {
			`[{"type":"Feature","id":"PathDetectionObject",` + ring +
				`,"properties":{"classification":{"name":"Tumor","colorRGB":-3670016},"measurements":[{"name":"Area","value":"NaN"},{"name":"Detection probability","value":0.25}]}}]`,
			annotation.Object{ID: "PathDetectionObject", Class: "Tumor", Score: 0.25, State: annotation.Drawn},
			0,
		},
		"one, in parts": {
			`{"type":"Feature","geometry":{"type":"MultiPolygon","coordinates":[[[[9,9],[10,9],[10,10],[9,9]]],[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[2,2],[2,1],[1,1]]]]},"properties":{"objectType":"annotation"}}`,
			annotation.Object{ID: "object 1", Score: 1, State: annotation.Drawn},
			0,
		},
		"the type last": {
			`{"id":7,"properties":[],"features":[{"type":"Feature","id":"z",` + ring + `,"properties":null}],"type":"FeatureCollection"}`,
			annotation.Object{ID: "z", Score: 1, State: annotation.Drawn},
			0,
		},
		"numbers": {
			`[{"type":"Feature","id":1e3,` + ring + `,"properties":{"metadata":{"by":7,"score":0.5,"tags":["a"],"none":null}}}]`,
			annotation.Object{ID: "1e3", By: "7", Score: 0.5, State: annotation.Drawn},
			0,
		},
		"a point too": {
			`{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{}},{"type":"Feature","id":"y",` + ring + `,"properties":null}]}`,
			annotation.Object{ID: "y", Score: 1, State: annotation.Drawn},
			1,
		},
	} {
		got, skipped, err := exchange.ReadGeoJSON(strings.NewReader(c.text))
		if err != nil || skipped != c.skipped || len(got.Objects) != 1 {
			t.Errorf("%s: %v, %d skipped, %+v", name, err, skipped, got)
			continue
		}
		c.want.Outline = []annotation.Point{{}, {X: 1}, {X: 1, Y: 1}, {X: 2, Y: 2}, {X: 2, Y: 1}, {X: 1, Y: 1}, {X: 1}, {X: 4}, {X: 4, Y: 4}, {Y: 4}}
		if !reflect.DeepEqual(got.Objects[0], c.want) {
			t.Errorf("%s: %+v, want %+v", name, got.Objects[0], c.want)
		}
	}
	for _, bad := range []string{"", "{}", "7", "[] []", `{"type":"Topology"}`, `{"type":"FeatureCollection","features":{}}`, `{"type":"FeatureCollection","features":[]`, `{"type":"FeatureCollection","features":[{"geometry":{"type":"Polygon","coordinates":[[[0],[1],[2]]]}}]}`} {
		if _, _, err := exchange.ReadGeoJSON(strings.NewReader(bad)); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestReadObjectsWithoutNames: an ID stands for one object, and for the same whenever the file is read.
func TestReadObjectsWithoutNames(t *testing.T) {
	var in []string
	for _, id := range []string{`"P"`, `"P"`, `null`, `"P 2"`, `"P"`, `true`, `4`, `"4"`, `"object 1"`, `""`} {
		in = append(in, `{"type":"Feature","id":`+id+`,"geometry":{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4]]]},"properties":null}`)
	}
	l, _, err := exchange.ReadGeoJSON(strings.NewReader("[" + strings.Join(in, ",") + "]"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range l.Objects {
		got = append(got, o.ID)
	}
	want := []string{"P", "P 2", "object 1", "P 2 2", "P 3", "object 2", "4", "4 2", "object 1 2", "object 3"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// whole is a label image that is in memory.
func whole(labels []uint32, w, h int) exchange.Labels {
	l := exchange.Labels{Width: w, Height: h, Rows: func(y int, to []uint32) { copy(to, labels[y*w:]) }}
	for _, v := range labels {
		l.Most = max(l.Most, v)
	}
	return l
}

// TestGeoJSONDiskGone: a reader that fails is no broken file.
func TestGeoJSONDiskGone(t *testing.T) {
	gone := errors.New("the disk is gone")
	_, _, err := exchange.ReadGeoJSON(io.MultiReader(strings.NewReader(`{"features":[`), iotest.ErrReader(gone)))
	if !errors.Is(err, gone) || fault.KindOf(err) == fault.Corrupt {
		t.Errorf("%v", err)
	}
}

func TestLabels16(t *testing.T) {
	const w, h = 301, 257 // several strips, the last one shorter
	labels := make([]uint32, w*h)
	for i := range labels {
		labels[i] = uint32(i % 65536)
	}
	var b bytes.Buffer
	if err := exchange.WriteLabels(&b, whole(labels, w, h), imageio.Micron{X: 0.25, Y: 0.25}, "model nuclei-star@3"); err != nil {
		t.Fatal(err)
	}
	got, err := tiff.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != image.Rect(0, 0, w, h) {
		t.Fatalf("size %v", got.Bounds())
	}
	for i, l := range labels {
		if g := got.At(i%w, i/w).(color.Gray16).Y; uint32(g) != l {
			t.Fatalf("pixel %d is %d, want %d", i, g, l)
		}
	}
}

// TestLabels32 is read by our own reader: x/image knows no 32 bits. Pixels may be far smaller than
// light can tell.
func TestLabels32(t *testing.T) {
	const w, h = 301, 257
	labels := make([]uint32, w*h)
	for i := range labels {
		labels[i] = uint32(i) * 50_000
	}
	path := filepath.Join(t.TempDir(), "labels.tif")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(exchange.WriteLabels(f, whole(labels, w, h), imageio.Micron{X: 0.25, Y: 0.00005}, ""), f.Close()); err != nil {
		t.Fatal(err)
	}
	src, err := ometiff.Format{}.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	px, err := imageio.ReadRegion(t.Context(), src, imageio.Region{Rect: image.Rect(0, 0, w, h)})
	if err != nil || px.Type != imageio.Uint32 {
		t.Fatalf("%v, %+v", err, src.Info())
	}
	for i, l := range labels {
		if px.Sample(i) != float64(l) {
			t.Fatalf("pixel %d is %v, want %d", i, px.Sample(i), l)
		}
	}
	if m := src.Info().Micron; math.Abs(m.X-0.25) > 1e-6 || math.Abs(m.Y-0.00005) > 1e-11 {
		t.Errorf("pixels of %v µm", m)
	}
}

func TestLabelsRefuseAWrongSize(t *testing.T) {
	if err := exchange.WriteLabels(&bytes.Buffer{}, whole(nil, 0, 2), imageio.Micron{}, ""); err == nil {
		t.Error("wrote no pixels")
	}
}

func TestCSV(t *testing.T) {
	l := layer()
	l.Objects[0].Class = "=cmd()"
	table := measure.Table{
		Image: imageio.Info{Micron: imageio.Micron{X: 0.5, Y: 0.5}},
		Rows:  []measure.Row{{Object: l.Objects[0], Area: 40}, {Object: l.Objects[1], Area: 0.1}},
	}
	var b bytes.Buffer
	p := exchange.Provenance{Image: "a, b.tif", MD5: "0cc1", Model: "nuclei-star", Version: "3", Commit: "deadbeef", Z: 11, T: 4}
	if err := exchange.WriteCSV(&b, table, p); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(lines) != 3 {
		t.Fatalf("%v, %d lines", err, len(lines))
	}
	got := map[string]string{}
	for i, name := range lines[0] {
		got[name] = lines[1][i]
	}
	for name, want := range map[string]string{
		"Image": "a, b.tif", "Image MD5": "0cc1", "Model": "nuclei-star", "Model version": "3", "Dataset commit": "deadbeef",
		"Object": "00ff", "Track": "17", "Class": "'=cmd()", "State": "accepted", "Area px^2": "40", "Area µm^2": "10",
		"Label": "1", "Z": "11", "T": "4",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	table.Rows, b = table.Rows[1:], bytes.Buffer{} // nobody followed these
	if err := exchange.WriteCSV(&b, table, p); err != nil || strings.Contains(b.String(), "Track") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// TestCSVHead: it is the same without objects, and no formula, whatever a channel is called.
func TestCSVHead(t *testing.T) {
	l := layer()
	l.Objects[0].ID = "@SUM(1)"
	table := measure.Table{
		Image:    imageio.Info{Channels: []imageio.Channel{{Name: "DAPI"}, {Name: "=HYPERLINK(1)"}}},
		Channels: []int{1}, Rows: []measure.Row{{Object: l.Objects[0], Channels: []measure.Intensity{{Mean: 3}}}},
	}
	var some, none bytes.Buffer
	if err := exchange.WriteCSV(&some, table, exchange.Provenance{}); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&some).ReadAll()
	if err != nil || len(lines) != 2 || !slices.Contains(lines[0], "'=HYPERLINK(1): Mean") || !slices.Contains(lines[1], "'@SUM(1)") {
		t.Fatalf("%q, %v", lines, err)
	}
	table.Rows = nil
	if err := exchange.WriteCSV(&none, table, exchange.Provenance{}); err != nil {
		t.Fatal(err)
	}
	head, err := csv.NewReader(&none).Read()
	if at := slices.Index(lines[0], "Track"); err != nil || !slices.Equal(head, slices.Delete(lines[0], at, at+1)) {
		t.Errorf("%q, %v", head, err)
	}
}

func FuzzReadGeoJSON(f *testing.F) {
	var b bytes.Buffer
	if err := exchange.WriteGeoJSON(&b, layer(), measure.Table{}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		l, _, err := exchange.ReadGeoJSON(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := exchange.WriteGeoJSON(&out, l, measure.Table{}); err != nil {
			t.Fatal(err)
		}
	})
}
