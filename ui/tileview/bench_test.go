package tileview_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// BenchmarkPan is one frame of a pan over 16384² at half size, 1920×1080, with so many objects:
// what the screen's thread does, once the tiles are there.
func BenchmarkPan(b *testing.B) {
	for _, n := range []int{0, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			test.NewTempApp(b)
			s := &screen{}
			v := tileview.New(s.post, tileview.Actions{})
			v.Resize(fyne.NewSize(1920, 1080))
			go v.Run(b.Context())
			v.Set(&field{size: 16384, typ: imageio.Uint16})
			v.SetChannels(v.Channels())
			r := rand.New(rand.NewPCG(1, 2))
			var objs []annotation.Object
			for i := range n {
				o := annotation.Object{ID: fmt.Sprint(i), State: annotation.Predicted, Score: 0.9}
				x, y, rad := r.Float64()*16384, r.Float64()*16384, 9+7*r.Float64()
				for k := range 24 {
					s, c := math.Sincos(2 * math.Pi * float64(k) / 24)
					o.Outline = append(o.Outline, annotation.Point{X: x + rad*c, Y: y + rad*s})
				}
				objs = append(objs, o)
			}
			v.SetObjects(objs)
			v.Frame(1920, 1080)
			v.OneToOne()
			v.Zoom(0.5)
			drag := func(i int) {
				s.run()
				d := float32(5)
				if i/60%2 == 1 {
					d = -5
				}
				v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(900, 500)}, Dragged: fyne.NewDelta(d, d/2)})
				v.Frame(1920, 1080)
			}
			for i := range 240 {
				drag(i)
				time.Sleep(5 * time.Millisecond)
			}
			for i := 0; b.Loop(); i++ {
				drag(i)
			}
		})
	}
}
