package station_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/station"
)

// original is an image that another program wrote, and the planes that it noted. A list of a format
// says either its shape or its sides.
type original struct {
	Group, Name, Raw, Type        string
	Shape                         []int // T, Z, C, rows, columns, or without the first two
	T, Z, C, H, W                 int
	Frames, Planes, Height, Width int
	Level, Image, Tolerance       int
	FFmpeg                        bool
}

// back is what convert_back.py compares.
type back struct {
	Path      string `json:"path"`
	Raw       string `json:"raw"`
	Shape     []int  `json:"shape"`
	Type      string `json:"dtype"`
	Lossy     bool   `json:"lossy"`
	Tolerance int    `json:"tolerance"`
}

// originals reads the list of a folder.
func originals(t *testing.T, list string) []original {
	t.Helper()
	data, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	var all []original
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestConvertAll makes OME-TIFFs of images of each format, those of the readers' own tests, and has
// tifffile and bioio compare each sample. Without COVERSLIP_TEST_LONG=1 it takes a fifth of those that
// are quickly made, and no Zarr.
func TestConvertAll(t *testing.T) {
	long := os.Getenv("COVERSLIP_TEST_LONG") == "1"
	dir, least, n := t.TempDir(), 30, 0
	var jobs []back
	add := func(in string, e original, b back) {
		t.Helper()
		if n++; !long && n%5 != 0 {
			return
		}
		b.Path, b.Type = filepath.Join(dir, fmt.Sprintf("%d.ome.tif", len(jobs))), e.Type
		image := -1
		if e.Group == "several images" {
			image = e.Image
		}
		if err := station.Convert(t.Context(), station.Conversion{In: in, Out: b.Path, Image: image}, nil); err != nil {
			t.Errorf("%s: %v", in, err)
			return
		}
		jobs = append(jobs, b)
	}
	peer := func(format, program string) string {
		to := t.TempDir()
		imageiotest.Peer(t, filepath.Join("..", "imageio", format, "testdata", program), to)
		return to
	}

	tiffs, err := filepath.Abs(filepath.Join("..", "imageio", "ometiff", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range originals(t, filepath.Join(tiffs, "vectors.json")) {
		at := filepath.Join(tiffs, e.Name)
		add(at+".tif", e, back{Raw: at + ".raw.gz", Shape: []int{e.T, e.Z, e.C, e.H, e.W}})
	}
	if long {
		least = 150
		seen := map[string]bool{}
		zarrs := peer("zarr", "matrix.py")
		for _, e := range originals(t, filepath.Join(zarrs, "matrix.json")) {
			if kind := fmt.Sprint(e.Group, e.Type, e.Image); e.Level == 0 && !seen[kind] {
				seen[kind] = true
				add(filepath.Join(zarrs, e.Name), e, back{Raw: filepath.Join(zarrs, e.Raw), Shape: e.Shape})
			}
		}
	}
	pictures := peer("raster", "pictures.py")
	for _, e := range originals(t, filepath.Join(pictures, "pictures.json")) {
		at := filepath.Join(pictures, e.Name)
		add(at, e, back{Raw: at + ".raw", Shape: append([]int{1, 1}, e.Shape...)})
	}
	_, noFFmpeg := exec.LookPath("ffmpeg")
	films := peer("video", "films.py")
	for _, e := range originals(t, filepath.Join(films, "films.json")) {
		if at := filepath.Join(films, e.Name); !e.FFmpeg || noFFmpeg == nil && e.Planes == 3 {
			e.Type = "uint8"
			add(at, e, back{Raw: at + ".raw", Shape: []int{e.Frames, 1, e.Planes, e.Height, e.Width}, Lossy: e.FFmpeg, Tolerance: e.Tolerance})
		}
	}

	if len(jobs) < least {
		t.Errorf("only %d images", len(jobs))
	}
	text, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "jobs.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	imageiotest.Peer(t, filepath.Join("testdata", "convert_back.py"), list)
}
