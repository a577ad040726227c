package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/bind"
)

// Fold is a part of a panel that a click or a key on its head closes and opens.
type Fold struct {
	widget.BaseWidget

	head   *widget.Button
	body   fyne.CanvasObject
	layout fyne.CanvasObject
}

// NewFold returns an open or a closed part with that title.
func NewFold(title string, open bool, body ...fyne.CanvasObject) *Fold {
	f := &Fold{body: container.NewVBox(body...)}
	f.head = widget.NewButtonWithIcon(title, nil, func() { f.Open(!f.body.Visible()) })
	f.head.Importance = widget.LowImportance
	f.head.Alignment = widget.ButtonAlignLeading
	const air = 4 // under the line, that no field touches it
	f.layout = container.New(layout.NewCustomPaddedVBoxLayout(0), container.NewStack(NewGap(0, 36), f.head),
		widget.NewSeparator(), container.New(layout.NewCustomPaddedLayout(air, 0, 0, 0), f.body))
	f.ExtendBaseWidget(f)
	f.Open(open)
	return f
}

// Open opens or closes the part.
func (f *Fold) Open(yes bool) {
	f.head.SetIcon(fynetheme.MenuExpandIcon())
	if yes {
		f.head.SetIcon(fynetheme.MenuDropDownIcon())
	}
	show(f.body, yes)
	f.Refresh()
}

// Title replaces what the head says.
func (f *Fold) Title(text string) { f.head.SetText(text) }

// CreateRenderer makes Fold a Fyne widget.
func (f *Fold) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(f.layout) }

// Menu opens a menu just below o; not at all when o is on no window.
func Menu(o fyne.CanvasObject, items ...*fyne.MenuItem) {
	bind.OnCanvas(o, func(c fyne.Canvas) {
		widget.ShowPopUpMenuAtRelativePosition(fyne.NewMenu("", items...), c, fyne.NewPos(0, o.Size().Height), o)
	})
}

// Inside makes Fold a [Holder].
func (f *Fold) Inside() fyne.CanvasObject { return f.layout }
