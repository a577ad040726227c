package ui

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/image/tiff"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/ui/tileview"
)

// snapshot returns what keeps a picture of the viewer in the workspace's folder snapshots, under the
// name of what is open now: another image may be by the time that a kind is chosen.
func (w *window) snapshot(p tileview.Picture) func(kind string) {
	path := w.snapshotPath("")
	return func(kind string) {
		w.slow.do(func(context.Context) error {
			at, err := keepPicture(path+kind, kind, p)
			if err != nil {
				return fault.New(fault.Denied, "The snapshot can't be written.", "Look whether the disk of the workspace is full or locked.", err)
			}
			w.slow.post(func() { w.viewer.Note("Kept as " + at) })
			return nil
		})
	}
}

// snapshotPath is a file for what is open, with that ending.
func (w *window) snapshotPath(ending string) string {
	d := &w.desk
	name := fileName(d.file)
	if it, ok := w.station.Items().Row(cmp.Or(d.id, d.other)); ok {
		name = it.Title
	}
	if info := d.src.Info(); len(info.Images) > 1 {
		name += " " + info.Images[info.Image]
	}
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	folder := filepath.Join(filepath.Dir(w.station.Folder()), "snapshots")
	return filepath.Join(folder, fmt.Sprintf("%s %s.%s", name, time.Now().Format("2006-01-02 150405"), ending))
}

// keepPicture writes a picture beside its final name first, so that no half one is left, and returns that name. It
// has a number where there is one of that name: two may be taken within a second.
func keepPicture(path, kind string, p tileview.Picture) (at string, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".snapshot-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	b := bufio.NewWriter(f)
	err = errors.Join(encode(b, kind, p), b.Flush(), f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return "", err
	}
	if at, err = reserve(path); err != nil {
		return "", err
	}
	if err = os.Rename(f.Name(), at); err != nil {
		return "", errors.Join(err, os.Remove(at))
	}
	return at, nil
}

// reserve makes an empty file of that name, or with the next number that is free.
func reserve(path string) (string, error) {
	ending := filepath.Ext(path)
	at := path
	for n := 2; ; n++ {
		f, err := os.OpenFile(at, os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			return at, f.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		at = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(path, ending), n, ending)
	}
}

func encode(w io.Writer, kind string, p tileview.Picture) error {
	switch kind {
	case "svg":
		return p.WriteSVG(w)
	case "tiff":
		return tiff.Encode(w, p.Image, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
	}
	return png.Encode(w, p.Image)
}
