// Package foreign reads the files of microscopes that nothing here can read, such as ND2 and LIF, by way
// of a program that converts them: OpenReadout or Bio-Formats, where one is installed.
//
// A file is converted once, whole, into an OME-TIFF on a [Shelf], and what is opened is that. It is kept by
// the name of the file's pixels, so that equal files are converted once, and can be thrown away at any
// time. The file itself is only read.
package foreign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Format is all of them.
type Format struct {
	Shelf *Shelf
	// Never has nothing converted, and looks for nobody who would: what is not there yet is fault.Busy.
	Never bool
	// Ask has a conversion done elsewhere, by [Conversion.Do]: what is opened is an [imageio.Making] until
	// then. If nil, who opens waits for it.
	Ask func(*Conversion)
	// Progress, if not nil, hears how many bytes of how many are written for who waits, roughly.
	Progress func(done, all int64)
}

// Name returns "foreign".
func (Format) Name() string { return "foreign" }

// Match reports whether a file is of a kind that a converter is for.
func (Format) Match(name string, head []byte) bool { return kindOf(name, head) != nil }

// Rescues is true of the formats whose files hold what converters know and nothing here does.
func (Format) Rescues(format string) bool { return format == "TIFF" || format == "CZI" }

// First is a [Format] of the files that look like those of another one, which would show only their preview.
// It is to be asked before that.
type First struct{ Format }

// Match reports whether a file is one of those.
func (First) Match(name string, head []byte) bool {
	k := kindOf(name, head)
	return k != nil && k.first
}

// Rescues is false: its Format does that.
func (First) Rescues(string) bool { return false }

// Open opens the first image of the file at path.
func (f Format) Open(ctx context.Context, path string) (imageio.Source, error) {
	return f.OpenKept(ctx, path, "", -1)
}

// OpenImage opens the n-th image of the file at path.
func (f Format) OpenImage(ctx context.Context, path string, n int) (imageio.Source, error) {
	return f.OpenKept(ctx, path, "", n)
}

// OpenKept opens what the file at path was converted into, and has it converted first where that is
// missing.
func (f Format) OpenKept(ctx context.Context, path, id string, n int) (imageio.Source, error) {
	o, err := look(path, id)
	if err != nil {
		return nil, err
	}
	const tries = 3 // others may have it thrown away, and conversions that are waited for may be stopped
	for range tries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		src, err := f.Shelf.open(ctx, o, n)
		if !errors.Is(err, errNotKept) {
			return src, err
		}
		if f.Never {
			return nil, fault.New(fault.Busy, "“"+o.name+"” is not converted yet.", "Open it in the viewer: that converts it.", nil)
		}
		if err := f.have(ctx, o); err != nil {
			return nil, err
		}
	}
	return nil, fault.New(fault.Busy, "“"+o.name+"” was converted, and is not there.", "Try again.", errNotKept)
}

// have has o converted. Who waits for another's conversion goes on alone when that was stopped.
func (f Format) have(ctx context.Context, o original) error {
	c, mine, err := f.Shelf.conversion(ctx, o)
	if errors.Is(err, errKept) {
		return nil
	}
	if err != nil {
		return err
	}
	if f.Ask != nil {
		if mine {
			f.Ask(c)
		}
		return &imageio.Making{
			Err: fault.New(fault.Busy, "“"+o.name+"” is being converted by "+c.with.Name+".",
				"It opens by itself when that is done; the Jobs screen shows how far it is.", nil),
			Done: c.done, Why: c.why,
		}
	}
	if mine {
		return c.Do(ctx, f.Progress)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.done:
	}
	if errors.Is(c.err, context.Canceled) {
		return nil // tried again
	}
	return c.err
}

// original is a file that is to be converted.
type original struct {
	path  string // from the root on
	name  string // for people
	kind  string // for people
	plain string // a harmless name for it; empty: it needs its own
	id    string // of its pixels
	key   string // under which what it is converted into is kept
	st    os.FileInfo
}

// look finds out what there is to know of a file before it is converted.
func look(path, id string) (original, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return original{}, err
	}
	o := original{path: abs, name: filepath.Base(path), id: id}
	r, err := os.Open(abs) //nolint:gosec // the operator's own file
	if err != nil {
		return o, fmt.Errorf("open image: %w", err)
	}
	defer r.Close() //nolint:errcheck // only read from
	if o.st, err = r.Stat(); err != nil {
		return o, fmt.Errorf("open image: %w", err)
	}
	head := make([]byte, longestMagic)
	n, err := r.ReadAt(head, 0)
	if n == 0 {
		return o, fmt.Errorf("open image: %w", err)
	}
	if k := kindOf(o.name, head[:n]); k != nil {
		o.kind, o.plain = k.name, k.plain(o.name)
	}
	if o.id == "" {
		o.id = imageio.FileID(abs, o.st)
	}
	if o.key = o.id; o.plain == "" {
		o.key += beside(abs)
	}
	return o, nil
}

// beside tells the files apart that belong to one at path, by what they are called, how large they are and when
// they were written: those that are named after it, or lie in folders that are.
func beside(path string) string {
	const most = 10_000
	stem, n, sum := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), 0, sha256.New()
	dir := filepath.Dir(path)
	_ = filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, at)
		first, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		switch {
		case err != nil || at == dir || at == path:
			return nil //nolint:nilerr // it can't be listed, and hardly be read
		case !strings.Contains(first, stem) && d.IsDir():
			return fs.SkipDir
		case !strings.Contains(first, stem):
			return nil
		}
		if n++; n > most {
			return fs.SkipAll
		}
		if st, err := d.Info(); err == nil && st.Mode().IsRegular() {
			fmt.Fprintf(sum, "%q %d %d\n", rel, st.Size(), st.ModTime().UnixNano())
		}
		return nil
	})
	if n == 0 {
		return ""
	}
	return "+" + hex.EncodeToString(sum.Sum(nil)[:8])
}

// source is a converted image: it is called as its original.
type source struct {
	imageio.Source

	id   string
	info imageio.Info
}

func (s *source) ID() string { return s.id }

func (s *source) Info() imageio.Info { return s.info }

var (
	_ imageio.Format   = Format{}
	_ imageio.Multiple = Format{}
	_ imageio.Keeper   = Format{}
	_ imageio.Rescuer  = Format{}
)
