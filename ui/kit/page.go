package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// NewPage returns content that scrolls, also where the pointer is over one of its fields:
// Fyne's entries take the wheel for themselves, and so do tables in a text.
func NewPage(content fyne.CanvasObject) fyne.CanvasObject {
	return wheeled(container.NewVScroll(content))
}

func wheeled(page *container.Scroll) fyne.CanvasObject {
	p := &wheel{page: page}
	p.ExtendBaseWidget(p)
	return container.NewStack(page, p)
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
