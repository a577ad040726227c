package viewer

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/tileview"
)

// rail is the tools at the left, each with its key written on it.
type rail struct {
	widget.BaseWidget

	tools                  map[tileview.Tool]*widget.Button
	accept, reject, remove *widget.Button
	undo, redo, hide, fill *widget.Button
	photo                  *widget.Button
	row                    fyne.CanvasObject
}

func newRail(s *Screen) *rail {
	r := &rail{tools: map[tileview.Tool]*widget.Button{}}
	tool := func(t tileview.Tool, icon, key string) fyne.CanvasObject {
		b := s.button(theme.Icon(icon), key, func() { s.tool(t) })
		r.tools[t] = b
		return big(b)
	}
	r.accept = s.button(theme.Icon("accept"), "A", func() { s.judge(s.act.Accept) })
	r.reject = s.button(theme.Icon("reject"), "X", func() { s.judge(s.act.Reject) })
	r.remove = s.button(fynetheme.DeleteIcon(), "Del", s.remove)
	r.undo = s.button(fynetheme.ContentUndoIcon(), "U", s.undo)
	r.redo = s.button(fynetheme.ContentRedoIcon(), "⇧^Z", s.redo)
	r.hide = s.button(fynetheme.VisibilityIcon(), "H", func() { s.panel.objects.hide() })
	r.fill = s.button(theme.Icon("fill"), "F", func() { s.rune('f') })
	r.photo = s.button(fynetheme.MediaPhotoIcon(), "S", func() { s.snapshot(s.view) })
	r.row = kit.NewSurface(theme.Panel, container.NewVScroll(container.New(layout.NewCustomPaddedVBoxLayout(1),
		tool(tileview.Select, "select", "M"), tool(tileview.Rectangle, "rectangle", "R"),
		tool(tileview.Ellipse, "ellipse", "O"), tool(tileview.Polygon, "polygon", "P"),
		tool(tileview.Brush, "brush", "B"), tool(tileview.Eraser, "eraser", "E"),
		widget.NewSeparator(), big(r.accept), big(r.reject), big(r.remove),
		widget.NewSeparator(), big(r.undo), big(r.redo),
		widget.NewSeparator(), big(r.hide), big(r.fill), big(r.photo))))
	r.ExtendBaseWidget(r)
	r.tool(tileview.Select)
	return r
}

// button is one with its key on it; the keys stay with the image.
func (s *Screen) button(icon fyne.Resource, key string, do func()) *widget.Button {
	b := widget.NewButtonWithIcon(key, icon, func() {
		s.view.TakeKeys() // which Fyne takes from what had them
		do()
	})
	b.Importance = widget.LowImportance
	b.Alignment = widget.ButtonAlignLeading
	return b
}

// big gives a tool a width of its own: the icon and up to three letters.
func big(b *widget.Button) fyne.CanvasObject { return container.NewStack(kit.NewGap(76, 40), b) }

func (r *rail) set(v Values) {
	able(r.undo, v.CanUndo)
	able(r.redo, v.CanRedo)
	for t, b := range r.tools {
		able(b, t == tileview.Select || v.ID != "")
	}
}

func (r *rail) chosen(yes bool) {
	able(r.accept, yes)
	able(r.reject, yes)
	able(r.remove, yes)
}

func able(b fyne.Disableable, yes bool) {
	if yes {
		b.Enable()
	} else {
		b.Disable()
	}
}

func (r *rail) tool(t tileview.Tool) {
	for k, b := range r.tools {
		mark(b, k == t)
	}
}

func (r *rail) style(st tileview.Style) {
	mark(r.fill, st.Fill)
	mark(r.hide, st.Hidden)
	if st.Hidden {
		r.hide.SetIcon(fynetheme.VisibilityOffIcon())
	} else {
		r.hide.SetIcon(fynetheme.VisibilityIcon())
	}
}

func mark(b *widget.Button, on bool) {
	b.Importance = widget.LowImportance
	if on {
		b.Importance = widget.HighImportance
	}
	b.Refresh()
}

// CreateRenderer makes rail a Fyne widget.
func (r *rail) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.row) }

// Inside makes rail a [kit.Holder].
func (r *rail) Inside() fyne.CanvasObject { return r.row }
