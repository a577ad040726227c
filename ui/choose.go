package ui

import (
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"coverslip.dev/coverslip/core/fault"
)

// askFolder asks over a window for a folder, beginning at start if that is one. Confirm is
// what choosing it does.
func askFolder(over fyne.Window, title, confirm, start string, do func(folder string)) {
	d := dialog.NewFolderOpen(func(to fyne.ListableURI, err error) {
		if err == nil && to != nil {
			do(filepath.FromSlash(to.Path()))
		}
	}, over)
	d.SetConfirmText(confirm)
	showFiles(d, title, start)
}

// askFile asks over a window for a file, beginning beside start if that is one.
func askFile(over fyne.Window, title, start string, do func(path string), fail func(say, hint string)) {
	d := dialog.NewFileOpen(func(file fyne.URIReadCloser, err error) {
		switch {
		case err != nil:
			fail(fault.Explain(err))
		case file != nil:
			_ = file.Close() // its name is all that was wanted
			do(filepath.FromSlash(file.URI().Path()))
		}
	}, over)
	d.SetConfirmText("Choose")
	showFiles(d, title, filepath.Dir(start))
}

func showFiles(d *dialog.FileDialog, title, start string) {
	d.SetTitleText(title)
	if at, err := os.Stat(start); err == nil && at.IsDir() && filepath.IsAbs(start) {
		if at, err := storage.ListerForURI(storage.NewFileURI(start)); err == nil {
			d.SetLocation(at)
		}
	}
	d.Show()
	d.Resize(fyne.NewSize(760, 520)) // it has no size before it is shown
}

func (w *window) pickFolder(start string, chosen func(string)) {
	askFolder(w.win, "Which folder?", "Choose", start, chosen)
}

func (w *window) pickFile(start string, chosen func(string)) {
	askFile(w.win, "Which file?", start, chosen, w.fail)
}
