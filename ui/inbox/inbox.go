// Package inbox is the screen of captures on their way from the instrument to
// the commit.
package inbox

import (
	"cmp"
	"image"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// State is where a capture, or one of its stages, stands.
type State string

// The states of a stage.
const (
	Waiting State = ""        // its turn has not come
	Running State = "running" // going on now
	Done    State = "done"    //
	Held    State = "held"    // waits for something outside: a server, a network
	Person  State = "person"  // waits for a person
	Failed  State = "failed"  //
)

// Stage is one step of a capture's line.
type Stage struct {
	Name  string // "arriving", "captured", …
	State State
	Note  string // a few words, shown with the stage that is current
}

// Row is one capture.
type Row struct {
	ID, Name     string
	Stages       []Stage // in the order of the line
	State        State
	Reason, Hint string // why it is held or failed, and what to do
	Objects      int    // -1 while nobody counted
	Model        string // name@version, "" before a prediction
	At           time.Time
	Bytes        int64
	Turn         int  // place in the line of those that wait to be predicted, 1 is the next; 0: in none
	Yours        bool // held until a person does what the hint says
}

// Actions are what the person may do here. Screens ask; they do not act.
type Actions struct {
	Open     func(id string)
	Retry    func(id string)
	Drop     func(id string)        // off the list; offered for what could not be copied
	Reveal   func(id string)        // show the file in the desktop's file manager
	Settings func()                 // offered while the inbox is empty; may be nil
	Key      func(e *fyne.KeyEvent) // a key that the list has no use for; may be nil
	// Thumb returns the small picture of a capture that is in sight, nil while there is none;
	// [Screen.Pictured] says that there are more. May be nil.
	Thumb   func(id string) image.Image
	Predict func(ids []string, model string) // these captures again, by the version in force of a model
	Hold    func(yes bool)                   // pauses predictions, or has them go on
	Cancel  func()                           // takes back what was asked for and waits
}

// Screen is the inbox.
type Screen struct {
	widget.BaseWidget

	act      Actions
	now      func() time.Time
	all      []Row
	shown    []Row
	filter   string
	only     State // Waiting shows all
	selected string

	predictions Predictions
	predict     *widget.Button
	paused      *kit.Chip

	list   *list
	count  *widget.Label
	search *kit.Field
	needs  *widget.Check
	known  bool // what there is was said
	empty  *fyne.Container
	waits  string // of whose files an empty inbox says that it waits for them
	none   fyne.CanvasObject
	head   fyne.CanvasObject
	layout fyne.CanvasObject
}

// New returns an empty screen; now is the clock that ages are told by.
func New(now func() time.Time, act Actions) *Screen {
	s := &Screen{act: act, now: now, count: kit.NewQuiet(""), search: kit.NewField()}
	s.list = newList(s)
	s.search.SetPlaceHolder("Filter by name, model, stage, reason")
	s.search.OnChanged = func(t string) { s.filter = strings.ToLower(strings.TrimSpace(t)); s.show() }
	s.needs = widget.NewCheck("Needs me", func(on bool) {
		s.only = Waiting
		if on {
			s.only = Person
		}
		s.show()
	})
	s.empty = container.NewStack()
	s.wait("")
	s.none = kit.NewEmpty(theme.Icon("inbox"), "Nothing matches", "No capture matches the filter.", "", nil)
	s.paused = kit.NewChip("", kit.Held)
	s.paused.Hide()
	s.predict = widget.NewButton("Predict", s.offer)
	s.toggle(s.predict, act.Predict != nil)
	s.head = kit.NewTitleWithField("Inbox", s.count, s.search, s.paused, kit.NewGap(8, 0), s.needs, s.predict)
	s.layout = container.NewPadded(container.NewBorder(s.head, nil, nil, nil, container.NewStack(s.list, s.empty, s.none)))
	s.ExtendBaseWidget(s)
	s.show()
	return s
}

// Set replaces the captures; the newest is shown first, and those of the same time stay in their order.
func (s *Screen) Set(rows []Row) {
	s.known = true
	s.all = slices.Clone(rows)
	slices.SortFunc(s.all, func(a, b Row) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.ID, b.ID)) })
	s.show()
}

// Watch says whose folders are watched: their files are what an empty inbox waits for.
func (s *Screen) Watch(instruments []string) {
	if whose := listed(instruments); whose != s.waits {
		s.wait(whose)
	}
}

// wait has an empty inbox say whose files it waits for; "" for nobody's yet.
func (s *Screen) wait(whose string) {
	s.waits = whose
	sentence, label := "Captures show up here by themselves once an instrument folder is set and a file in it is finished.", "Set an instrument folder"
	if whose != "" {
		sentence, label = "Waiting for files from "+whose+". They show up here by themselves once they are finished.", "See the instrument folders"
	}
	s.empty.Objects = []fyne.CanvasObject{kit.NewEmpty(theme.Icon("inbox"), "No captures yet", sentence, label, s.act.Settings)}
	s.empty.Refresh()
}

// Shown are the captures that the filter leaves, by their IDs.
func (s *Screen) Shown() map[string]bool {
	out := make(map[string]bool, len(s.shown))
	for _, r := range s.shown {
		out[r.ID] = true
	}
	return out
}

// Pictured says that more pictures can be shown.
func (s *Screen) Pictured() { s.list.Refresh() }

func (s *Screen) show() {
	s.shown = s.shown[:0]
	needing := 0
	for _, r := range s.all {
		if r.needsPerson() {
			needing++
		}
		if s.matches(r) {
			s.shown = append(s.shown, r)
		}
	}
	s.count.SetText(summary(len(s.all), needing))
	s.head.Refresh()
	s.toggle(s.list, len(s.shown) > 0)
	s.toggle(s.empty, s.known && len(s.all) == 0)
	s.toggle(s.none, len(s.all) > 0 && len(s.shown) == 0)
	s.list.reload()
}

func (s *Screen) toggle(o fyne.CanvasObject, yes bool) {
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}

// needsPerson: a review waits, or something failed, whatever its other stages wait for meanwhile.
func (r Row) needsPerson() bool { return r.Yours || r.stands(Person) || r.stands(Failed) }

// stands reports whether a stage stands so.
func (r Row) stands(state State) bool {
	return slices.ContainsFunc(r.Stages, func(s Stage) bool { return s.State == state })
}

func (s *Screen) matches(r Row) bool {
	if s.only == Person && !r.needsPerson() {
		return false
	}
	if s.filter == "" {
		return true
	}
	text := strings.ToLower(strings.Join([]string{r.Name, r.Model, current(r).Name, r.Reason, r.Hint}, " "))
	return strings.Contains(text, s.filter)
}

// current is the first stage that is not done, or the last one.
func current(r Row) Stage {
	for _, st := range r.Stages {
		if st.State != Done {
			return st
		}
	}
	if n := len(r.Stages); n > 0 {
		return r.Stages[n-1]
	}
	return Stage{}
}

// CreateRenderer makes Screen a Fyne widget.
func (s *Screen) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.layout) }
