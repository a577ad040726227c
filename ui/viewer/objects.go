package viewer

import (
	"fmt"
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/tileview"
)

// objects is how many there are, which are shown, and how.
type objects struct {
	s      *Screen
	unit   float64             // square micrometres a pixel; 1 where not calibrated
	word   string              // µm² or px²
	areas  []float64           // of the objects, in units
	of     []annotation.Object // that areas are of
	filter tileview.Filter

	counts     []*widget.Label // in the order of states
	weak, wide *widget.Label
	score      *kit.Slider
	size       *histogram
	by         *kit.Select
	labels     *kit.Check
	fill       *kit.Check
	tails      *kit.Check
	clear      *kit.Slider
	box, how   fyne.CanvasObject
}

func states() []annotation.State {
	return []annotation.State{annotation.Predicted, annotation.Accepted, annotation.Rejected, annotation.Drawn}
}

func newObjects(s *Screen) *objects {
	o := &objects{
		s: s, unit: 1, weak: kit.NewQuiet(""), wide: kit.NewQuiet(""),
		score: kit.NewSlider(0, 1, s.view.TakeKeys), clear: kit.NewSlider(0, 1, s.view.TakeKeys),
	}
	o.score.Step, o.clear.Step = 0.01, 0.05
	o.score.OnChanged = func(float64) { o.sift() }
	o.size = newHistogram(func(tileview.Channel) { o.sift() }, o.fresh, s.rune)
	o.size.plain = true
	o.by = kit.NewSelect([]string{"State", "Class", "Probability", "Track"}, func(string) { o.restyle() }, s.view.TakeKeys)
	o.labels = kit.NewCheck("Labels", func(bool) { o.restyle() }, s.view.TakeKeys)
	o.fill = kit.NewCheck("Fill", func(bool) { o.restyle() }, s.view.TakeKeys)
	o.tails = kit.NewCheck("Tails over time", func(bool) { o.restyle() }, s.view.TakeKeys)
	o.tails.Checked = true
	o.clear.Value = 1
	o.clear.OnChanged = func(float64) { o.restyle() }
	o.by.SetSelectedIndex(0)
	o.box = container.NewVBox(o.stateRows(),
		container.New(layout.NewCustomPaddedVBoxLayout(-6), o.weak, o.score), o.wide, o.size)
	o.how = kit.NewFold("Overlay", false,
		container.NewBorder(nil, nil, widget.NewLabel("Colour by"), nil, o.by),
		container.NewGridWithColumns(2, o.fill, o.labels), o.tails,
		container.NewBorder(nil, nil, widget.NewLabel("Opacity"), nil, o.clear))
	return o
}

func (o *objects) stateRows() fyne.CanvasObject {
	of := theme.Objects()
	grid := container.New(layout.NewCustomPaddedVBoxLayout(-10))
	var row *fyne.Container
	for i, c := range []color.NRGBA{of.Predicted, of.Accepted, of.Rejected, of.Drawn} {
		dot := canvas.NewRectangle(c)
		dot.CornerRadius = 6
		n := widget.NewLabel("")
		o.counts = append(o.counts, n)
		if i%2 == 0 {
			row = container.NewGridWithColumns(2)
			grid.Add(row)
		}
		row.Add(container.NewBorder(nil, nil, container.NewCenter(container.NewGridWrap(fyne.NewSize(12, 12), dot)), nil, n))
	}
	return container.New(layout.NewCustomPaddedLayout(0, 0, fynetheme.InnerPadding(), 0), grid) // as texts stand
}

// open starts with all objects shown.
func (o *objects) open(info imageio.Info) {
	word, kx, ky := unitOf(info.Micron)
	o.word, o.unit = word+"²", kx*ky
	o.score.Value = 0
	o.score.Refresh()
	o.of, o.areas = nil, nil
	o.size.give()
	o.size.ch = tileview.Channel{Gamma: 1, Color: [3]uint8{160, 190, 210}}
	o.filter = tileview.Filter{}
	o.s.view.SetFilter(o.filter)
	shown(o.tails, info.T > 1)
	shown(o.size, false)
	shown(o.wide, false)
	o.count()
}

