package kit

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/bind"
)

// Question is what a dialog asks.
type Question struct {
	Title    string
	Sentence string
	Hold     string // greyed text in an empty field
	Button   string // what the person does by saying yes, as a verb
	Danger   bool   // the button is red
	Wide     bool   // for what is long, such as a path
}

// AskReason asks over the window of o for a text, and calls do with it, trimmed;
// it can't be empty. It does nothing when o is on no window.
func AskReason(o fyne.CanvasObject, q Question, do func(reason string)) {
	entry := NewField()
	entry.MultiLine = true
	entry.SetPlaceHolder(q.Hold)
	entry.SetMinRowsVisible(3)
	entry.Wrapping = fyne.TextWrapWord
	pop, yes, _ := ask(o, q, entry)
	if pop == nil {
		return
	}
	yes.Disable()
	entry.OnChanged = func(s string) {
		if strings.TrimSpace(s) == "" {
			yes.Disable()
		} else {
			yes.Enable()
		}
	}
	yes.OnTapped = func() {
		pop.Hide()
		do(strings.TrimSpace(entry.Text))
	}
	pop.Show()
	pop.Canvas.Focus(entry)
}

// Ask asks over the window of o for a yes, and calls do then. Body, which may be nil, says
// more or has choices.
func Ask(o fyne.CanvasObject, q Question, body fyne.CanvasObject, do func()) {
	if body == nil {
		body = NewGap(0, 0)
	}
	pop, yes, no := ask(o, q, body)
	if pop == nil {
		return
	}
	yes.OnTapped = func() {
		pop.Hide()
		do()
	}
	all := fields(body)
	for _, f := range all {
		if f.OnSubmitted == nil { // Enter
			f.OnSubmitted = func(string) { yes.OnTapped() }
		}
	}
	pop.Show()
	if len(all) > 0 {
		pop.Canvas.Focus(all[0])
	} else {
		pop.Canvas.Focus(no)
	}
}

// Dialog is a question that stays when the person says yes.
type Dialog struct {
	pop   *widget.PopUp
	over  fyne.CanvasObject // what it lies in
	width float32
}

// AskUntil asks as [Ask] does, until [Dialog.Close]: what the person wants may turn out to be wrong. First has the
// keys. It returns nil when o is on no window.
func AskUntil(o fyne.CanvasObject, q Question, body fyne.CanvasObject, first fyne.Focusable, do func()) *Dialog {
	pop, yes, _ := ask(o, q, body)
	if pop == nil {
		return nil
	}
	yes.OnTapped = do
	pop.Show()
	pop.Canvas.Focus(first)
	return &Dialog{pop, pop.Canvas.Overlays().Top(), q.width()}
}

// Open reports whether it is still there.
func (d *Dialog) Open() bool {
	return slices.Contains(d.pop.Canvas.Overlays().List(), d.over)
}

// Close closes it, and nothing that lies above it.
func (d *Dialog) Close() { Close(d.pop.Canvas, d.over) }

// Fit makes it as high as what is in it now.
func (d *Dialog) Fit() { d.pop.Resize(fyne.NewSize(d.width, d.pop.MinSize().Height)) }

func (q Question) width() float32 {
	if q.Wide {
		return 600
	}
	return 460
}

// fields returns those of a dialog in their order.
func fields(o fyne.CanvasObject) []*Field {
	switch o := o.(type) {
	case *Field:
		return []*Field{o}
	case *fyne.Container:
		var all []*Field
		for _, in := range o.Objects {
			all = append(all, fields(in)...)
		}
		return all
	}
	return nil
}

// ask makes the dialog around body; nil if o is on no window.
func ask(o fyne.CanvasObject, q Question, body fyne.CanvasObject) (*widget.PopUp, *widget.Button, *wayOut) {
	head := widget.NewLabelWithStyle(q.Title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	head.SizeName = fynetheme.SizeNameSubHeadingText
	text := widget.NewLabel(q.Sentence)
	text.Wrapping = fyne.TextWrapWord
	yes := widget.NewButton(q.Button, nil)
	yes.Importance = widget.HighImportance
	if q.Danger {
		yes.Importance = widget.DangerImportance
	}
	no := newWayOut("Cancel")
	answers := container.NewHBox(layout.NewSpacer(), tall(no), Tall(yes))
	inner := container.New(layout.NewCustomPaddedLayout(10, 10, 12, 12),
		container.NewVBox(head, text, body, NewGap(0, 4), answers))
	var pop *widget.PopUp
	bind.OnCanvas(o, func(c fyne.Canvas) { pop = widget.NewModalPopUp(inner, c) })
	if pop == nil {
		return nil, nil, nil
	}
	pop.Resize(fyne.NewSize(q.width(), pop.MinSize().Height))
	return pop, yes, no
}
