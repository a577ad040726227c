package shell_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/shell"
	"coverslip.dev/coverslip/ui/theme"
)

func pages() []shell.Page {
	var out []shell.Page
	for _, n := range []string{"Inbox", "Viewer", "Datasets", "Models", "Runs", "Servers", "Jobs", "Settings"} {
		icon := map[string]string{
			"Inbox": "inbox", "Viewer": "viewer", "Datasets": "datasets", "Models": "models",
			"Runs": "runs", "Servers": "servers", "Jobs": "jobs", "Settings": "settings",
		}[n]
		out = append(out, shell.Page{ID: icon, Title: n, Icon: icon, Low: n == "Settings", Content: widget.NewLabel("The page of " + n)})
	}
	return out
}

func window(t *testing.T, m theme.Mode, act shell.Actions) (*shell.Shell, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(m))
	s := shell.New(pages(), act)
	w := test.NewTempWindow(t, s)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1000, 640))
	return s, w
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name string
		mode theme.Mode
		page string
		st   shell.Status
	}{
		{"calm-dark", theme.Dark, "inbox", shell.Status{
			Person: "Ada Lovelace", Queue: "Predicting plate7_A02 · 3 wait", Health: "Everything works", Tone: kit.Good,
			Badges: map[string]int{"inbox": 3},
		}},
		{"faulty-light", theme.Light, "servers", shell.Status{Health: "gpu-1 does not answer", Tone: kit.Bad}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, w := window(t, c.mode, shell.Actions{})
			s.Set(c.st)
			s.Open(c.page)
			test.AssertRendersToImage(t, c.name+".png", w.Canvas())
		})
	}
}

// keyed is a canvas that takes shortcuts, which the test's does not.
type keyed struct {
	fyne.Canvas

	shortcuts fyne.ShortcutHandler
}

func (k *keyed) AddShortcut(s fyne.Shortcut, do func(fyne.Shortcut)) { k.shortcuts.AddShortcut(s, do) }

func TestKeysOpenPagesAndHelp(t *testing.T) {
	var opened, helped string
	s, w := window(t, theme.Dark, shell.Actions{
		Opened: func(p string) { opened = p }, Help: func(p string) { helped = p },
	})
	c := &keyed{Canvas: w.Canvas()}
	s.Keys(c)
	c.shortcuts.TypedShortcut(&desktop.CustomShortcut{KeyName: "4", Modifier: fyne.KeyModifierShortcutDefault})
	if opened != "models" || s.Page() != "models" {
		t.Errorf("Ctrl+4 opened %q", opened)
	}
	w.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyF1})
	if helped != "models" {
		t.Errorf("F1 helps with %q", helped)
	}
	helped, opened = "", ""
	widget.NewModalPopUp(widget.NewLabel("Withdraw it?"), w.Canvas()).Show()
	for _, key := range []fyne.KeyName{"1", fyne.KeyH} {
		c.shortcuts.TypedShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault})
	}
	if opened != "" || helped != "" {
		t.Errorf("behind a dialog opened %q and helped with %q", opened, helped)
	}
	kit.Dismiss(w.Canvas())
	c.shortcuts.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyH, Modifier: fyne.KeyModifierShortcutDefault})
	if helped != "models" {
		t.Errorf("Ctrl+H helps with %q", helped)
	}
}

// costly is a page that counts how often it is drawn anew.
type costly struct {
	widget.Label
	drawn int
}

func (c *costly) Refresh() { c.drawn++ }

// TestOnlyThePageThatComesUpIsDrawnAnew: pages with long tables take their time.
func TestOnlyThePageThatComesUpIsDrawnAnew(t *testing.T) {
	test.NewTempApp(t)
	all, pg := pages(), []*costly{{}, {}}
	for i := range pg {
		pg[i].ExtendBaseWidget(pg[i])
		all[i].Content = pg[i]
	}
	s := shell.New(all, shell.Actions{})
	test.NewTempWindow(t, s).Resize(fyne.NewSize(1000, 640))
	pg[0].drawn, pg[1].drawn = 0, 0
	s.Open("viewer")
	if pg[0].drawn != 0 || pg[1].drawn != 1 || pg[0].Visible() || !pg[1].Visible() {
		t.Errorf("the page that went was drawn %d times, the one that came %d times", pg[0].drawn, pg[1].drawn)
	}
	s.Open("viewer")
	if pg[1].drawn != 1 {
		t.Error("the page that is open was drawn anew")
	}
}

// TestALowScreenHoldsTheFrame: 720 pixels at scale 2.
func TestALowScreenHoldsTheFrame(t *testing.T) {
	s, _ := window(t, theme.Dark, shell.Actions{})
	if h := s.MinSize().Height; h > 360 {
		t.Errorf("the frame needs a height of %v", h)
	}
}
