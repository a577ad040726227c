package kit_test

import (
	"math"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

func plot() kit.Plot {
	p := kit.Plot{
		Title: "Time of a request", Unit: "ms", Clock: time.UTC, Zero: true,
		Lines: []kit.Line{{Name: "in all", Tone: kit.Busy}, {Name: "in the queue", Tone: kit.Held}},
	}
	for i := range 120 {
		p.X = append(p.X, float64(1_700_000_000+5*i))
		all := 40 + 30*math.Sin(float64(i)/9)
		if i > 40 && i < 60 {
			all = math.NaN() // nobody asked
		}
		p.Lines[0].Y = append(p.Lines[0].Y, all)
		p.Lines[1].Y = append(p.Lines[1].Y, all/5)
	}
	return p
}

func TestChartPictures(t *testing.T) {
	flat := kit.Plot{Title: "Failures", Unit: "/min", X: []float64{1, 2, 3}, XUnit: "frame %s", Zero: true, Top: 1, Lines: []kit.Line{{Tone: kit.Bad, Y: []float64{0, 0, 0}}}}
	for name, mode := range map[string]theme.Mode{"charts-dark": theme.Dark, "charts-light": theme.Light} {
		t.Run(name, func(t *testing.T) {
			charts := []*kit.Chart{}
			_, w := window(t, mode, func() fyne.CanvasObject {
				charts = append(charts, kit.NewChart(), kit.NewChart(), kit.NewChart())
				return container.NewGridWithRows(3, charts[0], charts[1], charts[2])
			})
			charts[0].Set(plot())
			charts[1].Set(flat)
			charts[2].Set(kit.Plot{Title: "Objects a frame", Empty: "No frame was counted yet"})
			test.AssertRendersToImage(t, name+".png", w.Canvas())
		})
	}
}

// drawn is how many pieces of that width a chart has, and how high the highest begins.
func drawn(c *kit.Chart, width float32) (n int, highest float32) {
	highest = math.MaxFloat32
	for _, o := range test.WidgetRenderer(c).Objects() {
		if l, ok := o.(*canvas.Line); ok && l.StrokeWidth == width {
			n++
			highest = min(highest, l.Position1.Y)
		}
	}
	return n, highest
}

// TestChartRests: laid out again at the same size it is as it was, or Fyne draws it without end.
func TestChartRests(t *testing.T) {
	c, _ := window(t, theme.Dark, kit.NewChart)
	c.Set(kit.Plot{X: []float64{0, 1}, Lines: []kit.Line{{Y: []float64{1, 2}}}})
	r := test.WidgetRenderer(c)
	before := r.Objects()[0]
	if r.Layout(c.Size()); r.Objects()[0] != before {
		t.Error("it was drawn anew")
	}
	if r.Layout(c.Size().Add(fyne.NewSize(9, 0))); r.Objects()[0] == before {
		t.Error("at another size it was not")
	}
}

// TestChartDrawsNoMoreThanItMust has a long course with one spike, one with gaps and a flat one.
func TestChartDrawsNoMoreThanItMust(t *testing.T) {
	c, _ := window(t, theme.Dark, kit.NewChart)
	c.Resize(fyne.NewSize(800, 300))
	x, y, gaps := make([]float64, 100_000), make([]float64, 100_000), make([]float64, 100_000)
	for i := range x {
		x[i], y[i], gaps[i] = float64(i), math.Sin(float64(i)), 1
		if i%3 == 0 {
			gaps[i] = math.NaN()
		}
	}
	y[77_777] = 1000
	c.Set(kit.Plot{X: x, Lines: []kit.Line{{Y: y}}})
	if n, top := drawn(c, 2); n < 100 || n > 300 || top > 20 {
		t.Errorf("%d pieces, the highest at %v", n, top)
	}
	c.Set(kit.Plot{X: x, Lines: []kit.Line{{Y: gaps}}})
	if n, _ := drawn(c, 2); n != 1 {
		t.Errorf("a flat course with short gaps has %d pieces", n)
	}
	c.Set(kit.Plot{X: x[:100], Lines: []kit.Line{{Y: make([]float64, 100)}}})
	if n, _ := drawn(c, 2); n != 1 {
		t.Errorf("a flat course has %d pieces", n)
	}
	c.Set(kit.Plot{X: x[:3], Lines: []kit.Line{{Y: []float64{math.NaN(), 2, math.NaN()}}}})
	if n, _ := drawn(c, 4); n != 1 {
		t.Errorf("a single value is %d dashes", n)
	}
}
