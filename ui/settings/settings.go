// Package settings is the screen of what a person can set.
package settings

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
)

// Folder is where an instrument writes.
type Folder struct {
	Path, Instrument string
	Quiet            int    // seconds without a change after which a capture is finished; 0 for the usual
	Profile          string // what the instrument writes: the name of one of Values.Profiles
	Model            string // the registered model that its captures are sent to; "": Values.Model
	From             int    // comes back as it was given
}

// Profile is a choice of what an instrument writes.
type Profile struct{ Name, Title string }

// Server is an inference server. A secret that is kept already is never shown:
// HasToken says that there is one, and an empty Token leaves it as it is.
type Server struct {
	Name             string // empty: host and port
	Address, Backend string // Backend: onnxruntime or python
	Token            string
	HasToken         bool
	Header           string // carries the token as it is; empty: as a bearer's
	CA, Cert, Key    string // PEM files: whom to trust, who we are; may be empty
	Metrics          string // the address where it tells how busy it is; empty: the usual
	Compress         bool   // tensors on their way
}

// Platform is a server with a login; its password is kept as a server's token is.
type Platform struct {
	URL, User, Password string
	HasPassword         bool
}

// Values are all settings.
type Values struct {
	Name, Email string
	Profiles    []Profile // to choose from; the first one is the usual
	Folders     []Folder
	Servers     []Server
	Takeover    bool // the built-in engine may work when no server answers
	MLflow, Git Platform
	Remote      RemotePlace
	Model       string // the registered model that captures are sent to
	Converter   string // the program that converts what can't be read; "" for the first that is installed
	Appearance  string // "dark", "light" or "" for the system's
}

// Actions are what the person may do here; each may be nil. Screens ask; they do
// not act. An answer to a test comes by [Screen.Answer].
type Actions struct {
	Save          func(Values)
	TestServer    func(Server)
	TestMLflow    func(Platform)
	TestGit       func(Platform)
	TestRemote    func(RemotePlace)
	TestConverter func(program string)
	PickFolder    func(start string, chosen func(path string)) // start may be no path at all
	PickFile      func(start string, chosen func(path string))
	Appearance    func(mode string) // shown at once, saved with the rest
}

// Part names a part of the form, for answers to tests.
type Part string

// The parts that can be tested; a server's is ServerPart + its address.
const (
	MLflow     Part = "mlflow"
	Git        Part = "git"
	Remote     Part = "remote"
	Converter  Part = "converter"
	ServerPart Part = "server:"
)

// Screen is the form.
type Screen struct {
	widget.BaseWidget

	act       Actions
	name      *kit.Field
	email     *kit.Field
	profiles  []Profile
	folders   *rows[*folderRow]
	servers   *rows[*serverRow]
	take      *widget.Check
	model     *kit.Field
	mlflow    *platformForm
	git       *platformForm
	remote    *remoteForm
	converter *kit.PathField
	look      *widget.RadioGroup
	told      map[Part]*widget.Label
	problem   *kit.Banner
	save      *widget.Button
	saved     *widget.Label
	quiet     bool // Set is under way: a change is not a person's
	layout    fyne.CanvasObject
}

// New returns the form with nothing in it.
func New(act Actions) *Screen {
	s := &Screen{act: act, told: map[Part]*widget.Label{}, problem: kit.NewBanner(), saved: kit.NewQuiet("")}
	s.name, s.email = s.entry("Ada Lovelace"), s.entry("ada@lab.example")
	s.model, s.remote = s.entry("nuclei"), newRemoteForm(s)
	s.take = widget.NewCheck("The built-in engine takes over when no server answers", func(bool) { s.changed() })
	s.mlflow = newPlatformForm(s, "http://mlflow.lab:5000", MLflow, func(p Platform) { ask(act.TestMLflow, p) })
	s.git = newPlatformForm(s, "https://git.lab/cells.git", Git, func(p Platform) { ask(act.TestGit, p) })
	s.folders = newRows(func() *folderRow { return newFolderRow(s) })
	s.servers = newRows(func() *serverRow { return newServerRow(s) })
	s.converter = kit.NewPathField()
	s.look = widget.NewRadioGroup([]string{"System", "Dark", "Light"}, func(m string) {
		if !s.quiet && act.Appearance != nil {
			act.Appearance(mode(m))
		}
		s.changed()
	})
	s.look.Horizontal, s.look.Required = true, true
	s.save = widget.NewButtonWithIcon("Save", fynetheme.DocumentSaveIcon(), s.trySave)
	s.save.Importance = widget.HighImportance
	s.build()
	s.ExtendBaseWidget(s)
	s.Set(Values{})
	return s
}

func ask[T any](f func(T), v T) {
	if f != nil {
		f(v)
	}
}

func mode(label string) string {
	if label == "System" {
		return ""
	}
	return strings.ToLower(label)
}

