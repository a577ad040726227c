package tileview_test

import (
	"bytes"
	"context"
	"image"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// strand is an image of one brightness.
type strand struct {
	stack

	size image.Point
}

func (s *strand) Info() imageio.Info {
	info := s.stack.Info()
	info.Levels = []imageio.Level{{Size: s.size, Downsample: 1}}
	return info
}

func (s *strand) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	n := image.Pt(min(256, s.size.X-256*t.Col), min(256, s.size.Y-256*t.Row))
	return &imageio.Pixels{Size: n, Type: imageio.Uint16, Data: bytes.Repeat([]byte{0xb8, 0x0b}, n.X*n.Y)}, nil
}

// TestAThinImageIsSeen wherever it lies between the pixels of the screen, while it moves and when it rests.
func TestAThinImageIsSeen(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		for _, size := range []image.Point{{3, 5000}, {5000, 3}} {
			v.Set(&strand{stack{z: 1, t: 1}, size})
			s.settle(c)
			only(v, 0)
			for i := range 5 {
				m := s.settle(c)
				if i == 4 {
					time.Sleep(time.Second)
					m = s.settle(c)
				}
				lit := 0
				for n := range 600 {
					if at := image.Pt(n+100, 300); size.X < size.Y && gray(m, at.X, at.Y) == 255 {
						lit++
					}
					if at := image.Pt(400, n); size.X > size.Y && gray(m, at.X, at.Y) == 255 {
						lit++
					}
				}
				if lit != 1 {
					t.Errorf("an image of %v is %d pixels wide at step %d", size, lit, i)
				}
				drag(v, fyne.NewPos(400, 300), fyne.NewPos(400.24, 300.24))
			}
		}
	})
}
