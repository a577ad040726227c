package station

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/capture"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/intake"
)

// set is a capture of files with such names.
func set(t *testing.T, names ...string) intake.Capture {
	t.Helper()
	c, files := intake.Capture{Path: filepath.Join("scope", "set")}, make([]capture.File, 0, len(names))
	for _, n := range names {
		files = append(files, capture.File{Path: filepath.Join("scope", "set", n)})
	}
	c, err := several(c, files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestOneOfSeveralStandsForAll: the first that can be looked at, or else the first picture, of which
// can be said why it can't; a store is looked at as a whole.
func TestOneOfSeveralStandsForAll(t *testing.T) {
	for want, names := range map[string][]string{
		"b.tif":   {"a.nd2", "b.tif", "c.tif"},
		"b.bmp":   {"a.txt", "b.bmp", "c.bmp"},
		"w1.dib":  {"plate.htd", "w1.dib"},
		"b.LSM":   {"b.LSM", "c.lsm"},
		"001.avi": {"001.avi", "001.xml", "002.avi"},
		"a.nd2":   {"a.nd2", "b.nd2"},
		"":        {"zarr.json", "c/0/0"},
	} {
		if c := set(t, names...); c.Lead != want {
			t.Errorf("of %q %q stands for all, want %q", names, c.Lead, want)
		}
	}
}

// TestFilesThatAreNotShown of a capture of several are counted, unless the format reads them as one image.
func TestFilesThatAreNotShown(t *testing.T) {
	planes := []string{"metadata.txt"}
	for z := range 30 {
		planes = append(planes, fmt.Sprintf("img_channel000_position000_time000000000_z%03d.tif", z))
	}
	one := imageio.Info{Format: "TIFF", Channels: make([]imageio.Channel, 1), Z: 1, T: 1}
	stack, joined, places := one, one, one
	stack.Z = 40
	joined.Format, joined.Z = "OME-TIFF", 30
	places.Format, places.Images = "Micro-Manager TIFF", make([]string, 30)
	alone := joined
	alone.Z = 5
	for _, c := range []struct {
		what string
		of   intake.Capture
		info imageio.Info
		want int
	}{
		{"planes", set(t, planes...), one, 30},
		{"stacks", set(t, planes...), stack, 30},
		{"OME-TIFF that names the others", set(t, planes...), joined, 0},
		{"positions", set(t, planes...), places, 0},
		{"OME-TIFF for itself", set(t, planes...), alone, 30},
		{"one with notes", set(t, "a.tif", "a.txt"), one, 0},
		{"a store", set(t, "zarr.json", "c/0/0"), one, 0},
		{"a single file", intake.Capture{Path: "a.tif"}, one, 0},
	} {
		data, err := json.Marshal(c.of)
		if got := Files(flow.Item{Data: data}, c.info); got != c.want || err != nil {
			t.Errorf("%s: %d files, want %d, %v", c.what, got, c.want, err)
		}
	}
}
