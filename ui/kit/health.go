package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Trouble is one thing that is wrong now, in plain words.
type Trouble struct {
	Code           string // comes back in what the button does
	Title          string
	Sentence, Hint string
	Tone           Tone   // Bad, Held or Neutral
	Button         string // "" for none
	Since          string // "since 14:03"
}

// Troubles is the plain-words panel: what is wrong now and what to do about it. It is as high as that.
type Troubles struct {
	widget.BaseWidget

	do   func(code string)
	rows *fyne.Container
}

// NewTroubles returns the panel; do is called with the code of a trouble whose
// button was pressed.
func NewTroubles(do func(code string)) *Troubles {
	t := &Troubles{do: do, rows: container.NewVBox()}
	t.ExtendBaseWidget(t)
	t.Set(nil)
	return t
}

// Set replaces what is wrong.
func (t *Troubles) Set(all []Trouble) {
	t.rows.RemoveAll()
	if len(all) == 0 {
		t.rows.Add(NewEmpty(fynetheme.NewSuccessThemedResource(fynetheme.ConfirmIcon()), "Everything works",
			"Instruments, data, servers and the registry answer as they should.", "", nil))
	}
	for _, x := range all {
		b := NewBanner()
		hint := x.Hint
		if x.Since != "" {
			hint = trimJoin(hint, x.Since)
		}
		var do func()
		if x.Button != "" && t.do != nil {
			do = func() { t.do(x.Code) }
		}
		b.Set(x.Tone, x.Title, trimJoin(x.Sentence, hint), x.Button, do)
		t.rows.Add(b)
	}
	t.Refresh()
}

func trimJoin(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + " " + b
}

// CreateRenderer makes Troubles a Fyne widget.
func (t *Troubles) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewPadded(t.rows))
}
