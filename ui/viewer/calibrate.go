package viewer

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
)

// askPixelSize asks for the size of the image's pixels, where the file has it wrong.
func (p *panel) askPixelSize() {
	field := func(now float64, unknown string) *kit.Field {
		e := kit.NewField()
		e.SetPlaceHolder(unknown)
		if now > 0 {
			e.SetPlaceHolder("as the file says")
			e.SetText(strconv.FormatFloat(now, 'g', 6, 64))
		}
		return e
	}
	now := p.info.Micron
	x, y, z := field(now.X, "as the height"), field(now.Y, "as the width"), field(now.Z, "not known")
	said := widget.NewLabel("")
	said.Importance = widget.DangerImportance
	form := container.New(layout.NewFormLayout(), widget.NewLabel("Width, µm"), x, widget.NewLabel("Height, µm"), y)
	if p.info.Z > 1 {
		form.Add(widget.NewLabel("Between planes, µm"))
		form.Add(z)
	}
	read := func() (um imageio.Micron, ok bool) {
		ok = true
		for _, f := range []struct {
			e  *kit.Field
			to *float64
		}{{x, &um.X}, {y, &um.Y}, {z, &um.Z}} {
			v, is := diameterOf(f.e.Text)
			*f.to, ok = v, ok && is
		}
		return squared(um, now), ok
	}
	check := func(string) {
		said.SetText("")
		if _, ok := read(); !ok {
			said.SetText("A size is a number above 0, or nothing.")
		}
	}
	for _, e := range []*kit.Field{x, y, z} {
		e.OnChanged = check
	}
	of := p.s.val.ID
	kit.Ask(p, kit.Question{
		Title: "How large is a pixel?", Button: "Set",
		Sentence: "It is kept beside the file and committed with your name. The file stays as the instrument wrote it; all lengths and areas follow.",
	}, container.NewVBox(form, said), func() {
		um, ok := read()
		switch {
		case p.s.val.ID != of:
			p.s.Note("Another image is open by now; its pixels stay as they are.")
		case ok && p.s.act.Calibrate != nil:
			p.s.act.Calibrate(um)
		case !ok:
			p.s.Note("A size is a number above 0, or nothing: the pixels stay as they are.")
		}
	})
}

// squared has the side of a pixel that neither the person nor the image tells be as long as the other.
func squared(um, now imageio.Micron) imageio.Micron {
	switch {
	case um.Y == 0 && now.Y <= 0:
		um.Y = um.X
	case um.X == 0 && now.X <= 0:
		um.X = um.Y
	}
	return um
}

// pixelSize is the button that asks for it.
func (p *panel) pixelSize() fyne.CanvasObject {
	return kit.Tall(widget.NewButton("Pixel size…", p.askPixelSize))
}
