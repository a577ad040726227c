package tileview

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// FocusGained frames the picture: keys come here.
func (v *View) FocusGained() {
	v.focused = true
	v.redraw()
}

// FocusLost lets go of the keys that are held.
func (v *View) FocusLost() {
	v.space, v.shift, v.alt, v.focused = false, false, false, false
	v.redraw()
}

// KeyDown holds the space bar, while which a drag moves the image whatever the tool, and Shift.
func (v *View) KeyDown(e *fyne.KeyEvent) { v.hold(e.Name, true) }

// KeyUp lets go of it.
func (v *View) KeyUp(e *fyne.KeyEvent) { v.hold(e.Name, false) }

func (v *View) hold(k fyne.KeyName, down bool) {
	switch k {
	case fyne.KeySpace:
		v.space = down
	case desktop.KeyShiftLeft, desktop.KeyShiftRight:
		v.shift = down
	case desktop.KeyAltLeft, desktop.KeyAltRight:
		v.alt = down
		v.redraw()
	}
}

// TypedKey moves by arrows and ends outlines; other keys go to [Actions.Key]. In a stack up
// and down go from plane to plane, and move the image with Shift.
func (v *View) TypedKey(e *fyne.KeyEvent) {
	stack := v.info.Z > 1 && v.projection == Slice && !v.shift
	switch e.Name {
	case fyne.KeyLeft:
		v.pan(-1, 0)
	case fyne.KeyRight:
		v.pan(1, 0)
	case fyne.KeyUp:
		if stack {
			v.SetPlane(v.z+1, v.t)
		} else {
			v.pan(0, -1)
		}
	case fyne.KeyDown:
		if stack {
			v.SetPlane(v.z-1, v.t)
		} else {
			v.pan(0, 1)
		}
	case fyne.KeyReturn, fyne.KeyEnter:
		v.closePen()
	case fyne.KeyEscape:
		if len(v.pen.ring) > 0 || v.brush.mask != nil {
			v.drop()
			v.redraw()
		} else {
			v.Select("")
		}
	default:
		if v.act.Key != nil {
			v.act.Key(e)
		}
	}
}

// pan moves by eighths of the screen.
func (v *View) pan(dx, dy float64) {
	w, h := v.pixels()
	x, y := rotate(dx*float64(w)/8, dy*float64(h)/8, -v.angle)
	at := v.at
	at.x += x / at.scale
	at.y += y / at.scale
	v.move(at)
}

// TypedRune zooms by + and −; other runes go to [Actions.Rune].
func (v *View) TypedRune(r rune) {
	switch r {
	case '+', '=':
		v.Zoom(1.25)
	case '-':
		v.Zoom(0.8)
	case '{', '}':
		k := map[rune]float64{'{': 0.8, '}': 1.25}[r]
		if v.lens.on && !v.painting() {
			v.ScaleLens(k)
		} else {
			v.ScaleBrush(k)
		}
	case ' ':
	default:
		if v.act.Rune != nil {
			v.act.Rune(r)
		}
	}
}

// TypedShortcut takes undo and redo; others go to [Actions.Shortcut].
func (v *View) TypedShortcut(s fyne.Shortcut) {
	switch c := s.(type) {
	case *fyne.ShortcutUndo:
		if v.act.Undo != nil {
			v.act.Undo()
		}
	case *fyne.ShortcutRedo:
		if v.act.Redo != nil {
			v.act.Redo()
		}
	case *fyne.ShortcutCopy:
		if v.act.Copy != nil {
			v.act.Copy()
		}
	case *desktop.CustomShortcut:
		if c.KeyName == fyne.KeyZ && c.Modifier&fyne.KeyModifierShift != 0 && v.act.Redo != nil {
			v.act.Redo()
		} else if v.act.Shortcut != nil {
			v.act.Shortcut(s)
		}
	default: // whatever has the focus gets all shortcuts: the window's own go on
		if v.act.Shortcut != nil {
			v.act.Shortcut(s)
		}
	}
}
