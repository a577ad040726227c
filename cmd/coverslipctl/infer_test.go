package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
