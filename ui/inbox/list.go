package inbox

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// list is Fyne's list, and Enter opens what is selected.
type list struct {
	widget.List

	s     *Screen
	cur   widget.ListItemID
	usual float32 // height of a row that has none of its own
}

func newList(s *Screen) *list {
	l := &list{s: s, cur: -1, usual: lowRow}
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

// ownHeights is how many rows may have heights of their own: Fyne's list looks through all
// of them again and again. Among more, all rows are as high as the highest.
const ownHeights = 200

// reload keeps the same capture selected, wherever it is now.
func (l *list) reload() {
	at := -1
	many := len(l.s.shown) > ownHeights
	l.usual = lowRow
	if many && slices.ContainsFunc(l.s.shown, func(r Row) bool { return r.Reason != "" }) {
		l.usual = highRow
	}
	for i, r := range l.s.shown {
		switch {
		case !many:
			l.SetItemHeight(i, height(r))
		case i < ownHeights:
			l.SetItemHeight(i, l.usual)
		}
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
