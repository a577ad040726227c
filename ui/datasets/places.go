package datasets

import (
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/ui/kit"
)

// PlaceKind is what a place is.
type PlaceKind int

// The kinds of places.
const (
	Remote  PlaceKind = iota // of DVC: it has the files
	Git                      // it has the commits
	Machine                  // this computer
)

// Place is one place that holds the data.
type Place struct {
	Key, Name, Address string
	Kind               PlaceKind
	Default            bool
	None               bool // there is no such place: what it would have is on this computer alone

	Looked    bool // its state is known; else it is being asked
	Answers   bool
	Behind    int    // files of the present version that it lacks; of a git server, commits
	Say, Hint string // what is wrong with it

	Pushed  time.Time // from here, last
	Checked time.Time // audited or verified last
	Deep    bool      // all bytes were read for that
	Found   Check

	Job *job.Job // what goes on with it now; nil: nothing
}

// Check is what an audit or a verification found.
type Check struct {
	Objects, Missing, Damaged, Mended int
	Names                             []string // of files that are missing or damaged, some
}

// Sifted is what could be removed from this computer.
type Sifted struct {
	Older    string // the remote that has the older versions; empty: only what no version names
	Files    int
	Bytes    int64
	OnlyHere int  // older versions that stay, since that remote lacks them
	Removed  bool // it was
}

// wrong reports whether a place wants to be looked at.
func wrong(all []Place) bool {
	for _, p := range all {
		if _, t := p.state(); t == kit.Held || t == kit.Bad {
			return true
		}
	}
	return false
}

// state says in a few words how a place stands.
func (p Place) state() (string, kit.Tone) {
	what := "file"
	if p.Kind == Git {
		what = "commit"
	}
	switch {
	case p.None:
		return "none", kit.Neutral
	case p.Job != nil && p.Job.State == job.Stopping:
		return "stopping", kit.Held
	case p.Job != nil:
		return "at work", kit.Busy
	case !p.Looked:
		return "asking", kit.Neutral
	case !p.Answers && p.Say != "":
		return "does not answer", kit.Bad
	case p.Found.Missing+p.Found.Damaged > 0 && p.Kind == Machine:
		return count(p.Found.Missing+p.Found.Damaged, "file") + " not right", kit.Bad
	case p.Found.Missing+p.Found.Damaged > 0:
		return count(p.Found.Missing+p.Found.Damaged, "file") + " not right there", kit.Bad
	case p.Behind > 0 && p.Kind == Machine:
		return count(p.Behind, what) + " not here", kit.Held
	case p.Behind > 0:
		return count(p.Behind, what) + " behind", kit.Held
	case p.Kind == Machine:
		return "everything is here", kit.Good
	}
	return "up to date", kit.Good
}

// places are the cards of all places.
type places struct {
	widget.BaseWidget

	s      *Screen
	cards  *fyne.Container
	rows   []*card
	layout fyne.CanvasObject
}

func newPlaces(s *Screen) *places {
	p := &places{s: s, cards: container.NewVBox()}
	look := widget.NewButtonWithIcon("Look again", fynetheme.ViewRefreshIcon(), s.act.Look)
	look.Importance = widget.LowImportance
	p.layout = container.NewBorder(kit.NewSection("Where the data lies", look), nil, nil, nil, container.NewVScroll(p.cards))
	p.ExtendBaseWidget(p)
	return p
}

// set shows new values; a card stays the same widget, so that a button is not taken from
// under the finger.
func (p *places) set() {
	all := p.s.val.Places
	for len(p.rows) < len(all) {
		p.rows = append(p.rows, newCard(p.s))
		p.cards.Add(p.rows[len(p.rows)-1])
	}
	for i, c := range p.rows {
		if shown(c, i < len(all)); i < len(all) {
			c.set(all[i])
		}
	}
	p.cards.Refresh()
}

// CreateRenderer makes places a Fyne widget.
func (p *places) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(p.layout) }

