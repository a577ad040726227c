package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/theme"
)

// NewEmpty says why a screen is empty and what to do: an icon, a title, a
// sentence, and a button unless do is nil, perhaps with more buttons beside it.
func NewEmpty(icon fyne.Resource, title, sentence, label string, do func(), more ...*widget.Button) fyne.CanvasObject {
	pic := widget.NewIcon(icon)
	head := widget.NewLabelWithStyle(title, fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	head.SizeName = fynetheme.SizeNameSubHeadingText
	text := widget.NewLabelWithStyle(sentence, fyne.TextAlignCenter, fyne.TextStyle{})
	text.Wrapping = fyne.TextWrapWord
	box := container.NewVBox(
		container.NewCenter(container.NewGridWrap(fyne.NewSize(56, 56), pic)),
		head,
		container.NewCenter(container.NewGridWrap(fyne.NewSize(440, 64), text)),
	)
	if do != nil {
		b := widget.NewButton(label, do)
		b.Importance = widget.HighImportance
		row := container.NewHBox(Tall(b))
		for _, b := range more {
			row.Add(Tall(b))
		}
		box.Add(container.NewCenter(row))
	}
	return container.NewCenter(box)
}

// Tall gives a button a height that a gloved finger meets.
func Tall(b *widget.Button) fyne.CanvasObject { return tall(b) }

func tall(b fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(NewGap(84, 40), b)
}

// NewGap takes up room.
func NewGap(w, h float32) fyne.CanvasObject {
	return container.NewGridWrap(fyne.NewSize(w, h), layout.NewSpacer())
}

// Banner is a sentence, a hint and perhaps a button, on the colour of its tone.
type Banner struct {
	widget.BaseWidget

	icon   *widget.Icon
	say    *widget.Label
	hint   *widget.Label
	button *widget.Button
	ground *Surface
}

// NewBanner returns a hidden banner.
func NewBanner() *Banner {
	b := &Banner{icon: widget.NewIcon(nil), say: widget.NewLabel(""), hint: widget.NewLabel(""), button: widget.NewButton("", nil)}
	b.say.TextStyle.Bold = true
	b.say.Wrapping, b.hint.Wrapping = fyne.TextWrapWord, fyne.TextWrapWord
	text := container.New(layout.NewCustomPaddedVBoxLayout(-14), b.say, b.hint)
	b.ground = NewSurface(theme.Held, container.NewBorder(nil, nil,
		container.NewPadded(container.NewCenter(b.icon)), container.NewPadded(container.NewCenter(b.button)), text))
	b.ground.radius = 8
	b.ExtendBaseWidget(b)
	b.Hide()
	return b
}

// Set shows the sentence; an empty one hides the banner, a nil do the button.
func (b *Banner) Set(tone Tone, say, hint, label string, do func()) {
	if say == "" {
		b.Hide()
		return
	}
	b.say.SetText(say)
	b.hint.SetText(hint)
	show(b.hint, hint != "")
	b.button.SetText(label)
	b.button.OnTapped = do
	show(b.button, do != nil)
	switch tone {
	case Bad:
		b.ground.Paint(theme.Bad)
		b.icon.SetResource(fynetheme.NewErrorThemedResource(fynetheme.ErrorIcon()))
	case Held:
		b.ground.Paint(theme.Held)
		b.icon.SetResource(fynetheme.NewWarningThemedResource(fynetheme.WarningIcon()))
	case Good:
		b.ground.Paint(theme.Good)
		b.icon.SetResource(fynetheme.NewSuccessThemedResource(fynetheme.ConfirmIcon()))
	case Neutral, Busy:
		b.ground.Paint(theme.Accent)
		b.icon.SetResource(fynetheme.NewPrimaryThemedResource(fynetheme.InfoIcon()))
	}
	b.Show()
	b.Refresh()
}

// CreateRenderer makes Banner a Fyne widget.
func (b *Banner) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(b.ground) }

func show(o fyne.CanvasObject, yes bool) {
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}
