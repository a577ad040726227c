package servers_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/servers"
	"coverslip.dev/coverslip/ui/theme"
)

func window(t *testing.T, m theme.Mode, act servers.Actions) (*servers.Screen, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(m))
	s := servers.New(act)
	w := test.NewTempWindow(t, s)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1000, 760))
	return s, w
}

func typical() servers.Values {
	asked := time.Date(2026, 3, 4, 14, 3, 7, 0, time.UTC)
	return servers.Values{
		Takeover: true, Mine: servers.Queue{Running: 1, Waiting: 6, Left: 21 * time.Second},
		Registered: []servers.Version{{"nuclei", "4"}, {"nuclei", "5"}},
		Servers: []servers.Server{
			{
				ID: "gpu-1", Name: "gpu-1", Address: "grpc://gpu-1.lab:8001", Kind: "Triton 2.50.0", Asked: true, Answers: true, Ready: true, InUse: true, Control: true,
				Latency: 38 * time.Millisecond, OfModels: true, Usual: 35 * time.Millisecond, Checked: asked,
				Models: []servers.Model{
					{Name: "nuclei", Version: "4", State: servers.Ready, Serving: true, Test: "It gives its maker's answers, to within 2e-06.", Passed: true},
					{Name: "membranes", Version: "1", State: servers.Ready, Test: "The output prob differs from its maker's by up to 0.4, in 812 of 4096 numbers."},
					{Name: "spots"},
				},
				Busy:   &servers.Busy{Waiting: 2, Mine: 1, Left: 3200 * time.Millisecond, CPU: 0.12, GPU: 0.42, Memory: 3_100_000_000, Total: 8_000_000_000},
				Course: course(asked, 120, false),
			},
			{
				ID: "embedded", Name: "This computer", Kind: "Built in, ONNX Runtime 1.27", Asked: true, Answers: true, Ready: true, Checked: asked,
				Models: []servers.Model{{Name: "nuclei", Version: "4", State: servers.Ready}},
			},
		},
	}
}

// course is ten minutes of work or, of a sick server, ones with failures and an outage.
func course(to time.Time, n int, sick bool) servers.Course {
	var c servers.Course
	for i := range n {
		wave := 1 + math.Sin(float64(i)/11)
		known, failed := 1.0, 0.0
		if sick {
			wave, failed = 1+float64(i)/20, float64(i%7)/20
			if i > 30 && i < 45 {
				known = math.NaN()
			}
		}
		c.At = append(c.At, to.Add(time.Duration(i-n+1)*5*time.Second))
		c.Answered, c.Failed = append(c.Answered, known*12*wave), append(c.Failed, known*failed)
		c.Each, c.Queued = append(c.Each, known*0.03*wave), append(c.Queued, known*0.01*wave)
		c.Waiting = append(c.Waiting, known*float64(int(wave)))
		c.CPU, c.GPU = append(c.CPU, known*0.1), append(c.GPU, known*min(0.4*wave, 1))
	}
	return c
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
	faulty.Mine = servers.Queue{}
	g := &faulty.Servers[0]
	g.Answers, g.Ready, g.InUse, g.Models, g.Busy, g.Latency, g.Course = false, false, false, nil, nil, 0, servers.Course{}
	g.Say, g.Hint = "gpu-1 does not answer.", "Ask whether the machine is on. The built-in engine does the work meanwhile."
	faulty.Servers[1].InUse = true
	sick := typical()
	sick.Servers = sick.Servers[:1]
	sick.Mine = servers.Queue{Running: 4, Waiting: 96, Left: 6 * time.Minute}
	s := &sick.Servers[0]
	s.Latency, s.Ready, s.InUse = 900*time.Millisecond, false, true
	s.Say, s.Hint = "The model nuclei@5 can't be loaded on gpu-1.", "Fetch it again from the registry; the server's own words are in the log (Settings, Log)."
	s.Models = []servers.Model{{Name: "nuclei", Version: "5", State: servers.Failed, Why: "Internal: onnx runtime error 7: Load model failed: Protobuf parsing failed."}, {Name: "spots", State: servers.Loading}}
	s.Busy = &servers.Busy{Waiting: 240, Left: 7 * time.Minute, CPU: 0.97, GPU: 0.99, Memory: 7_900_000_000, Total: 8_000_000_000}
	s.Course = course(s.Checked, 120, true)
	silent := typical()
	silent.Servers[0].OfModels, silent.Servers[0].Latency, silent.Servers[0].Usual = false, 2*time.Millisecond, 2*time.Millisecond
	silent.Servers[0].Course, silent.Servers[0].Busy, silent.Servers[0].Silent = servers.Course{}, nil, "It does not tell how busy it is. Its metrics are expected at port 8002."
	for _, c := range []struct {
		name string
		mode theme.Mode
		v    servers.Values
	}{{"sick-light", theme.Light, sick}, {"sick-dark", theme.Dark, sick}, {"typical-light", theme.Light, typical()}, {"typical-dark", theme.Dark, typical()}, {"faulty-dark", theme.Dark, faulty}, {"silent-light", theme.Light, silent}} {
		t.Run(c.name, func(t *testing.T) {
			s, w := window(t, c.mode, servers.Actions{})
			s.Set(c.v)
			s.Set(c.v) // as checks come again; only a window lays out anew what has become higher
			test.AssertRendersToImage(t, c.name+".png", w.Canvas())
		})
	}
}

