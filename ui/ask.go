package ui

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
)

// schemes are those of addresses at which an image may lie.
func schemes() []string { return []string{"http", "https", "s3"} }

// isAddress reports whether path is not one of this computer.
func isAddress(path string) bool { return strings.Contains(path, "://") }

// fileName is what a file, or what lies at an address, is called: without what may be secret behind a question mark.
func fileName(path string) string {
	if isAddress(path) {
		path, _, _ = strings.Cut(path, "?")
	}
	return filepath.Base(path)
}

// asking is the dialog in which a person says which file to look at. It stays until the image is there.
type asking struct {
	w       *window
	path    *kit.PathField
	said    *kit.Banner
	dialog  *kit.Dialog
	opening bool
	number  int64 // of what is being opened, as window.asked
}

// askFile asks for a file, a folder or an address to look at.
func (w *window) askFile() {
	a := &asking{w: w, path: kit.NewPathField(), said: kit.NewBanner()}
	a.path.SetPlaceHolder("/data/a.tif, https://… or s3://…")
	a.path.OnSubmitted = func(string) { a.look() }
	chosen := func(path string) {
		a.path.SetPath(path)
		a.look()
	}
	file := widget.NewButtonWithIcon("File…", fynetheme.FileIcon(), func() { w.pickFile(a.path.Path(), chosen) })
	folder := widget.NewButtonWithIcon("Folder…", fynetheme.FolderOpenIcon(), func() { w.pickFolder(a.path.Path(), chosen) })
	a.dialog = kit.AskUntil(w.shell, kit.Question{
		Title: "Open an image", Button: "Open", Wide: true,
		Sentence: "A file, an OME-Zarr folder or its address. It is looked at, not captured.",
	}, container.NewVBox(container.NewBorder(nil, nil, nil, container.NewHBox(file, folder), a.path), a.said), a.path, a.look)
}

// look opens what is written.
func (a *asking) look() {
	path := strings.TrimSpace(a.path.Path())
	if path == "" || a.opening {
		return
	}
	if home, err := os.UserHomeDir(); err == nil && strings.HasPrefix(path, "~/") {
		path = filepath.Join(home, path[2:])
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) && !isAddress(path) {
		a.say(kit.Bad, "There is no file or folder “"+path+"”.", "Check how it is written, and that its drive is connected.")
		return
	}
	a.opening = true
	a.say(kit.Busy, "Opening "+fileName(path)+"…", "")
	a.w.lookAtFrom(a.w.shell.Page(), path, a)
	a.number = a.w.asked.Load()
}

func (a *asking) say(tone kit.Tone, say, hint string) {
	a.said.Set(tone, say, hint, "", nil)
	a.dialog.Fit()
}

// heard closes the dialog when what it asked for is there, or is made first, and says in it why it can't be opened;
// where there is no dialog others say so. Who has closed it before does not want the image any more.
func (a *asking) heard(err error) error {
	if a == nil {
		return err
	}
	_, making := errors.AsType[*imageio.Making](err)
	a.w.work.post(func() {
		a.opening = false
		switch {
		case !a.dialog.Open():
			if a.w.asked.CompareAndSwap(a.number, a.number+1) {
				a.w.opens("")
			}
		case err == nil || making:
			a.dialog.Close()
			a.w.win.Canvas().Unfocus() // the field that was written in before would hold the image back
		default:
			say, hint := fault.Explain(err)
			a.say(kit.Bad, say, hint)
		}
	})
	if err == nil || making {
		return err
	}
	a.w.opt.Log.Warn("no image", slog.Any("error", err))
	return context.Canceled // it is said
}

// dropped looks at the first file, folder of an image or address that was dropped on the window.
func (w *window) dropped(_ fyne.Position, what []fyne.URI) {
	if w.win.Canvas().Overlays().Top() != nil {
		return // that is to be answered first
	}
	for _, u := range what {
		if path := droppedPath(u); path != "" {
			w.win.Canvas().Unfocus() // as in asking.heard
			w.lookAt(path)
			return
		}
	}
	if len(what) > 0 {
		w.fail("This is no file of this computer, and no address of an image.", "Save it into a folder, and drop it from there.")
	}
}

// droppedPath is the path or the address of something that was dropped; "" for what can't be looked at. The toolkit
// takes an address for a path in the folder that the program runs in, with one stroke less.
func droppedPath(u fyne.URI) string {
	path := filepath.FromSlash(u.Path())
	here, err := os.Getwd()
	if err != nil {
		here = "/"
	}
	in, err := filepath.Rel(here, path)
	if err != nil {
		in = path
	}
	for _, s := range schemes() {
		if u.Scheme() == s {
			return u.String()
		}
		if rest, ok := strings.CutPrefix(filepath.ToSlash(in), s+":/"); ok && u.Scheme() == "file" {
			return s + "://" + rest
		}
	}
	if u.Scheme() == "file" {
		return path
	}
	return ""
}
