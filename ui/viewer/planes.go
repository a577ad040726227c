package viewer

import (
	"fmt"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/tileview"
)

// planes is where in a stack and in time the view stands.
type planes struct {
	s                   *Screen
	info                imageio.Info
	fold                *kit.Fold
	zRow, tRow, cRow    fyne.CanvasObject
	zWord, tWord, cWord *widget.Label
	z, t, c             *kit.Slider
	projection, speed   *kit.Select
	loop                *kit.Check
	start               *widget.Button
	showing             bool // the view is followed: what the setters call back is not the person
}

// planeWidth is the room of the words beside the list of projections, in units.
const planeWidth = 110

// usual frame rate of a series whose file does not say, or says minutes.
const usualRate = 10

func newPlanes(s *Screen) *planes {
	p := &planes{
		s: s, zWord: kit.NewQuiet(""), tWord: kit.NewQuiet(""), cWord: kit.NewQuiet(""),
		z: kit.NewSlider(0, 1, s.view.TakeKeys), t: kit.NewSlider(0, 1, s.view.TakeKeys), c: kit.NewSlider(0, 1, s.view.TakeKeys),
	}
	p.z.OnChanged = func(v float64) {
		_, t := s.view.Plane()
		p.set(int(v), t)
	}
	p.t.OnChanged = func(v float64) {
		z, _ := s.view.Plane()
		p.set(z, int(v))
	}
	p.c.OnChanged = func(v float64) {
		if !p.showing {
			s.panel.channels.alone(int(v) - 1)
		}
	}
	p.projection = kit.NewSelect([]string{"Slice", "Maximum", "Mean"}, func(string) {
		if !p.showing {
			s.view.SetProjection(tileview.Projection(p.projection.SelectedIndex()))
		}
	}, s.view.TakeKeys)
	p.speed = kit.NewSelect(nil, func(string) {
		if !p.showing && s.view.Playing() {
			p.begin()
		}
	}, s.view.TakeKeys)
	p.loop = kit.NewCheck("Loop", func(bool) {
		if s.view.Playing() {
			p.begin()
		}
	}, s.view.TakeKeys)
	p.start = widget.NewButtonWithIcon("", fynetheme.MediaPlayIcon(), p.play)
	p.start.Importance = widget.LowImportance
	tight := layout.NewCustomPaddedVBoxLayout(-8)
	p.zRow = container.New(tight, container.NewBorder(nil, nil, nil, p.projection, p.zWord), p.z)
	p.tRow = container.NewVBox(container.New(tight, p.tWord, container.NewBorder(nil, nil, p.start, nil, p.t)),
		container.NewGridWithColumns(2, p.loop, p.speed))
	p.cRow = container.New(tight, p.cWord, p.c)
	p.fold = kit.NewFold("Planes and time", true, p.zRow, p.tRow, p.cRow)
	return p
}

func (p *planes) open(info imageio.Info) {
	p.info = info
	shown(p.zRow, info.Z > 1)
	shown(p.tRow, info.T > 1)
	shown(p.cRow, len(info.Channels) > 1)
	shown(p.fold, info.Z > 1 || info.T > 1 || len(info.Channels) > 1)
	p.showing = true
	p.z.Max, p.t.Max, p.c.Max = float64(max(info.Z-1, 1)), float64(max(info.T-1, 1)), float64(len(info.Channels))
	p.c.SetValue(0)
	own := rateOf(info.Interval)
	p.speed.SetOptions(speeds(own))
	p.speed.SetSelected(speedWord(own))
	p.showing = false
	p.channels(p.s.view.Channels())
	p.show()
}

// rateOf is how many frames a second a series plays at: as it was taken, if that can be
// watched.
func rateOf(interval time.Duration) float64 {
	if interval <= 0 || interval > time.Second {
		return usualRate
	}
	return float64(time.Second) / float64(interval)
}

func speedWord(rate float64) string { return strconv.FormatFloat(rate, 'g', 4, 64) + " fps" }

