package station_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/assets/sample"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
)

// folder puts a folder of files into the instrument's, all at once: written one by one, a slow machine
// may take longer for them than the profile waits for the next.
func (b *bench) folder(name string, files map[string]string) {
	b.t.Helper()
	aside := filepath.Join(b.ws, "aside", name)
	for file, text := range files {
		path := filepath.Join(aside, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := os.Rename(aside, filepath.Join(b.ws, "scope", name)); err != nil {
		b.t.Fatal(err)
	}
}

// TestSeriesBecomesOneCapture follows files that belong together up to the prediction.
func TestSeriesBecomesOneCapture(t *testing.T) {
	ws := t.TempDir()
	b := open(t, ws, func(s *config.Settings) {
		s.Folders[0].Profile, s.Folders[0].Quiet = "tiff-series", time.Second
	})
	image, err := fs.ReadFile(sample.Captures(), field)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for i := range 3 {
		all[fmt.Sprintf("cells_t%03d.tif", i)] = string(image)
	}
	b.folder("day 1", all)
	it := b.capture("cells", predicted)
	var c intake.Capture
	var p intake.Predicted
	if err := it.Read(&c); err != nil || c.Count != 3 || c.Rel != "captures/scope-1/day 1/cells.set" || c.Lead != "cells_t000.tif" {
		t.Errorf("captured %+v, %v", c, err)
	}
	if !it.Out("infer", &p) || p.Objects < 100 {
		t.Errorf("predicted %+v", p)
	}
	text, err := os.ReadFile(filepath.Join(b.Folder(), "captures/scope-1/day 1/cells.set.dvc"))
	if err != nil || !strings.Contains(string(text), "nfiles: 3") || !strings.Contains(string(text), ".dir") {
		t.Errorf("versioned as %s, %v", text, err)
	}
	commits, err := b.Commits(t.Context(), 1)
	if err != nil || !strings.HasPrefix(commits[0].Subject, "Capture cells (3 files) from Scope 1") {
		t.Errorf("committed as %+v, %v", commits, err)
	}
	if err := b.Review(t.Context(), it, "as it should be"); err != nil {
		t.Fatal(err)
	}
	b.capture("cells", func(it flow.Item) bool { return it.Behind("publish") })
	if _, err := os.Stat(filepath.Join(b.Folder(), "captures/scope-1/day 1/cells.set.objects.geojson")); err != nil {
		t.Error(err)
	}
}

// TestStoreBecomesOneCapture follows an OME-Zarr store, a folder, to where it is looked at.
func TestStoreBecomesOneCapture(t *testing.T) {
	ws := t.TempDir()
	b := open(t, ws, func(s *config.Settings) { s.Folders[0].Profile, s.Folders[0].Quiet = "ome-zarr", time.Second })
	b.folder("b.zarr", map[string]string{
		"zarr.json": `{"zarr_format":3,"node_type":"group","attributes":{"ome":{"version":"0.5","multiscales":[{"name":"b",` +
			`"axes":[{"name":"y","type":"space"},{"name":"x","type":"space"}],` +
			`"datasets":[{"path":"0","coordinateTransformations":[{"type":"scale","scale":[1,1]}]}]}]}}}`,
		"0/zarr.json": `{"zarr_format":3,"node_type":"array","shape":[4,12],"data_type":"uint8","fill_value":0,` +
			`"chunk_key_encoding":{"name":"default"},"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[4,12]}},"codecs":[{"name":"bytes"}]}`,
		"0/c/0/0": strings.Repeat("abcdefghijkl", 4),
	})
	it := b.capture("b.zarr", func(it flow.Item) bool { return it.Behind("version") })
	var c intake.Capture
	if err := it.Read(&c); err != nil || c.Count != 3 || c.Image() != "captures/scope-1/b.zarr" {
		t.Errorf("captured %+v, %v", c, err)
	}
	src, err := b.OpenImage(t.Context(), it)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if size := src.Info().Levels[0].Size; size.X != 12 || size.Y != 4 {
		t.Errorf("an image of %v", size)
	}
	if text, err := os.ReadFile(filepath.Join(b.Folder(), "captures/scope-1/b.zarr.dvc")); err != nil || !strings.Contains(string(text), "nfiles: 3") {
		t.Errorf("versioned as %s, %v", text, err)
	}
}

// TestBurstSharesCommits drops many files at once: each is versioned, in few commits.
func TestBurstSharesCommits(t *testing.T) {
	n := 200
	if os.Getenv("COVERSLIP_TEST_LONG") == "1" {
		n = 2000
	}
	ws := t.TempDir()
	b := open(t, ws, nil)
	before, err := b.Commits(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(ws, "scope", fmt.Sprintf("trace-%03d.csv", i)), fmt.Appendf(nil, "t;%d\n", i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const bad = "line\nbreak.csv" // a name that DVC can't keep
	if err := os.WriteFile(filepath.Join(ws, "scope", bad), []byte("t\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	behind := 0
	b.until(func() bool {
		behind = 0
		for _, it := range b.Items().All() {
			if it.Behind("version") && it.Behind("push") {
				behind++
			}
		}
		return behind == n
	}, func() string { return fmt.Sprintf("%d of %d pushed", behind, n) })
	for i := range n {
		name := filepath.Join(b.Folder(), fmt.Sprintf("captures/scope-1/trace-%03d.csv", i))
		if _, err := os.Stat(name + ".dvc"); err != nil {
			t.Error(err)
		}
		if data, err := os.ReadFile(name); err != nil || string(data) != fmt.Sprintf("t;%d\n", i) {
			t.Errorf("%s holds %q, %v", name, data, err)
		}
	}
	b.until(func() bool {
		for _, g := range b.Sightings().All() {
			if strings.Contains(g.Say, "line break") {
				return true
			}
		}
		return false
	}, func() string { return "the bad name is held" })
	after, err := b.Commits(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	made := after[:len(after)-len(before)]
	files := 0
	for _, c := range made {
		var k int
		if _, err := fmt.Sscanf(c.Subject, "Capture %d files from Scope 1", &k); err != nil {
			k = 1
		}
		files += k
	}
	if files != n || len(made) > n/10 {
		t.Errorf("%d commits of %d files: %q…", len(made), files, made[0].Subject)
	}
}

func TestUnknownProfileIsRefused(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	s := b.Settings()
	s.Folders = slices.Clone(s.Folders) // those in force are being read
	s.Folders[0].Profile = "abacus"
	if err := b.Save(t.Context(), s, nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("saved: %v", err)
	}
	s.Folders[0].Profile, s.Folders[0].Own = "", &config.Profile{Group: "("}
	if err := b.Save(t.Context(), s, nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("saved: %v", err)
	}
}
