package datasets

import (
	"image"
	"path"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// files is what differs in the version that is shown: its message, and its files with
// small pictures.
type files struct {
	widget.BaseWidget

	s      *Screen
	all    []File
	rows   []int // of all, those that the filter leaves
	filter string
	only   Kind // "" for all kinds
	chosen string
	at     int

	list    *widget.List
	subject *widget.Label
	byline  *widget.Label
	body    *widget.Label
	message *container.Scroll // around body
	bounded fyne.CanvasObject // around message
	versus  *widget.Label
	commit  *widget.Button
	tall    fyne.CanvasObject // around commit
	search  *kit.Field
	kinds   *widget.Select
	tools   fyne.CanvasObject
	note    *widget.Label
	layout  fyne.CanvasObject
}

// kindNames are the choices of the filter.
func kindNames() []string { return []string{"All", "Added", "Changed", "Removed"} }

func newFiles(s *Screen) *files {
	f := &files{s: s, at: -1, subject: widget.NewLabel(""), byline: kit.NewQuiet(""), body: widget.NewLabel(""), versus: kit.NewQuiet(""), note: widget.NewLabel("")}
	f.subject.TextStyle.Bold = true
	f.subject.Wrapping, f.body.Wrapping, f.note.Wrapping = fyne.TextWrapWord, fyne.TextWrapWord, fyne.TextWrapWord
	f.subject.Selectable, f.body.Selectable = true, true
	f.commit = widget.NewButtonWithIcon("Commit…", fynetheme.ConfirmIcon(), f.askCommit)
	f.commit.Importance = widget.HighImportance
	f.tall = kit.Tall(f.commit)
	f.search = kit.NewField()
	f.search.SetPlaceHolder("Find a file")
	f.search.OnChanged = func(t string) { f.filter = strings.ToLower(strings.TrimSpace(t)); f.sift() }
	f.kinds = widget.NewSelect(kindNames(), func(k string) { f.setKind(k) })
	f.list = widget.NewList(func() int { return len(f.rows) },
		func() fyne.CanvasObject { return newFileRow() },
		func(i widget.ListItemID, o fyne.CanvasObject) {
			if r, ok := o.(*fileRow); ok && i < len(f.rows) {
				x := f.all[f.rows[i]]
				img, note := s.picture(shownContent(x), false)
				r.set(x, img, note)
			}
		})
	f.list.OnSelected = func(i widget.ListItemID) {
		if i < len(f.rows) {
			f.at, f.chosen = i, f.all[f.rows[i]].Path
			s.preview.set(f.all[f.rows[i]])
		}
	}
	f.message = container.NewVScroll(f.body)
	f.bounded = container.New(upTo{messageMost}, f.message)
	f.tools = container.NewBorder(nil, nil, nil, f.kinds, f.search)
	text := container.New(layout.NewCustomPaddedVBoxLayout(-12), f.subject, f.byline, f.bounded, f.versus)
	head := container.New(layout.NewCustomPaddedLayout(0, 0, 0, 4), container.NewVBox(text, f.tall, f.tools))
	f.layout = container.NewBorder(head, nil, nil, nil, container.NewStack(f.list, container.NewVBox(f.note)))
	f.ExtendBaseWidget(f)
	f.kinds.SetSelectedIndex(0)
	return f
}

func (f *files) setKind(name string) {
	f.only = Kind(strings.ToLower(name))
	if name == kindNames()[0] {
		f.only = ""
	}
	f.sift()
}

// wait shows that the files are being compared.
func (f *files) wait() {
	f.all, f.chosen = nil, ""
	f.sift()
	f.note.SetText("Comparing…")
	f.head()
}

// set shows what differs.
func (f *files) set(c Comparison) {
	f.all = c.Files
	f.sift()
	switch {
	case c.Say != "":
		f.note.SetText(strings.TrimSpace(c.Say + " " + c.Hint))
	case len(c.Files) == 0:
		f.note.SetText("No file differs.")
	}
	f.head()
}

// sift shows the files that the filter leaves; the chosen one stays chosen.
func (f *files) sift() {
	f.rows = f.rows[:0]
	at := -1
	for i, x := range f.all {
		if f.only != "" && x.Kind != f.only || !strings.Contains(strings.ToLower(x.Path), f.filter) {
			continue
		}
		if x.Path == f.chosen {
			at = len(f.rows)
		}
		f.rows = append(f.rows, i)
	}
	f.note.SetText("")
	if len(f.rows) == 0 && len(f.all) > 0 {
		f.note.SetText("No file is of that name and kind.")
	}
	f.list.UnselectAll()
	f.list.Refresh()
	switch {
	case at >= 0:
		f.list.Select(at)
	case len(f.rows) > 0:
		f.list.ScrollToTop()
		f.list.Select(0)
	default:
		f.s.preview.set(File{})
	}
}

// head says what is compared.
func (f *files) head() {
	h := f.s.history
	c := h.find(h.to)
	shown(f.tall, c == nil && h.len() > 0 && f.s.act.Commit != nil)
	shown(f.tools, len(f.all) > 8)
	shown(f.bounded, c != nil && c.Body != "")
	switch {
	case c == nil && h.len() == 0:
		f.subject.SetText("")
		f.byline.SetText("")
	case c == nil:
		f.subject.SetText("Not committed yet")
		f.byline.SetText("Nobody has signed these changes so far.")
	default:
		f.subject.SetText(c.Subject)
		f.byline.SetText(c.When.Format(stamp) + " · " + c.Who + " · " + short(c.ID))
		if f.body.Text != c.Body {
			f.body.SetText(c.Body)
			f.message.ScrollToTop()
		}
	}
	f.versus.SetText(f.summary())
	f.layout.Refresh()
}

// messageMost is how high the rest of a message may be: some six lines. The files stand below it.
const messageMost = 140

// upTo is as high as what scrolls in it, but not higher than that.
type upTo struct{ most float32 }

func (l upTo) MinSize(objs []fyne.CanvasObject) fyne.Size {
	size := objs[0].MinSize()
	if s, ok := objs[0].(*container.Scroll); ok {
		size.Height = min(s.Content.MinSize().Height, l.most)
	}
	return size
}

func (upTo) Layout(objs []fyne.CanvasObject, s fyne.Size) { objs[0].Resize(s) }

// summary counts the files by kind, and says what they are compared with.
func (f *files) summary() string {
	n := map[Kind]int{}
	var bytes int64
	for _, x := range f.all {
		n[x.Kind]++
		if x.Kind != Removed {
			bytes += max(x.Size, 0)
		}
	}
	var parts []string
	for _, k := range []Kind{Added, Changed, Removed} {
		if n[k] > 0 {
			parts = append(parts, grouped(n[k])+" "+string(k))
		}
	}
	if bytes > 0 {
		parts = append(parts, job.Bytes(bytes))
	}
	if c := f.s.history.find(f.s.history.from); c != nil {
		parts = append(parts, "since "+short(c.ID))
	}
	return strings.Join(parts, " · ")
}

func (f *files) askCommit() {
	n := count(f.s.val.Pending, "changed file")
	kit.AskReason(f, kit.Question{
		Title: "Commit " + n + "?", Sentence: "They become a version of their own, signed with your name. The next push brings it to the others.",
		Hold: "What was done, and why", Button: "Commit",
	}, f.s.act.Commit)
}

// CreateRenderer makes files a Fyne widget.
func (f *files) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(f.layout) }

