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
	field := func(now float64) *kit.Field {
		e := kit.NewField()
		e.SetPlaceHolder("as the file says")
		if now > 0 {
			e.SetText(strconv.FormatFloat(now, 'g', 6, 64))
		}
		return e
	}
	x, y, z := field(p.info.Micron.X), field(p.info.Micron.Y), field(p.info.Micron.Z)
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
		return um, ok
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
		}
	})
}

// pixelSize is the button that asks for it.
func (p *panel) pixelSize() fyne.CanvasObject {
	return kit.Tall(widget.NewButton("Pixel size…", p.askPixelSize))
}
