package runs_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/runs"
	"coverslip.dev/coverslip/ui/theme"
)

func window(t *testing.T, m theme.Mode, act runs.Actions) (*runs.Screen, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(m))
	s := runs.New(act)
	w := test.NewTempWindow(t, s)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1000, 640))
	return s, w
}

func values() runs.Values {
	at := func(d int) time.Time { return time.Date(2026, 3, d, 9, 0, 0, 0, time.UTC) }
	v := runs.Values{Source: "MLflow http://mlflow.lab:5000", Runs: []runs.Run{
		{
			ID: "r3", Name: "brave-stain-12", Experiment: "nuclei", Status: "FINISHED", User: "ada", Started: at(4), Ended: at(4).Add(42 * time.Minute),
			Params: map[string]string{"lr": "0.001", "epochs": "50"}, Metrics: map[string]float64{"f1": 0.912, "loss": 0.1234, "val_loss": 0.15},
		},
		{
			ID: "r2", Name: "calm-lens-7", Experiment: "nuclei", Status: "RUNNING", User: "bo", Started: at(3),
			Params: map[string]string{"lr": "0.01", "epochs": "50"}, Metrics: map[string]float64{"f1": 0.88, "loss": 0.2},
		},
		{
			ID: "r1", Name: "old-slide-1", Experiment: "nuclei", Status: "FAILED", User: "ada", Started: at(2), Ended: at(2).Add(time.Minute),
			Params: map[string]string{"lr": "1"},
		},
	}}
	v.Curve = runs.Curve{Run: "r3", Metric: "f1"}
	for i := range 50 {
		v.Curve.Points = append(v.Curve.Points, runs.Point{Step: float64(i), Value: 0.92 - 0.6*math.Exp(-float64(i)/9) + 0.01*math.Sin(float64(i))})
	}
	return v
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
	offline := values()
	offline.Source, offline.Offline = "MLflow http://mlflow.lab:5000 (as of 14:03, offline)", true
	offline.Curve = runs.Curve{}
	for _, c := range []struct {
		name string
		mode theme.Mode
		v    runs.Values
	}{{"typical-dark", theme.Dark, values()}, {"offline-light", theme.Light, offline}} {
		t.Run(c.name, func(t *testing.T) {
			s, w := window(t, c.mode, runs.Actions{})
			s.Set(c.v)
			test.AssertRendersToImage(t, c.name+".png", w.Canvas())
		})
	}
}

func TestCurveIsAskedForOnceItIsMissing(t *testing.T) {
	var asked []string
	s, _ := window(t, theme.Dark, runs.Actions{Curve: func(run, metric string) { asked = append(asked, run+" "+metric) }})
	s.Set(values())
	s.Set(values())
	if len(asked) != 0 {
		t.Errorf("asked for %v though it is here", asked)
	}
	for _, o := range walk(s) {
		if p, ok := o.(*widget.Select); ok {
			p.SetSelected("loss")
		}
	}
	if len(asked) != 1 || asked[0] != "r3 loss" {
		t.Errorf("asked for %v", asked)
	}
}

// TestACurveThatIsNotThereIsAskedForOnce, and why it is not there is said in its place.
func TestACurveThatIsNotThereIsAskedForOnce(t *testing.T) {
	asked := 0
	s, _ := window(t, theme.Dark, runs.Actions{Curve: func(string, string) { asked++ }})
	v := values()
	v.Curve = runs.Curve{Run: "r3", Metric: "f1", Say: "MLflow does not have what was asked for."}
	s.Set(v)
	s.Set(v)
	if asked > 0 {
		t.Errorf("asked %d times", asked)
	}
	said := false
	for _, o := range walk(s) {
		x, ok := o.(*canvas.Text)
		said = said || ok && x.Text == v.Curve.Say
	}
	if !said {
		t.Error("nothing says why")
	}
}

// TestWhatNobodyKnowsIsLeftOut: how long a run took that was written down all at once.
func TestWhatNobodyKnowsIsLeftOut(t *testing.T) {
	s, _ := window(t, theme.Dark, runs.Actions{})
	took := func() bool {
		return slices.ContainsFunc(walk(s), func(o fyne.CanvasObject) bool {
			r, ok := o.(*widget.RichText)
			return ok && r.String() == "Took"
		})
	}
	v := values()
	if s.Set(v); !took() {
		t.Error("it does not say how long a run took")
	}
	v.Runs[0].Ended = v.Runs[0].Started.Add(300 * time.Millisecond)
	s.Set(v)
	for _, o := range walk(s) {
		if e, ok := o.(*kit.Field); ok {
			test.Type(e, "old") // another run, and back
			e.SetText("")
			test.Type(e, "brave")
		}
	}
	if took() {
		t.Error("it says how long a run took that took no time")
	}
}

func TestFilterByParam(t *testing.T) {
	var asked []string
	s, _ := window(t, theme.Dark, runs.Actions{Curve: func(run, _ string) { asked = append(asked, run) }})
	s.Set(values())
	for _, o := range walk(s) {
		if e, ok := o.(*kit.Field); ok {
			test.Type(e, "lr=0.01 running")
		}
	}
	if len(asked) == 0 || asked[len(asked)-1] != "r2" {
		t.Errorf("the filter leads to %v", asked)
	}
}
