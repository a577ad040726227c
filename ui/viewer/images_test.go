package viewer_test

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/viewer"
)

// wells is one of the three images of a file, two of which have the same name.
type wells struct {
	cells
	n int
}

func (w wells) Info() imageio.Info {
	i := w.cells.Info()
	i.Images, i.Image = []string{"A1", "A1", ""}, w.n
	return i
}

// TestImagesOfAFileAreChosen turns over the images of a file by the list and by keys.
func TestImagesOfAFileAreChosen(t *testing.T) {
	var asked []int
	show(t, theme.Dark, viewer.Actions{Image: func(n int) { asked = append(asked, n) }}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		list := func() *kit.Select {
			for _, o := range walk(v) {
				if l, ok := o.(*kit.Select); ok && slices.Equal(l.Options, []string{"1  A1", "2  A1", "3"}) && l.Visible() {
					return l
				}
			}
			return nil
		}
		v.Set(typical())
		press(v, c, ')')
		if len(asked) > 0 || list() != nil {
			t.Errorf("an image alone is one of several: asked %v", asked)
		}
		val := typical()
		val.Source = wells{n: 1}
		v.Set(val)
		s.settle(c)
		l := list()
		if l == nil || l.SelectedIndex() != 1 {
			t.Fatalf("the list of images is %+v", l)
		}
		l.SetSelectedIndex(2)
		if l.SelectedIndex() != 1 {
			t.Errorf("the list says %q while that is not open", l.Selected)
		}
		l.SetSelectedIndex(1) // what is open
		press(v, c, '(')
		press(v, c, ')')
		val.Source = wells{n: 2}
		v.Set(val)
		press(v, c, ')')
		if !slices.Equal(asked, []int{2, 0, 2}) {
			t.Errorf("asked for %v", asked)
		}
	})
}
