package tileview_test

import (
	"bytes"
	"image"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// TestHolesAreSeen: a ring is drawn around its hole, which is not filled, and nothing is drawn
// where its outline leads from one to the other; neither on the screen, marked or not, nor in an
// SVG. A click into the hole does not mark it.
func TestHolesAreSeen(t *testing.T) {
	square := func(x0, x1 float64) []annotation.Point {
		return []annotation.Point{{X: x0, Y: x0}, {X: x1, Y: x0}, {X: x1, Y: x1}, {X: x0, Y: x1}}
	}
	outline := annotation.Join(square(900, 1100), [][]annotation.Point{square(960, 1040)})
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		only(v, 0)
		v.SetOverview(false)
		v.SetObjects([]annotation.Object{{ID: "a", Class: "ring", State: annotation.Accepted, Score: 1, Outline: outline}})
		v.Center("a")
		v.OneToOne()
		v.SetStyle(tileview.Style{Hidden: true})
		bare := s.settle(c)
		mid := func(m image.Image) image.Point { return image.Pt(m.Bounds().Dx()/2, m.Bounds().Dy()/2) }
		changed := func(m image.Image, dx, dy int) bool {
			p := mid(m).Add(image.Pt(dx, dy))
			return m.At(p.X, p.Y) != bare.At(p.X, p.Y)
		}
		for name, look := range map[string]tileview.Style{"line": {}, "fill": {Fill: true}} {
			v.Select("")
			v.SetStyle(look)
			m := s.settle(c)
			v.Select("a")
			marked := s.settle(c)
			for what, want := range map[[2]int]bool{
				{-100, 0}: true, {100, 50}: true, {-40, 0}: true, {0, 40}: true, // both rings
				{0, 0}: false, {-20, 20}: false, // the hole
				{-70, 0}: look.Fill, {-40, -70}: look.Fill, // between them; where the bridge is
			} {
				if changed(m, what[0], what[1]) != want || changed(marked, what[0], what[1]) != want {
					t.Errorf("%s: drawn at %v is %v, marked %v, want %v", name, what, !want, changed(marked, what[0], what[1]), want)
				}
			}
		}
		p, _ := v.Snapshot()
		var svg bytes.Buffer
		if err := p.WriteSVG(&svg); err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(svg.String(), `<g id="objects"`) // behind the pixels
		if strings.Count(text, "<path stroke") != 1 || strings.Count(text, "ZM") != 1 || !strings.Contains(text, `fill-rule="evenodd"`) {
			t.Errorf("no path of two rings: %s", text)
		}
	})
}
