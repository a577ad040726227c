// Package video reads films as images with a time axis, each frame exactly: AVI, QuickTime,
// MP4, Matroska and WebM.
//
// What instruments write, Motion JPEG and pictures that are stored as they are, is decoded
// here. For the rest (H.264, VP8, VP9 and others) the index is read here and the program
// ffmpeg, if it is on the path, is asked for the pictures. All frames that are stored are shown,
// also those that the edit list of a trimmed film hides; a film that was taken sideways is turned, as
// players do. Samples are as stored: pixels that are not square are not stretched.
package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Format is all of them.
type Format struct{}

// Name returns "video".
func (Format) Name() string { return "video" }

// Match reports whether the first bytes are those of a film, whatever the name.
func (Format) Match(_ string, head []byte) bool { return indexOf(head) != nil }

// indexOf returns who reads the index of a file with these first bytes, nil for none.
func indexOf(head []byte) func(container) (*track, error) {
	if len(head) < 12 {
		return nil
	}
	switch string(head[4:8]) {
	case "ftyp", "moov", "mdat", "wide", "free", "skip", "pnot":
		return openMOV
	}
	switch {
	case string(head[:4]) == "RIFF" && string(head[8:12]) == "AVI ":
		return openAVI
	case string(head[:4]) == "\x1a\x45\xdf\xa3":
		return openWebM
	}
	return nil
}

// Open reads the index of the film at path and its first frame.
func (Format) Open(ctx context.Context, path string) (imageio.Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := os.Open(path) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, fmt.Errorf("open video: %w", err)
	}
	st, err := r.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open video: %w", err), r.Close())
	}
	s, err := open(ctx, r, st.Size(), path)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	s.id, s.closer = imageio.FileID(path, st), r
	return s, nil
}

// open reads from r; the program that is asked for some kinds reads the file at path.
func open(ctx context.Context, r io.ReaderAt, size int64, path string) (*source, error) {
	s := &source{name: filepath.Base(path), path: path, c: container{r, size}}
	var head [12]byte
	if _, err := r.ReadAt(head[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("open video: %w", err)
	}
	index := indexOf(head[:])
	if index == nil {
		return nil, s.fault(errCut)
	}
	var err error
	if s.track, err = index(s.c); err != nil {
		return nil, s.fault(err)
	}
	return s, s.begin(ctx)
}

// Complete reports whether the film at path is whole: its index is there and every frame
// lies inside the file.
func (Format) Complete(ctx context.Context, path string) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	r, err := os.Open(path) //nolint:gosec // the operator's own file
	if err != nil {
		return fmt.Errorf("check video: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	st, err := r.Stat()
	if err != nil {
		return fmt.Errorf("check video: %w", err)
	}
	s := &source{name: filepath.Base(path), c: container{r, st.Size()}}
	head, err := s.c.bytes(0, 12)
	if err != nil {
		return s.fault(err)
	}
	if index := indexOf(head); index != nil {
		s.track, err = index(s.c)
	}
	if err != nil {
		return s.fault(err)
	}
	return s.fault(s.whole(head))
}

// whole checks that nothing lies behind the end of the file.
func (s *source) whole(head []byte) error {
	if s.track == nil {
		return errCut
	}
	if string(head[:4]) == "RIFF" {
		a := &avi{container: s.c}
		if n := a.word(4); n == 0 || 8+n > s.c.length {
			return errCut // an instrument sets its size last
		}
	}
	if string(head[:4]) == "\x1a\x45\xdf\xa3" {
		if err := s.c.closed(); err != nil {
			return err
		}
	}
	for i, f := range s.frames {
		if f.off < 0 || f.off > s.c.length-int64(f.n) {
			return fmt.Errorf("%w: frame %d", errCut, i)
		}
	}
	return nil
}

// closed reports whether a Matroska file has a segment that ends where it ends.
func (c container) closed() error {
	w := &webm{container: c}
	for off := int64(0); off < c.length; {
		_, n, _, err := w.vint(off, true)
		if err != nil {
			return err
		}
		size, m, unknown, err := w.vint(off+n, false)
		if err != nil {
			return err
		}
		off += n + m + int64(min(size, 1<<62))
		if unknown || off > c.length || off < 0 {
			return errCut
		}
	}
	return nil
}

// fault is what to say of an error.
func (s *source) fault(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	if other, ok := errors.AsType[errOther](err); ok {
		return fault.New(fault.Invalid, "The video “"+s.name+"” can't be read: it has "+string(other)+".",
			"Export it again as Motion JPEG or H.264.", err)
	}
	if errors.Is(err, errCut) {
		return fault.New(fault.Corrupt, "The video “"+s.name+"” is cut short.",
			"The instrument may still be writing it, or a copy broke off: copy it again.", err)
	}
	return fault.New(fault.Corrupt, "The video “"+s.name+"” is damaged.", "Copy it again from the instrument.", err)
}

var (
	_ imageio.Format    = Format{}
	_ imageio.Completer = Format{}
)
