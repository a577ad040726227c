package inbox

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// list is Fyne's list, and Enter opens what is selected.
type list struct {
	widget.List

	s   *Screen
	cur widget.ListItemID
}

func newList(s *Screen) *list {
	l := &list{s: s, cur: -1}
	l.Length = func() int { return len(s.shown) }
	l.CreateItem = func() fyne.CanvasObject { return newRow(s) }
	l.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) {
		if r, ok := o.(*row); ok && i < len(s.shown) {
			r.set(i, s.shown[i])
		}
	}
	l.OnSelected = func(i widget.ListItemID) {
		l.cur = i
		if i < len(s.shown) {
			s.selected = s.shown[i].ID
		}
	}
	l.ExtendBaseWidget(l)
	return l
}

// reload keeps the same capture selected, wherever it is now.
func (l *list) reload() {
	at := -1
	for i, r := range l.s.shown {
		l.SetItemHeight(i, height(r))
		if r.ID == l.s.selected && r.ID != "" {
			at = i
		}
	}
	if at != l.cur {
		l.UnselectAll()
		l.cur = at
		if at >= 0 {
			l.Select(at)
		}
	}
	l.Refresh()
}

// TypedKey chooses with the arrows, Home and End, and opens what is chosen on Enter.
func (l *list) TypedKey(e *fyne.KeyEvent) {
	last := len(l.s.shown) - 1
	if last < 0 && e.Name != fyne.KeyF1 {
		return
	}
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		if l.cur < 0 {
			l.Select(0)
		}
		call(l.s.act.Open, l.s.selected)
	case fyne.KeyHome:
		l.Select(0)
	case fyne.KeyEnd:
		l.Select(last)
	case fyne.KeyDown:
		l.Select(min(l.cur+1, last))
	case fyne.KeyUp:
		l.Select(max(l.cur-1, 0))
	default:
		if l.s.act.Key != nil {
			l.s.act.Key(e)
		}
	}
}

// Keys is what should have the focus while the inbox is open: arrows choose, Enter opens.
func (s *Screen) Keys() fyne.Focusable { return s.list }