// set takes the objects of now.
func (o *objects) set(objs []annotation.Object) {
	if len(objs) == len(o.of) && (len(objs) == 0 || &objs[0] == &o.of[0]) {
		return // the same
	}
	o.of, o.areas = objs, o.areas[:0]
	sorted := make([]float64, 0, len(objs))
	for _, obj := range objs {
		a := tileview.Area(obj.Outline) * o.unit
		o.areas, sorted = append(o.areas, a), append(sorted, a)
	}
	o.size.rng = tileview.NewRange(sorted).Whole(sorted)
	shown(o.size, len(objs) > 0)
	shown(o.wide, len(objs) > 0)
	if o.filter.From == 0 { // an end that nobody has set goes on with the objects
		o.size.ch.Min = o.size.rng.Min
	}
	if o.filter.To == 0 {
		o.size.ch.Max = o.size.rng.Max
	}
	o.size.raster.Refresh()
	o.count()
}

// fresh shows objects of all sizes.
func (o *objects) fresh() {
	o.size.ch.Min, o.size.ch.Max = o.size.rng.Min, o.size.rng.Max
	o.size.raster.Refresh()
	o.sift()
}

func (o *objects) sift() {
	f := tileview.Filter{Score: o.score.Value}
	if o.size.ch.Min > o.size.rng.Min {
		f.From = o.size.ch.Min / o.unit
	}
	if o.size.ch.Max < o.size.rng.Max {
		f.To = o.size.ch.Max / o.unit
	}
	o.filter = f
	o.s.view.SetFilter(f)
	o.s.mirror()
	o.count()
}

// lets reports whether the i-th object is shown.
func (o *objects) lets(i int) bool {
	return i >= len(o.areas) || o.filter.Lets(o.of[i], o.areas[i]/o.unit)
}

// hidden is how many of the objects that a review commits are not shown.
func (o *objects) hidden() int {
	all := o.s.val.Objects
	if o.s.view.Style().Hidden {
		return len(all)
	}
	n := 0
	for _, obj := range all {
		if !o.filter.Lets(obj, tileview.Area(obj.Outline)) {
			n++
		}
	}
	return n
}

func (o *objects) count() {
	n := map[annotation.State]int{}
	hidden := 0
	for i := range o.of {
		n[o.of[i].State]++
		if !o.lets(i) {
			hidden++
		}
	}
	names := [...]string{"predicted", "accepted", "rejected", "drawn"}
	for i, st := range states() {
		o.counts[i].SetText(strconv.Itoa(n[st]) + " " + names[i])
	}
	text := fmt.Sprintf("Score at least %.2f", o.score.Value)
	if hidden > 0 {
		text += fmt.Sprintf(" · %d hidden", hidden)
	}
	o.weak.SetText(text)
	o.wide.SetText("Area " + short(o.size.ch.Min) + " – " + short(o.size.ch.Max) + " " + o.word)
}

func (o *objects) restyle() {
	st := o.s.view.Style()
	st.By = tileview.Coloring(max(o.by.SelectedIndex(), 0))
	st.Fill, st.Labels, st.Tails, st.Clear = o.fill.Checked, o.labels.Checked, o.tails.Checked, o.cleared()
	o.s.view.SetStyle(st)
	if o.s.rail != nil {
		o.s.rail.style(st)
	}
	o.s.mirror()
}

// faint is how much of their opacity objects keep on another plane than theirs.
const faint = 0.35

// cleared is how clear objects are on the plane that is shown.
func (o *objects) cleared() float64 {
	z, _ := o.s.view.Plane()
	if o.s.view.Projection() == tileview.Slice && z != o.s.val.Z && o.s.panel != nil && o.s.panel.info.Z > 1 {
		return 1 - faint*o.clear.Value
	}
	return 1 - o.clear.Value
}

// fade follows the view from plane to plane.
func (o *objects) fade() {
	st := o.s.view.Style()
	st.Clear = o.cleared()
	o.s.view.SetStyle(st)
}

// hide hides all objects, or shows them again.
func (o *objects) hide() {
	st := o.s.view.Style()
	st.Hidden = !st.Hidden
	o.s.view.SetStyle(st)
	o.s.rail.style(st)
	o.s.mirror()
}
