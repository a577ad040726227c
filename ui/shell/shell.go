// Package shell is the frame around the screens: the navigation at the left, the
// status strip below, and the screen that is open between them.
package shell

import (
	"reflect"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// Page is one screen as the navigation knows it.
type Page struct {
	ID, Title, Icon string // Icon names one of assets/icons
	Content         fyne.CanvasObject
	Low             bool // at the lower end of the rail, as settings are
	Whole           bool // is smaller than any window; others scroll in one that is too small for them
}

// Status is what the strip below says.
type Status struct {
	Person string // "" asks for a name
	Queue  string // "Predicting plate 7 · 3 waiting"
	Health string // "Everything works", "Server gpu-1 does not answer"
	Tone   kit.Tone
	Badges map[string]int // by page ID: how many things wait there
}

// Actions are what the person may do here.
type Actions struct {
	Opened func(page string) // after a page came up
	Help   func(page string)
	File   func() // asks for a file to look at; may be nil
	Health func()
	Person func()
}

// Shell is the frame.
type Shell struct {
	widget.BaseWidget

	act    Actions
	pages  []Page
	open   string
	items  map[string]*item
	sheets map[string]fyne.CanvasObject // that pages lie on
	stack  *fyne.Container
	strip  *strip
	status *Status // that is shown
	layout fyne.CanvasObject
}

// New returns the frame with these pages; the first one is open.
func New(pages []Page, act Actions) *Shell {
	s := &Shell{act: act, pages: pages, items: map[string]*item{}, sheets: map[string]fyne.CanvasObject{}, stack: container.NewStack()}
	gap := layout.NewCustomPaddedVBoxLayout(2)
	top, low := container.New(gap), container.New(gap)
	for _, p := range pages {
		it := newItem(p.Title, theme.Icon(p.Icon), func() { s.Open(p.ID) })
		s.items[p.ID] = it
		if p.Low {
			low.Add(it)
		} else {
			top.Add(it)
		}
		sheet := p.Content
		if !p.Whole { // else the window would grow with what is on it, off the screen, and stay so
			sheet = container.NewScroll(p.Content)
		}
		sheet.Hide()
		s.sheets[p.ID] = sheet
		s.stack.Add(sheet)
	}
	help := newItem("Help", theme.Icon("help"), s.help)
	low.Add(help)
	rail := kit.NewSurface(theme.Rail, container.NewPadded(container.NewVScroll(container.NewVBox(top, layout.NewSpacer(), low)))) // a low screen at scale 2
	s.strip = newStrip(act)
	s.layout = container.NewBorder(nil, s.strip, rail, nil, s.stack)
	s.ExtendBaseWidget(s)
	if len(pages) > 0 {
		s.bring(pages[0].ID)
	}
	return s
}

// Set replaces what the strip and the badges say.
func (s *Shell) Set(st Status) {
	if s.status != nil && reflect.DeepEqual(*s.status, st) {
		return
	}
	s.status = &st
	s.strip.set(st)
	for id, it := range s.items {
		it.badge(st.Badges[id])
	}
}

// Open brings a page up, and tells [Actions.Opened].
func (s *Shell) Open(page string) {
	if _, ok := s.items[page]; !ok {
		return
	}
	s.bring(page)
	if s.act.Opened != nil {
		s.act.Opened(page)
	}
}

// Page returns the ID of the page that is open.
func (s *Shell) Page() string { return s.open }

// bring shows a page. The others are not drawn anew: they do that when they are shown.
func (s *Shell) bring(page string) {
	if s.open == page {
		return
	}
	s.open = page
	for _, p := range s.pages {
		if p.ID == page {
			s.sheets[p.ID].Show()
		} else {
			s.sheets[p.ID].Hide()
		}
		s.items[p.ID].choose(p.ID == page)
	}
}

func (s *Shell) help() {
	if s.act.Help != nil {
		s.act.Help(s.open)
	}
}

// Keys gives a window's canvas the keys of the frame: Ctrl+1 … Ctrl+8 open pages,
// Ctrl+O asks for a file, F1 opens help. Fyne sends F1 to a field that has the focus, hence also Ctrl+H.
// While a dialog is open they do nothing.
func (s *Shell) Keys(c fyne.Canvas) {
	shortcut := func(key fyne.KeyName, do func()) {
		c.AddShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}, func(fyne.Shortcut) {
			if c.Overlays().Top() == nil {
				do()
			}
		})
	}
	for i, p := range s.pages {
		if i > 8 {
			break
		}
		shortcut(fyne.KeyName(strconv.Itoa(i+1)), func() { s.Open(p.ID) })
	}
	shortcut(fyne.KeyH, s.help)
	if s.act.File != nil {
		shortcut(fyne.KeyO, s.act.File)
	}
	c.SetOnTypedKey(func(e *fyne.KeyEvent) {
		if e.Name == fyne.KeyF1 {
			s.help()
		}
	})
}

// CreateRenderer makes Shell a Fyne widget.
func (s *Shell) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.layout) }

// Inside makes Shell a [kit.Holder].
func (s *Shell) Inside() fyne.CanvasObject { return s.layout }