func label(mode string) string {
	switch mode {
	case "dark":
		return "Dark"
	case "light":
		return "Light"
	}
	return "System"
}

func (s *Screen) entry(hold string) *kit.Field {
	e := kit.NewField()
	e.SetPlaceHolder(hold)
	e.OnChanged = func(string) { s.changed() }
	return e
}

func (s *Screen) build() {
	cards := container.NewVBox(
		card("Person", "Your name and e-mail stand in every commit and every promotion.",
			form("Name", s.name, "E-mail", s.email)),
		card("Instrument folders", "Files that your instruments write here are picked up. They are only read. The profile says which files belong together.",
			aligned(s.folders.box), adder("Add a folder", func() { s.folders.add(); s.changed() })),
		card("Inference servers", "They share the work: each tile of an image goes to the one that would answer it first.",
			aligned(s.servers.box), adder("Add a server", func() { s.servers.add(); s.changed() }), s.take, form("Model", s.model)),
		card("MLflow", "Models, runs and promotions are kept there. Without one the local registry is used.", s.mlflow.box),
		card("Remote", "A network drive, an S3 bucket or an Azure container that gets a copy of every version in DVC's format.", s.remote.box),
		card("Git server", "Commits are pushed there, over HTTPS or SSH. For SSH leave the login empty: your keys count.", s.git.box),
		card("Image converter", "Files that can't be read here, such as ND2 and LIF, are shown by way of a program: OpenReadout or bfconvert.",
			s.converterForm()),
		card("Appearance", "", s.look),
		kit.NewGap(0, 12),
	)
	head := container.NewVBox(kit.NewTitleWithWords("Settings", s.saved, kit.Tall(s.save)), s.problem)
	s.layout = container.NewPadded(container.NewBorder(head, nil, nil, nil,
		kit.NewPage(container.New(layout.NewCustomPaddedLayout(4, 4, 4, 18), cards))))
}

func card(title, sentence string, rows ...fyne.CanvasObject) fyne.CanvasObject {
	head := widget.NewLabelWithStyle(title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	box := container.NewVBox(head)
	if sentence != "" {
		box = container.New(layout.NewCustomPaddedVBoxLayout(-12), head, kit.NewQuiet(sentence))
	}
	return kit.NewCard(container.NewVBox(append([]fyne.CanvasObject{box}, rows...)...))
}

// form lays out names and fields in turn.
func form(pairs ...any) fyne.CanvasObject {
	box := container.New(layout.NewFormLayout())
	for i := 0; i+1 < len(pairs); i += 2 {
		n, _ := pairs[i].(string)
		o, _ := pairs[i+1].(fyne.CanvasObject)
		box.Add(container.NewStack(kit.NewGap(110, 0), widget.NewLabel(n)))
		box.Add(o)
	}
	return box
}

func adder(text string, do func()) fyne.CanvasObject {
	b := widget.NewButtonWithIcon(text, fynetheme.ContentAddIcon(), do)
	return aligned(container.NewHBox(kit.Tall(b)))
}

// aligned begins what has an edge where the words above begin.
func aligned(o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(0, 0, fynetheme.InnerPadding(), 0), o)
}

// pick has a person choose instead of what was written.
func pick(ask func(start string, chosen func(string)), written string, chosen func(string)) {
	if ask != nil {
		ask(strings.TrimSpace(written), chosen)
	}
}

// note is where the answer to a test stands.
func (s *Screen) note(p Part) *widget.Label {
	l := widget.NewLabel("")
	l.Wrapping = fyne.TextWrapWord
	l.Hide()
	s.told[p] = l
	return l
}

// Answer shows how a test went.
func (s *Screen) Answer(p Part, tone kit.Tone, say string) {
	l := s.told[p]
	if l == nil {
		return
	}
	switch tone {
	case kit.Good:
		l.Importance = widget.SuccessImportance
	case kit.Bad:
		l.Importance = widget.DangerImportance
	case kit.Held:
		l.Importance = widget.WarningImportance
	case kit.Neutral, kit.Busy:
		l.Importance = widget.LowImportance
	}
	l.SetText(say)
	if say == "" {
		l.Hide()
	} else {
		l.Show()
	}
	s.layout.Refresh()
}

// Saved says that the settings are in force; a say tells why they are not.
func (s *Screen) Saved(say, hint string) {
	s.problem.Set(kit.Bad, say, hint, "", nil)
	for _, r := range s.servers.all {
		r.openFor(say)
	}
	if say == "" {
		s.save.Disable()
		s.saved.SetText("Saved")
	}
	s.layout.Refresh()
}

// CreateRenderer makes Screen a Fyne widget.
func (s *Screen) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.layout) }

// Inside makes Screen a [kit.Holder].
func (s *Screen) Inside() fyne.CanvasObject { return s.layout }
