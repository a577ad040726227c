package ui

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
)

// tiny writes the smallest OME-Zarr image into a folder, and returns it.
func tiny(t *testing.T) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), "tiny.zarr")
	for name, text := range map[string]string{
		".zgroup": `{"zarr_format":2}`,
		".zattrs": `{"multiscales":[{"version":"0.4","axes":[{"name":"y","type":"space"},{"name":"x","type":"space"}],
			"datasets":[{"path":"0","coordinateTransformations":[{"type":"scale","scale":[1,1]}]}]}]}`,
		"0/.zarray": `{"zarr_format":2,"shape":[16,16],"chunks":[16,16],"dtype":"|u1","compressor":null,"fill_value":0,"order":"C","filters":null}`,
		"0/0.0":     strings.Repeat("\x10", 16*16),
	} {
		file := filepath.Join(at, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return at
}

// published returns the address of a folder on a web server.
func published(t *testing.T, folder string) string {
	t.Helper()
	s := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(folder))))
	t.Cleanup(s.Close)
	return s.URL + "/" + filepath.Base(folder)
}

// worked does what was asked for.
func worked(t *testing.T, w *window) (err error) {
	t.Helper()
	for _, k := range []*work{w.work, w.closing} {
		for f := k.next(); f != nil; f = k.next() {
			err = errors.Join(err, f(t.Context()))
		}
	}
	return err
}

// TestAnImageIsAskedForByKey on any screen: a file, a folder, and an address, whose name is told without what is secret.
func TestAnImageIsAskedForByKey(t *testing.T) {
	w, c := furnished(t)
	w.queues = newQueues(func(f func()) { f() }, w.opt.Log)
	t.Cleanup(func() { w.desk.src.Close() })
	folder := tiny(t)
	file, err := filepath.Abs("../assets/sample/captures/2026-11-24_bbbc038_img2d_DAPI.ome.tif")
	if err != nil {
		t.Fatal(err)
	}
	for page, path := range map[string]string{"jobs": file, "viewer": folder, "settings": published(t, folder) + "?signature=1", "inbox": file} {
		w.shell.Open(page)
		c.Unfocus()
		if page == "inbox" { // where somebody has written into the filter
			for _, o := range seen(w.inbox) {
				if f, ok := o.(*kit.Field); ok {
					c.Focus(f)
				}
			}
			if !w.writes() {
				t.Error("the filter has not the keys")
			}
		}
		c.TypedShortcut(control(fyne.KeyO))
		field, ok := c.Focused().(*kit.PathField)
		if !ok {
			t.Fatalf("%s: %T has the keys", page, c.Focused())
		}
		test.Type(field, path)
		field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if err := worked(t, w); err != nil || w.desk.file != path || w.shell.Page() != "viewer" || c.Overlays().Top() != nil {
			t.Errorf("%s: %v, %q is open in %s, %T lies above", page, err, w.desk.file, w.shell.Page(), c.Overlays().Top())
		}
	}
	w.desk.file = "https://lab.example/tiny.zarr?signature=1"
	if got := w.onlyLooked().Title; got != "tiny.zarr" {
		t.Errorf("it is called %q", got)
	}
	if got := filepath.Base(w.snapshotPath("png")); !strings.HasPrefix(got, "tiny.zarr 2") {
		t.Errorf("a snapshot of it is called %q", got)
	}
}

// TestWhatCanNotBeOpenedIsSaidWhereItWasAsked, so that it can be written anew. Who leaves the dialog does not want it.
func TestWhatCanNotBeOpenedIsSaidWhereItWasAsked(t *testing.T) {
	w, c := furnished(t)
	w.queues = newQueues(func(f func()) { f() }, w.opt.Log)
	folder := tiny(t)
	address := published(t, folder)
	w.askFile()
	dialog, field := c.Overlays().Top(), w.win.Canvas().Focused().(*kit.PathField)
	said := func() (all string) {
		for _, o := range seen(dialog) {
			if l, ok := o.(*widget.Label); ok {
				all += l.Text + "\n"
			}
		}
		return all
	}
	for path, want := range map[string]string{
		filepath.Join(folder, "none"):  "There is no file or folder",
		filepath.Join(folder, "0/0.0"): "is of no image format",
		address + "/none":              "none",
		"ftp://lab.example/a.zarr":     "No image can be opened at the address",
	} {
		field.SetPath(path)
		field.OnSubmitted("")
		if err := worked(t, w); w.desk.file != "" || c.Overlays().Top() != dialog || !strings.Contains(said(), want) {
			t.Errorf("%s: %v, the dialog says %q", path, err, said())
		}
	}
	field.SetPath(address)
	field.OnSubmitted("")
	field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if err := worked(t, w); err != nil || w.desk.file != "" || c.Overlays().Top() != nil || w.opening != "" {
		t.Errorf("%v: %q is open though the dialog was left", err, w.desk.file)
	}
}

// TestAnAddressIsDropped as the toolkit hands it on: as a file in the folder that the program runs in.
func TestAnAddressIsDropped(t *testing.T) {
	w, c := furnished(t)
	w.queues = newQueues(func(f func()) { f() }, w.opt.Log)
	t.Cleanup(func() { w.desk.src.Close() })
	address := published(t, tiny(t))
	w.dropped(fyne.Position{}, []fyne.URI{storage.NewFileURI(address)})
	if err := worked(t, w); err != nil || w.desk.file != address || w.shell.Page() != "viewer" || c.Overlays().Top() != nil {
		t.Errorf("%v: %q is open in %s", err, w.desk.file, w.shell.Page())
	}
	for _, path := range []string{"https://lab.example/a.zarr?b=c", "s3://bucket/a.zarr", "/data/a.tif"} {
		if got := droppedPath(storage.NewFileURI(path)); got != filepath.FromSlash(path) && got != path {
			t.Errorf("%q is dropped as %q", path, got)
		}
	}
}
