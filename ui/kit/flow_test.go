package kit_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"coverslip.dev/coverslip/ui/kit"
)

// TestFlow goes on in the next line where there is no room, and is as high as that takes.
func TestFlow(t *testing.T) {
	pad := theme.Padding()
	a, b := kit.NewGap(100, 20), kit.NewGap(60, 30)
	f := kit.NewFlow(a, b)
	for wide, want := range map[float32]fyne.Position{160 + pad: {X: 100 + pad}, 159 + pad: {Y: 30 + pad}} {
		f.Resize(fyne.NewSize(wide, 100))
		if b.Position() != want {
			t.Errorf("%v wide: the second is at %v", wide, b.Position())
		}
		if m := f.MinSize(); m != fyne.NewSize(100, 30+want.Y) {
			t.Errorf("%v wide: it is at least %v", wide, m)
		}
	}
}

// TestExcerpt has the one that matters where there is no room for all, and all again where there is.
func TestExcerpt(t *testing.T) {
	pad := theme.Padding()
	at := 1
	all := []fyne.CanvasObject{kit.NewGap(100, 20), kit.NewGap(60, 20), kit.NewGap(40, 20)}
	e := kit.NewExcerpt(func() int { return at })
	e.Objects = all
	for _, s := range []struct {
		wide float32
		at   int
		want [3]bool
	}{
		{200 + 2*pad, 1, [3]bool{true, true, true}},
		{199 + 2*pad, 1, [3]bool{true, true, false}},
		{100 + pad, 1, [3]bool{false, true, true}},
		{100, 2, [3]bool{false, false, true}},
		{300, 9, [3]bool{true, true, true}},
	} {
		at = s.at
		e.Resize(fyne.NewSize(s.wide, 20))
		if got := [3]bool{all[0].Visible(), all[1].Visible(), all[2].Visible()}; got != s.want {
			t.Errorf("%v wide: %v are seen", s.wide, got)
		}
	}
	if m := e.MinSize(); m.Width != 100 {
		t.Errorf("it is at least %v", m)
	}
}
