package inbox

import (
	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// list is Fyne's list, and Enter opens what is selected.
type list struct {
	widget.List

	s     *Screen
	cur   widget.ListItemID
	usual float32                    // height of a row that has none of its own
	has   map[widget.ListItemID]bool // rows that have one
	ruler *row                       // is never seen: tells how high a row is
}

func newList(s *Screen) *list {
	l := &list{s: s, cur: -1, usual: lowRow, has: map[widget.ListItemID]bool{}}
	l.Length = func() int { return len(s.shown) }
	l.CreateItem = func() fyne.CanvasObject { return newRow(s) }
	l.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) {
		if r, ok := o.(*row); ok && i < len(s.shown) {
			r.set(i, s.shown[i])
		}
	}
	l.OnSelected = func(i widget.ListItemID) {
		before := l.cur
		l.cur = i
		if i < len(s.shown) {
			s.selected = s.shown[i].ID
			l.grow(before)
		}
	}
	l.ruler = newRow(s)
	l.ExtendBaseWidget(l)
	return l
}

// ownHeights is how many rows may have heights of their own: Fyne's list looks through all
// of them again and again. Among more, all rows but the chosen one are as high as the highest.
const ownHeights = 200

// own is the height of a row that is not chosen.
func (l *list) own(i widget.ListItemID) float32 {
	if len(l.s.shown) > ownHeights {
		return l.usual
	}
	return height(l.s.shown[i])
}

// whole is the height of a row that holds all of its reason.
func (l *list) whole(i widget.ListItemID) float32 {
	r := l.s.shown[i]
	if r.Reason == "" || l.Size().Width == 0 {
		return l.own(i)
	}
	l.ruler.setReason(r, false)
	line := l.ruler.reason.MinSize().Height
	l.ruler.setReason(r, true)
	l.ruler.offer(r)
	l.ruler.Resize(fyne.NewSize(l.Size().Width, topRow))
	l.ruler.layout.Refresh()
	return l.own(i) + l.ruler.reason.MinSize().Height - line
}

// set makes a row as high as that. Fyne draws the whole list anew for each height that it is told.
func (l *list) set(i widget.ListItemID, high float32) {
	if high != l.usual || l.has[i] {
		l.has[i] = true
		l.SetItemHeight(i, high)
	}
}

// grow makes the chosen row as high as it must be, the one before as high as it was, and brings all of
// the chosen one into sight.
func (l *list) grow(before widget.ListItemID) {
	if before >= 0 && before < len(l.s.shown) && before != l.cur {
		l.set(before, l.own(before))
	}
	high := l.whole(l.cur)
	if high == l.own(l.cur) {
		return // Fyne has it in sight
	}
	l.set(l.cur, high)
	var top float32
	for i := range l.cur {
		top += l.own(i) + fynetheme.Padding()
	}
	if hidden := top + high - l.Size().Height - l.GetScrollOffset(); hidden > 0 {
		l.ScrollToOffset(min(top, l.GetScrollOffset()+hidden))
	}
}

// Resize has the reason of the chosen row take other lines.
func (l *list) Resize(size fyne.Size) {
	was := l.Size().Width
	l.List.Resize(size)
	if was != size.Width && l.cur >= 0 && l.cur < len(l.s.shown) {
		l.set(l.cur, l.whole(l.cur))
	}
}

// reload keeps the same capture selected, wherever it is now.
func (l *list) reload() {
	at := -1
	l.usual = lowRow
	if len(l.s.shown) > ownHeights {
		for _, r := range l.s.shown {
			l.usual = max(l.usual, height(r))
		}
	}
	for i, r := range l.s.shown {
		switch {
		case r.ID == l.s.selected && r.ID != "":
			at = i
			l.set(i, l.whole(i))
		case i < ownHeights || l.has[i]:
			l.set(i, l.own(i))
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
	l.Resize(l.Size()) // Fyne scrolls back what is below the end of fewer rows here alone
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
