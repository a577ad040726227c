package models_test

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/models"
	"coverslip.dev/coverslip/ui/theme"
)

func window(t *testing.T, m theme.Mode, act models.Actions) (*models.Screen, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(m))
	s := models.New(act)
	w := test.NewTempWindow(t, s)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1000, 640))
	return s, w
}

func at(day int) time.Time { return time.Date(2026, 3, day, 14, 3, 0, 0, time.UTC) }

func typical() models.Values {
	return models.Values{
		Source: "MLflow http://mlflow.lab:5000",
		Models: []models.Model{
			{
				Name: "nuclei", Description: "Star-convex nuclei in DAPI",
				Versions: []models.Version{
					{
						Number: "5", Aliases: []string{"challenger"}, Run: "brave-stain-12", By: "ada", Created: at(4),
						Metrics: []kit.Fact{{Name: "F1", Value: "0.91"}, {Name: "loss", Value: "0.12"}}, Facts: []kit.Fact{{Name: "Data", Value: "1a2b3c"}},
					},
					{
						Number: "4", Aliases: []string{"champion"}, Run: "calm-lens-7", By: "ada", Created: at(2),
						Metrics: []kit.Fact{{Name: "F1", Value: "0.88"}},
					},
					{Number: "3", Aliases: []string{"previous"}, Run: "old-slide-1", By: "bo", Created: at(1)},
				},
				History: []models.Move{
					{At: at(3), Who: "Ada Lovelace", Alias: "champion", From: "3", To: "4", Why: "Fewer merged nuclei on plate 6"},
					{At: at(2), Who: "unknown", Alias: "champion", From: "2", To: "3", Why: "", Outside: true},
				},
			},
			{Name: "spots", Versions: []models.Version{{Number: "1", Created: at(1)}}},
		},
	}
}

// walk lists what is on the screen. (test.LaidOutObjects makes new renderers, and
// the labels it went through no longer show what is set later.)
func walk(o fyne.CanvasObject) []fyne.CanvasObject {
	out := []fyne.CanvasObject{o}
	var inner []fyne.CanvasObject
	switch x := o.(type) {
	case *fyne.Container:
		inner = x.Objects
	case fyne.Widget:
		inner = test.WidgetRenderer(x).Objects()
	}
	for _, c := range inner {
		out = append(out, walk(c)...)
	}
	return out
}

func TestPictures(t *testing.T) {
	faulty := typical()
	faulty.Source, faulty.Offline = "MLflow http://mlflow.lab:5000 (as of 14:03, offline)", true
	faulty.Say, faulty.Hint = "Version 5 did not answer the probe, so version 4 stays in force.", "The log says what the server answered."
	running := typical()
	running.Progress, running.Done = "Loading nuclei@5 on gpu-1", 0.4
	for _, c := range []struct {
		name string
		mode theme.Mode
		v    models.Values
	}{
		{"typical-dark", theme.Dark, typical()},
		{"running-light", theme.Light, running},
		{"faulty-dark", theme.Dark, faulty},
	} {
		t.Run(c.name, func(t *testing.T) {
			act := models.Actions{Promote: func(_, _, _ string) {}, RollBack: func(_, _ string) {}}
			s, w := window(t, c.mode, act)
			s.Set(c.v)
			test.AssertRendersToImage(t, c.name+".png", w.Canvas())
		})
	}
}

func button(o fyne.CanvasObject, text string) *widget.Button {
	for _, x := range walk(o) {
		if b, ok := x.(*widget.Button); ok && b.Text == text {
			return b
		}
	}
	return nil
}

func TestPromotionAsksForAReason(t *testing.T) {
	var got []string
	s, w := window(t, theme.Dark, models.Actions{Promote: func(m, v, why string) { got = []string{m, v, why} }})
	s.Set(typical())
	test.Tap(button(s, "Promote…"))
	top := w.Canvas().Overlays().Top()
	if top == nil {
		t.Fatal("nothing asks")
	}
	e, ok := w.Canvas().Focused().(*kit.Field)
	if !ok {
		t.Fatal("the field has no focus")
	}
	test.Type(e, "better on plate 7")
	test.Tap(button(top, "Promote"))
	if len(got) != 3 || got[0] != "nuclei" || got[1] != "5" || got[2] != "better on plate 7" {
		t.Errorf("promoted %v", got)
	}
}

