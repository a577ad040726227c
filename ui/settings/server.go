package settings

import (
	"cmp"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
)

// serverRow is one inference server: what every server has, and below it what few have.
type serverRow struct {
	s                    *Screen
	name, address, token *kit.Field
	more                 *kit.Fold
	backend              *widget.Select
	header, metrics      *kit.Field
	ca, cert, key        *kit.PathField
	compress             *widget.Check
	kept                 string // the address whose token is kept; empty: none
	remove               *widget.Button
	note                 *widget.Label
	part                 Part
	box                  fyne.CanvasObject
}

func newServerRow(s *Screen) *serverRow {
	r := &serverRow{
		s: s, name: s.entry("GPU 1"), address: s.entry("grpc://gpu-1.lab:8001"), token: kit.NewSecret(),
		header: s.entry("Authorization; of a restricted API such as triton-grpc-protocol-KEY"), metrics: s.entry("http://gpu-1.lab:8002/metrics, or Prometheus' address; empty: the usual port"),
		ca: kit.NewPathField(), cert: kit.NewPathField(), key: kit.NewPathField(), remove: remover(), note: widget.NewLabel(""),
	}
	r.backend = widget.NewSelect([]string{"onnxruntime", "python"}, func(string) { r.changed() })
	r.backend.Selected = "onnxruntime"
	r.compress = widget.NewCheck("Compress tensors on their way, for slow networks", func(bool) { r.changed() })
	for _, e := range []*kit.Field{r.address, r.token, r.header, r.metrics} {
		e.OnChanged = func(string) { r.changed() }
	}
	r.note.Wrapping = fyne.TextWrapWord
	r.note.Hide()
	r.more = kit.NewFold("More", false, form(
		"CA certificate", r.file(r.ca, "The certificate that the server's is signed with; empty: the system's"),
		"Client certificate", r.file(r.cert, "Shown to a server that wants to know who asks"),
		"Client key", r.file(r.key, "The private key of the client certificate"),
		"Token header", r.header, "Metrics", r.metrics,
		"Backend", kit.NewFlow(container.NewGridWrap(fyne.NewSize(160, 38), r.backend), r.compress)))
	test := widget.NewButton("Test", r.test)
	right := container.NewHBox(container.NewGridWrap(fyne.NewSize(200, 38), r.token), test, r.remove)
	name := container.NewGridWrap(fyne.NewSize(120, 38), r.name)
	first := container.New(layout.NewBorderLayout(nil, nil, name, right), name, r.address, right) // as Tab goes
	r.box = container.New(layout.NewCustomPaddedVBoxLayout(0), first, r.note, r.more)
	r.changed()
	return r
}

// file is a field for a file's path and a button to choose it.
func (r *serverRow) file(f *kit.PathField, hold string) fyne.CanvasObject {
	near := func() string { return cmp.Or(f.Path(), r.ca.Path(), r.cert.Path(), r.key.Path()) } // the files of a lab lie together
	return r.s.file(f, hold, near, r.changed)
}

// changed says on the head of the closed part what is in it, and that a kept token goes to
// the address that it was entered for alone.
func (r *serverRow) changed() {
	v := r.value()
	var in []string
	for _, x := range []struct {
		word string
		set  bool
	}{
		{"certificates", v.CA+v.Cert+v.Key != ""},
		{"token header", v.Header != ""},
		{"metrics", v.Metrics != ""},
		{"backend " + v.Backend, v.Backend != "onnxruntime"},
		{"compressed", v.Compress},
	} {
		if x.set {
			in = append(in, x.word)
		}
	}
	title := "More"
	if len(in) > 0 {
		title += ": " + strings.Join(in, ", ")
	}
	r.more.Title(title)
	hold := "Token, if it asks for one"
	if v.HasToken {
		hold = "Token is kept"
	}
	r.token.SetPlaceHolder(hold)
	r.s.changed()
}

func (r *serverRow) test() {
	delete(r.s.told, r.part)
	r.part = ServerPart + Part(r.value().Address)
	r.s.told[r.part] = r.note
	ask(r.s.act.TestServer, r.value())
}

// openFor opens the part with what few servers have, if say is about something in it.
func (r *serverRow) openFor(say string) {
	v := r.value()
	if slices.ContainsFunc([]string{v.Address, v.CA, v.Cert, v.Key, v.Header, v.Metrics}, func(x string) bool { return x != "" && strings.Contains(say, x) }) {
		r.more.Open(true)
	}
}

func (r *serverRow) object() fyne.CanvasObject { return r.box }

func (r *serverRow) onRemove(do func()) {
	r.remove.OnTapped = func() { do(); r.s.changed() }
}

func (r *serverRow) set(v Server) {
	if v.HasToken {
		r.kept = v.Address
	}
	r.name.SetText(v.Name)
	r.address.SetText(v.Address)
	r.token.SetText(v.Token)
	r.header.SetText(v.Header)
	r.ca.SetPath(v.CA)
	r.cert.SetPath(v.Cert)
	r.key.SetPath(v.Key)
	r.metrics.SetText(v.Metrics)
	r.compress.SetChecked(v.Compress)
	if v.Backend != "" {
		r.backend.SetSelected(v.Backend)
	}
	r.changed()
}

func (r *serverRow) value() Server {
	text := func(e *kit.Field) string { return strings.TrimSpace(e.Text) }
	path := func(f *kit.PathField) string { return strings.TrimSpace(f.Path()) }
	return Server{
		Name: text(r.name), Address: text(r.address), Backend: r.backend.Selected, Token: r.token.Text, HasToken: r.kept != "" && r.kept == text(r.address),
		Header: text(r.header), CA: path(r.ca), Cert: path(r.cert), Key: path(r.key), Metrics: text(r.metrics), Compress: r.compress.Checked,
	}
}
