package settings

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
)

// file is a field for a file's path and a button to choose it, near another one.
func (s *Screen) file(f *kit.PathField, hold string, near func() string, changed func()) *fyne.Container {
	f.SetPlaceHolder(hold)
	f.Changed = changed
	choose := widget.NewButtonWithIcon("", fynetheme.FileIcon(), func() {
		pick(s.act.PickFile, near(), func(path string) {
			f.SetPath(path)
			changed()
		})
	})
	return container.NewBorder(nil, nil, nil, choose, f)
}

// converterForm is the program that converts images, and a test of it.
func (s *Screen) converterForm() fyne.CanvasObject {
	test := widget.NewButton("Test", func() { ask(s.act.TestConverter, strings.TrimSpace(s.converter.Path())) })
	program := s.file(s.converter, "openreadout, a Python that has it, or bfconvert; empty: the first that is installed", s.converter.Path, s.changed)
	return container.NewVBox(form("Program", container.NewBorder(nil, nil, nil, kit.Tall(test), program)), s.note(Converter))
}
