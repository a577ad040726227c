package ui

import (
	"image"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/tiff"

	"coverslip.dev/coverslip/ui/tileview"
)

func TestPicturesAreKeptWhole(t *testing.T) {
	p := tileview.Picture{Image: image.NewRGBA(image.Rect(0, 0, 30, 20))}
	p.Image.Pix[4] = 200
	folder := filepath.Join(t.TempDir(), "snapshots")
	path := filepath.Join(folder, "a.tiff")
	if at, err := keepPicture(path, "tiff", p); err != nil || at != path {
		t.Fatal(at, err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	first, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	img, err := tiff.Decode(f)
	if err != nil || img.Bounds() != p.Image.Rect {
		t.Fatalf("read again: %v", err)
	}
	if r, _, _, _ := img.At(1, 0).RGBA(); r>>8 != 200 {
		t.Errorf("a pixel of 200 is %d", r>>8)
	}
	for _, want := range []string{"a (2).tiff", "a (3).tiff"} { // within one second
		if at, err := keepPicture(path, "tiff", tileview.Picture{Image: image.NewRGBA(image.Rect(0, 0, 3, 2))}); err != nil || at != filepath.Join(folder, want) {
			t.Errorf("a second one is kept as %s, %v", at, err)
		}
	}
	if now, err := os.Stat(path); err != nil || now.Size() != first.Size() {
		t.Error("the first was written over")
	}
	if at, err := keepPicture(filepath.Join(folder, "b.png"), "png", tileview.Picture{Image: &image.RGBA{}}); err == nil {
		t.Errorf("no pixels are kept as %s", at)
	}
	if all, _ := filepath.Glob(filepath.Join(folder, "b*")); len(all) > 0 {
		t.Errorf("what was not kept left %v", all)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, ".snapshot-*")); len(left) > 0 {
		t.Errorf("halves are left: %v", left)
	}
}

// TestAPictureIsNamedByTheImageThatWasOpen: another one may arrive while the menu of kinds stands.
func TestAPictureIsNamedByTheImageThatWasOpen(t *testing.T) {
	w, posts := corrected(t)
	it, _ := w.station.Items().Row("a")
	it.Title = "first.tif"
	w.station.Items().Put("a", it)
	keep := w.snapshot(tileview.Picture{Image: image.NewRGBA(image.Rect(0, 0, 3, 2))})
	w.desk.id, w.desk.file = "", "second.tif"
	keep("png")
	if err := w.slow.next()(t.Context()); err != nil {
		t.Error(err)
	}
	folder := filepath.Join(filepath.Dir(w.station.Folder()), "snapshots")
	if all, _ := filepath.Glob(filepath.Join(folder, "first.tif *.png")); len(all) != 1 {
		t.Errorf("kept are %v", all)
	}
	for len(posts) > 0 {
		(<-posts)()
	}
}
