package settings_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/settings"
	"coverslip.dev/coverslip/ui/theme"
)

func window(t *testing.T, m theme.Mode, act settings.Actions) (*settings.Screen, fyne.Window) {
	t.Helper()
	_, s, w := inApp(t, m, act)
	return s, w
}

// inApp tells the driver too, which knows where things are.
func inApp(t *testing.T, m theme.Mode, act settings.Actions) (fyne.Driver, *settings.Screen, fyne.Window) {
	t.Helper()
	app := test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(m))
	s := settings.New(act)
	w := test.NewTempWindow(t, s)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1000, 640))
	return app.Driver(), s, w
}

func values() settings.Values {
	return settings.Values{
		Name: "Ada Lovelace", Email: "ada@lab.example", Takeover: true, Model: "nuclei", Remote: settings.RemotePlace{Address: "/mnt/nas/dvc"}, Appearance: "dark", Converter: "/opt/openreadout/bin/openreadout",
		Profiles: []settings.Profile{{Name: "single", Title: "Single files"}, {Name: "plate", Title: "Plate folders"}},
		Folders:  []settings.Folder{{Path: "/data/confocal", Instrument: "Confocal 2", Quiet: 30, Profile: "plate", Model: "spots", From: 1}},
		Servers:  []settings.Server{{Address: "grpc://gpu-1.lab:8001", Backend: "onnxruntime", HasToken: true}},
		MLflow:   settings.Platform{URL: "http://mlflow.lab:5000", User: "ada", HasPassword: true},
	}
}

// secured has a server with all that one may have.
func secured() settings.Values {
	v := values()
	v.Servers = []settings.Server{{
		Name: "GPU 1", Address: "grpcs://gpu-1.lab:8001", Backend: "python", HasToken: true, Header: "triton-grpc-protocol-lab",
		CA:   "/mnt/nas/lab/administration/certificates/2026/of-the-microscopy-core-facility/building-3/floor-2/certificate-authority.pem",
		Cert: "/home/ada/keys/station.crt", Key: "/home/ada/keys/station.key", Metrics: "https://gpu-1.lab:9443/metrics", Compress: true,
	}}
	return v
}

// TestRowsBeginWhereTheirHeadsDo: folders, servers and the buttons that add them.
func TestRowsBeginWhereTheirHeadsDo(t *testing.T) {
	d, s, _ := inApp(t, theme.Dark, settings.Actions{})
	s.Set(values())
	x := func(o fyne.CanvasObject) float32 { return d.AbsolutePositionForObject(o).X }
	var head float32
	for _, o := range walk(s) {
		if l, ok := o.(*widget.Label); ok && l.Text == "Instrument folders" {
			head = x(l) + fynetheme.InnerPadding()
		}
	}
	for _, o := range []fyne.CanvasObject{
		entry(s, "Confocal 2"), button(s, "Add a folder"), entry(s, "grpc://gpu-1.lab:8001"), button(s, "Add a server"),
	} {
		at := x(o)
		if e, ok := o.(*kit.Field); ok && e.Text != "Confocal 2" {
			at -= 120 + fynetheme.Padding() // its name
		}
		if at != head {
			t.Errorf("%T begins at %g, its head at %g", o, at, head)
		}
	}
}

// more is the head of the part with what few servers have.
func more(o fyne.CanvasObject) *widget.Button {
	for _, x := range walk(o) {
		if b, ok := x.(*widget.Button); ok && strings.HasPrefix(b.Text, "More") {
			return b
		}
	}
	return nil
}

func button(o fyne.CanvasObject, text string) *widget.Button {
	for _, x := range walk(o) {
		if b, ok := x.(*widget.Button); ok && b.Text == text {
			return b
		}
	}
	return nil
}

