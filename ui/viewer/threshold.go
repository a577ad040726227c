package viewer

import (
	"fmt"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
)

// Threshold is the probability that the model's objects must have.
type Threshold struct {
	At     float64 // 0: the model has none, or it is not known
	Making bool    // objects for it are being made
	Say    string  // why it can't be moved
}

// threshold moves it.
type threshold struct {
	word, say *widget.Label
	slider    *kit.Slider
	box       fyne.CanvasObject
}

func newThreshold(s *Screen) *threshold {
	t := &threshold{word: kit.NewQuiet(""), say: kit.NewQuiet(""), slider: kit.NewSlider(0.02, 0.98, s.view.TakeKeys)}
	t.slider.Step = 0.01
	t.slider.OnChanged = func(v float64) {
		v = math.Round(v*100) / 100
		if s.act.Threshold != nil && v != s.val.Threshold.At {
			s.act.Threshold(v)
		}
	}
	t.say.Truncation, t.say.Wrapping = fyne.TextTruncateOff, fyne.TextWrapWord
	t.box = container.NewVBox(container.New(layout.NewCustomPaddedVBoxLayout(-6), t.word, t.slider), t.say)
	return t
}

func (t *threshold) set(v Threshold, can bool) {
	shown(t.slider, can && v.At > 0)
	shown(t.box, t.slider.Visible())
	text := fmt.Sprintf("Threshold of the model %.2f", v.At)
	if v.Making {
		text += " · drawing"
	}
	t.word.SetText(text)
	t.say.SetText(v.Say)
	shown(t.say, v.Say != "")
	t.slider.Value = v.At // not by SetValue, which calls back
	t.slider.Refresh()
}
