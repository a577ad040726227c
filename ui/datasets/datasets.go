// Package datasets is the screen of data versions: who committed what and why, which files
// differ and how they looked before, and whether every place has them.
package datasets

import (
	"image"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// Commit is one version of the data.
type Commit struct {
	ID       string
	Who      string
	When     time.Time
	Subject  string
	Body     string // the rest of the message
	OnlyHere bool   // no other place has its data
	Unshared bool   // no git server has the commit itself
}

// Kind is how a file differs.
type Kind string

// The kinds of a difference.
const (
	Added   Kind = "added"
	Changed Kind = "changed"
	Removed Kind = "removed"
)

// File is a file that differs between two versions.
type File struct {
	Path          string
	Kind          Kind
	Before, After string // names the content for [Actions.Picture]; empty where there is none
	Size          int64  // bytes, -1 where nobody knows
	Git           bool   // git keeps it itself, such as a review
	Folder        bool   // a folder whose list of files is not on this computer
}

// Comparison is which files differ from one version to another.
type Comparison struct {
	From, To  string // as [Actions.Compare] was asked
	Files     []File // by path
	Say, Hint string // why it could not be made
}

// Values are what the screen shows.
type Values struct {
	Folder  string
	Commits []Commit // the newest first
	Pending int      // files that are not committed yet
	Read    int      // grows with every reading of the commits and of what is pending; 0 before the first
	Places  []Place
	Sifted  *Sifted // what could be removed from this computer, or was; nil: nobody looked

	Pipeline Pipeline
}

// Actions are what the person may do here; each may be nil. Screens ask; they do not act.
type Actions struct {
	// Compare asks for a [Screen.Compared]. An empty from is the version before the other;
	// an empty to is what is not committed yet.
	Compare func(from, to string)
	// Picture returns the picture of a content if it is in memory, with a note if there is
	// none; else it asks for it, and [Screen.Pictured] follows.
	Picture   func(content string, large bool) (image.Image, string)
	Commit    func(message string)
	SaveCopy  func(f File, content, version string)
	BringBack func(f File, content, version string)

	Push, Pull func(place string)
	Audit      func(place string, deep bool)
	Mend       func(place string)
	Verify     func()
	Sift       func(older string) // older: a remote that must have the older versions; empty: leave them
	Remove     func()             // what was sifted
	Run        func(force bool)   // the pipeline
	Pipeline   func()             // wants to know how the pipeline stands
	Stop       func(job string)
	Look       func()
	Reveal     func()
	Settings   func()
}

// Screen shows the dataset.
type Screen struct {
	widget.BaseWidget

	act Actions
	now func() time.Time
	val Values

	history *history
	files   *files
	preview *preview
	places  *places
	stages  *pipeline
	parts   *parts

	folder *widget.Label
	notice *kit.Banner
	title  fyne.CanvasObject
	empty  fyne.CanvasObject
	full   *fyne.Container
	layout fyne.CanvasObject
}

// New returns an empty screen; now is the clock that durations are told by.
func New(now func() time.Time, act Actions) *Screen {
	s := &Screen{act: act, now: now, folder: kit.NewQuiet(""), notice: kit.NewBanner()}
	s.folder.Truncation = fyne.TextTruncateOff
	s.preview = newPreview(s)
	s.files = newFiles(s)
	s.history = newHistory(s)
	s.places = newPlaces(s)
	s.stages = newPipeline(s)
	reveal := widget.NewButtonWithIcon("", fynetheme.FolderOpenIcon(), act.Reveal)
	reveal.Importance = widget.LowImportance
	right := container.NewHSplit(s.files, s.preview)
	right.Offset = 0.46
	versions := container.NewHSplit(s.history, right)
	versions.Offset = 0.32
	s.full = container.NewStack(versions, s.places, s.stages)
	s.parts = newParts([]string{"History", "Places", "Pipeline"}, s.open)
	s.title = container.NewBorder(nil, nil, container.NewHBox(kit.NewTitle("Datasets"), kit.Middle(s.parts.bar)), kit.Middle(reveal), kit.Middle(s.folder))
	s.folder.Alignment = fyne.TextAlignTrailing
	s.folder.Truncation = fyne.TextTruncateEllipsis
	s.empty = kit.NewEmpty(theme.Icon("datasets"), "No data version yet",
		"The first capture that an instrument brings makes the first version.", "Set an instrument folder", act.Settings)
	s.layout = container.NewPadded(container.NewBorder(container.NewVBox(s.title, s.notice), nil, nil, nil, container.NewStack(s.full, s.empty)))
	s.ExtendBaseWidget(s)
	s.open(0)
	s.Set(Values{})
	return s
}

// Indices of the parts.
const (
	placesPart   = 1
	pipelinePart = 2
)

// open shows one of the parts.
func (s *Screen) open(part int) {
	for i, o := range s.full.Objects {
		shown(o, i == part)
	}
	s.parts.choose(part)
	s.full.Refresh()
	if part == pipelinePart && s.act.Pipeline != nil {
		s.act.Pipeline()
	}
}

// Set replaces what is shown; what was chosen stays so where it still is.
func (s *Screen) Set(v Values) {
	s.val = v
	s.folder.SetText(v.Folder)
	none := v.Read > 0 && len(v.Commits) == 0 && len(v.Places) == 0
	shown(s.full, !none)
	shown(s.empty, none)
	s.history.set()
	s.places.set()
	s.stages.set()
	s.parts.mark(placesPart, wrong(v.Places))
	s.layout.Refresh()
}

// Compared shows the comparison that was asked for, unless another one was since.
func (s *Screen) Compared(c Comparison) {
	if c.From == s.history.from && c.To == s.history.to {
		s.files.set(c)
	}
}

// Pictured says that more pictures are in memory.
func (s *Screen) Pictured() {
	s.files.list.Refresh()
	s.preview.show()
}

// Tell says above the screen how something went, until the person closes it.
func (s *Screen) Tell(tone kit.Tone, say, hint string) {
	s.notice.Set(tone, say, hint, "Close", func() {
		s.notice.Hide()
		s.layout.Refresh()
	})
	s.layout.Refresh()
}

func (s *Screen) picture(content string, large bool) (image.Image, string) {
	if s.act.Picture == nil || content == "" {
		return nil, ""
	}
	return s.act.Picture(content, large)
}

func shown(o fyne.CanvasObject, yes bool) {
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}

// parts is a bar of buttons, one for each part of the screen.
type parts struct {
	bar     *fyne.Container
	buttons []*widget.Button
	marks   []*kit.Chip
}

func newParts(names []string, open func(int)) *parts {
	p := &parts{bar: container.New(layout.NewCustomPaddedHBoxLayout(4))}
	for i, name := range names {
		b := widget.NewButton(name, func() { open(i) })
		m := kit.NewChip("!", kit.Held)
		m.Hide()
		p.buttons, p.marks = append(p.buttons, b), append(p.marks, m)
		p.bar.Add(container.NewStack(kit.Tall(b), container.NewBorder(container.NewBorder(nil, nil, nil, m), nil, nil, nil)))
	}
	return p
}

func (p *parts) choose(part int) {
	for i, b := range p.buttons {
		b.Importance = widget.MediumImportance
		if i == part {
			b.Importance = widget.HighImportance
		}
		b.Refresh()
	}
}

// mark says that a part wants to be looked at.
func (p *parts) mark(part int, yes bool) { shown(p.marks[part], yes) }

// CreateRenderer makes Screen a Fyne widget.
func (s *Screen) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.layout) }

// Inside makes Screen a [kit.Holder].
func (s *Screen) Inside() fyne.CanvasObject { return s.layout }