func entry(o fyne.CanvasObject, text string) *kit.Field {
	for _, x := range walk(o) {
		if e, ok := x.(*kit.Field); ok && e.Text == text {
			return e
		}
	}
	return nil
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
	const low, high = 640, 1060
	for _, c := range []struct {
		name   string
		mode   theme.Mode
		height float32
		do     func(s *settings.Screen)
	}{
		{"typical-dark", theme.Dark, low, func(s *settings.Screen) {
			s.Answer(settings.ServerPart+"grpc://gpu-1.lab:8001", kit.Good, "It answers.")
		}},
		{"server-more-dark", theme.Dark, high, func(s *settings.Screen) {
			s.Set(secured())
			test.Tap(more(s))
			test.Tap(button(s, "Test"))
			s.Answer(settings.ServerPart+settings.Part(secured().Servers[0].Address), kit.Good, "It answers, with 3 models.")
		}},
		{"server-more-light", theme.Light, high, func(s *settings.Screen) {
			s.Set(secured())
			test.Tap(button(s, "Test"))
			s.Saved("The file /home/ada/keys/station.key holds no private key.", "It must be a PEM file, with the words BEGIN PRIVATE KEY in it.")
			s.Answer(settings.ServerPart+settings.Part(secured().Servers[0].Address), kit.Bad, "The certificate of the inference server GPU 1 has expired. Whoever runs it renews it; the work goes on by itself then.")
		}},
		{"faulty-light", theme.Light, low, func(s *settings.Screen) {
			entry(s, "ada@lab.example").SetText("ada at lab")
			test.Tap(button(s, "Save"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, w := window(t, c.mode, settings.Actions{})
			w.Resize(fyne.NewSize(1000, c.height))
			s.Set(values())
			c.do(s)
			test.AssertRendersToImage(t, c.name+".png", w.Canvas())
		})
	}
}

// TestWhatIsSetComesBack saves with one change and finds all else as it was.
func TestWhatIsSetComesBack(t *testing.T) {
	var got settings.Values
	n := 0
	s, _ := window(t, theme.Dark, settings.Actions{Save: func(v settings.Values) { got = v; n++ }})
	s.Set(values())
	if s.Dirty() {
		t.Error("a form that was just filled counts as changed")
	}
	entry(s, "Ada Lovelace").SetText("Ada King")
	if !s.Dirty() {
		t.Error("a change does not count")
	}
	test.Tap(button(s, "Save"))
	want := values()
	want.Name = "Ada King"
	if n != 1 || !reflect.DeepEqual(got, want) {
		t.Errorf("saved %d times %+v, want %+v", n, got, want)
	}
	s.Saved("", "")
	if s.Dirty() {
		t.Error("a saved form counts as changed")
	}
}

// TestTheRemoteAsksWhatItsKindNeeds writes the address of each kind, and what then stands below.
func TestTheRemoteAsksWhatItsKindNeeds(t *testing.T) {
	var got settings.Values
	driver, s, _ := inApp(t, theme.Dark, settings.Actions{Save: func(v settings.Values) { got = v }})
	v := values()
	v.Remote = settings.RemotePlace{Address: "s3://lab/data", Endpoint: "http://minio:9000", Region: "eu-1", HasPassword: true}
	s.Set(v)
	if entry(s, "http://minio:9000") == nil || entry(s, "eu-1") == nil {
		t.Error("the endpoint and the region of S3 are not shown")
	}
	button(s, "Save").Enable()
	test.Tap(button(s, "Save"))
	if got.Remote != v.Remote {
		t.Errorf("saved %+v", got.Remote)
	}
	entry(s, "s3://lab/data").SetText("azure://box")
	if at := driver.AbsolutePositionForObject(entry(s, "http://minio:9000")); !at.IsZero() {
		t.Error("Azure is asked for an endpoint of S3")
	}
	for _, o := range walk(s) {
		if e, ok := o.(*kit.Field); ok && strings.HasPrefix(e.PlaceHolder, "labstorage") {
			e.SetText("lab1")
		}
	}
	test.Tap(button(s, "Save"))
	if want := (settings.RemotePlace{Address: "azure://box", Account: "lab1", HasPassword: true}); got.Remote != want {
		t.Errorf("saved %+v", got.Remote)
	}
}

func TestTheWheelMovesThePageOverAField(t *testing.T) {
	driver, s, w := inApp(t, theme.Dark, settings.Actions{})
	s.Set(values())
	e := entry(s, "Ada Lovelace")
	before := driver.AbsolutePositionForObject(e)
	test.Scroll(w.Canvas(), before.AddXY(20, 10), 0, -15)
	if after := driver.AbsolutePositionForObject(e); after.Y != before.Y-15 {
		t.Errorf("the field moved from %v to %v", before, after)
	}
	test.TapCanvas(w.Canvas(), driver.AbsolutePositionForObject(button(s, "Add a folder")).AddXY(20, 10))
	if !s.Dirty() {
		t.Error("a tap does not reach the page")
	}
}

func TestAProfileIsChosen(t *testing.T) {
	var got settings.Values
	s, _ := window(t, theme.Dark, settings.Actions{Save: func(v settings.Values) { got = v }})
	s.Set(values())
	for _, want := range []struct{ title, name string }{{"Single files", ""}, {"Plate folders", "plate"}} {
		for _, o := range walk(s) {
			if x, ok := o.(*widget.Select); ok && len(x.Options) == 2 && x.Options[0] == "Single files" {
				x.SetSelected(want.title)
			}
		}
		test.Tap(button(s, "Save"))
		if len(got.Folders) != 1 || got.Folders[0].Profile != want.name || got.Folders[0].From != 1 {
			t.Errorf("%s: saved %+v", want.title, got.Folders)
		}
	}
}

func TestWrongSettingsAreNotSaved(t *testing.T) {
	for _, c := range []struct {
		say    string
		change func(v *settings.Values)
	}{
		{"name", func(v *settings.Values) { v.Name = "" }},
		{"e-mail", func(v *settings.Values) { v.Email = "ada" }},
		{"whole path", func(v *settings.Values) { v.Folders[0].Path = "scope" }},
		{"instrument", func(v *settings.Values) { v.Folders[0].Instrument = "" }},
		{"twice", func(v *settings.Values) { v.Folders = append(v.Folders, v.Folders[0]) }},
		{"address", func(v *settings.Values) { v.Servers[0].Address = "gpu-1:8001" }},
		{"not an address", func(v *settings.Values) { v.Servers[0].Address = "" }},
		{"login", func(v *settings.Values) { v.MLflow.URL = "http://ada:pw@mlflow.lab" }},
		{"two keys", func(v *settings.Values) { v.Remote = settings.RemotePlace{Address: "s3://lab", User: "key"} }},
	} {
		saved := false
		s, _ := window(t, theme.Dark, settings.Actions{Save: func(settings.Values) { saved = true }})
		v := values()
		c.change(&v)
		s.Set(v)
		say, hint := settings.Check(v)
		if !strings.Contains(say, c.say) || hint == "" || strings.Contains(say, "pw") {
			t.Errorf("%q: says %q, hint %q", c.say, say, hint)
		}
		button(s, "Save").Enable()
		test.Tap(button(s, "Save"))
		if saved {
			t.Errorf("%q: was saved", c.say)
		}
	}
}

func TestATestIsAnsweredBesideItsField(t *testing.T) {
	var asked settings.Platform
	converter := ""
	s, _ := window(t, theme.Dark, settings.Actions{TestMLflow: func(p settings.Platform) { asked = p }, TestConverter: func(p string) { converter = p }})
	s.Set(values())
	n := 0
	for _, o := range walk(s) {
		if b, ok := o.(*widget.Button); ok && b.Text == "Test" {
			test.Tap(b)
			n++
		}
	}
	if asked.URL != "http://mlflow.lab:5000" || converter != values().Converter || n < 4 {
		t.Errorf("asked for %+v and %q by %d buttons", asked, converter, n)
	}
	s.Answer(settings.MLflow, kit.Bad, "The login is wrong.")
	found := false
	for _, o := range walk(s) {
		if l, ok := o.(*widget.Label); ok && l.Visible() && l.Text == "The login is wrong." {
			found = true
		}
	}
	if !found {
		t.Error("the answer is not shown")
	}
}

// TestAServerIsSetUpWhole fills in every field of a server, chooses the files, and finds all
// that was written in what is saved.
func TestAServerIsSetUpWhole(t *testing.T) {
	files := []string{"/etc/lab/ca.pem", "/etc/lab/station.crt", "/etc/lab/station.key", "/opt/bioformats/bfconvert"}
	var got settings.Values
	var starts []string
	s, w := window(t, theme.Dark, settings.Actions{
		Save: func(v settings.Values) { got = v },
		PickFile: func(start string, chosen func(string)) {
			starts = append(starts, start)
			chosen(files[len(starts)-1])
		},
	})
	v := values()
	v.Servers = nil
	s.Set(v)
	test.Tap(button(s, "Add a server"))
	if more(s).Text != "More" {
		t.Errorf("an empty server has %q", more(s).Text)
	}
	test.Tap(more(s))
	want := settings.Server{
		Name: "GPU 1", Address: "grpcs://gpu-1.lab:8001", Backend: "onnxruntime", Token: "abc", Header: "triton-grpc-protocol-lab",
		CA: files[0], Cert: files[1], Key: files[2], Metrics: "http://gpu-1.lab:9/metrics", Compress: true,
	}
	for hold, text := range map[string]string{
		"GPU 1": want.Name, "grpc://": want.Address, "Token, if": want.Token, "Authorization": want.Header, "http://gpu-1.lab:8002": want.Metrics,
	} {
		for _, o := range walk(s) {
			if e, ok := o.(*kit.Field); ok && strings.HasPrefix(e.PlaceHolder, hold) {
				test.Type(e, text)
			}
		}
	}
	for _, o := range walk(s) {
		switch x := o.(type) {
		case *widget.Button:
			if x.Icon != nil && x.Icon.Name() == fynetheme.FileIcon().Name() {
				test.Tap(x)
			}
		case *widget.Check:
			if strings.HasPrefix(x.Text, "Compress") {
				test.Tap(x)
			}
		}
	}
	test.Tap(button(s, "Save"))
	if len(got.Servers) != 1 || got.Servers[0] != want {
		t.Errorf("saved %+v", got.Servers)
	}
	if got.Converter != files[3] {
		t.Errorf("converts by %q", got.Converter)
	}
	if !slices.Equal(starts, []string{"", files[0], files[0], v.Converter}) {
		t.Errorf("began to look at %q", starts)
	}
	if more(s).Text != "More: certificates, token header, metrics, compressed" {
		t.Errorf("says %q", more(s).Text)
	}
	for _, o := range walk(s) {
		if f, ok := o.(*kit.PathField); ok && f.Path() == files[0] {
			w.Canvas().Focus(f)
			f.SetText("")
			test.Type(f, "/b.pem")
		}
	}
	test.Tap(button(s, "Save"))
	if got.Servers[0].CA != "/b.pem" {
		t.Errorf("saved %+v", got.Servers)
	}
}

// TestATokenStaysWithItsAddress: a token that is kept is not sent to an address that was
// written later.
func TestATokenStaysWithItsAddress(t *testing.T) {
	s, _ := window(t, theme.Dark, settings.Actions{})
	s.Set(secured())
	e := entry(s, "grpcs://gpu-1.lab:8001")
	for text, want := range map[string]bool{"grpcs://other.lab:8001": false, "grpcs://gpu-1.lab:8001": true} {
		e.SetText(text)
		if got := s.Values().Servers[0].HasToken; got != want {
			t.Errorf("%s has a token: %v", text, got)
		}
	}
}
