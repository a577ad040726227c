package datasets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// Sizes of the graph, in units.
const (
	boxWidth, boxHeight = 182, 74
	boxAcross, boxDown  = 44, 16 // gaps
	arrowSize           = 7
)

// graph draws stages as boxes from left to right, with arrows from what feeds them.
type graph struct {
	widget.BaseWidget

	tapped func(name string)
	stages []Stage
	boxes  map[string]*box
	spots  map[string]fyne.Position
	lines  []*canvas.Line
	all    *fyne.Container
}

func newGraph(tapped func(string)) *graph {
	g := &graph{tapped: tapped, boxes: map[string]*box{}}
	g.all = container.New(boxes{g})
	g.ExtendBaseWidget(g)
	return g
}

// set shows the stages; the boxes are made anew only when others are to be shown.
func (g *graph) set(stages []Stage) {
	same := slices.EqualFunc(g.stages, stages, func(a, b Stage) bool { return a.Name == b.Name && slices.Equal(a.Upstream, b.Upstream) })
	g.stages = stages
	if !same {
		g.build()
	}
	for _, s := range stages {
		g.boxes[s.Name].set(s)
	}
	for _, l := range g.lines {
		l.StrokeColor = fynetheme.Color(theme.Subtle)
		l.Refresh()
	}
}

func (g *graph) choose(name string) {
	for n, b := range g.boxes {
		b.choose(n == name)
	}
}

func (g *graph) build() {
	g.boxes, g.lines = map[string]*box{}, nil
	g.spots = place(g.stages)
	g.all.RemoveAll()
	for _, s := range g.stages {
		g.boxes[s.Name] = newBox(func() { g.tapped(s.Name) })
	}
	for _, s := range g.stages {
		for _, up := range s.Upstream {
			if from, ok := g.spots[up]; ok {
				g.arrow(from, g.spots[s.Name])
			}
		}
	}
	for _, l := range g.lines {
		g.all.Add(l)
	}
	for _, s := range g.stages {
		g.all.Add(g.boxes[s.Name])
	}
}

// arrow leads from the right of one box to the left of another.
func (g *graph) arrow(from, to fyne.Position) {
	a := from.AddXY(boxWidth, boxHeight/2)
	b := to.AddXY(0, boxHeight/2)
	line := func(p, q fyne.Position) {
		l := canvas.NewLine(fynetheme.Color(theme.Subtle))
		l.StrokeWidth = 1.5
		l.Position1, l.Position2 = p, q
		g.lines = append(g.lines, l)
	}
	bend := b.AddXY(-boxAcross/2, 0)
	if far := to.X-from.X > 1.5*(boxWidth+boxAcross); far { // below the boxes between them
		out, lane := a.AddXY(boxAcross/4, 0), from.Y+boxHeight+boxDown/2
		line(a, out)
		line(out, fyne.NewPos(out.X, lane))
		line(fyne.NewPos(out.X, lane), fyne.NewPos(bend.X, lane))
		line(fyne.NewPos(bend.X, lane), bend)
	} else {
		line(a, fyne.NewPos(bend.X, a.Y))
		line(fyne.NewPos(bend.X, a.Y), bend)
	}
	line(bend, b)
	line(b.AddXY(-arrowSize, -arrowSize), b)
	line(b.AddXY(-arrowSize, arrowSize), b)
}

// place says where each stage stands: its column is the longest way from what nothing
// feeds. A name that comes round again, which a pipeline can't have, is not followed.
func place(stages []Stage) map[string]fyne.Position {
	by := map[string]Stage{}
	for _, s := range stages {
		by[s.Name] = s
	}
	depth := map[string]int{}
	var deep func(name string, under map[string]bool) int
	deep = func(name string, under map[string]bool) int {
		if d, ok := depth[name]; ok || under[name] {
			return d
		}
		under[name] = true
		d := 0
		for _, up := range by[name].Upstream {
			if _, ok := by[up]; ok {
				d = max(d, deep(up, under)+1)
			}
		}
		depth[name] = d
		return d
	}
	rows := map[int]int{}
	spots := map[string]fyne.Position{}
	for _, s := range stages {
		col := deep(s.Name, map[string]bool{})
		spots[s.Name] = fyne.NewPos(float32(col)*(boxWidth+boxAcross), float32(rows[col])*(boxHeight+boxDown))
		rows[col]++
	}
	return spots
}

// boxes lays a graph out.
type boxes struct{ g *graph }

// Layout puts the boxes where they belong; lines have their places already.
func (l boxes) Layout([]fyne.CanvasObject, fyne.Size) {
	for name, b := range l.g.boxes {
		b.Move(l.g.spots[name])
		b.Resize(fyne.NewSize(boxWidth, boxHeight))
	}
}

// MinSize is the size of the whole graph.
func (l boxes) MinSize([]fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for _, p := range l.g.spots {
		s = s.Max(fyne.NewSize(p.X+boxWidth, p.Y+boxHeight))
	}
	return s
}

// CreateRenderer makes graph a Fyne widget.
func (g *graph) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(g.all) }

// box is one stage.
type box struct {
	widget.BaseWidget

	tapped func()
	name   *widget.Label
	sub    *widget.Label
	chip   *kit.Chip
	ring   *canvas.Rectangle
	layout fyne.CanvasObject
}

func newBox(tapped func()) *box {
	b := &box{tapped: tapped, name: widget.NewLabel(""), sub: kit.NewQuiet(""), chip: kit.NewChip("", kit.Neutral), ring: canvas.NewRectangle(nil)}
	b.name.TextStyle.Bold = true
	b.name.Truncation = fyne.TextTruncateEllipsis
	low := container.NewBorder(nil, nil, container.New(layout.NewCustomPaddedLayout(0, 0, 8, 0), kit.Middle(b.chip)), nil, b.sub)
	text := container.New(layout.NewCustomPaddedVBoxLayout(-8), b.name, low)
	b.ring.CornerRadius, b.ring.StrokeWidth = 9, 2
	b.layout = container.NewStack(b.ring, container.New(layout.NewCustomPaddedLayout(2, 2, 2, 2), text))
	b.ExtendBaseWidget(b)
	return b
}

func (b *box) set(s Stage) {
	b.name.SetText(s.Title)
	b.chip.Set(string(s.State), s.State.tone())
	shown(b.chip, s.State != StageData)
	sub := s.Desc
	if len(s.Why) > 0 {
		sub = s.Why[0]
	}
	b.sub.SetText(sub)
	b.layout.Refresh()
}

func (b *box) choose(yes bool) {
	b.ring.FillColor = fynetheme.Color(theme.Neutral)
	b.ring.StrokeColor = fynetheme.Color(fynetheme.ColorNameSeparator)
	if yes {
		b.ring.StrokeColor = fynetheme.Color(fynetheme.ColorNamePrimary)
	}
	b.ring.Refresh()
}

// Tapped chooses the stage.
func (b *box) Tapped(*fyne.PointEvent) { b.tapped() }

// CreateRenderer makes box a Fyne widget.
func (b *box) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(b.layout) }
