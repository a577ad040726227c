package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"image"
	"io"
	"io/fs"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"coverslip.dev/coverslip/assets/sample"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// Results never replace an image, nor one another, whatever engine there is.
func TestInferSparesImages(t *testing.T) {
	dir := t.TempDir()
	one, two, link := filepath.Join(dir, "a", "x.ome.tif"), filepath.Join(dir, "b", "x.ome.tif"), filepath.Join(dir, "x.labels.tif")
	for _, f := range []string{one, two} {
		if err := os.MkdirAll(filepath.Dir(f), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, []byte("an image"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(one, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		say  string
	}{
		{[]string{one, "--out", one}, "would replace an image"},
		{[]string{one, "--into", dir}, "would replace an image"},
		{[]string{one, two, "--into", filepath.Join(dir, "a")}, "would both be"},
		{[]string{one, "--into", dir, "--as", "png"}, "not png"},
		{[]string{one, "--channels", "1,"}, "are not like 1,0"},
		{[]string{one, "--z", "-1"}, "a whole number from 0 on"},
		{[]string{one, "--threshold", "1.5"}, "--threshold is from 0 to 1"},
		{[]string{one, "--tile", "-5"}, "--tile is from 32 to 32768, or 0"},
		{[]string{one, "--tile", "1"}, "--tile is from"},
		{[]string{one, "--overlap", "-5"}, "--overlap is not below 0"},
		{[]string{one, "--tile", "512", "--overlap", "512"}, "less than a tile"},
		{[]string{one, "--overlap", "50000"}, "less than a tile"},
		{[]string{one, "--diameter", "-3"}, "--diameter is from 0 to 10000"},
		{[]string{one, "--diameter", "NaN"}, "--diameter is from 0 to 10000"},
	} {
		var text, errs bytes.Buffer
		args := append([]string{"infer", "--engine", "grpc://127.0.0.1:1"}, c.args...)
		if code := run(t.Context(), args, &text, &errs); code == 0 || !strings.Contains(errs.String(), c.say) {
			t.Errorf("%v ended with %d: %s", c.args, code, &errs)
		}
	}
	if data, err := os.ReadFile(one); err != nil || string(data) != "an image" {
		t.Errorf("the image is %q, %v", data, err)
	}
}

// A network may want larger tiles than are usual, of which more can be shared.
func TestInferSharesWhatTheNetworkHasRoomFor(t *testing.T) {
	q := station.Question{Engine: "embedded", Overlap: 600}
	q.Linking.Reach = 20
	if err := (results{}).fit(q, []string{"a.tif"}); err != nil {
		t.Error(err)
	}
}

// Results are only written where they can be, and replace what is there only if somebody says so.
func TestInferSparesResults(t *testing.T) {
	dir := t.TempDir()
	file, other := filepath.Join(dir, "a.tif"), filepath.Join(dir, "other.tif")
	for _, f := range []string{file, other, filepath.Join(dir, "a.labels.tif")} {
		if err := os.WriteFile(f, []byte("an image"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		r   results
		say string
	}{
		{results{out: other}, "is there already"},
		{results{out: other, force: true}, ""},
		{results{tracks: other}, "is there already"},
		{results{into: dir, kinds: []string{"csv", "tif"}}, "is there already"},
		{results{into: dir, kinds: []string{"csv"}}, ""},
		{results{out: file, force: true}, "would replace an image"},
		{results{out: filepath.Join(dir, "none", "a.csv")}, "There is no folder “" + filepath.Join(dir, "none") + "”"},
		{results{into: other, kinds: []string{"csv"}}, "There is no folder"},
		{results{out: filepath.Join(dir, "a.png")}, "is none of .geojson, .csv and .tif"},
	} {
		if err := c.r.check([]string{file}); (err == nil) != (c.say == "") || err != nil && !strings.Contains(err.Error(), c.say) {
			t.Errorf("%+v: %v", c.r, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// Images that are bad are told, each by its name, and the others are asked about; what was found names its image.
func TestInferGoesOnAfterABadImage(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	dir := t.TempDir()
	data, err := fs.ReadFile(sample.Captures(), "2026-11-24_bbbc038_img2d_DAPI.ome.tif")
	if err != nil {
		t.Fatal(err)
	}
	var images []string
	for name, text := range map[string]string{"a.ome.tif": string(data), "b.ome.tif": string(data), "cut.ome.tif": string(data[:len(data)/2]), "empty.tif": "", "notes.tif": "none"} {
		images = append(images, filepath.Join(dir, name))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	images = append(images, filepath.Join(dir, "none.tif"))
	slices.Sort(images)
	var text, errs bytes.Buffer
	if code := run(t.Context(), append([]string{"--json", "infer"}, images...), &text, &errs); code != 1 || !strings.Contains(errs.String(), "4 of 6 images have no answer.") {
		t.Errorf("ended with %d: %s", code, &errs)
	}
	for _, bad := range images[2:] {
		if !strings.Contains(errs.String(), "coverslipctl: "+bad+": ") {
			t.Errorf("%s is not told of: %s", bad, &errs)
		}
	}
	var files []string
	for line := range strings.Lines(text.String()) {
		var found struct {
			File    string
			Objects []any
		}
		if err := json.Unmarshal([]byte(line), &found); err != nil || len(found.Objects) == 0 {
			t.Errorf("%.100q, %v", line, err)
		}
		files = append(files, found.File)
	}
	if slices.Sort(files); !slices.Equal(files, images[:2]) {
		t.Errorf("found in %v", files)
	}
}

// glance looks into a folder whenever something is said.
type glance struct {
	dir  string
	seen []string
}

func (g *glance) Write(b []byte) (int, error) {
	all, err := os.ReadDir(g.dir)
	for _, e := range all {
		g.seen = append(g.seen, e.Name())
	}
	return len(b), err
}

// While a film is looked at nothing lies beside the table that is to be: a kill leaves nothing behind.
func TestTracksLeaveNothingHalfWritten(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	film := filepath.Join(t.TempDir(), "film.ome.tif")
	info := imageio.Info{Levels: []imageio.Level{{Size: image.Pt(64, 64)}}, Channels: []imageio.Channel{{Name: "DAPI"}}, Z: 2, T: 2, Type: imageio.Uint8}
	err := ometiff.Write(t.Context(), film, info, func(_, _, _ int) (*imageio.Pixels, error) {
		return &imageio.Pixels{Size: image.Pt(64, 64), Type: imageio.Uint8, Data: make([]byte, 64*64)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	errs := &glance{dir: dir}
	var text bytes.Buffer
	if code := run(t.Context(), []string{"infer", film, "--tracks", filepath.Join(dir, "table.csv")}, &text, errs); code != 0 || len(errs.seen) > 0 {
		t.Errorf("ended with %d: %s, %v were there", code, &text, errs.seen)
	}
	if _, err := os.Stat(filepath.Join(dir, "table.csv")); err != nil {
		t.Error(err)
	}
}

// A corrected pixel size is what infer and the gateway measure with, too.
func TestACorrectedPixelSizeIsMeasuredWith(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	b := newBench(t)
	b.ctl(0, "init")
	data, err := fs.ReadFile(sample.Captures(), "2026-11-24_bbbc038_img2d_DAPI.ome.tif")
	if err != nil {
		t.Fatal(err)
	}
	b.put("a.tif", string(data))
	b.ctl(0, "add", "a.tif")
	b.ctl(0, "commit", "-m", "a")
	file := filepath.Join(b.dir, "a.tif")
	b.ctl(0, "calibrate", "a.tif", "0.5")
	infer := func() []float64 {
		out := filepath.Join(t.TempDir(), "a.csv")
		b.ctl(0, "infer", file, "--out", out)
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return areas(t, string(text))
	}
	before := infer()
	b.ctl(0, "calibrate", "a.tif", "1")
	after := infer()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	var wg sync.WaitGroup
	defer func() { cancel(); wg.Wait() }()
	wg.Go(func() {
		run(ctx, []string{"gateway", "--listen", "127.0.0.1:0", "--dataset", b.dir}, w, w)
		_ = w.Close() // of a pipe it never fails
	})
	lines := bufio.NewReader(r)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err, line)
	}
	wg.Go(func() { _, _ = io.Copy(io.Discard, lines) }) // so that it can write
	at := strings.TrimSpace(strings.TrimPrefix(line, "listening at "))
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, at+"/v1/predict?format=csv", strings.NewReader(`{"path": "a.tif"}`))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	asked := areas(t, string(text))
	cancel()
	if len(before) < 50 || len(after) != len(before) || len(asked) != len(before) {
		t.Fatalf("%d, %d and %d objects: %s", len(before), len(after), len(asked), text)
	}
	for i := range before {
		if math.Abs(after[i]/before[i]-4) > 1e-3 || after[i] != asked[i] {
			t.Fatalf("object %d: %g µm² before, %g after, %g of the gateway", i, before[i], after[i], asked[i])
		}
	}
}

// areas reads the column of areas in µm² of a table.
func areas(t *testing.T, text string) (out []float64) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatal(err, text)
	}
	at := slices.IndexFunc(rows[0], func(s string) bool { return strings.HasPrefix(s, "Area µm") })
	if at < 0 {
		t.Fatalf("columns %q", rows[0])
	}
	for _, row := range rows[1:] {
		v, err := strconv.ParseFloat(row[at], 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}
