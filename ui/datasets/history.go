package datasets

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
)

const stamp = "2006-01-02 15:04"

// history is the list of versions. The first row is what is not committed yet, if there is
// such a thing.
type history struct {
	widget.BaseWidget

	s        *Screen
	list     *widget.List
	from, to string // what is compared, as Actions.Compare has it
	chosen   bool   // by the person: else the newest is shown
	asked    bool
	read     int  // the reading of [Values] that was asked about
	picking  bool // the next row that is chosen is what the version is compared with
	at       int  // selected row of the list, -1 for none
	marking  bool // a selection that the person has not made
	head     *widget.Label
	compare  *widget.Button
	wait     fyne.CanvasObject // until the versions were read
	layout   fyne.CanvasObject
}

func newHistory(s *Screen) *history {
	h := &history{s: s, at: -1}
	h.list = widget.NewList(h.len,
		func() fyne.CanvasObject { return newVersionRow() },
		func(i widget.ListItemID, o fyne.CanvasObject) {
			if r, ok := o.(*versionRow); ok && i < h.len() {
				h.fill(r, i)
			}
		})
	h.list.OnSelected = h.choose
	h.head = widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	h.compare = widget.NewButton("", func() { h.pick(!h.picking) })
	head := container.NewBorder(nil, widget.NewSeparator(), nil, kit.Tall(h.compare), kit.Middle(h.head))
	h.wait = kit.NewQuiet("Reading the versions…")
	h.layout = container.NewBorder(head, nil, nil, nil, container.NewStack(h.list, container.NewBorder(h.wait, nil, nil, nil)))
	h.ExtendBaseWidget(h)
	h.pick(false)
	return h
}

// pending is 1 if the first row is what is not committed yet.
func (h *history) pending() int { return min(h.s.val.Pending, 1) }

func (h *history) len() int { return len(h.s.val.Commits) + h.pending() }

// commit returns the commit in a row; nil for what is not committed yet.
func (h *history) commit(row int) *Commit {
	if i := row - h.pending(); i >= 0 && i < len(h.s.val.Commits) {
		return &h.s.val.Commits[i]
	}
	return nil
}

func (h *history) find(id string) *Commit {
	i := slices.IndexFunc(h.s.val.Commits, func(c Commit) bool { return c.ID == id })
	if i < 0 || id == "" {
		return nil
	}
	return &h.s.val.Commits[i]
}

// set shows new values.
func (h *history) set() {
	shown(h.wait, h.s.val.Read == 0 && h.len() == 0)
	if gone := h.to != "" && h.find(h.to) == nil || h.to == "" && h.pending() == 0; gone || !h.chosen {
		h.chosen = false
		to := ""
		if h.pending() == 0 && len(h.s.val.Commits) > 0 {
			to = h.s.val.Commits[0].ID
		}
		h.show("", to)
	} else if h.to == "" && h.read != h.s.val.Read {
		h.ask() // it may be other files by now
	}
	h.mark()
	h.s.files.head()
}

// show compares two versions.
func (h *history) show(from, to string) {
	if h.from == from && h.to == to && h.asked && (to != "" || h.read == h.s.val.Read) {
		return
	}
	if h.len() == 0 {
		return
	}
	other := h.from != from || h.to != to || !h.asked
	h.from, h.to = from, to
	if other {
		h.s.files.wait()
	}
	h.mark()
	h.ask()
}

// mark selects the row of the version that is shown.
func (h *history) mark() {
	if row := h.row(h.to); row != h.at {
		h.marking = true
		h.list.UnselectAll()
		if h.at = row; row >= 0 {
			h.list.Select(row)
		}
		h.marking = false
	}
	h.list.Refresh()
}

func (h *history) ask() {
	h.asked, h.read = true, h.s.val.Read
	if h.s.act.Compare != nil {
		h.s.act.Compare(h.from, h.to)
	}
}

// choose takes a row that the person has tapped.
func (h *history) choose(row widget.ListItemID) {
	if h.marking {
		return
	}
	h.at = row
	c := h.commit(row)
	id := ""
	if c != nil {
		id = c.ID
	}
	h.chosen = true
	if !h.picking {
		h.show("", id)
		return
	}
	h.pick(false)
	from, to := id, h.to
	if h.row(from) < h.row(to) { // the newer one is what changed
		from, to = to, from
	}
	h.show(from, to)
}

func (h *history) row(id string) int {
	for i := range h.len() {
		if c := h.commit(i); c == nil && id == "" || c != nil && c.ID == id {
			return i
		}
	}
	return -1
}

func (h *history) pick(yes bool) {
	h.picking = yes
	h.head.SetText("Versions")
	h.compare.SetText("Compare…")
	h.compare.Importance = widget.LowImportance
	if yes {
		h.head.SetText("Tap the other version")
		h.compare.SetText("Cancel")
		h.compare.Importance = widget.WarningImportance
	}
	h.compare.Refresh()
}

func (h *history) fill(r *versionRow, row int) {
	c := h.commit(row)
	if c == nil {
		r.title.SetText("Not committed yet")
		r.sub.SetText(count(h.s.val.Pending, "file") + " since the last version")
		r.chip.Set("only here", kit.Held)
		r.compared(false)
		return
	}
	r.title.SetText(c.Subject)
	r.sub.SetText(fmt.Sprintf("%s · %s", c.When.Format(stamp), c.Who))
	switch {
	case c.OnlyHere:
		r.chip.Set("only here", kit.Held)
	case c.Unshared:
		r.chip.Set("data pushed, history only here", kit.Held)
	default:
		r.chip.Set("pushed", kit.Good)
	}
	r.compared(c.ID == h.from)
}

// CreateRenderer makes history a Fyne widget.
func (h *history) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(h.layout) }

func short(id string) string { return id[:min(7, len(id))] }

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return grouped(n) + " " + what
}

// grouped writes a number with a comma between its thousands.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// versionRow is one version: its subject, who and when, and whether others have it.
type versionRow struct {
	widget.BaseWidget

	title, sub *widget.Label
	chip, base *kit.Chip
	layout     fyne.CanvasObject
}

func newVersionRow() *versionRow {
	r := &versionRow{title: widget.NewLabel(""), sub: kit.NewQuiet(""), chip: kit.NewChip("only here", kit.Held), base: kit.NewChip("compared", kit.Busy)}
	r.title.Truncation = fyne.TextTruncateEllipsis
	text := container.New(layout.NewCustomPaddedVBoxLayout(-12), r.title, r.sub)
	chips := container.NewHBox(kit.Middle(r.base), kit.Middle(r.chip))
	r.layout = container.New(layout.NewCustomPaddedLayout(0, 0, 0, 14), container.NewBorder(nil, nil, nil, chips, text))
	r.base.Hide()
	r.ExtendBaseWidget(r)
	return r
}

// compared says whether the chosen version is compared with this one.
func (r *versionRow) compared(yes bool) {
	if r.base.Visible() != yes {
		shown(r.base, yes)
		r.layout.Refresh()
	}
}

// CreateRenderer makes versionRow a Fyne widget.
func (r *versionRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.layout) }
