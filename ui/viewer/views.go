package viewer

import (
	"context"
	"slices"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"
	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/tileview"
)

// second is a view beside the first one: the same place of the same image, shown otherwise.
type second struct {
	view  *tileview.View
	none  *widget.Label // why there is no picture
	pick  *kit.Select
	want  string // what a person has picked, of any image
	frame fyne.CanvasObject
}

// What a second view shows, beside each channel alone.
const (
	allChannels = "All channels"
	noObjects   = "No objects"
	modelAlone  = "Other layer"
	oneLater    = "One time point later"
	oneEarlier  = "One time point earlier"
)

const (
	mostViews   = 4
	secondCache = 48 << 20 // bytes
)

func (s *Screen) newSecond(post func(func())) *second {
	n := &second{none: kit.NewQuiet("")}
	n.none.Truncation = fyne.TextTruncateOff
	n.none.Hide()
	n.view = tileview.New(post, tileview.Actions{
		Moved: s.moved, Zoomed: s.zoomed, Key: s.key, Undo: s.undo, Redo: s.redo, Shortcut: s.act.Shortcut,
		Rune: func(r rune) {
			switch {
			case unicode.ToLower(r) != 's':
				s.rune(r)
			case n.view.Visible():
				s.snapshot(n.view) // of what one looks at
			default:
				s.Note(n.none.Text)
			}
		},
		Copy: func() {
			objs, at := s.laidOn(n)
			s.copy(n.view, objs, at)
		},
		Brushed: func(d float64) {
			s.view.SetBrush(d)
			s.brushed(d)
		},
		Selected: func(id string) { s.picked(id, n.view.Track()) },
		Planed: func() { // by its own keys
			was, t := s.view.Plane()
			if z, _ := n.view.Plane(); z != was {
				s.view.SetPlane(z, t)
			}
		},
	})
	n.view.SetCache(secondCache)
	n.view.SetOverview(false)
	n.pick = kit.NewSelect(nil, func(what string) {
		n.want = what
		s.mirror()
	}, n.view.TakeKeys)
	bar := container.NewVBox(container.NewHBox(container.New(layout.NewCustomPaddedLayout(6, 0, 6, 0),
		container.NewStack(kit.NewGap(190, 36), n.pick)), layout.NewSpacer()))
	n.frame = container.NewStack(n.view, container.NewCenter(n.none), bar)
	return n
}

// setViews shows one, two or four views.
func (s *Screen) setViews(n int) {
	s.views = n
	cells := []fyne.CanvasObject{s.first}
	linked := []*tileview.View{s.view}
	for i, o := range s.seconds {
		if i+1 < n {
			o.view.Set(s.val.Source)
			cells, linked = append(cells, o.frame), append(linked, o.view)
		} else {
			o.view.Set(nil)
			tileview.Link(o.view)
		}
	}
	s.picture.RemoveAll()
	if n == 1 {
		s.picture.Add(s.first)
	} else {
		s.picture.Add(container.NewGridWithColumns(2, cells...))
	}
	s.picture.Refresh()
	s.offerViews()
	s.mirror()
	tileview.Link(linked...)
}

// cycleViews goes from one view to two, to four, and back.
func (s *Screen) cycleViews() {
	s.setViews(map[int]int{1: 2, 2: mostViews, mostViews: 1}[s.views])
}

// offerViews lists what the second views can show of the open image.
func (s *Screen) offerViews() {
	if s.val.Source == nil {
		return
	}
	info := s.val.Source.Info()
	var names []string
	if len(info.Channels) > 1 {
		for i := range info.Channels {
			names = append(names, s.panel.channels.name(i))
		}
	}
	names = append(names, allChannels, noObjects)
	if s.val.Other != nil || s.val.Rival != "" { // which is still being asked
		names = append(names, modelAlone)
	}
	if info.T > 1 {
		names = append(names, oneLater, oneEarlier)
	}
	for i, o := range s.seconds {
		o.pick.Options = names
		switch {
		case slices.Contains(names, o.want):
			o.pick.Selected = o.want
		case o.pick.SelectedIndex() < 0:
			o.pick.Selected = names[i%len(names)]
		}
		o.pick.Refresh()
	}
}

// mirror has the second views follow what is set for the first.
func (s *Screen) mirror() {
	for i, o := range s.seconds {
		if i+1 >= s.views || s.val.Source == nil {
			continue
		}
		cs := s.view.Channels()
		style := s.view.Style()
		switch what := o.pick.Selected; what {
		case allChannels, modelAlone, oneLater, oneEarlier:
		case noObjects:
			style.Hidden = true
		default:
			for c := range cs {
				cs[c].On = s.panel.channels.name(c) == what
			}
		}
		if s.panel.channels.ranges != nil {
			o.view.SetChannels(cs)
		}
		o.view.SetTint(s.view.Tint())
		s.turnSecond(o)
		o.view.SetProjection(s.view.Projection())
		objs, at := s.laidOn(o)
		if o.pick.Selected == modelAlone {
			o.view.SetSeries(nil)
		} else {
			o.view.SetSeries(s.series())
		}
		o.view.SetObjectsAt(at)
		o.view.SetFilter(s.panel.objects.filter)
		o.view.SetStyle(style)
		o.view.SetFollowed(objs, s.val.Film.tails(objs, at))
		o.view.Follow(s.view.Selected(), s.track)
	}
}

// laidOn are the objects that lie on a second view, and the time point that they are of.
func (s *Screen) laidOn(n *second) ([]annotation.Object, int) {
	if n.pick.Selected == modelAlone {
		return s.val.Other, s.val.T
	}
	t, ok := s.timeOf(n)
	if !ok {
		return nil, t
	}
	return s.lying(t)
}

// timeOf is the time point of a second view; false before the first one of the film, and after the last.
func (s *Screen) timeOf(n *second) (t int, ok bool) {
	_, t = s.view.Plane()
	t += n.away()
	return t, t >= 0 && t < max(s.panel.info.T, 1)
}

// turnSecond has a second view follow the first one to a plane and a time point, or say that there is none.
func (s *Screen) turnSecond(n *second) {
	z, _ := s.view.Plane()
	t, ok := s.timeOf(n)
	if !ok {
		n.none.SetText(map[bool]string{true: "This is the first time point.", false: "This is the last time point."}[t < 0])
	}
	shown(n.none, !ok)
	shown(n.view, ok)
	n.view.SetPlane(z, t)
}

// picked selects what was clicked in a second view: at the time point of the first one, if it is there.
func (s *Screen) picked(id string, track int) {
	same := func(o annotation.Object) bool { return o.Track == track }
	if i := slices.IndexFunc(s.now, same); track > 0 && i >= 0 {
		id = s.now[i].ID
	}
	s.track = track
	s.view.Follow(id, track)
}

// away is how many time points later than the first view the second one shows.
func (n *second) away() int {
	return map[string]int{oneLater: 1, oneEarlier: -1}[n.pick.Selected]
}

// keepUp has the second views follow a film that plays; they leave out the frames that come before
// their last one is read.
func (s *Screen) keepUp() {
	for i, o := range s.seconds {
		if i+1 < s.views && (!o.view.Behind() || !o.view.Visible()) {
			s.turnSecond(o)
		}
	}
}

// Run reads tiles and draws overlays until ctx ends.
func (s *Screen) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.view.Run(ctx) })
	for _, o := range s.seconds {
		g.Go(func() error { return o.view.Run(ctx) })
	}
	return g.Wait()
}