// card is one place.
type card struct {
	widget.BaseWidget

	s      *Screen
	place  Place
	name   *widget.Label
	chip   *kit.Chip
	addr   *widget.Label
	past   *widget.Label
	push   *tall
	pull   *tall
	audit  *tall
	verify *tall
	clean  *tall
	banner *kit.Banner
	sifted *kit.Banner

	step     *widget.Label
	bar      *widget.ProgressBar
	words    *widget.Label
	stop     *widget.Button
	progress fyne.CanvasObject
	layout   fyne.CanvasObject
}

func newCard(s *Screen) *card {
	c := &card{
		s: s, name: widget.NewLabel(""), chip: kit.NewChip("", kit.Neutral), addr: kit.NewQuiet(""), past: kit.NewQuiet(""),
		banner: kit.NewBanner(), sifted: kit.NewBanner(), step: kit.NewQuiet(""), bar: widget.NewProgressBar(), words: widget.NewLabel(""),
	}
	c.name.TextStyle.Bold = true
	c.bar.TextFormatter = func() string { return "" } // it is said below
	c.push = newTall("Push", fynetheme.UploadIcon(), func() { call(s.act.Push, c.place.Key) })
	c.pull = newTall("Pull", fynetheme.DownloadIcon(), func() { call(s.act.Pull, c.place.Key) })
	c.audit = newTall("Audit…", fynetheme.SearchIcon(), c.askAudit)
	c.verify = newTall("Verify", fynetheme.SearchIcon(), s.act.Verify)
	c.clean = newTall("Clean up…", fynetheme.DeleteIcon(), c.askSift)
	c.stop = widget.NewButtonWithIcon("Stop", fynetheme.MediaStopIcon(), func() {
		if c.place.Job != nil {
			call(s.act.Stop, c.place.Job.ID)
		}
	})
	buttons := container.NewHBox(c.push.around, c.pull.around, c.audit.around, c.verify.around, c.clean.around)
	head := container.NewBorder(nil, nil, container.NewHBox(c.name, kit.Middle(c.chip)), buttons)
	text := container.New(layout.NewCustomPaddedVBoxLayout(-12), c.addr, c.past)
	c.progress = container.NewBorder(nil, nil, nil, kit.Middle(kit.Tall(c.stop)),
		container.New(layout.NewCustomPaddedVBoxLayout(-4), container.NewBorder(nil, nil, nil, c.words, c.step), container.New(layout.NewCustomPaddedLayout(0, 4, 9, 9), c.bar)))
	c.layout = kit.NewCard(container.New(layout.NewCustomPaddedVBoxLayout(0), head, text, c.progress, c.banner, c.sifted))
	c.ExtendBaseWidget(c)
	return c
}

// tall is a button that a gloved finger meets, and what is around it.
type tall struct {
	*widget.Button

	around fyne.CanvasObject
}

func newTall(text string, icon fyne.Resource, do func()) *tall {
	b := widget.NewButtonWithIcon(text, icon, do)
	return &tall{b, kit.Tall(b)}
}

func call(do func(string), with string) {
	if do != nil {
		do(with)
	}
}

func (c *card) set(p Place) {
	c.place = p
	c.name.SetText(p.Name)
	c.chip.Set(p.state())
	c.addr.SetText(p.Address)
	c.past.SetText(p.past(c.s.now()))
	shown(c.past, c.past.Text != "")
	idle := p.Job == nil
	for b, has := range map[*tall]bool{
		c.push: p.Kind != Machine && !p.None, c.pull: p.Kind != Machine && !p.None, c.audit: p.Kind == Remote, c.verify: p.Kind == Machine, c.clean: p.Kind == Machine,
	} {
		shown(b.around, has)
		enable(b.Button, idle)
	}
	important := widget.MediumImportance
	if p.Behind > 0 {
		important = widget.HighImportance
	}
	if c.push.Importance != important {
		c.push.Importance = important
		c.push.Refresh()
	}
	c.setJob(p.Job)
	c.setBanner(p)
	c.setSifted(p)
	c.layout.Refresh()
}

