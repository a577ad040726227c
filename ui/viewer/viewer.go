// Package viewer is the screen where an image is looked at and what a model found
// is corrected.
package viewer

import (
	"image"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/tileview"
)

// Values are what the screen shows.
type Values struct {
	ID, Title string
	Place     string         // "3 of 12", or ""
	Source    imageio.Source // nil: nothing is open. The screen does not close it.
	Z, T      int            // the plane that the objects lie on; an image opens there
	Objects   []annotation.Object
	Names     [2]string             // of Objects and of Other, as the lens calls them
	Other     []annotation.Object   // another layer, to compare with; nil for none
	Measured  map[string][]kit.Fact // by object: what core measured; area and the like are added here
	Table     Table                 // all that core measured
	Measuring int                   // objects that are being measured
	Classes   []string              // that an object may have
	Class     string                // the one that what is drawn gets
	Model     string                // name@version that predicted, or ""
	Versions  []string              // name@version of the models that may be compared with
	Rival     string                // the one that Other is of, "" for none
	Diameter  float64               // of a nucleus in µm, as the last run took it; 0 for the model's own
	Part      image.Rectangle       // of the image that was predicted; empty for all
	Chosen    bool                  // Z and T are what a person had the model look at
	Note      string                // what was guessed about the prediction; "" for nothing
	Files     int                   // pictures of the capture, of which the image is one; 0 where it is all of them
	Threshold Threshold             // of the objects that the model found
	Running   string                // "Predicting, 214 objects so far" while a run goes on
	Forming   bool                  // and Objects are those so far

	Saved     string // "Correction saved, committed as 1a2b3c by Ada"
	SavedTone kit.Tone

	Counts    []Count // of the time points that were counted, from the first on
	CountedBy string  // the model that did
	Counting  bool    // now
	Film      Film    // what was found when they were counted

	Presets []Preset // contrast and colours that were kept, of any channels

	Say, Hint        string // a trouble of this capture, in plain words
	CanUndo, CanRedo bool
	CanReview        bool // the line waits for a person
}

// Actions are what the person may do here; each may be nil. Screens ask; they do not act.
type Actions struct {
	Accept, Reject, Delete func(objectID string)
	Draw                   func(ring []annotation.Point)
	Reshape                func(objectID string, ring []annotation.Point, off [][]annotation.Point) // off: what broke off of it
	Classify               func(objectID, class string)                                             // one of Classes; of no object that of what is drawn
	Undo, Redo             func()
	RunAgain               func(Run)
	Threshold              func(at float64)     // of probability, again and again while it moves
	Compare                func(version string) // one of Versions, "" for none
	Next, Previous         func()               // capture
	Image                  func(n int)          // of a file that holds several, counted from 0
	CommitReview           func()
	Explain                func(error) (say, hint string) // why a part can't be read; empty where nobody knows
	Shortcut               func(fyne.Shortcut)            // one that is not the viewer's own
	Key                    func(*fyne.KeyEvent)           // a key that is not the viewer's own
	Inbox                  func()
	File                   func()                                     // asks for a file to look at
	Snapshot               func(p tileview.Picture) func(kind string) // of what is open now; kind: png, tiff or svg
	Copy                   func(text string)                          // onto the clipboard
	SavePreset             func(Preset)                               // over one of the same name and channels
	DropPreset             func(Preset)
	CountFrames            func() // the objects of every time point
	CopyCounts             func() // onto the clipboard, as a table
	SaveTracks             func() // as a table
	Link                   func(reach float64, gap int)
	Calibrate              func(imageio.Micron) // how large pixels are; zero: as the file says
}

// Run is what a model is asked again.
type Run struct {
	Diameter float64         // in micrometres, 0 for the model's own
	Part     image.Rectangle // in pixels, empty for all
	Here     bool            // on this plane, at this time point; else the program chooses
	Z, T     int
}

// imageWidth is the room for the name of one of several images.
const imageWidth = 200

