package tileview_test

import (
	"image"
	"reflect"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// TestNothingOfTheContrastBefore: when a contrast is dragged only what the screen shows is coloured; what
// is shown of the same tiles later, moved, turned, smaller, at rest and in the overview, has it, too.
func TestNothingOfTheContrastBefore(t *testing.T) {
	shots := func(before float64) (all []image.Image) {
		var v *tileview.View
		contrast := func(top float64) {
			cs := v.Channels()
			for i := range cs {
				cs[i].Min, cs[i].Max = 200, top
			}
			v.SetChannels(cs)
		}
		show(t, tileview.Actions{Ranged: func([]tileview.Range) { contrast(before) }}, func(view *tileview.View, c fyne.Canvas, s *screen) {
			v = view
			v.Set(&field{size: 2048, typ: imageio.Uint16})
			s.settle(c)
			v.OneToOne()
			s.settle(c)
			v.Zoom(0.8)
			s.settle(c)
			contrast(3000)
			all = append(all, c.Capture())
			for range 9 {
				v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(400, 300)}, Dragged: fyne.NewDelta(-31, 17)})
				all = append(all, s.settle(c))
			}
			v.DragEnd()
			time.Sleep(time.Second) // of the test's own: it comes to rest
			all = append(all, s.settle(c))
			contrast(2500)
			all = append(all, c.Capture())
			v.Turn(30)
			all = append(all, s.settle(c))
			v.Zoom(0.7)
			all = append(all, s.settle(c))
			time.Sleep(time.Second)
			all = append(all, s.settle(c))
		})
		return all
	}
	dark, light := shots(60000), shots(700)
	for i := range dark {
		if !reflect.DeepEqual(dark[i], light[i]) {
			t.Errorf("picture %d knows the contrast before", i)
		}
	}
}
