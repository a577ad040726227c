package viewer

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

const panelWidth = 290

// factWidth is the room for the name of a fact, which may have that of a channel in it.
const factWidth = 140

// panel is what stands at the right of the image.
type panel struct {
	widget.BaseWidget

	s        *Screen
	info     imageio.Info
	channels *channels
	planes   *planes
	counts   *counts
	objects  *objects
	class    *class
	object   *kit.Facts
	none     *widget.Label
	image    *kit.Facts
	diameter *kit.Field
	ran      float64 // what the last run took, as the field was told
	written  string  // in the field then, or when a run was asked for: else someone is writing
	unit     *widget.Label
	again    *widget.Button
	part     *kit.Check
	here     *kit.Check // of a stack or a film
	note     *widget.Label
	limit    *threshold
	rival    *kit.Select
	rivals   fyne.CanvasObject
	running  *widget.Label
	size     fyne.CanvasObject // asks how large a pixel is
	body     *fyne.Container
	row      fyne.CanvasObject
}

func newPanel(s *Screen) *panel {
	p := &panel{
		s: s, channels: newChannels(s), planes: newPlanes(s), counts: newCounts(s), object: kit.NewPlainFacts(), image: kit.NewPlainFacts(),
		none: kit.NewQuiet("Click an object to see it here."), objects: newObjects(s),
		diameter: kit.NewField(), unit: widget.NewLabel("µm"), running: kit.NewQuiet(""),
	}
	p.diameter.SetPlaceHolder("model's own")
	p.diameter.OnSubmitted = func(string) { p.runAgain() }
	p.again = widget.NewButtonWithIcon("Run again", theme.Icon("run"), p.runAgain)
	p.part = kit.NewCheck("Only in sight", nil, s.view.TakeKeys)
	p.here = kit.NewCheck("", nil, s.view.TakeKeys)
	p.note = kit.NewQuiet("")
	p.note.Truncation, p.note.Wrapping = fyne.TextTruncateOff, fyne.TextWrapWord
	p.limit = newThreshold(s)
	p.class = newClass(s)
	p.rival = kit.NewSelect(nil, p.compare, s.view.TakeKeys)
	p.rivals = container.NewVBox(widget.NewLabel("Compare with"), p.rival)
	p.size = p.pixelSize()
	p.body = container.NewVBox(
		kit.NewFold("Channels", true, p.channels.box), p.channels.all, p.planes.fold, p.counts.fold,
		kit.NewFold("Objects", true, p.objects.box), p.objects.how,
		kit.NewFold("Selected", true, p.none, p.class.row, p.object),
		kit.NewFold("Model", true, p.modelForm()),
		kit.NewFold("Image", true, p.image, p.size, kit.NewGap(0, 8)),
	)
	p.row = container.NewStack(kit.NewGap(panelWidth, 0), kit.NewPage(
		container.New(layout.NewCustomPaddedLayout(0, 0, 6, 16), p.body)))
	p.ExtendBaseWidget(p)
	return p
}

func (p *panel) modelForm() fyne.CanvasObject {
	return container.NewVBox(
		container.NewBorder(nil, nil, widget.NewLabel("Nucleus"), p.unit, p.diameter),
		container.NewBorder(nil, nil, nil, p.part, kit.Tall(p.again)), p.here, p.running, p.note, p.limit.box, p.rivals)
}

// noRival is the choice to compare with no other model.
const noRival = "No other model"

func (p *panel) compare(name string) {
	if name == noRival {
		name = ""
	}
	if name != p.s.val.Rival && p.s.act.Compare != nil {
		p.s.act.Compare(name)
	}
}

// offer brings the models to compare with.
func (p *panel) offer(v Values) {
	shown(p.rivals, p.s.act.Compare != nil && len(v.Versions) > 0)
	p.rival.Options = append([]string{noRival}, v.Versions...)
	p.rival.Selected = cmp.Or(v.Rival, noRival)
	able(p.rival, v.Running == "")
	p.rival.Refresh()
}

func (p *panel) open(info imageio.Info) {
	p.info = info
	p.channels.open(info)
	p.planes.open(info)
	p.counts.open(info)
	p.objects.open(info)
	p.diameter.SetText("") // of the image before
	p.ran, p.written = 0, ""
	unit, _, _ := unitOf(info.Micron)
	p.unit.SetText(unit)
	p.here.Text = "On this plane"
	if info.Z == 1 {
		p.here.Text = "At this time"
	}
	p.here.Refresh()
	shown(p.here, info.Z > 1 || info.T > 1)
	p.image.Set(imageFacts(info, p.s.val.Files))
}