// Screen is the viewer.
type Screen struct {
	widget.BaseWidget

	act   Actions
	val   Values
	view  *tileview.View
	views int                 // that are shown, up to mostViews
	now   []annotation.Object // that lie on the image
	laid  int                 // the time point that they are of
	track int                 // that is selected; 0 for none
	scale float64             // screen pixels a pixel

	rival   string // that the lens was switched on for
	seconds []*second
	first   fyne.CanvasObject
	picture *fyne.Container

	keys   map[rune]func()
	rail   *rail
	panel  *panel
	title  *kit.Name
	place  *widget.Label
	image  *kit.Select // of a file that holds several
	images fyne.CanvasObject
	read   *widget.Label
	noted  bool // a note stands there
	zoom   *widget.Label
	saved  *kit.Chip
	finish fyne.CanvasObject
	foot   fyne.CanvasObject
	banner *kit.Banner
	damage said // what of the open image can't be read
	away   said // what can't be read for now
	empty  fyne.CanvasObject
	full   fyne.CanvasObject
	layout fyne.CanvasObject
}

// said is a sentence on what is wrong, and what to do; empty where nothing is.
type said struct{ say, hint string }

// New returns an empty viewer. post runs a function on the screen's thread.
func New(post func(func()), act Actions) *Screen {
	s := &Screen{act: act, views: 1, banner: kit.NewBanner(), saved: kit.NewChip("", kit.Neutral)}
	s.view = tileview.New(post, tileview.Actions{
		Ranged: func(r []tileview.Range) {
			s.panel.channels.ranged(r)
			s.warn() // something of a damaged image can be read
		},
		Measured: func(r []tileview.Range) { s.panel.channels.measured(r) },
		Moved:    s.moved, Selected: func(string) { s.chosen() },
		Drawn: func(ring []annotation.Point) {
			if act.Draw != nil && s.home() {
				s.noteElsewhere() // first: there may be more to say
				act.Draw(ring)
			}
		},
		Reshaped: func(id string, ring []annotation.Point, off [][]annotation.Point) {
			if act.Reshape != nil && s.home() {
				s.noteElsewhere()
				act.Reshape(id, ring, off)
			}
		},
		Erased: func(id string) {
			if act.Delete != nil && s.home() {
				act.Delete(id)
			}
		},
		Copy:    func() { s.copy(s.view, s.now, s.laid) },
		Brushed: func(d float64) { s.brushed(d) },
		Planed:  s.turned,
		Zoomed:  s.zoomed, Key: s.key, Rune: s.rune, Undo: s.undo, Redo: s.redo, Shortcut: act.Shortcut,
		Trouble: func(err error) {
			s.damage = s.explained(err, "A part of this image can't be read.", "Copy the file again from the instrument.")
			s.warn()
		},
		Away: func(err error) {
			s.away = said{}
			if err != nil {
				s.away = s.explained(err, "The server with the image does not answer.", "")
			}
			s.warn()
		},
	})
	for range mostViews - 1 {
		s.seconds = append(s.seconds, s.newSecond(post))
	}
	s.rail = newRail(s)
	s.panel = newPanel(s)
	s.keys = s.bindings()
	s.build()
	s.ExtendBaseWidget(s)
	s.set(Values{})
	return s
}

