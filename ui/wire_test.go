package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/kit"
)

// in returns the first T in o that is ok, or nothing.
func in[T fyne.CanvasObject](o fyne.CanvasObject, ok func(T) bool) (found T) {
	for _, x := range seen(o) {
		if v, is := x.(T); is && ok(v) {
			return v
		}
	}
	return found
}

// TestTheLightAndItsPanelAgree: what colours the light is what is read when it is pressed, and the
// captures that wait or have failed are one press further.
func TestTheLightAndItsPanelAgree(t *testing.T) {
	w, c := furnished(t)
	for _, p := range []flow.Pass{{State: flow.Failed, Say: "The image is cut short."}, {State: flow.Waiting, Say: "No server answers."}} {
		w.station.Items().Put("b", flow.Item{ID: "b", Line: intake.LineName, Passes: map[string]flow.Pass{"infer": p}})
		w.shell.Open("jobs")
		w.strip()
		light := in(w.shell, func(b *widget.Button) bool { return strings.HasPrefix(b.Text, "Some captures ") })
		if light == nil {
			t.Fatalf("%s: the light says nothing", p.State)
		}
		test.Tap(light)
		panel := c.Overlays().Top()
		if in(panel, func(l *widget.Label) bool { return strings.Contains(l.Text, light.Text) }) == nil {
			t.Errorf("%s: the panel does not say %q", p.State, light.Text)
		}
		test.Tap(in(panel, func(b *widget.Button) bool { return b.Text == "Inbox" }))
		if w.shell.Page() != "inbox" || c.Overlays().Top() != nil {
			t.Errorf("%s: %s is open", p.State, w.shell.Page())
		}
	}
	w.station.Items().Drop("b")
	w.station.Sightings().Put("/scope/a\nb.tif", station.Sighting{Path: "/scope/a\nb.tif", Say: "Its name has a line break.", Hint: "Rename it."})
	w.setSightings(nil)
	if in(w.shell, func(b *widget.Button) bool { return strings.HasPrefix(b.Text, "Some files are held") }) == nil {
		t.Error("the light says nothing of a file that somebody must rename")
	}
	w.station.Sightings().Drop("/scope/a\nb.tif")
	w.strip()
	w.health()
	if in(c.Overlays().Top(), func(l *widget.Label) bool { return l.Text == "Everything works" }) == nil {
		t.Error("the panel knows of something that the light does not")
	}
}

// TestTheManualIsReadToItsEdges: a table does not break its lines, so its rows must be short enough
// for the smallest window; and over it, the wheel moves the page as elsewhere.
func TestTheManualIsReadToItsEdges(t *testing.T) {
	w, c := furnished(t)
	w.win.Resize(fyne.NewSize(640, 360))
	tables := 0
	for _, name := range append(screens(), "start") {
		w.help(name)
		page := in(c.Overlays().Top(), func(*container.Scroll) bool { return true })
		text := in(page.Content, func(*widget.RichText) bool { return true })
		for _, o := range test.WidgetRenderer(text).Objects() {
			if _, is := o.(fyne.Scrollable); !is {
				continue
			}
			tables++
			inside := in(o, func(*fyne.Container) bool { return true })
			if over := inside.MinSize().Width - page.Size().Width; over > 0 {
				t.Errorf("%s: a table is %v units too wide", name, over)
			}
			at := w.app.Driver().AbsolutePositionForObject(o)
			if test.Scroll(c.Canvas, at.AddXY(9, 9), 0, -20); page.Offset.Y == 0 {
				t.Errorf("%s: the wheel over a table does not move the page", name)
			}
		}
		kit.Dismiss(c)
	}
	if tables == 0 {
		t.Error("no page has a table")
	}
}

// TestCapturesAreShownFromTheFirstPicture: Fyne draws a window before it says that it has started, which can
// take a while, and an inbox that is called empty then frightens.
func TestCapturesAreShownFromTheFirstPicture(t *testing.T) {
	was, _ := corrected(t)
	was.station.Items().Put("b", flow.Item{ID: "b", Line: intake.LineName, Title: "plate_b.tif", Passes: map[string]flow.Pass{}})
	if err := Show(t.Context(), was.app, was.station, was.opt); err != nil { // the app of tests shows it, and never starts
		t.Fatal(err)
	}
	all := was.app.Driver().AllWindows()
	if len(all) == 0 || in(all[len(all)-1].Content(), func(n *kit.Name) bool { return n.Full() == "plate_b.tif" }) == nil {
		t.Error("the inbox is empty at first")
	}
}
