package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/servertest"
)

// TestAVendorsFile is described, converted and predicted, in one conversion; without a converter it says what
// to install.
func TestAVendorsFile(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	python := servertest.Need(t, "COVERSLIP_TEST_IMAGEIO_PYTHON")
	dir, cache := t.TempDir(), t.TempDir()
	imageiotest.Peer(t, filepath.Join("..", "..", "core", "imageio", "foreign", "testdata", "make.py"), dir)
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("COVERSLIP_CONVERTER", python)
	ctl := func(code int, args ...string) string {
		t.Helper()
		var text, errs bytes.Buffer
		if got := run(t.Context(), args, &text, &errs); got != code {
			t.Fatalf("%v ended with %d, not %d\n%s%s", args, got, code, &text, &errs)
		}
		return text.String() + errs.String()
	}
	in := filepath.Join(dir, "-x.nd2")
	if text := ctl(0, "info", in); !strings.Contains(text, "Nikon ND2, 52 × 40 pixels of uint16") || !strings.Contains(text, "image 0 of 0 to 1: Well 0, Well 1") {
		t.Error(text)
	}
	if text := ctl(0, "convert", in, filepath.Join(dir, "well.ome.tif"), "--image", "1"); !strings.Contains(text, "4 planes, 3 time points") {
		t.Error(text)
	}
	ctl(0, "infer", in, "--z", "3", "--image", "1", "--out", filepath.Join(dir, "labels.tif"))
	if kept, err := os.ReadDir(filepath.Join(cache, "coverslip", "converted")); err != nil || len(kept) != 1 {
		t.Errorf("converted into %v, %v", kept, err)
	}
	t.Setenv("COVERSLIP_CONVERTER", "")
	t.Setenv("PATH", t.TempDir())
	if text := ctl(1, "info", filepath.Join(dir, "two.lif")); !strings.Contains(text, "pip install openreadout") {
		t.Error(text)
	}
	ctl(0, "info", in) // it is kept
}
