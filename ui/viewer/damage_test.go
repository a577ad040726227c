package viewer_test

import (
	"context"
	"errors"
	"testing"

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
		if !said() {
			t.Error("nothing is said of the damage")
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
	})
}