// shownContent is what a small picture shows of a file.
func shownContent(x File) string {
	switch {
	case x.Folder || x.Git:
		return ""
	case x.Kind == Removed:
		return x.Before
	}
	return x.After
}

const thumbSide = 46 // units

// fileRow is one file: a picture, its name and folder, and how it differs.
type fileRow struct {
	widget.BaseWidget

	img       *canvas.Image
	icon      *widget.Icon
	name, sub *widget.Label
	chip      *kit.Chip
	layout    fyne.CanvasObject
}

func newFileRow() *fileRow {
	r := &fileRow{
		img: &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScaleSmooth}, icon: widget.NewIcon(fynetheme.FileIcon()),
		name: widget.NewLabel(""), sub: kit.NewQuiet(""), chip: kit.NewChip("changed", kit.Held),
	}
	r.name.Truncation = fyne.TextTruncateEllipsis
	ground := kit.NewSurface(theme.Neutral, container.NewStack(container.NewPadded(r.icon), r.img))
	pic := kit.Middle(container.NewGridWrap(fyne.NewSquareSize(thumbSide), ground))
	text := container.New(layout.NewCustomPaddedVBoxLayout(-12), r.name, r.sub)
	r.layout = container.New(layout.NewCustomPaddedLayout(1, 1, 6, 14), container.NewBorder(nil, nil, pic, kit.Middle(r.chip), text))
	r.ExtendBaseWidget(r)
	return r
}

func (r *fileRow) set(x File, img image.Image, note string) {
	r.name.SetText(path.Base(x.Path))
	r.sub.SetText(subline(x, note))
	r.chip.Set(string(x.Kind), tone(x.Kind))
	r.icon.SetResource(fileIcon(x))
	if r.img.Image != img {
		r.img.Image = img
		r.img.Refresh()
	}
	shown(r.img, img != nil)
}

func fileIcon(x File) fyne.Resource {
	switch {
	case x.Folder:
		return fynetheme.FolderIcon()
	case x.Git:
		return fynetheme.DocumentIcon()
	}
	return fynetheme.FileIcon()
}

// subline says how large a file is and where it lies.
func subline(x File, note string) string {
	var parts []string
	if x.Size >= 0 {
		parts = append(parts, job.Bytes(x.Size))
	}
	if note != "" {
		parts = append(parts, note)
	}
	if dir := path.Dir(x.Path); dir != "." {
		parts = append(parts, dir)
	}
	return strings.Join(parts, " · ")
}

func tone(k Kind) kit.Tone {
	switch k {
	case Added:
		return kit.Good
	case Changed:
		return kit.Held
	case Removed:
		return kit.Bad
	}
	return kit.Neutral
}

// CreateRenderer makes fileRow a Fyne widget.
func (r *fileRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.layout) }
