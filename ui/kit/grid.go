package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/theme"
)

// Column is one column of a grid; the widths share out what there is.
type Column struct {
	Title  string
	Weight float32
	Right  bool // numbers stand at the right
	Names  bool // of long ones the middle is left out, as names of a series differ at their ends
}

// Tag is a chip in a cell.
type Tag struct {
	Text string
	Tone Tone
}

// Cell is one field of a grid: chips, then text.
type Cell struct {
	Text   string
	Tags   []Tag
	Strong bool
	Quiet  bool
}

// Grid is a table of rows that can be chosen, light enough for thousands of them.
type Grid struct {
	widget.BaseWidget

	cols   []Column
	rows   [][]Cell
	chosen func(row int)
	head   *fyne.Container
	list   *widget.List
	at     int
	layout fyne.CanvasObject
}

// NewGrid returns an empty grid; chosen may be nil.
func NewGrid(cols []Column, chosen func(row int)) *Grid {
	g := &Grid{chosen: chosen, at: -1}
	g.head = container.New(columns{g})
	g.list = widget.NewList(
		func() int { return len(g.rows) },
		func() fyne.CanvasObject { return container.New(columns{g}) },
		func(i widget.ListItemID, o fyne.CanvasObject) {
			if c, ok := o.(*fyne.Container); ok && i < len(g.rows) {
				g.fill(c, g.rows[i])
			}
		})
	g.list.OnSelected = func(i widget.ListItemID) {
		g.at = i
		if g.chosen != nil {
			g.chosen(i)
		}
	}
	g.layout = container.NewBorder(NewSurface(theme.Neutral, g.head), nil, nil, nil, g.list)
	g.ExtendBaseWidget(g)
	g.SetColumns(cols)
	return g
}

// SetColumns replaces the columns; the rows must be set anew then.
func (g *Grid) SetColumns(cols []Column) {
	g.cols, g.rows = cols, nil
	g.head.RemoveAll()
	for _, c := range cols {
		l := NewQuiet(c.Title)
		l.TextStyle.Bold = true
		if c.Right {
			l.Alignment = fyne.TextAlignTrailing
		}
		g.head.Add(l)
	}
	g.list.Refresh()
}

// Set replaces the rows and chooses one of them, or none by -1; it does not call
// back for that.
func (g *Grid) Set(rows [][]Cell, at int) {
	g.rows = rows
	if at != g.at {
		was := g.chosen
		g.chosen = nil
		g.list.UnselectAll()
		g.at = -1
		if at >= 0 && at < len(rows) {
			g.list.Select(at)
		}
		g.chosen = was
	}
	g.list.Refresh()
}

func (g *Grid) fill(row *fyne.Container, cells []Cell) {
	for len(row.Objects) < len(g.cols) {
		row.Objects = append(row.Objects, container.NewBorder(nil, nil, container.NewHBox(), nil, newCellText(g.cols[len(row.Objects)])))
	}
	row.Objects = row.Objects[:len(g.cols)]
	for i := range g.cols {
		var c Cell
		if i < len(cells) {
			c = cells[i]
		}
		if box, ok := row.Objects[i].(*fyne.Container); ok {
			if _, is := box.Objects[0].(*Name); is != g.cols[i].Names { // it was another column's
				box.Objects[0] = newCellText(g.cols[i])
			}
			fillCell(box, c, g.cols[i])
		}
	}
	row.Refresh()
}

// newCellText shows the text of a cell.
func newCellText(col Column) fyne.CanvasObject {
	if col.Names {
		return NewName(fynetheme.SizeNameText)
	}
	l := widget.NewLabel("")
	l.Truncation = fyne.TextTruncateEllipsis
	return l
}

func fillCell(box *fyne.Container, c Cell, col Column) {
	l, _ := box.Objects[0].(*widget.Label)
	name, short := box.Objects[0].(*Name)
	if short {
		l = &name.Label
	}
	tags, _ := box.Objects[1].(*fyne.Container)
	if l == nil || tags == nil {
		return
	}
	l.Alignment = fyne.TextAlignLeading
	if col.Right {
		l.Alignment = fyne.TextAlignTrailing
	}
	l.Importance = widget.MediumImportance
	if c.Quiet {
		l.Importance = widget.LowImportance
	}
	l.TextStyle.Bold = c.Strong
	if short {
		name.Set(c.Text)
	} else {
		l.SetText(c.Text)
	}
	tags.RemoveAll()
	for _, t := range c.Tags {
		tags.Add(container.NewVBox(layout.NewSpacer(), NewChip(t.Text, t.Tone), layout.NewSpacer()))
	}
}

// CreateRenderer makes Grid a Fyne widget.
func (g *Grid) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(g.layout) }

// Inside makes Grid a [Holder].
func (g *Grid) Inside() fyne.CanvasObject { return g.layout }

// columns lays cells out by the weights of the grid's columns.
type columns struct{ g *Grid }

const rowHeight = 44 // units: a gloved finger meets it

func (c columns) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	var sum float32
	for _, col := range c.g.cols {
		sum += col.Weight
	}
	x := float32(4)
	for i, o := range objs {
		if i >= len(c.g.cols) {
			return
		}
		w := (s.Width - 8) * c.g.cols[i].Weight / sum
		h := o.MinSize().Height
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos(x, (s.Height-h)/2))
		x += w
	}
}

func (columns) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, rowHeight) }