func TestAskNowAsksThatServer(t *testing.T) {
	var asked []string
	s, _ := window(t, theme.Dark, servers.Actions{Check: func(id string) { asked = append(asked, id) }})
	s.Set(typical())
	for _, o := range walk(s) {
		if b, ok := o.(*widget.Button); ok && b.Text == "Ask now" {
			test.Tap(b)
		}
	}
	if len(asked) != 2 || asked[0] != "gpu-1" || asked[1] != "embedded" {
		t.Errorf("asked %v", asked)
	}
}

// press taps the button of that text, over the screen if something lies there.
func press(t *testing.T, s *servers.Screen, w fyne.Window, text string) {
	t.Helper()
	var from fyne.CanvasObject = s
	if top := w.Canvas().Overlays().Top(); top != nil {
		from = top
	}
	for _, o := range walk(from) {
		if b, ok := o.(*widget.Button); ok && b.Text == text && b.Visible() {
			test.Tap(b)
			return
		}
	}
	t.Fatalf("no button %q", text)
}

func TestLoadAndUnload(t *testing.T) {
	var asked []string
	var done func()
	s, w := window(t, theme.Dark, servers.Actions{
		Load: func(id, model, version string, f func()) {
			asked, done = append(asked, "load "+id+" "+model+version), f
		},
		Unload: func(id, model string) { asked = append(asked, "unload "+id+" "+model) },
	})
	s.Set(typical())
	press(t, s, w, "Load") // spots, which lies in the repository
	press(t, s, w, "Load") // rests
	done()
	press(t, s, w, "Unload")
	w.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	press(t, s, w, "Unload")
	press(t, s, w, "Unload") // of the question
	press(t, s, w, "Load a model")
	for _, o := range walk(w.Canvas().Overlays().Top()) {
		if m, ok := o.(*widget.PopUpMenu); ok {
			test.Tap(m.Items[1].(fyne.Tappable))
		}
	}
	if want := []string{"load gpu-1 spots", "unload gpu-1 nuclei", "load gpu-1 nuclei5"}; !slices.Equal(asked, want) {
		t.Errorf("asked %v, not %v", asked, want)
	}
}

// TestNobodyIsOfferedWhatAServerRefuses: not even where it was a moment ago.
func TestNobodyIsOfferedWhatAServerRefuses(t *testing.T) {
	s, _ := window(t, theme.Dark, servers.Actions{})
	offered := func() (n int) {
		for _, o := range walk(s) {
			if b, ok := o.(*widget.Button); ok && b.Visible() && slices.Contains([]string{"Load", "Unload", "Load a model"}, b.Text) {
				n++
			}
		}
		return n
	}
	s.Set(typical())
	if n := offered(); n != 4 {
		t.Errorf("%d buttons of a server that lets us", n)
	}
	v := typical()
	v.Servers[0].Control = false
	s.Set(v)
	if n := offered(); n != 0 {
		t.Errorf("%d buttons of a server that refuses", n)
	}
}

// TestNewsLeaveAButtonItsFocus: checks come every few seconds, and a person may be on the way
// through the buttons with the keys.
func TestNewsLeaveAButtonItsFocus(t *testing.T) {
	s, w := window(t, theme.Dark, servers.Actions{})
	s.Set(typical())
	w.Canvas().FocusNext()
	w.Canvas().FocusNext()
	had := w.Canvas().Focused()
	v := typical()
	v.Servers[0].Latency = time.Second
	s.Set(v)
	if b, ok := had.(*widget.Button); !ok || w.Canvas().Focused() != had || !slices.Contains(walk(s), fyne.CanvasObject(b)) {
		t.Errorf("%v has the focus, not %v", w.Canvas().Focused(), had)
	}
}
