package viewer

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/tileview"
)

// Film is what was found at the time points of a film, and which objects are one thing.
type Film struct {
	Frames [][]annotation.Object // by time point, with their tracks; empty where nothing is known
	Tracks [][]Spot              // by number from 1, in order of time
	Reach  float64               // pixels that an object moves at most from one time point to the next
	Gap    int                   // time points in which it may be missing
	Making bool                  // objects are being linked
	Say    string                // what of it is not shown
}

// Spot is where a thing is at a time point, in pixels, and what was measured.
type Spot struct {
	T                int
	Object           string // ID
	X, Y, Area, Mean float64
}

// tailLength is how many time points a tail goes back.
const tailLength = 12

// tracks shows one thing over time, and by which rule objects are one.
type tracks struct {
	s          *Screen
	what       *kit.Select
	reach, gap *kit.Field
	say        *widget.Label
	save       *widget.Button
	box        fyne.CanvasObject
	rule       [2]string // that the fields were last filled with
}

// What the chart shows.
const (
	numberOverTime = "Number of objects"
	areaOverTime   = "Area of the selected"
	meanOverTime   = "Mean of the selected"
)

func newTracks(s *Screen) *tracks {
	t := &tracks{s: s, reach: kit.NewField(), gap: kit.NewField(), say: kit.NewQuiet("")}
	t.what = kit.NewSelect([]string{numberOverTime, areaOverTime, meanOverTime}, func(string) { s.panel.counts.draw() }, s.view.TakeKeys)
	t.what.Selected = numberOverTime
	t.reach.OnSubmitted = func(string) { t.link() }
	t.gap.OnSubmitted = t.reach.OnSubmitted
	t.save = widget.NewButton("Save tracks as CSV", func() { do(s.act.SaveTracks) })
	t.say.Truncation, t.say.Wrapping = fyne.TextTruncateOff, fyne.TextWrapWord
	t.box = container.NewVBox(
		container.NewBorder(nil, nil, widget.NewLabel("Step at most"), widget.NewLabel("px"), t.reach),
		container.NewBorder(nil, nil, widget.NewLabel("Missing for at most"), widget.NewLabel("times"), t.gap),
		t.say, kit.Tall(t.save))
	return t
}

// link asks for another rule.
func (t *tracks) link() {
	reach, ok := diameterOf(t.reach.Text)
	gap, err := strconv.Atoi(t.gap.Text)
	if !ok || reach == 0 || err != nil || gap < 0 {
		t.s.Note("The step is a number of pixels above 0; the times are a whole number.")
		return
	}
	if t.s.act.Link != nil {
		t.s.act.Link(reach, gap)
		t.s.view.TakeKeys()
	}
}

func (t *tracks) set(f Film) {
	known := len(f.Frames) > 0
	shown(t.box, known)
	shown(t.what, known)
	if rule := [2]string{strconv.FormatFloat(f.Reach, 'g', 4, 64), strconv.Itoa(f.Gap)}; rule != t.rule {
		t.rule = rule
		t.reach.SetText(rule[0])
		t.gap.SetText(rule[1])
	}
	t.say.SetText(strings.TrimSpace(fmt.Sprintf("%d tracks. %s", len(f.Tracks), f.Say)))
	able(t.save, known && !f.Making)
}

// plot is the course of the selected thing; false where the number of objects is to be shown.
func (t *tracks) plot() (p kit.Plot, ok bool) {
	p = kit.Plot{XUnit: "frame %s", Zero: true, Empty: "Select an object that has a track"}
	f := t.s.val.Film
	if len(f.Frames) == 0 || t.what.Selected == numberOverTime {
		return p, false
	}
	info := t.s.panel.info
	value := func(o Spot) float64 { return o.Mean }
	if t.what.Selected == areaOverTime {
		p.Unit = "px²"
		k := 1.0
		if m := info.Micron; m.X > 0 && m.Y > 0 {
			p.Unit, k = "µm²", m.X*m.Y
		}
		value = func(o Spot) float64 { return o.Area * k }
	}
	at := func(t int) float64 { return float64(t + 1) }
	if info.Interval > 0 {
		p.XUnit, at = "%s s", func(t int) float64 { return info.At(t).Seconds() }
	}
	line := kit.Line{Tone: kit.Busy}
	for i, o := range f.spots(t.s.track) {
		if i > 0 {
			for n := f.spots(t.s.track)[i-1].T + 1; n < o.T; n++ { // missing there
				p.X, line.Y = append(p.X, at(n)), append(line.Y, math.NaN())
			}
		}
		p.X, line.Y = append(p.X, at(o.T)), append(line.Y, value(o))
	}
	p.Lines = []kit.Line{line}
	return p, true
}

func (f Film) spots(track int) []Spot {
	if track < 1 || track > len(f.Tracks) {
		return nil
	}
	return f.Tracks[track-1]
}