// past says what was done before.
func (p Place) past(now time.Time) string {
	var parts []string
	if !p.Pushed.IsZero() {
		parts = append(parts, "Last push "+ago(p.Pushed, now))
	} else if p.Kind == Remote {
		parts = append(parts, "Nothing was pushed from here yet")
	}
	verb := "Last audit "
	if p.Kind == Machine {
		verb = "Last verified "
	}
	switch {
	case p.Kind == Git:
	case p.Checked.IsZero() && p.Kind == Machine:
		parts = append(parts, "Never verified")
	case p.Checked.IsZero():
		parts = append(parts, "Never audited")
	case p.Found.Missing+p.Found.Damaged == 0:
		how := ""
		if p.Deep && p.Kind == Remote {
			how = " and read back"
		}
		parts = append(parts, verb+ago(p.Checked, now)+": all "+count(p.Found.Objects, "file")+" are right"+how)
	default:
		parts = append(parts, verb+ago(p.Checked, now))
	}
	return strings.Join(parts, " · ")
}

// ago writes a time as a person would say it.
func ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return count(int(d.Minutes()), "minute") + " ago"
	case t.YearDay() == now.YearDay() && t.Year() == now.Year():
		return "today at " + t.Format("15:04")
	}
	return "on " + t.Format(stamp)
}

func (c *card) setJob(j *job.Job) {
	shown(c.progress, j != nil)
	if j == nil {
		return
	}
	step := j.Title
	if j.Step != "" {
		step += ": " + j.Step
	}
	c.step.SetText(step)
	words := j.Words(c.s.now())
	if words == "" {
		words = c.s.now().Sub(j.Started).Round(time.Second).String() + " so far"
	}
	if j.Total > 0 || j.AllFiles > 0 {
		words = fmt.Sprintf("%.0f %% · %s", 100*fraction(*j), words)
	}
	if j.State == job.Stopping {
		words = "Stopping. What is under way is left out; nothing is left half done."
	}
	c.words.SetText(words)
	c.bar.SetValue(fraction(*j))
	enable(c.stop, j.State == job.Running || j.State == job.Queued)
}

// fraction is how much of a job is done, 0…1. A transfer may learn of its bytes as it goes,
// so that the files count, too.
func fraction(j job.Job) float64 {
	f := 0.0
	if j.Total > 0 {
		f = min(1, float64(j.Done)/float64(j.Total))
	}
	if j.AllFiles > 0 && j.Total == 0 {
		f = float64(j.Files) / float64(j.AllFiles)
	} else if j.AllFiles > 0 {
		f = min(f, float64(j.Files+1)/float64(j.AllFiles))
	}
	return f
}

// setBanner says what is wrong with the place, and offers what helps.
func (c *card) setBanner(p Place) {
	found := p.Found
	n := found.Missing + found.Damaged
	switch {
	case p.Job != nil:
		c.banner.Set(kit.Neutral, "", "", "", nil)
	case p.None:
		c.banner.Set(kit.Held, p.Say, p.Hint, "", nil)
	case p.Say != "":
		c.banner.Set(kit.Bad, p.Say, p.Hint, "Look again", c.s.act.Look)
	case n > 0 && p.Kind == Machine:
		c.banner.Set(kit.Bad, flaws(found, "on this computer"), "What is damaged was set aside. A pull brings it back whole. "+names(found, n), "Pull", func() { call(c.s.act.Pull, c.s.defaultPlace()) })
	case n > 0 && found.Mended > 0:
		c.banner.Set(kit.Bad, flaws(found, "on "+p.Name), count(found.Mended, "other")+" were put there again. The rest is not on this computer: push from the one that made it. "+names(found, n), "", nil)
	case n > 0:
		c.banner.Set(kit.Bad, flaws(found, "on "+p.Name), "Mending puts there again what this computer has. "+names(found, n), "Mend", func() { call(c.s.act.Mend, p.Key) })
	case p.Behind > 0 && p.Kind == Machine:
		c.banner.Set(kit.Held, "Some files of the present version are not on this computer.", "A pull brings them.", "Pull", func() { call(c.s.act.Pull, c.s.defaultPlace()) })
	default:
		c.banner.Set(kit.Neutral, "", "", "", nil)
	}
}

