package foreign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Shelf is where converted images are kept: whole files of a folder, in which others may lie, too.
type Shelf struct {
	Dir  string
	Most int64                                        // bytes that a file may have, converted or not
	Room func(size int64) error                       // makes room in Dir for so many bytes more than lie there
	Find func(ctx context.Context) (Converter, error) // by whom it is converted
	TIFF interface {                                  // opens what was converted
		imageio.Format
		imageio.Multiple
		imageio.Completer
	}
	Patience time.Duration // after which a converter is ended that neither writes nor computes
	Log      *slog.Logger

	mu    sync.Mutex // guards all below
	under map[string]*Conversion
	vain  map[string]failure // by key
}

// failure is a conversion that came to nothing, and would again.
type failure struct {
	id  string
	by  string // as it was then
	err error
}

// What is missing on the shelf, or no longer.
var (
	errNotKept = errors.New("not converted yet")
	errKept    = errors.New("converted meanwhile")
)

// making begins the names of folders in which something is converted.
const making = "converting-"

// path is where what is converted is kept under that key.
func (s *Shelf) path(key string) string {
	kind, sum, ok := strings.Cut(key, ":")
	if _, err := hex.DecodeString(sum); !ok || err != nil || strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		hash := sha256.Sum256([]byte(key))
		kind, sum = "id", hex.EncodeToString(hash[:16])
	}
	return filepath.Join(s.Dir, kind+"-"+sum+".converted.ome.tif")
}

// open opens the n-th image of what o was converted into, or its first one for n < 0.
func (s *Shelf) open(ctx context.Context, o original, n int) (imageio.Source, error) {
	at := s.path(o.key)
	if _, err := os.Stat(at); errors.Is(err, fs.ErrNotExist) {
		return nil, errNotKept
	}
	var src imageio.Source
	var err error
	id := o.id
	if n < 0 {
		src, err = s.TIFF.Open(ctx, at)
	} else {
		id = imageio.ImageID(id, n)
		src, err = s.TIFF.OpenImage(ctx, at, n)
	}
	if fault.KindOf(err) == fault.Corrupt { // it was whole once: the disk has lost something
		return nil, errors.Join(errNotKept, os.Remove(at))
	}
	if err != nil {
		return nil, err
	}
	now := time.Now()
	_ = os.Chtimes(at, now, now) // the oldest go first
	info := src.Info()
	info.Name = o.name
	if o.kind != "" {
		info.Format = o.kind
	}
	return &source{src, id, info}, nil
}

// Conversion is a file that is being converted.
type Conversion struct {
	Title string // for people
	Size  int64  // bytes to be converted

	shelf *Shelf
	of    original
	with  Converter
	done  chan struct{}
	err   error // set before done is closed
}

