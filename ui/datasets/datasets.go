// Package datasets is the screen of data versions: who committed what and why, and
// whether every place has it.
package datasets

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// Commit is one version of the data.
type Commit struct {
	ID      string // short
	Who     string
	When    time.Time
	Message string
	Files   []string // changed paths
	Pushed  bool     // every place has all of it
}

// Remote is one place that holds copies.
type Remote struct {
	ID, Name string
	Kind     string // "DVC remote", "Git server"
	Address  string
	Tone     kit.Tone
	State    string // "up to date", "3 commits behind", "does not answer"
	Say      string // a sentence about what is wrong, or ""
	Hint     string
	Pushing  bool
}

// Values are what the screen shows.
type Values struct {
	Folder  string
	Commits []Commit // the newest first
	Remotes []Remote
}

// Actions are what the person may do here; each may be nil. Screens ask; they do not act.
type Actions struct {
	Push     func(remote string)
	Reveal   func()
	Settings func()
}

// Screen shows the dataset.
type Screen struct {
	widget.BaseWidget

	act     Actions
	val     Values
	chosen  string
	commits *kit.Grid
	facts   *kit.Facts
	remotes *fyne.Container
	folder  *widget.Label
	title   fyne.CanvasObject
	empty   fyne.CanvasObject
	full    fyne.CanvasObject
	layout  fyne.CanvasObject
}

// New returns an empty screen.
func New(act Actions) *Screen {
	s := &Screen{act: act, facts: kit.NewFacts(), remotes: container.NewVBox(), folder: kit.NewQuiet("")}
	s.folder.Truncation = fyne.TextTruncateOff
	s.commits = kit.NewGrid([]kit.Column{
		{Title: "Commit", Weight: 1.1}, {Title: "When", Weight: 1.5}, {Title: "Who", Weight: 1.4}, {Title: "What", Weight: 4}, {Title: "", Weight: 1.2},
	}, func(i int) {
		if i < len(s.val.Commits) {
			s.chosen = s.val.Commits[i].ID
			s.show()
		}
	})
	reveal := widget.NewButtonWithIcon("", fynetheme.FolderOpenIcon(), act.Reveal)
	reveal.Importance = widget.LowImportance
	s.title = kit.NewTitle("Datasets", s.folder, reveal)
	detail := container.NewBorder(kit.NewSection("Chosen commit"), nil, nil, nil, container.NewVScroll(s.facts))
	places := container.NewBorder(kit.NewSection("Places"), nil, nil, nil, container.NewVScroll(s.remotes))
	lower := container.NewHSplit(detail, places)
	s.full = container.NewVSplit(s.commits, lower)
	s.empty = kit.NewEmpty(theme.Icon("datasets"), "No data version yet",
		"The first capture that an instrument brings makes the first version.", "Set an instrument folder", act.Settings)
	s.layout = container.NewPadded(container.NewBorder(s.title, nil, nil, nil, container.NewStack(s.full, s.empty)))
	s.ExtendBaseWidget(s)
	s.Set(Values{})
	return s
}

// Set replaces what is shown.
func (s *Screen) Set(v Values) {
	s.val = v
	s.folder.SetText(v.Folder)
	s.title.Refresh()
	if len(v.Commits) == 0 && len(v.Remotes) == 0 {
		s.full.Hide()
		s.empty.Show()
	} else {
		s.empty.Hide()
		s.full.Show()
	}
	s.remotes.RemoveAll()
	for _, r := range v.Remotes {
		s.remotes.Add(s.place(r))
	}
	s.show()
	s.Refresh()
}

func (s *Screen) show() {
	at := -1
	if s.chosen == "" && len(s.val.Commits) > 0 {
		s.chosen = s.val.Commits[0].ID
	}
	rows := make([][]kit.Cell, len(s.val.Commits))
	for i, c := range s.val.Commits {
		tag := kit.Tag{Text: "pushed", Tone: kit.Good}
		if !c.Pushed {
			tag = kit.Tag{Text: "only here", Tone: kit.Held}
		}
		rows[i] = []kit.Cell{
			{Text: c.ID, Strong: true}, {Text: c.When.Format("2006-01-02 15:04")}, {Text: c.Who}, {Text: c.Message}, {Tags: []kit.Tag{tag}},
		}
		if c.ID == s.chosen {
			at = i
			s.facts.Set(commitFacts(c))
		}
	}
	s.commits.Set(rows, at)
}

func commitFacts(c Commit) []kit.Fact {
	const most = 12
	facts := []kit.Fact{{Name: "Commit", Value: c.ID}, {Name: "Who", Value: c.Who}, {Name: "Message", Value: c.Message}}
	for i, f := range c.Files {
		if i == most {
			facts = append(facts, kit.Fact{Value: fmt.Sprintf("and %d more", len(c.Files)-most)})
			break
		}
		name := ""
		if i == 0 {
			name = "Files"
		}
		facts = append(facts, kit.Fact{Name: name, Value: f})
	}
	return facts
}

func (s *Screen) place(r Remote) fyne.CanvasObject {
	push := widget.NewButtonWithIcon("Push", fynetheme.UploadIcon(), func() {
		if s.act.Push != nil {
			s.act.Push(r.ID)
		}
	})
	if r.Pushing {
		push.Disable()
		push.SetText("Pushing")
	}
	name := widget.NewLabelWithStyle(r.Name, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	head := container.NewBorder(nil, nil, container.NewHBox(name, container.NewCenter(kit.NewChip(r.State, r.Tone))), kit.Tall(push))
	b := kit.NewBanner()
	b.Set(r.Tone, r.Say, r.Hint, "", nil)
	return kit.NewCard(container.NewVBox(head, kit.NewQuiet(r.Kind+" · "+r.Address), b))
}

// CreateRenderer makes Screen a Fyne widget.
func (s *Screen) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.layout) }
