package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
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
	"coverslip.dev/coverslip/core/servertest"
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