func TestNothingIsPromotedTwiceOrMeanwhile(t *testing.T) {
	act := models.Actions{Promote: func(_, _, _ string) {}, RollBack: func(_, _ string) {}}
	s, _ := window(t, theme.Dark, act)
	v := typical()
	v.Models[0].Versions = v.Models[0].Versions[1:] // the newest is in force
	s.Set(v)
	if !button(s, "Promote…").Disabled() {
		t.Error("the champion can be promoted")
	}
	v = typical()
	v.Progress = "Loading"
	s.Set(v)
	if !button(s, "Promote…").Disabled() || !button(s, "Roll back…").Disabled() {
		t.Error("a second promotion can start while one runs")
	}
}

// names are the models that are listed, as they are seen.
func names(s *models.Screen) (all []string) {
	for _, o := range walk(s) {
		if n, ok := o.(*kit.Name); ok && n.Visible() && n.Text != "" {
			all = append(all, n.Text)
		}
	}
	return all
}

// TestModelsAreToldApart: names of a series differ at their ends, and a filter leaves those that have its words.
func TestModelsAreToldApart(t *testing.T) {
	s, w := window(t, theme.Dark, models.Actions{})
	w.Resize(fyne.NewSize(800, 640))
	v := typical()
	v.Models = nil
	for _, end := range []string{"A", "B", "C"} {
		v.Models = append(v.Models, models.Model{Name: "Nuclei (DAPI, confocal) of plate " + end})
	}
	s.Set(v)
	if got := names(s); len(got) != 3 || got[0] == got[1] || !strings.HasSuffix(got[2], " C") {
		t.Errorf("they are called %q", got)
	}
	var filter *kit.Field
	for _, o := range walk(s) {
		if f, ok := o.(*kit.Field); ok {
			filter = f
		}
	}
	test.Type(filter, "B nuclei")
	if got := names(s); len(got) != 1 || !strings.HasSuffix(got[0], " B") {
		t.Errorf("the filter leaves %q", got)
	}
	s.Set(v)
	if got := names(s); len(got) != 1 {
		t.Errorf("after news it leaves %q", got)
	}
	if filter.SetText("spots"); len(names(s)) != 0 || said(s, "No model has that") == "" {
		t.Errorf("the filter leaves %q", names(s))
	}
}

// said is the text on the screen that begins so.
func said(s *models.Screen, start string) string {
	for _, o := range shownIn(s) {
		if l, ok := o.(*widget.Label); ok && strings.HasPrefix(l.Text, start) {
			return l.Text
		}
	}
	return ""
}

// shownIn is what is on the screen and not hidden.
func shownIn(o fyne.CanvasObject) (all []fyne.CanvasObject) {
	if !o.Visible() {
		return nil
	}
	all = append(all, o)
	switch x := o.(type) {
	case *fyne.Container:
		for _, in := range x.Objects {
			all = append(all, shownIn(in)...)
		}
	case fyne.Widget:
		for _, in := range test.WidgetRenderer(x).Objects() {
			all = append(all, shownIn(in)...)
		}
	}
	return all
}

// TestWhatIsNotThereIsSaid: before the registry was read, when it is empty, and of a model that nobody has promoted.
func TestWhatIsNotThereIsSaid(t *testing.T) {
	s, _ := window(t, theme.Dark, models.Actions{})
	if said(s, "Reading the registry") == "" || said(s, "No models yet") != "" {
		t.Error("it does not say that the registry is being read")
	}
	s.Set(models.Values{Source: "Local registry"})
	if said(s, "Reading the registry") != "" || said(s, "No models yet") == "" {
		t.Error("it does not say that the registry is empty")
	}
	v := typical()
	if s.Set(v); said(s, "No promotion is known of this model.") != "" {
		t.Error("a model that was promoted is said not to be")
	}
	v.Models[0].History = nil
	if s.Set(v); said(s, "No promotion is known of this model.") == "" {
		t.Error("it does not say that nothing was promoted")
	}
}

func TestWithdrawWhatWaits(t *testing.T) {
	var withdrawn string
	s, w := window(t, theme.Dark, models.Actions{Withdraw: func(id string) { withdrawn = id }})
	v := typical()
	v.Say, v.Hint, v.Pending = "The inference server does not answer.", "Switch it on.", "release/x"
	s.Set(v)
	for _, o := range walk(w.Content()) {
		if b, ok := o.(*widget.Button); ok && b.Text == "Withdraw" {
			test.Tap(b)
		}
	}
	if withdrawn != "release/x" {
		t.Errorf("withdrew %q", withdrawn)
	}
}