func imageFacts(i imageio.Info, files int) []kit.Fact {
	f := []kit.Fact{{Name: "Format", Value: i.Format}}
	if files > 1 {
		f = append(f, kit.Fact{Name: "Shown", Value: fmt.Sprintf("1 of %d files", files)})
	}
	if len(i.Levels) > 0 {
		f = append(f, kit.Fact{Name: "Size", Value: fmt.Sprintf("%d × %d px, %s", i.Levels[0].Size.X, i.Levels[0].Size.Y, i.Type)})
	}
	f = append(f, kit.Fact{Name: "Pixel", Value: pixelWord(i.Micron)})
	if !i.Acquired.IsZero() {
		f = append(f, kit.Fact{Name: "Acquired", Value: i.Acquired.Format("2006-01-02 15:04")})
	}
	if i.Instrument != "" {
		f = append(f, kit.Fact{Name: "Instrument", Value: i.Instrument})
	}
	return f
}

func (p *panel) set(v Values) {
	shown(p.size, p.s.act.Calibrate != nil && v.ID != "")
	p.objects.set(p.s.now)
	p.counts.set(v, p.info.T)
	p.follow(v.Diameter)
	can := v.ID != "" && v.Running == "" && p.s.act.RunAgain != nil
	able(p.again, can)
	able(p.part, can)
	able(p.here, can)
	text := p.ranWord(v)
	p.running.SetText(text)
	shown(p.running, text != "")
	p.note.SetText(v.Note)
	shown(p.note, v.Note != "" && v.Running == "")
	p.limit.set(v.Threshold, p.s.act.Threshold != nil && v.Running == "")
	p.offer(v)
}

// ranWord is who predicted what, or that it goes on.
func (p *panel) ranWord(v Values) string {
	if v.Running != "" {
		return v.Running
	}
	text := v.Model
	if v.Chosen && p.info.Z > 1 {
		text += fmt.Sprintf(", plane %d", v.Z+1)
	}
	if v.Chosen && p.info.T > 1 {
		text += fmt.Sprintf(", time %d", v.T+1)
	}
	if !v.Part.Empty() {
		text += fmt.Sprintf(", in %d × %d px", v.Part.Dx(), v.Part.Dy())
	}
	return text
}

// follow writes what the last run took into the field, once: that it is empty may be what the person wants.
func (p *panel) follow(um float64) {
	if um == p.ran {
		return
	}
	free := p.diameter.Text == p.written
	p.ran, p.written = um, ""
	if um > 0 {
		p.written = strconv.FormatFloat(um, 'g', 4, 64)
	}
	if free {
		p.diameter.SetText(p.written)
	}
}

func (p *panel) runAgain() {
	d, ok := diameterOf(p.diameter.Text)
	if !ok {
		p.running.SetText("The diameter is a number above 0, or nothing.")
		p.running.Show()
		return
	}
	if p.s.act.RunAgain != nil && p.s.val.Running == "" {
		p.written = p.diameter.Text
		run := Run{Diameter: d}
		if p.part.Checked {
			run.Part = p.s.view.Sight()
		}
		if p.here.Checked && p.here.Visible() {
			run.Here = true
			run.Z, run.T = p.s.view.Plane()
		}
		p.s.act.RunAgain(run)
		p.s.view.TakeKeys()
	}
}

// diameterOf reads a length; people write commas, too. Nothing is 0.
func diameterOf(text string) (float64, bool) {
	text = strings.Replace(strings.TrimSpace(text), ",", ".", 1)
	if text == "" {
		return 0, true
	}
	d, err := strconv.ParseFloat(text, 64)
	return d, err == nil && d > 0 && d < 1e6
}

// chosen says what is selected. All of the panel is laid out anew only where something is of another size
// than before: that takes longer than a frame may.
func (p *panel) chosen(o *annotation.Object, v Values) {
	before := p.stands()
	shown(p.none, o == nil)
	shown(p.object, o != nil)
	p.class.set(o, v)
	if o != nil {
		var places map[string]Place
		var measured []kit.Fact
		if p.s.laid == v.T { // what does not move has its name at all time points
			places, measured = v.Table.Places, v.Measured[o.ID]
		}
		facts := slices.Concat(objectFacts(*o, placeOf(*o, places), p.info.Micron), p.s.trackFacts(*o), measured)
		if p.class.row.Visible() { // which says it
			facts = facts[1:]
		}
		for i := range facts {
			facts[i].Name = kit.Shortened(facts[i].Name, factWidth)
		}
		p.object.Set(facts)
	}
	if p.stands() != before {
		p.body.Refresh()
	}
}

// stands is how high what is selected makes its rows; 0 for one that is hidden.
func (p *panel) stands() (high [3]float32) {
	for i, o := range []fyne.CanvasObject{p.none, p.class.row, p.object} {
		if o.Visible() {
			high[i] = o.MinSize().Height
		}
	}
	return high
}

// CreateRenderer makes panel a Fyne widget.
func (p *panel) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(p.row) }

// Inside makes panel a [kit.Holder].
func (p *panel) Inside() fyne.CanvasObject { return p.row }
