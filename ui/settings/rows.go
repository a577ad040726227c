package settings

import (
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
)

// line is one entry of a list in the form.
type line interface {
	comparable
	object() fyne.CanvasObject
	onRemove(func())
}

// rows is a list that a person adds to and takes from.
type rows[T line] struct {
	all   []T
	box   *fyne.Container
	fresh func() T
}

func newRows[T line](fresh func() T) *rows[T] {
	return &rows[T]{box: container.NewVBox(), fresh: fresh}
}

func (r *rows[T]) add() T {
	n := r.fresh()
	n.onRemove(func() {
		if i := slices.Index(r.all, n); i >= 0 {
			r.all = slices.Delete(r.all, i, i+1)
			r.box.Remove(n.object())
		}
	})
	r.all = append(r.all, n)
	r.box.Add(n.object())
	return n
}

func (r *rows[T]) clear() {
	r.all = nil
	r.box.RemoveAll()
}

func remover() *widget.Button {
	b := widget.NewButtonWithIcon("", fynetheme.DeleteIcon(), nil)
	b.Importance = widget.LowImportance
	return b
}

// folderRow is one instrument folder.
type folderRow struct {
	s          *Screen
	path, name *kit.Field
	profile    *widget.Select
	quiet      *kit.Field
	model      *kit.Field
	from       int
	remove     *widget.Button
	box        fyne.CanvasObject
}

func newFolderRow(s *Screen) *folderRow {
	f := &folderRow{s: s, path: s.entry("/data/confocal"), name: s.entry("Confocal 2"), quiet: s.entry("30"), model: s.entry("the usual model"), remove: remover()}
	pick := widget.NewButtonWithIcon("", fynetheme.FolderOpenIcon(), func() { pick(s.act.PickFolder, f.path.Text, f.path.SetText) })
	var titles []string
	for _, p := range s.profiles {
		titles = append(titles, p.Title)
	}
	f.profile = widget.NewSelect(titles, func(string) { s.changed() })
	if len(titles) > 0 {
		f.profile.Selected = titles[0]
	}
	quiet := container.NewBorder(nil, nil, widget.NewLabel("quiet for"), widget.NewLabel("s"), container.NewGridWrap(fyne.NewSize(62, 38), f.quiet))
	rule := kit.NewFlow(container.NewGridWrap(fyne.NewSize(170, 38), f.profile), quiet,
		container.NewHBox(widget.NewLabel("captures go to"), container.NewGridWrap(fyne.NewSize(190, 38), f.model)))
	f.box = container.NewVBox(
		container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(170, 38), f.name), container.NewHBox(pick, f.remove), f.path), rule)
	return f
}

func (f *folderRow) object() fyne.CanvasObject { return f.box }

func (f *folderRow) onRemove(do func()) {
	f.remove.OnTapped = func() { do(); f.s.changed() }
}

func (f *folderRow) set(v Folder) {
	f.path.SetText(v.Path)
	f.name.SetText(v.Instrument)
	if v.Quiet > 0 {
		f.quiet.SetText(strconv.Itoa(v.Quiet))
	}
	f.model.SetText(v.Model)
	f.from = v.From
	for i, p := range f.s.profiles {
		if p.Name == v.Profile || v.Profile == "" && i == 0 {
			f.profile.SetSelected(p.Title)
		}
	}
}

func (f *folderRow) value() Folder {
	v := Folder{Path: strings.TrimSpace(f.path.Text), Instrument: strings.TrimSpace(f.name.Text), Model: strings.TrimSpace(f.model.Text), From: f.from}
	v.Quiet, _ = strconv.Atoi(strings.TrimSpace(f.quiet.Text)) // checked by trySave
	for i, p := range f.s.profiles {
		if p.Title == f.profile.Selected && i > 0 {
			v.Profile = p.Name
		}
	}
	return v
}

// platformForm is an address with a login and a test.
type platformForm struct {
	url, user, pass *kit.Field
	has             bool
	box             fyne.CanvasObject
}

func newPlatformForm(s *Screen, hold string, p Part, test func(Platform)) *platformForm {
	f := &platformForm{url: s.entry(hold), user: s.entry("ada"), pass: kit.NewSecret()}
	f.pass.SetPlaceHolder("Password or token")
	f.pass.OnChanged = func(string) { s.changed() }
	b := widget.NewButton("Test", func() { test(f.value()) })
	f.box = container.NewVBox(form("Address", container.NewBorder(nil, nil, nil, kit.Tall(b), f.url),
		"Login", container.NewGridWithColumns(2, f.user, f.pass)), s.note(p))
	return f
}

func (f *platformForm) set(v Platform) {
	f.url.SetText(v.URL)
	f.user.SetText(v.User)
	f.pass.SetText(v.Password)
	f.has = v.HasPassword
	f.pass.SetPlaceHolder(hold("Password or token", v.HasPassword))
}

func (f *platformForm) value() Platform {
	return Platform{URL: strings.TrimSpace(f.url.Text), User: strings.TrimSpace(f.user.Text), Password: f.pass.Text, HasPassword: f.has}
}