func flaws(f Check, where string) string {
	var parts []string
	if f.Missing > 0 {
		parts = append(parts, count(f.Missing, "file")+are(f.Missing)+" missing")
	}
	if f.Damaged > 0 {
		parts = append(parts, count(f.Damaged, "file")+are(f.Damaged)+" damaged")
	}
	return fmt.Sprintf("%s %s.", strings.Join(parts, " and "), where)
}

func are(n int) string {
	if n == 1 {
		return " is"
	}
	return " are"
}

// names lists some of the files.
func names(f Check, n int) string {
	const most = 3
	some := f.Names[:min(most, len(f.Names))]
	text := strings.Join(some, ", ")
	if n > len(some) && len(some) > 0 {
		text += " and " + grouped(n-len(some)) + " more"
	}
	return text
}

// defaultPlace is the remote that this computer pulls from.
func (s *Screen) defaultPlace() string {
	key := ""
	for _, p := range s.val.Places {
		if p.Kind == Remote && (p.Default || key == "") {
			key = p.Key
		}
	}
	return key
}

func (c *card) setSifted(p Place) {
	x := c.s.val.Sifted
	switch {
	case p.Kind != Machine || x == nil || p.Job != nil:
		c.sifted.Set(kit.Neutral, "", "", "", nil)
	case x.Removed:
		c.sifted.Set(kit.Good, "Removed "+count(x.Files, "file")+", "+job.Bytes(x.Bytes)+".", x.stays(), "", nil)
	case x.Files == 0:
		c.sifted.Set(kit.Good, "There is nothing to remove.", strings.TrimSpace("Files younger than an hour are left alone. "+x.stays()), "", nil)
	default:
		c.sifted.Set(kit.Neutral, count(x.Files, "file")+" could be removed: "+job.Bytes(x.Bytes)+".", x.what(), "Remove…", c.askRemove)
	}
}

func (x Sifted) what() string {
	them := "them"
	if x.Files == 1 {
		them = "it"
	}
	if x.Older == "" {
		return "No version names " + them + "."
	}
	return strings.TrimSpace("No version names " + them + ", or only older ones, and " + x.Older + " has " + them + ". " + x.stays())
}

func (x Sifted) stays() string {
	if x.OnlyHere == 0 {
		return ""
	}
	return count(x.OnlyHere, "older file") + " stay, since " + x.Older + " does not have them."
}

func (c *card) askAudit() {
	deep := widget.NewCheck("Read every file back and compare its content (slow)", nil)
	kit.Ask(c, kit.Question{
		Title: "Audit " + c.place.Name + "?", Sentence: "It lists what is there and compares that with what every version needs. Nothing is changed.", Button: "Audit",
	}, deep, func() {
		if c.s.act.Audit != nil {
			c.s.act.Audit(c.place.Key, deep.Checked)
		}
	})
}

func (c *card) askSift() {
	only := "Only what no version names"
	older := "Also older versions that are safe on "
	choices, to := []string{only}, map[string]string{}
	for _, p := range c.s.val.Places {
		if p.Kind == Remote && p.Answers {
			choices = append(choices, older+p.Name)
			to[older+p.Name] = p.Key
		}
	}
	pick := widget.NewRadioGroup(choices, nil)
	pick.Required = true
	pick.SetSelected(only)
	kit.Ask(c, kit.Question{
		Title: "Clean up this computer?", Sentence: "This only looks first: you see what could be removed, and decide then.", Button: "Look",
	}, pick, func() { call(c.s.act.Sift, to[pick.Selected]) })
}

func (c *card) askRemove() {
	x := c.s.val.Sifted
	kit.Ask(c, kit.Question{
		Title:    "Remove " + count(x.Files, "file") + " (" + job.Bytes(x.Bytes) + ") from this computer?",
		Sentence: x.what() + " Remotes are not touched. This can't be undone.", Button: "Remove", Danger: true,
	}, nil, func() {
		if c.s.act.Remove != nil {
			c.s.act.Remove()
		}
	})
}

// CreateRenderer makes card a Fyne widget.
func (c *card) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(c.layout) }

// Inside makes places a [kit.Holder].
func (p *places) Inside() fyne.CanvasObject { return p.layout }

// Inside makes card a [kit.Holder].
func (c *card) Inside() fyne.CanvasObject { return c.layout }
