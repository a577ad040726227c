package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// NewPage returns content that scrolls, also where the pointer is over one of its fields:
// Fyne's entries take the wheel for themselves.
func NewPage(content fyne.CanvasObject) fyne.CanvasObject {
	p := &wheel{page: container.NewVScroll(content)}
	p.ExtendBaseWidget(p)
	return container.NewStack(p.page, p)
}

// wheel lies over a page. It takes nothing but the wheel: all else goes through.
type wheel struct {
	widget.BaseWidget

	page *container.Scroll
}

// Scrolled implements [fyne.Scrollable].
func (w *wheel) Scrolled(e *fyne.ScrollEvent) { w.page.Scrolled(e) }

// CreateRenderer makes wheel a Fyne widget.
func (w *wheel) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewWithoutLayout())
}