func (s *Screen) build() {
	s.title = kit.NewName(fynetheme.SizeNameSubHeadingText)
	s.place, s.read, s.zoom = kit.NewQuiet(""), kit.NewQuiet(""), widget.NewLabel("")
	s.place.Truncation = fyne.TextTruncateOff
	s.zoom.Importance = widget.LowImportance
	prev := widget.NewButtonWithIcon("", fynetheme.NavigateBackIcon(), func() { do(s.act.Previous) })
	next := widget.NewButtonWithIcon("", fynetheme.NavigateNextIcon(), func() { do(s.act.Next) })
	finish := widget.NewButtonWithIcon("Finish review", theme.Icon("commit"), s.Finish)
	finish.Importance = widget.HighImportance
	s.finish = kit.Tall(finish)
	s.image = kit.NewSelect(nil, func(string) {
		info, n := s.val.Source.Info(), s.image.SelectedIndex()
		s.offerImages(info) // until another one is open
		s.turnImage(n - info.Image)
	}, s.view.TakeKeys)
	s.images = kit.Middle(container.NewStack(kit.NewGap(imageWidth, 0), s.image))
	head := container.NewBorder(nil, nil, nil,
		container.NewHBox(s.images, kit.Middle(s.place), kit.Tall(prev), kit.Tall(next), s.finish),
		container.NewVBox(layout.NewSpacer(), s.title, layout.NewSpacer()))
	s.foot = container.NewBorder(nil, nil, nil, container.NewHBox(kit.Middle(s.saved), s.zoom,
		s.button(theme.Icon("fit"), "Z", s.fit), s.button(theme.Icon("one"), "⇧Z", s.view.OneToOne)), s.read)
	s.first = s.view // on no ground of its own: a rectangle under it costs as much as the picture
	s.picture = container.NewStack(s.first)
	side := container.NewHBox(widget.NewSeparator(), s.panel)
	// The banner comes last of all: Fyne forgets that something has grown where what follows it has changed inside.
	s.full = container.NewBorder(container.NewVBox(container.NewPadded(head), s.banner), nil, nil, nil,
		container.NewBorder(nil, container.NewHScroll(s.foot), s.rail, side, s.picture)) // else a long foot widens the window, off the screen
	s.empty = kit.NewEmpty(theme.Icon("viewer"), "No image is open",
		"Double click a capture in the inbox, or press Enter on it. A file that you drop here is looked at, not captured.",
		"Go to the inbox", s.act.Inbox, widget.NewButton("Open a file…", s.act.File))
	s.layout = container.NewStack(s.full, s.empty)
}

// explained is why a part can't be read, and what to do; say and hint where nobody knows.
func (s *Screen) explained(err error, say, hint string) said {
	if s.act.Explain != nil {
		if known, next := s.act.Explain(err); known != "" {
			return said{known, next}
		}
	}
	return said{say, hint}
}

// warn says what is wrong: with the image that is open before all else, for as long as it is open
// or can't be reached.
func (s *Screen) warn() {
	switch {
	case s.damage.say != "":
		rest := ""
		if slices.ContainsFunc(s.panel.channels.ranges, func(r tileview.Range) bool { return !r.None() }) {
			rest = "The rest is shown. "
		}
		s.banner.Set(kit.Bad, s.damage.say, strings.TrimSpace(rest+s.damage.hint), "", nil)
	case s.away.say != "":
		s.banner.Set(kit.Held, s.away.say, strings.TrimSpace("What is missing is read when the image is moved. "+s.away.hint), "", nil)
	default:
		s.banner.Set(kit.Held, s.val.Say, s.val.Hint, "", nil)
	}
}

// Set replaces what is shown. Where the same image stays open, so do its place,
// its contrast and what is selected. News of other captures, which change nothing here, cost nothing.
func (s *Screen) Set(v Values) {
	if !v.same(s.val) {
		s.set(v)
	}
}

// SetPlace says where the capture that is open stands, which other captures change.
func (s *Screen) SetPlace(text string) {
	s.val.Place = text
	s.place.SetText(text)
}

// same reports whether values are those that o are. Objects are never changed in place: those of the same
// slice are the same, and all others are taken for others, as there may be very many.
func (v Values) same(o Values) bool {
	if v.Source != o.Source || !held(v.Objects, o.Objects) || !held(v.Other, o.Other) ||
		!held(v.Film.Frames, o.Film.Frames) || !held(v.Film.Tracks, o.Film.Tracks) {
		return false
	}
	for _, x := range []*Values{&v, &o} {
		x.Source, x.Objects, x.Other, x.Film.Frames, x.Film.Tracks = nil, nil, nil, nil, nil
	}
	return reflect.DeepEqual(v, o) // what was measured is put into its maps while Measuring says so
}

