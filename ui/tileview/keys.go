package tileview

import "fyne.io/fyne/v2"

// FocusGained is for Fyne.
func (v *View) FocusGained() {}

// FocusLost lets go of the space bar.
func (v *View) FocusLost() { v.space = false }

// KeyDown holds the space bar: a drag moves the image whatever the tool.
func (v *View) KeyDown(e *fyne.KeyEvent) {
	if e.Name == fyne.KeySpace {
		v.space = true
	}
}

// KeyUp lets go of it.
func (v *View) KeyUp(e *fyne.KeyEvent) {
	if e.Name == fyne.KeySpace {
		v.space = false
	}
}

// TypedKey moves by arrows and ends outlines; other keys go to [Actions.Key].
func (v *View) TypedKey(e *fyne.KeyEvent) {
	w, h := v.pixels()
	dx, dy := float64(w)/8/v.at.scale, float64(h)/8/v.at.scale
	c := v.at
	switch e.Name {
	case fyne.KeyLeft:
		c.x -= dx
	case fyne.KeyRight:
		c.x += dx
	case fyne.KeyUp:
		c.y -= dy
	case fyne.KeyDown:
		c.y += dy
	case fyne.KeyReturn, fyne.KeyEnter:
		v.closePen()
		return
	case fyne.KeyEscape:
		if len(v.pen.ring) > 0 {
			v.pen = pen{}
			v.redraw()
		} else {
			v.Select("")
		}
		return
	default:
		if v.act.Key != nil {
			v.act.Key(e)
		}
		return
	}
	v.move(c)
}

// TypedRune zooms by + and −; other runes go to [Actions.Rune].
func (v *View) TypedRune(r rune) {
	switch r {
	case '+', '=':
		v.Zoom(1.25)
	case '-':
		v.Zoom(0.8)
	case ' ':
	default:
		if v.act.Rune != nil {
			v.act.Rune(r)
		}
	}
}

// TypedShortcut takes undo and redo; others go to [Actions.Shortcut].
func (v *View) TypedShortcut(s fyne.Shortcut) {
	switch s.(type) {
	case *fyne.ShortcutUndo:
		if v.act.Undo != nil {
			v.act.Undo()
		}
	case *fyne.ShortcutRedo:
		if v.act.Redo != nil {
			v.act.Redo()
		}
	default: // whatever has the focus gets all shortcuts: the window's own go on
		if v.act.Shortcut != nil {
			v.act.Shortcut(s)
		}
	}
}