// speeds are the rates to choose from, own among them.
func speeds(own float64) []string {
	var out []string
	put := false
	for _, r := range []float64{1, 2, 5, 10, 25, 50} {
		if !put && own <= r {
			out, put = append(out, speedWord(own)), true
		}
		if r != own {
			out = append(out, speedWord(r))
		}
	}
	if !put {
		out = append(out, speedWord(own))
	}
	return out
}

func (p *planes) set(z, t int) {
	if !p.showing {
		p.s.view.Stop()
		p.s.view.SetPlane(z, t)
	}
}

// step goes n time points further, exactly.
func (p *planes) step(n int) {
	p.s.view.Stop()
	z, t := p.s.view.Plane()
	p.s.view.SetPlane(z, t+n)
}

// play begins to play, or stops.
func (p *planes) play() {
	if p.s.view.Playing() {
		p.s.view.Stop()
	} else {
		p.begin()
	}
}

func (p *planes) begin() {
	var rate float64
	if _, err := fmt.Sscanf(p.speed.Selected, "%g fps", &rate); err != nil {
		rate = usualRate
	}
	p.s.view.Play(rate, p.loop.Checked)
}

// show follows the view.
func (p *planes) show() {
	p.showing = true
	defer func() { p.showing = false }()
	z, t := p.s.view.Plane()
	if p.z.Value != float64(z) {
		p.z.SetValue(float64(z))
	}
	if p.t.Value != float64(t) {
		p.t.SetValue(float64(t))
	}
	how := p.s.view.Projection()
	if p.projection.SelectedIndex() != int(how) {
		p.projection.SetSelectedIndex(int(how))
	}
	reword(p.zWord, p.planeWord(z))
	able(p.z, how == tileview.Slice)
	word := fmt.Sprintf("Time %d of %d", t+1, p.info.T)
	if p.info.Interval > 0 {
		word += " · " + clockWord(p.info.At(t))
	}
	reword(p.tWord, word)
	icon := fynetheme.MediaPlayIcon()
	if p.s.view.Playing() {
		icon = fynetheme.MediaPauseIcon()
	}
	if p.start.Icon != icon {
		p.start.SetIcon(icon)
	}
	p.s.stand()
}

// planeWord is which planes are shown, in words that have room beside the list: a number that is cut off would be
// taken for another.
func (p *planes) planeWord(z int) string {
	all := p.info.Z
	word, less := fmt.Sprintf("Plane %d of %d", z+1, all), fmt.Sprintf("%d of %d", z+1, all)
	if p.s.view.Projection() != tileview.Slice {
		word, less = fmt.Sprintf("All %d planes", all), fmt.Sprintf("All %d", all)
	}
	longest := fmt.Sprintf("Plane %d of %d", all, all) // so that it stays as it is while one goes through them
	if fyne.MeasureText(longest, fynetheme.TextSize(), fyne.TextStyle{}).Width > planeWidth {
		return less
	}
	return word
}

// reword changes a label's text: the same again would be shaped and drawn again.
func reword(l *widget.Label, text string) {
	if l.Text != text {
		l.SetText(text)
	}
}

// clockWord is a time since the start: 4.80 s, 12:05 min, 3:20:00 h.
func clockWord(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d:%02d min", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d:%02d:%02d h", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}

// channels follows which channels are on.
func (p *planes) channels(cs []tileview.Channel) {
	p.showing = true
	defer func() { p.showing = false }()
	on, last := 0, 0
	for i, c := range cs {
		if c.On {
			on, last = on+1, i+1
		}
	}
	word := fmt.Sprintf("%d of %d channels", on, len(cs))
	switch on {
	case len(cs):
		word = "All channels"
		p.c.SetValue(0)
	case 1:
		word = fmt.Sprintf("Channel %d of %d alone", last, len(cs))
		p.c.SetValue(float64(last))
	}
	reword(p.cWord, word)
}