// held reports whether two slices are one.
func held[T any](a, b []T) bool {
	return (a == nil) == (b == nil) && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func (s *Screen) set(v Values) {
	fresh := v.Source != s.val.Source
	again := fresh && v.again(s.val)
	s.val = v
	if fresh {
		s.damage, s.away = said{}, said{}
	}
	s.warn()
	if v.Source == nil {
		s.now, s.track = nil, 0
		s.view.Set(nil)
		s.setViews(1)
		s.full.Hide()
		s.empty.Show()
		return
	}
	if fresh {
		s.fresh(again)
	}
	s.lay()
	s.panel.objects.fade() // they may lie on another plane than those of before
	s.compare()
	s.title.Set(v.Title)
	s.offerImages(v.Source.Info())
	s.place.SetText(v.Place)
	s.saved.Set(v.Saved, v.SavedTone)
	shown(s.saved, v.Saved != "")
	shown(s.finish, v.CanReview)
	s.rail.set(v)
	if v.ID == "" && s.view.Tool() != tileview.Select {
		s.tool(tileview.Select)
	}
	s.panel.set(v)
	s.chosen()
	s.offerViews()
	s.mirror()
	s.stand()
	s.empty.Hide()
	s.full.Show()
	s.full.Refresh()
}

// again reports whether values are of the image that o are, which was opened anew: as it says otherwise now how
// large its pixels are.
func (v Values) again(o Values) bool {
	if v.ID == "" || v.ID != o.ID || v.Source == nil || o.Source == nil {
		return false
	}
	a, b := v.Source.Info(), o.Source.Info()
	return a.Image == b.Image && a.Z == b.Z && a.T == b.T && len(a.Channels) == len(b.Channels) &&
		len(a.Levels) > 0 && len(b.Levels) > 0 && a.Levels[0].Size == b.Levels[0].Size
}

// fresh shows another image, or the same one again, of which one keeps what one has set.
func (s *Screen) fresh(again bool) {
	s.Note("") // of the image before
	for _, o := range s.seconds {
		o.pick.Selected = "" // it shows what it shows of such images, if nobody has picked it
	}
	if again {
		cs, id, track := s.view.Channels(), s.view.Selected(), s.track
		s.view.Renew(s.val.Source)
		s.panel.open(s.val.Source.Info())
		s.panel.channels.again = cs
		s.setViews(s.views)
		s.view.Follow(id, track)
		return
	}
	s.track = 0
	s.view.Set(s.val.Source)
	s.panel.open(s.val.Source.Info())
	s.setViews(s.views)
	s.view.SetPlane(s.val.Z, s.val.T)
}

// offerImages lists the images of a file that holds several.
func (s *Screen) offerImages(info imageio.Info) {
	several := len(info.Images) > 1
	shown(s.images, several)
	if !several {
		return
	}
	s.image.Options = make([]string, len(info.Images))
	for i, name := range info.Images { // with numbers, as names may be missing or equal
		s.image.Options[i] = strings.TrimSpace(strconv.Itoa(i+1) + "  " + name)
	}
	s.image.Selected = s.image.Options[info.Image]
	s.image.Refresh()
}

// turnImage goes n images further in a file that holds several.
func (s *Screen) turnImage(n int) {
	if s.val.Source == nil || s.act.Image == nil {
		return
	}
	info := s.val.Source.Info()
	if to := info.Image + n; n != 0 && to >= 0 && to < len(info.Images) {
		s.act.Image(to)
	}
}

// chosen says what is selected: of what lies on the image that is shown.
func (s *Screen) chosen() {
	id := s.view.Selected()
	_, t := s.view.Plane()
	var o *annotation.Object
	for i := range s.now {
		if s.now[i].ID == id && t == s.laid {
			o = &s.now[i]
		}
	}
	switch {
	case o != nil:
		s.track = o.Track
	case id == "":
		s.track = 0
	}
	for _, n := range s.seconds {
		n.view.Follow(id, s.track)
	}
	s.panel.chosen(o, s.val)
	s.panel.counts.draw()
	s.rail.chosen(o != nil && s.laid == s.val.T && s.val.ID != "")
}

func do(f func()) {
	if f != nil {
		f()
	}
}

func shown(o fyne.CanvasObject, yes bool) {
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}

// CreateRenderer makes Screen a Fyne widget.
func (s *Screen) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.layout) }

// Inside makes Screen a [kit.Holder].
func (s *Screen) Inside() fyne.CanvasObject { return s.layout }
