package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/bind"
)

// Over opens content over a canvas. Enter and Escape close it; while it is open the keys that
// move in a text move in content, if that scrolls.
func Over(c fyne.Canvas, title string, content fyne.CanvasObject, size fyne.Size) {
	closing := newWayOut("Close")
	if page, ok := content.(*container.Scroll); ok {
		closing.page, content = page, wheeled(page)
	}
	closing.Importance = widget.HighImportance
	foot := container.NewBorder(nil, nil, nil, tall(closing))
	inside := container.NewBorder(NewTitle(title), foot, nil, nil, container.NewPadded(content))
	pop := widget.NewModalPopUp(container.NewPadded(container.NewPadded(inside)), c)
	pop.Resize(size)
	pop.Show()
	c.Focus(closing)
}

// Dismiss closes what is open over a canvas, if anything is: the last, where there are several.
func Dismiss(c fyne.Canvas) {
	if top := c.Overlays().Top(); top != nil {
		c.Overlays().Remove(top)
	}
}

// Close closes one of what is open over a canvas. What lies above it stays: the toolkit would close that, too.
func Close(c fyne.Canvas, o fyne.CanvasObject) {
	all := slices.Clone(c.Overlays().List())
	at := slices.Index(all, o)
	if at < 0 {
		return // it was closed before
	}
	focus, above := c.Focused(), all[at+1:]
	c.Overlays().Remove(o)
	for _, a := range above {
		c.Overlays().Add(a)
	}
	if len(above) > 0 && focus != nil {
		c.Focus(focus)
	}
}

// wayOut is a button that closes what it stands on, as Escape does.
type wayOut struct {
	widget.Button

	page *container.Scroll // that keys move in; nil for none
}

func newWayOut(text string) *wayOut {
	b := &wayOut{}
	b.Text = text
	b.ExtendBaseWidget(b)
	b.OnTapped = func() { bind.OnCanvas(b, Dismiss) }
	return b
}

// TypedKey closes by Enter and Escape, too, and scrolls.
func (b *wayOut) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyEscape:
		b.OnTapped()
		return
	}
	if b.page == nil {
		b.Button.TypedKey(e)
		return
	}
	const line = 40
	all, seen := b.page.Content.MinSize().Height, b.page.Size().Height
	to := b.page.Offset.Y
	switch e.Name {
	case fyne.KeyDown:
		to += line
	case fyne.KeyUp:
		to -= line
	case fyne.KeyPageDown:
		to += seen - line
	case fyne.KeyPageUp:
		to -= seen - line
	case fyne.KeyHome:
		to = 0
	case fyne.KeyEnd:
		to = all
	default:
		b.Button.TypedKey(e)
		return
	}
	b.page.ScrollToOffset(fyne.NewPos(0, max(0, min(to, all-seen))))
}

// Field is an entry that one gets out of by keys: Escape closes the dialog that it stands in,
// or gives the focus up, and the window's shortcuts work in it, which Fyne's entries keep.
type Field struct{ widget.Entry }

// NewField returns an empty field.
func NewField() *Field {
	f := &Field{}
	f.ExtendBaseWidget(f)
	return f
}

// NewSecret returns an empty field that shows what is written into it as dots.
func NewSecret() *Field {
	f := &Field{}
	f.Password, f.Wrapping = true, fyne.TextWrap(fyne.TextTruncateClip) // as Fyne has it
	f.ExtendBaseWidget(f)
	return f
}

// TypedKey takes Escape for itself, and hands F1 to the window.
func (f *Field) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyF1 {
		bind.OnCanvas(f, func(c fyne.Canvas) {
			if help := c.OnTypedKey(); help != nil && c.Overlays().Top() == nil {
				help(e)
			}
		})
		return
	}
	if e.Name != fyne.KeyEscape {
		f.Entry.TypedKey(e)
		return
	}
	bind.OnCanvas(f, func(c fyne.Canvas) {
		if c.Overlays().Top() == nil {
			c.Unfocus()
		}
		Dismiss(c)
	})
}

// TypedShortcut hands the window's shortcuts on.
func (f *Field) TypedShortcut(s fyne.Shortcut) {
	f.Entry.TypedShortcut(s)
	if _, own := s.(*desktop.CustomShortcut); !own {
		return
	}
	bind.OnCanvas(f, func(c fyne.Canvas) {
		if w, ok := c.(fyne.Shortcutable); ok && c.Overlays().Top() == nil {
			w.TypedShortcut(s)
		}
	})
}
