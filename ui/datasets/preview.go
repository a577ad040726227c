package datasets

import (
	"path"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// preview is the chosen file, before and after.
type preview struct {
	widget.BaseWidget

	s      *Screen
	file   File
	name   *widget.Label
	folder *widget.Label
	chip   *kit.Chip
	before *side
	after  *side
	note   *widget.Label
	full   fyne.CanvasObject
	layout fyne.CanvasObject
}

func newPreview(s *Screen) *preview {
	p := &preview{s: s, name: widget.NewLabel(""), folder: widget.NewLabel(""), chip: kit.NewChip("changed", kit.Held), note: widget.NewLabel("")}
	p.name.TextStyle.Bold = true
	p.name.Selectable, p.folder.Selectable = true, true
	p.folder.Importance = widget.LowImportance
	p.name.Wrapping, p.folder.Wrapping, p.note.Wrapping = fyne.TextWrapWord, fyne.TextWrapWord, fyne.TextWrapWord
	p.before, p.after = newSide(p), newSide(p)
	head := container.NewBorder(nil, nil, nil, container.NewVBox(container.NewPadded(p.chip)), container.New(layout.NewCustomPaddedVBoxLayout(-12), p.name, p.folder))
	p.full = container.NewBorder(head, nil, nil, nil, container.NewStack(container.New(besides{}, p.before, p.after), container.NewVBox(p.note)))
	p.layout = container.New(layout.NewCustomPaddedLayout(0, 0, 6, 0), p.full)
	p.ExtendBaseWidget(p)
	return p
}

func (p *preview) set(f File) {
	p.file = f
	p.show()
}

// show puts the chosen file onto the screen, with the pictures that are in memory.
func (p *preview) show() {
	f := p.file
	shown(p.full, f.Path != "")
	if f.Path == "" {
		return
	}
	p.name.SetText(path.Base(f.Path))
	p.folder.SetText(path.Dir(f.Path))
	shown(p.folder, path.Dir(f.Path) != ".")
	p.chip.Set(string(f.Kind), tone(f.Kind))
	p.note.SetText("")
	switch {
	case f.Git:
		p.note.SetText("Git keeps this text itself, beside the images. Any text editor opens it.")
	case f.Folder:
		p.note.SetText("The list of this folder's files is not on this computer. Pull from a place that has it.")
	}
	plain := !f.Git && !f.Folder
	h := p.s.history
	newest := len(p.s.val.Commits) > 0 && h.to == p.s.val.Commits[0].ID && p.s.val.Pending == 0
	shown(p.before, plain && f.Before != "")
	shown(p.after, plain && f.After != "")
	p.before.set("Before", f.Before, h.beforeName(), false)
	p.after.set("After", f.After, h.to, newest || h.to == "")
	if f.Kind != Changed {
		p.before.title.SetText("As it was")
		p.after.title.SetText("As it came")
	}
	p.layout.Refresh()
}

// beforeName names the version on the left as git does: the one before, if none is chosen.
func (h *history) beforeName() string {
	switch {
	case h.from != "":
		return h.from
	case h.to == "":
		return "HEAD"
	}
	return h.to + "^"
}

// CreateRenderer makes preview a Fyne widget.
func (p *preview) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(p.layout) }

// side is a file in one version: its picture, and what can be done with it.
type side struct {
	widget.BaseWidget

	p                *preview
	content, version string
	title            *widget.Label
	img              *canvas.Image
	note             *widget.Label
	save, back       *widget.Button
	ground           *kit.Surface
	layout           fyne.CanvasObject
}

func newSide(p *preview) *side {
	d := &side{p: p, title: widget.NewLabel(""), img: &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScaleSmooth}, note: widget.NewLabel("")}
	d.title.Importance = widget.LowImportance
	d.note.Wrapping, d.note.Alignment = fyne.TextWrapWord, fyne.TextAlignCenter
	d.save = widget.NewButtonWithIcon("Save a copy…", fynetheme.DownloadIcon(), func() { p.s.act.SaveCopy(p.file, d.content, d.version) })
	d.back = widget.NewButtonWithIcon("Bring it back…", fynetheme.ContentUndoIcon(), d.ask)
	d.ground = kit.NewSurface(theme.Canvas, container.NewStack(kit.NewGap(120, 120), d.img, kit.Middle(d.note)))
	d.layout = container.NewBorder(d.title, container.NewVBox(kit.Tall(d.save), kit.Tall(d.back)), nil, nil, d.ground)
	d.ExtendBaseWidget(d)
	return d
}

func (d *side) set(title, content, version string, inUse bool) {
	d.content, d.version = content, version
	d.title.SetText(title)
	img, note := d.p.s.picture(content, true)
	if img == nil && content != "" && note == "" {
		note = "Drawing…"
	}
	d.note.SetText(note)
	shown(d.note, note != "")
	d.ground.Paint(theme.Canvas)
	if note != "" {
		d.ground.Paint(theme.Neutral)
	}
	if d.img.Image != img {
		d.img.Image = img
		d.img.Refresh()
	}
	enable(d.save, d.p.s.act.SaveCopy != nil && content != "")
	enable(d.back, d.p.s.act.BringBack != nil && content != "" && !inUse)
	d.back.SetText("Bring it back…")
	if inUse {
		d.back.SetText("In use now")
	}
}

func enable(b *widget.Button, yes bool) {
	if yes {
		b.Enable()
	} else {
		b.Disable()
	}
}

func (d *side) ask() {
	f, content, version := d.p.file, d.content, d.version // another may be shown before the person answers
	kit.Ask(d, kit.Question{
		Title:    "Bring this version back?",
		Sentence: path.Base(f.Path) + "\n\nIt takes the place of the present one, which stays in the history. Then look at it, and commit it.",
		Button:   "Bring it back",
	}, nil, func() { d.p.s.act.BringBack(f, content, version) })
}

// CreateRenderer makes side a Fyne widget.
func (d *side) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(d.layout) }

// besides shares the width out among what is to be seen.
type besides struct{}

const besidesGap = 8

func (besides) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	n := float32(0)
	for _, o := range objs {
		if o.Visible() {
			n++
		}
	}
	w := (s.Width - besidesGap*(n-1)) / max(n, 1)
	x := float32(0)
	for _, o := range objs {
		if o.Visible() {
			o.Resize(fyne.NewSize(w, s.Height))
			o.Move(fyne.NewPos(x, 0))
			x += w + besidesGap
		}
	}
}

func (besides) MinSize(objs []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for _, o := range objs {
		if o.Visible() {
			m := o.MinSize()
			s = fyne.NewSize(s.Width+m.Width, max(s.Height, m.Height))
		}
	}
	return s
}
