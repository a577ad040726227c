package tileview

import (
	"image"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
)

// letters write in a font of one size. The font and what was written last are kept, as making
// them takes longer than a frame. The zero value is ready; its methods may be called from any
// goroutine.
type letters struct {
	mu    sync.Mutex // guards all below
	face  font.Face
	size  float64 // pixels
	masks map[string]*image.Alpha
}

const mostMasks = 512 // some 10 KB each

// mask returns a text as it is written in letters of size pixels; no one may change it.
func (l *letters) mask(text string, size float64) *image.Alpha {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size != size {
		face, err := barFace(size)
		if err != nil { // the built-in font is always readable
			return &image.Alpha{}
		}
		l.face, l.size, l.masks = face, size, map[string]*image.Alpha{}
	}
	if m := l.masks[text]; m != nil {
		return m
	}
	if len(l.masks) >= mostMasks {
		clear(l.masks)
	}
	of := l.face.Metrics()
	m := image.NewAlpha(image.Rect(0, 0, font.MeasureString(l.face, text).Ceil(), (of.Ascent + of.Descent).Ceil()))
	d := font.Drawer{Dst: m, Src: image.Opaque, Face: l.face, Dot: fixed.P(0, of.Ascent.Ceil())}
	d.DrawString(text)
	l.masks[text] = m
	return m
}

// fitting is mask for a text that is shortened to a width in pixels.
func (l *letters) fitting(text string, size float64, wide int) *image.Alpha {
	m := l.mask(text, size)
	for rs := []rune(text); m.Rect.Dx() > wide && len(rs) > 1; {
		rs = rs[:len(rs)-1]
		m = l.mask(string(rs)+"…", size)
	}
	return m
}

// print writes a mask in white, with its upper left corner at (x, y).
func (s sheet) print(m *image.Alpha, x, y int) {
	for py := max(0, -y); py < min(m.Rect.Dy(), s.h-y); py++ {
		for px := max(0, -x); px < min(m.Rect.Dx(), s.w-x); px++ {
			at := &s.pix[(y+py)*s.w+x+px]
			*at = ink{255, 255, 255, 255}.over(*at, uint32(m.Pix[py*m.Stride+px]))
		}
	}
}
