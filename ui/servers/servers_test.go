package servers_test

import (
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
	w.Resize(fyne.NewSize(1000, 640))
	return s, w
}

func typical() servers.Values {
	asked := time.Date(2026, 3, 4, 14, 3, 7, 0, time.UTC)
	return servers.Values{Takeover: true, Servers: []servers.Server{
		{
			ID: "gpu-1", Name: "gpu-1", Address: "grpc://gpu-1.lab:8001", Kind: "Triton 2.50.0", Asked: true, Reachable: true, InUse: true,
			Latency: 38 * time.Millisecond, Usual: 35 * time.Millisecond, Checked: asked,
			Models: []servers.Model{
				{Name: "nuclei", Version: "4", Ready: true, Test: "It gives its maker's answers, to within 2e-06.", Passed: true},
				{Name: "membranes", Version: "1", Ready: true, Test: "The output prob differs from its maker's by up to 0.4, in 812 of 4096 numbers."},
				{Name: "nuclei", Version: "5"},
			},
			Busy: &servers.Busy{Waiting: 2, Left: 3200 * time.Millisecond, CPU: 0.12, GPU: 0.42, Memory: 3_100_000_000, Total: 8_000_000_000},
		},
		{
			ID: "embedded", Name: "This computer", Kind: "Built in, ONNX Runtime 1.27", Asked: true, Reachable: true, Checked: asked,
			Models: []servers.Model{{Name: "nuclei", Version: "4", Ready: true}},
		},
	}}
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
	g := &faulty.Servers[0]
	g.Reachable, g.InUse, g.Models, g.Busy, g.Latency = false, false, nil, nil, 0
	g.Say, g.Hint = "gpu-1 does not answer.", "Ask whether the machine is on. The built-in engine does the work meanwhile."
	faulty.Servers[1].InUse = true
	sick := typical()
	sick.Servers = sick.Servers[:1]
	s := &sick.Servers[0]
	s.Latency, s.Models = 900*time.Millisecond, s.Models[2:]
	s.Busy = &servers.Busy{Waiting: 240, Left: 7 * time.Minute, CPU: 0.97, GPU: 0.99, Memory: 7_900_000_000, Total: 8_000_000_000}
	for _, c := range []struct {
		name string
		mode theme.Mode
		v    servers.Values
	}{{"sick-light", theme.Light, sick}, {"typical-light", theme.Light, typical()}, {"faulty-dark", theme.Dark, faulty}} {
		t.Run(c.name, func(t *testing.T) {
			s, w := window(t, c.mode, servers.Actions{})
			s.Set(c.v)
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
