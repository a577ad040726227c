package viewer_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/viewer"
)

// hurt is an image whose right half can't be read.
type hurt struct{ cells }

func (h hurt) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	if t.Level == 0 && t.Col == 1 {
		return nil, errors.New("chunk 1: no end")
	}
	return h.cells.ReadTile(ctx, t)
}

// TestDamageIsSaidAsLongAsTheImageIsOpen has news come in while a damaged image is open, and
// another image after it.
func TestDamageIsSaidAsLongAsTheImageIsOpen(t *testing.T) {
	const say = "The image “a.tif” is damaged."
	act := viewer.Actions{Explain: func(error) (string, string) { return say, "Copy it again." }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		said := func() bool {
			for _, o := range walk(v) {
				if l, ok := o.(*widget.Label); ok && l.Text == say {
					return true
				}
			}
			return false
		}
		val := typical()
		val.Source = &hurt{}
		v.Set(val)
		s.settle(c)
		press(v, c, 'Z')
		s.settle(c)
		if !said() || labelOf(v, "The rest is shown. Copy it again.") == "" {
			t.Error("nothing is said of the damage, or of the rest")
		}
		val.Say = "No inference server answers."
		v.Set(val)
		if !said() {
			t.Error("news hid what was said of the damage")
		}
		val.Source = &cells{}
		v.Set(val)
		s.settle(c)
		if said() {
			t.Error("the damage is said of another image")
		}
		val.Source = &lost{}
		v.Set(val)
		s.settle(c)
		if !said() || labelOf(v, "The rest") != "" || labelOf(v, "Copy it again.") == "" {
			t.Error("something is shown of an image of which nothing can be read")
		}
	})
}

// lost is an image of which nothing can be read.
type lost struct{ cells }

func (lost) ReadTile(context.Context, imageio.Tile) (*imageio.Pixels, error) {
	return nil, errors.New("no end")
}

// far is an image whose server does not answer for its right half as long as down is set.
type far struct {
	cells
	down atomic.Bool
}

func (f *far) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	if f.down.Load() && t.Level == 0 && t.Col == 1 {
		return nil, context.DeadlineExceeded
	}
	return f.cells.ReadTile(ctx, t)
}

// TestAServerOutOfReachIsSaidUntilItAnswers: it is no damage.
func TestAServerOutOfReachIsSaidUntilItAnswers(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		const say = "The server with the image does not answer."
		src := &far{}
		src.down.Store(true)
		val := typical()
		val.Source, val.Say = src, "No inference server answers."
		v.Set(val)
		s.settle(c)
		press(v, c, 'Z')
		s.settle(c)
		v.Set(val)
		if labelOf(v, say) == "" || labelOf(v, "A part of this image") != "" {
			t.Error("nothing is said of the server, or of damage")
		}
		src.down.Store(false)
		time.Sleep(3 * time.Second)
		view(v).TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
		s.settle(c)
		if labelOf(v, say) != "" {
			t.Error("it is said of a server that answers")
		}
	})
}
