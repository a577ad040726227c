package kit

import (
	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// PathField is a field for a path. While nobody writes in it, the middle of a path that is
// too long for it is left out, as the name of the file stands at the end.
type PathField struct {
	Field

	Changed func() // the person wrote; may be nil

	path    string // the whole one
	writing bool
}

// NewPathField returns an empty field.
func NewPathField() *PathField {
	f := &PathField{}
	f.ExtendBaseWidget(f)
	f.OnChanged = func(text string) {
		if !f.writing {
			return
		}
		f.path = text
		if f.Changed != nil {
			f.Changed()
		}
	}
	return f
}

// Path is the whole path.
func (f *PathField) Path() string { return f.path }

// SetPath replaces it.
func (f *PathField) SetPath(path string) {
	f.path = path
	f.show()
}

// show shows as much of the path as there is room for, or all of it to who writes.
func (f *PathField) show() {
	text := f.path
	if !f.writing && f.Size().Width > 0 {
		text = Shortened(text, f.Size().Width-2*fynetheme.InnerPadding())
	}
	was := f.writing
	f.writing = false
	f.SetText(text)
	f.writing = was
}

// FocusGained shows the whole path.
func (f *PathField) FocusGained() {
	f.writing = true
	f.show()
	f.Field.FocusGained()
}

// FocusLost shows what there is room for.
func (f *PathField) FocusLost() {
	f.writing = false
	f.Field.FocusLost()
	f.show()
}

// Resize makes room for more or less of the path.
func (f *PathField) Resize(s fyne.Size) {
	f.Field.Resize(s)
	if !f.writing {
		f.show()
	}
}
