package shell_test

import (
	"slices"
	"strings"
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
	if pg[0].drawn != 0 || pg[1].drawn != 1 {
		t.Errorf("the page that went was drawn %d times, the one that came %d times", pg[0].drawn, pg[1].drawn)
	}
	if in := seen(s); slices.Contains(in, fyne.CanvasObject(pg[0])) || !slices.Contains(in, fyne.CanvasObject(pg[1])) {
		t.Error("another page is seen than the one that came")
	}
	s.Open("viewer")
	if pg[1].drawn != 1 {
		t.Error("the page that is open was drawn anew")
	}
}

// seen returns o and everything in it that is not hidden.
func seen(o fyne.CanvasObject) []fyne.CanvasObject {
	if !o.Visible() {
		return nil
	}
	all := []fyne.CanvasObject{o}
	var in []fyne.CanvasObject
	switch o := o.(type) {
	case *fyne.Container:
		in = o.Objects
	case fyne.Widget:
		in = test.WidgetRenderer(o).Objects()
	}
	for _, i := range in {
		all = append(all, seen(i)...)
	}
	return all
}

// TestASmallScreenHoldsTheFrame: 1280×720 pixels at scale 2, whatever is on a page and whatever the strip says.
func TestASmallScreenHoldsTheFrame(t *testing.T) {
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(theme.Dark))
	all := pages()
	all[0].Content = kit.NewGap(2000, 1500)
	s := shell.New(all, shell.Actions{})
	w := test.NewTempWindow(t, s)
	w.SetPadded(false)
	long := "The inference server gpu-1.imaging.lab.example does not answer since it was restarted, so captures wait. (and 2 more)"
	st := shell.Status{Person: "Augusta Ada King, Countess of Lovelace, in the second imaging core facility", Health: long, Tone: kit.Bad}
	s.Set(st)
	if m := s.MinSize(); m.Width > 640 || m.Height > 360 {
		t.Errorf("the frame needs %v", m)
	}
	said := func(width float32) (all []string) {
		w.Resize(fyne.NewSize(width, 360))
		for _, o := range seen(s) {
			if b, ok := o.(*widget.Button); ok {
				if b.Size().Width < b.MinSize().Width {
					t.Errorf("in %v the button %q is cut", width, b.Text)
				}
				all = append(all, b.Text)
			}
		}
		return all
	}
	for _, b := range said(640) {
		if !strings.Contains(b, "…") {
			t.Errorf("%q is not shortened", b)
		}
	}
	if all := said(3000); !slices.Equal(all, []string{st.Person, long}) {
		t.Errorf("there is room for more than %q", all)
	}
}
