// Package foreign reads the files of microscopes that nothing here can read, such as ND2 and LIF, by way
// of a program that converts them: OpenReadout or Bio-Formats, where one is installed.
//
// A file is converted once, whole, into an OME-TIFF on a [Shelf], and what is opened is that. It is kept by
// the name of the file's pixels, so that equal files are converted once, and can be thrown away at any
// time. The file itself is only read.
package foreign

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Format is all of them.
type Format struct {
	Shelf *Shelf
	// Ask has a conversion done elsewhere, by [Conversion.Do], and reports whether it will be: what is
	// opened is an [imageio.Making] until then. If nil, who opens waits for it.
	Ask func(*Conversion) bool
}

// Name returns "foreign".
func (Format) Name() string { return "foreign" }

// Match reports whether a file is of a kind that a converter is for.
func (Format) Match(name string, head []byte) bool { return kindOf(name, head) != nil }

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
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		src, err := f.Shelf.open(ctx, o, n)
		if !errors.Is(err, errNotKept) {
			return src, err
		}
		if err := f.have(ctx, o); err != nil {
			return nil, err
		}
	}
}

// have has o converted. Who waits for another's conversion goes on alone when that was stopped.
func (f Format) have(ctx context.Context, o original) error {
	c, mine, err := f.Shelf.conversion(ctx, o)
	if err != nil {
		return err
	}
	if f.Ask != nil {
		if mine && !f.Ask(c) {
			c.drop()
			return fault.New(fault.Busy, "“"+o.name+"” is not converted yet.", "Open it in the viewer: that converts it.", nil)
		}
		return &imageio.Making{
			Err: fault.New(fault.Busy, "“"+o.name+"” is being converted by "+c.with.Name+".",
				"It opens by itself when that is done; the Jobs screen shows how far it is.", nil),
			Done: c.done, Why: c.why,
		}
	}
	if mine {
		return c.Do(ctx, nil)
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
	return o, nil
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
)
