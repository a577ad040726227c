package ui

import (
	"context"
	"image"
	"slices"

	"coverslip.dev/coverslip/core/fault"
)

// How many pictures of versions are kept, and how many wait to be drawn: a list that is
// scrolled through asks for more than anyone looks at.
const (
	picturesKept    = 400
	picturesWaiting = 48
)

// Sides of the pictures, in pixels.
const (
	smallPicture = 96
	largePicture = 640
)

// pictureKey names a picture of a content.
type pictureKey struct {
	md5   string
	large bool
}

// drawn is a picture, or why there is none.
type drawn struct {
	img  image.Image
	note string
}

// pictures are those of file versions. It is touched on the screen's thread.
type pictures struct {
	kept  map[pictureKey]drawn
	order []pictureKey // of kept, the oldest first
	want  []pictureKey // the newest last
}

// picture returns what is in memory, and has the rest drawn.
func (w *window) picture(md5 string, large bool) (image.Image, string) {
	key := pictureKey{md5, large}
	if d, ok := w.pictures.kept[key]; ok {
		return d.img, d.note
	}
	if slices.Contains(w.pictures.want, key) {
		return nil, ""
	}
	w.pictures.want = append(w.pictures.want, key)
	if n := len(w.pictures.want); n > picturesWaiting {
		w.pictures.want = w.pictures.want[n-picturesWaiting:]
	}
	w.drawing.do(w.drawNext)
	return nil, ""
}

// drawNext draws the picture that was asked for last.
func (w *window) drawNext(ctx context.Context) error {
	next := make(chan pictureKey, 1)
	w.drawing.post(func() {
		defer close(next)
		if n := len(w.pictures.want); n > 0 {
			next <- w.pictures.want[n-1]
			w.pictures.want = w.pictures.want[:n-1]
		}
	})
	var key pictureKey
	select {
	case <-ctx.Done():
		return ctx.Err()
	case k, ok := <-next:
		if !ok {
			return nil
		}
		key = k
	}
	side := smallPicture
	if key.large {
		side = largePicture
	}
	img, err := w.station.Picture(ctx, key.md5, side)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d := drawn{img: img, note: noPicture(err)}
	w.drawing.post(func() {
		w.pictures.keep(key, d)
		w.datasets.Pictured()
	})
	return nil
}

// forget forgets why there was no picture.
func (p *pictures) forget() {
	p.order = slices.DeleteFunc(p.order, func(k pictureKey) bool {
		none := p.kept[k].note != ""
		if none {
			delete(p.kept, k)
		}
		return none
	})
}

func (p *pictures) keep(key pictureKey, d drawn) {
	if p.kept == nil {
		p.kept = map[pictureKey]drawn{}
	}
	if _, ok := p.kept[key]; !ok {
		p.order = append(p.order, key)
	}
	p.kept[key] = d
	if len(p.order) > picturesKept {
		delete(p.kept, p.order[0])
		p.order = p.order[1:]
	}
}

// noPicture says in a few words why there is no picture.
func noPicture(err error) string {
	if err == nil {
		return ""
	}
	switch fault.KindOf(err) {
	case fault.NotFound:
		return "not on this computer"
	case fault.Corrupt:
		return "damaged"
	case fault.Full:
		return "too large to draw"
	case fault.Invalid:
		return "no image"
	case fault.Internal, fault.Canceled, fault.Offline, fault.Busy, fault.Denied, fault.Exists:
	}
	return "can't be read"
}
