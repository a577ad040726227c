package ui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// Refuse says in a small window why there is no other one, and returns when it is closed: who starts
// the program from a desktop sees nothing else of it.
func Refuse(a fyne.App, opt Options, why error) {
	a.Settings().SetTheme(theme.New(appearance(opt.Appearance)))
	win := refusal(a, why)
	if opt.Before != nil {
		opt.Before()
	}
	win.ShowAndRun()
}

// refusal is that window. Enter and Escape close it, too.
func refusal(a fyne.App, why error) fyne.Window {
	win := a.NewWindow("Coverslip")
	b := kit.NewBanner()
	say, hint := fault.Explain(why)
	b.Set(kit.Bad, say, hint, "", nil)
	closing := widget.NewButton("Close", win.Close)
	closing.Importance = widget.HighImportance
	foot := container.NewBorder(nil, nil, nil, kit.Tall(closing))
	win.SetContent(container.NewPadded(container.NewPadded(container.NewBorder(nil, foot, nil, nil, b))))
	win.Resize(fyne.NewSize(520, 180))
	win.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) {
		switch e.Name {
		case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyEscape:
			win.Close()
		}
	})
	return win
}

// heed says over the window why the station has ended, if it does before the window.
func (w *window) heed(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-w.opt.Ended:
		w.work.post(func() { w.fail(fault.Explain(err)) })
		return nil
	}
}

// appearance is dark, light, or as the system is where nothing else is said.
func appearance(word string) theme.Mode {
	if m := theme.Mode(word); m == theme.Dark || m == theme.Light {
		return m
	}
	return theme.System
}