// tails are where objects of time point t were before.
func (f Film) tails(objs []annotation.Object, t int) [][]annotation.Point {
	if len(f.Tracks) == 0 {
		return nil
	}
	out := make([][]annotation.Point, len(objs))
	for i := range objs {
		all := f.spots(objs[i].Track)
		from, _ := slices.BinarySearchFunc(all, t-tailLength, func(p Spot, t int) int { return p.T - t })
		for _, p := range all[from:] {
			if p.T <= t {
				out[i] = append(out[i], annotation.Point{X: p.X, Y: p.Y})
			}
		}
	}
	return out
}

// lying returns the objects of a time point, and the time point that they lie at: where the
// model looked for the review they are those that can be corrected.
func (s *Screen) lying(t int) ([]annotation.Object, int) {
	if t == s.val.T || t < 0 || t >= len(s.val.Film.Frames) {
		return s.val.Objects, s.val.T
	}
	return s.val.Film.Frames[t], t
}

// lay shows the objects of the time point that is shown, and from then on those of others.
func (s *Screen) lay() {
	s.turn()
	s.view.SetObjectsAt(s.laid)
	s.view.SetFollowed(s.now, s.val.Film.tails(s.now, s.laid))
	s.view.SetSeries(s.series())
}

// series is what lies on the image at each time point, nil where it is known of one.
func (s *Screen) series() tileview.Lying {
	if len(s.val.Film.Frames) == 0 {
		return nil
	}
	return func(t int) ([]annotation.Object, [][]annotation.Point, bool) {
		objs, at := s.lying(t)
		return objs, s.val.Film.tails(objs, at), at == t
	}
}

// turn goes on to the objects of another time point. The thing that is selected stays so.
func (s *Screen) turn() {
	_, t := s.view.Plane()
	s.now, s.laid = s.lying(t)
	id := s.view.Selected()
	same := slices.IndexFunc(s.now, func(o annotation.Object) bool { return o.ID == id })
	if same < 0 && s.track > 0 {
		same = slices.IndexFunc(s.now, func(o annotation.Object) bool { return o.Track == s.track })
	}
	if same >= 0 {
		s.track = s.now[same].Track // which another rule may have given another number
		s.view.Follow(s.now[same].ID, s.track)
	}
}

// turned follows the view to another plane or time point, or to a stop.
func (s *Screen) turned() {
	s.panel.planes.show()
	if s.val.Source == nil {
		return
	}
	s.panel.objects.fade()
	if s.panel.info.T < 2 {
		s.mirror()
		return
	}
	_, t := s.view.Plane()
	if _, at := s.lying(t); at != s.laid {
		s.turn()
	}
	if !s.view.Playing() { // the histogram is not made for each of many frames a second
		s.panel.objects.set(s.now)
		s.mirror()
		s.chosen()
	} else {
		s.keepUp()
		s.rail.chosen(s.view.Selected() != "" && t == s.val.T && s.val.ID != "")
	}
}

// home reports whether the objects that are shown can be corrected, and says why not.
func (s *Screen) home() bool {
	if !s.kept() {
		return false
	}
	if _, t := s.view.Plane(); t == s.val.T {
		return true
	}
	s.Note(fmt.Sprintf("Objects are corrected at time point %d, which the review is of.", s.val.T+1))
	return false
}

// kept reports whether what is drawn here is kept, and says why not.
func (s *Screen) kept() bool {
	if s.val.ID == "" {
		s.Note("This image is only looked at: objects are drawn and corrected on captures.")
	}
	return s.val.ID != ""
}

// elsewhere reports whether something else is shown than the plane that the objects lie on.
func (s *Screen) elsewhere() bool {
	z, _ := s.view.Plane()
	return s.panel.info.Z > 1 && (z != s.val.Z || s.view.Projection() != tileview.Slice)
}

// noteElsewhere says where what was drawn lies, and is measured.
func (s *Screen) noteElsewhere() {
	if s.elsewhere() {
		s.Note(fmt.Sprintf("Objects lie on plane %d, and are measured there.", s.val.Z+1))
	}
}

// trackFacts are what is known of an object over time.
func (s *Screen) trackFacts(o annotation.Object) []kit.Fact {
	all := s.val.Film.spots(o.Track)
	if len(all) == 0 {
		return nil
	}
	unit, kx, ky := unitOf(s.panel.info.Micron)
	way := 0.0
	for i := 1; i < len(all); i++ {
		way += math.Hypot((all[i].X-all[i-1].X)*kx, (all[i].Y-all[i-1].Y)*ky)
	}
	return []kit.Fact{
		{Name: "Track", Value: strconv.Itoa(o.Track)},
		{Name: "Seen", Value: fmt.Sprintf("%d times, %d – %d", len(all), all[0].T+1, all[len(all)-1].T+1)},
		{Name: "Path", Value: fmt.Sprintf("%.3g %s", way, unit)},
	}
}