// conversion returns the conversion of o that is under way, or a new one that is the caller's to do; errKept
// if another has ended since the caller looked, and why the last one failed until that is forgotten.
func (s *Shelf) conversion(ctx context.Context, o original) (c *Conversion, mine bool, err error) {
	if c := s.running(o.key); c != nil {
		return c, false, nil
	}
	with, err := s.Find(ctx)
	if err != nil {
		return nil, false, none(o, err)
	}
	if o.st.Size() > s.Most {
		return nil, false, s.tooLarge(o, nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.under[o.key]; c != nil {
		return c, false, nil
	}
	if _, err := os.Stat(s.path(o.key)); err == nil { // who keeps it is under way until it is there
		return nil, false, errKept
	}
	if f, ok := s.vain[o.key]; ok && f.by == with.version() {
		return nil, false, f.err
	}
	c = &Conversion{Title: o.name, Size: o.st.Size(), shelf: s, of: o, with: with, done: make(chan struct{})}
	if s.under == nil {
		s.under = map[string]*Conversion{}
	}
	s.under[o.key] = c
	return c, true, nil
}

// tooLarge is the fault of a file that would not fit, converted or not.
func (s *Shelf) tooLarge(o original, cause error) error {
	return fault.New(fault.Invalid, fmt.Sprintf("“%s” is too large to be converted here: there is room for %d GB.", o.name, s.Most>>30),
		"It is kept and versioned all the same; export it as OME-TIFF, in parts, to look at it here.", cause)
}

func (s *Shelf) running(id string) *Conversion {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.under[id]
}

// none says that nothing is there to convert o with.
func none(o original, err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || !errors.Is(err, ErrNone) {
		return err
	}
	return fault.New(fault.Invalid, "“"+o.name+"” ("+o.kind+") is captured and versioned, not shown: no converter for it is on this computer.",
		"Install OpenReadout (pip install openreadout) or Bio-Formats (bfconvert), or name one in Settings, Image converter; then open it again.",
		errors.Join(imageio.ErrNoFormat, err))
}

// ID is the name of the pixels.
func (c *Conversion) ID() string { return c.of.id }

// Do converts, and tells how many bytes of how many are written, roughly. The converted file appears whole or
// not at all.
func (c *Conversion) Do(ctx context.Context, progress func(done, all int64)) (err error) {
	defer func() { c.end(err) }()
	s := c.shelf
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	if err := s.Room(c.Size); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(s.Dir, making)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // swept later
	var grown func(int64)
	if progress != nil {
		grown = func(size int64) { progress(min(size, c.Size), c.Size) }
	}
	if err := c.with.run(ctx, s, c.of, dir, grown); err != nil {
		return err
	}
	if err := c.whole(ctx, filepath.Join(dir, result)); err != nil {
		return err
	}
	return c.keep(filepath.Join(dir, result))
}

// whole reports whether the converted file can be opened and is of the original as it still is.
func (c *Conversion) whole(ctx context.Context, at string) error {
	bad := func(cause error) error {
		return fault.New(fault.Invalid, c.with.Name+" has made nothing of “"+c.of.name+"” that can be opened.",
			"It is kept and versioned all the same; try a newer version of "+c.with.Name+", or export it as OME-TIFF.", cause)
	}
	if err := c.shelf.TIFF.Complete(ctx, at); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return bad(err)
	}
	src, err := c.shelf.TIFF.Open(ctx, at)
	if err != nil {
		return bad(err)
	}
	if err := src.Close(); err != nil {
		return err
	}
	if st, err := os.Stat(c.of.path); err != nil || st.Size() != c.of.st.Size() || !st.ModTime().Equal(c.of.st.ModTime()) {
		return fault.New(fault.Busy, "“"+c.of.name+"” has changed while it was converted.", "It is converted when it is whole; the work goes on by itself.", err)
	}
	return nil
}

// keep puts the converted file on the shelf.
func (c *Conversion) keep(at string) error {
	r, err := os.OpenFile(at, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(disk.All(r), r.Close()); err != nil {
		return err
	}
	now := time.Now() // the oldest go first
	if err := errors.Join(os.Chtimes(at, now, now), os.Rename(at, c.shelf.path(c.of.key))); err != nil {
		return err
	}
	return errors.Join(disk.Names(c.shelf.Dir), c.shelf.Room(0))
}

// end tells who waits how it went.
func (c *Conversion) end(err error) {
	c.shelf.mu.Lock()
	defer c.shelf.mu.Unlock()
	delete(c.shelf.under, c.of.key)
	if c.err = err; fault.KindOf(err) == fault.Invalid || fault.KindOf(err) == fault.Corrupt {
		if c.shelf.vain == nil {
			c.shelf.vain = map[string]failure{}
		}
		c.shelf.vain[c.of.key] = failure{c.of.id, c.with.version(), err}
	}
	close(c.done)
}

// Forget has the pixels of that name converted again when they are asked for, though that has failed.
func (s *Shelf) Forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.vain, func(_ string, f failure) bool { return f.id == id })
}

// why is why it came to nothing, when it has ended.
func (c *Conversion) why() error { return c.err }

// Sweep removes what conversions have left behind that were cut off longer ago than that.
func (s *Shelf) Sweep(older time.Duration) error {
	all, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, d := range all {
		at := filepath.Join(s.Dir, d.Name())
		if d.IsDir() && strings.HasPrefix(d.Name(), making) && time.Since(newest(at)) > older {
			errs = append(errs, os.RemoveAll(at))
		}
	}
	return errors.Join(errs...)
}

// newest is when something in a folder was last written to.
func newest(dir string) (last time.Time) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // it is gone by now
		}
		if st, err := d.Info(); err == nil && st.ModTime().After(last) {
			last = st.ModTime()
		}
		return nil
	})
	return last
}
