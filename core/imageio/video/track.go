package video

import (
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// What a file may claim.
const (
	maxFrames = 10_000_000
	maxFrame  = 256 << 20 // bytes of one frame as stored
	maxSide   = 1 << 15   // pixels
)

// errCut is a file that ends early or makes no sense where it should go on.
var errCut = errors.New("video: the file is cut short")

// track is what a container says of its pictures.
type track struct {
	codec    string // four letters
	size     image.Point
	depth    int       // bits of a pixel, for pictures that are stored as they are
	palette  [][3]byte // red, green and blue of 8 bits, for those; nil: they are grey
	down     bool      // rows run from top to bottom, for those
	negative bool      // white is 0, for those
	quick    bool      // as QuickTime has them: those pictures, and edit lists
	turn     imageio.Turn
	aspect   float64       // of a stored pixel, width by height; 0: nobody says
	blind    bool          // it is known when frames are decoded, not when they are shown
	frames   []frame       // in the order in which they are shown
	offset   time.Duration // of the first, which counts as zero, by the file's own clock
}

// frame is where a picture lies and when it is shown.
type frame struct {
	off int64
	n   int
	at  time.Duration
}

// container is a file as bytes.
type container struct {
	r      io.ReaderAt
	length int64
}

// bytes reads n bytes at off.
func (c container) bytes(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || n > maxFrame || off > c.length || n > c.length-off {
		return nil, fmt.Errorf("%w: %d bytes at %d of %d", errCut, n, off, c.length)
	}
	p := make([]byte, n)
	if _, err := c.r.ReadAt(p, off); err != nil {
		return nil, fmt.Errorf("read video: %w", err)
	}
	return p, nil
}

// order sorts frames by the time they are shown at and lets the first begin at zero.
func (t *track) order() {
	slices.SortStableFunc(t.frames, func(a, b frame) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	if len(t.frames) == 0 {
		return
	}
	t.offset = t.frames[0].at
	for i := range t.frames {
		t.frames[i].at -= t.offset
	}
}

// check refuses what is nonsense or too much.
func (t *track) check() error {
	if t.size.X < 1 || t.size.Y < 1 || t.size.X > maxSide || t.size.Y > maxSide || t.size.X*t.size.Y > maxFrame/4 {
		return fmt.Errorf("video: pictures of %v", t.size)
	}
	if len(t.frames) == 0 {
		return errCut
	}
	return nil
}

// shaped takes how wide a pixel is by its height, unless it makes no sense.
func (t *track) shaped(wide, high uint64) {
	if by := float64(wide) / float64(high); wide > 0 && high > 0 && by > 0.1 && by < 10 {
		t.aspect = by
	}
}

// clock is what is said of the times of the frames.
func (t *track) clock() (every time.Duration, times []time.Duration) {
	at := make([]time.Duration, len(t.frames))
	for i, f := range t.frames {
		at[i] = f.at
	}
	return imageio.Clock(at)
}
