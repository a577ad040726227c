package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/model/local"
	"coverslip.dev/coverslip/core/release"
)

// host is engines that take everything.
type host struct{ inForce []infer.Ref }

func (h *host) Load(context.Context, infer.Bundle) error { return nil }

func (h *host) Probe(context.Context, infer.Ref, string, *job.Progress) (release.Report, error) {
	return release.Report{}, nil
}

func (h *host) InForce(_ context.Context, m infer.Ref) error {
	h.inForce = append(h.inForce, m)
	return nil
}

func store(t *testing.T) *local.Store {
	t.Helper()
	s, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		files := map[string][]byte{"model.onnx": {1}, "coverslip.yaml": []byte("name: n")}
		if _, err := s.Register(t.Context(), "n", "", files, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetAlias(t.Context(), "n", model.Champion, "1"); err != nil {
		t.Fatal(err)
	}
	return s
}

func promote(t *testing.T, d *release.Desk, p release.Promotion) error {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range d.Line().Stages {
		if s.Name == "promote" {
			_, err := s.Run(t.Context(), flow.Item{ID: p.ID(), Data: b}, nil)
			return err
		}
	}
	return errors.New("no such stage")
}

func aliases(t *testing.T, s *local.Store) map[string]string {
	t.Helper()
	ms, err := s.Models(t.Context())
	if err != nil || len(ms) != 1 {
		t.Fatalf("%v, %v", ms, err)
	}
	return ms[0].Aliases
}

func TestPromoteTwiceAfterACrash(t *testing.T) {
	s, h := store(t), &host{}
	d := release.NewDesk(h, func() model.Registry { return s })
	p := release.Promotion{Model: "n", Version: "2", From: "1", Who: "Ada", Why: "better", At: time.Now().UTC()}
	for range 2 { // the power went after the alias moved
		if err := promote(t, d, p); err != nil {
			t.Fatal(err)
		}
	}
	if a := aliases(t, s); a[model.Champion] != "2" || a[model.Previous] != "1" {
		t.Errorf("aliases %v", a)
	}
	vs, err := s.Versions(t.Context(), "n")
	if err != nil {
		t.Fatal(err)
	}
	if hist := release.History(vs); len(hist) != 1 || hist[0].Who != "Ada" || hist[0].From != "1" {
		t.Errorf("history %+v", hist)
	}
}

func TestPromoteSeesWhoWasFaster(t *testing.T) {
	s := store(t)
	d := release.NewDesk(&host{}, func() model.Registry { return s })
	if err := s.SetAlias(t.Context(), "n", model.Champion, "3"); err != nil {
		t.Fatal(err)
	}
	p := release.Promotion{Model: "n", Version: "2", From: "1", Who: "Ada", Why: "better", At: time.Now()}
	if err := promote(t, d, p); fault.KindOf(err) != fault.Exists {
		t.Errorf("got %v", err)
	}
	if a := aliases(t, s); a[model.Champion] != "3" {
		t.Errorf("moved all the same: %v", a)
	}
}

// TestBundle takes the network and the test images that the description names from its own
// folder, whatever else lies in the version.
func TestBundle(t *testing.T) {
	s, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	whole := "axes: [{type: batch}, {type: channel, channel_names: [c]}, {type: space, id: y, size: 8}, {type: space, id: x, size: 8}]"
	text := "format_version: 0.5.10\nname: n\ninputs: [{id: image, " + whole + ", test_tensor: {source: in.npy}}]\n" +
		"outputs: [{id: y, " + whole + ", test_tensor: {source: tests/out.npy}}]\nweights: {onnx: {source: nets/right.onnx}}\n"
	nested := map[string][]byte{
		"model/nets/right.onnx": []byte("right"), "model/nets/wrong.onnx": []byte("wrong"), "a.onnx": []byte("wrong"),
		"model/rdf.yaml": []byte(text), "MLmodel": {}, "model/older/rdf.yaml": []byte("name: older"),
		"model/in.npy": []byte("1"), "model/tests/out.npy": []byte("2"), "in.npy": []byte("3"),
	}
	if _, err := s.Register(t.Context(), "n", "", nested, nil); err != nil {
		t.Fatal(err)
	}
	for range 20 { // a map has no order
		b, err := release.Bundle(t.Context(), s, "n", "1")
		if err != nil || string(b.ONNX) != "right" || string(b.Recipe) != text || b.String() != "n@1" {
			t.Fatalf("%s: network %q, description %q, %v", b.Ref, b.ONNX, b.Recipe, err)
		}
		if len(b.Tests) != 2 || string(b.Tests["in.npy"]) != "1" || string(b.Tests["tests/out.npy"]) != "2" {
			t.Fatalf("test images %q", b.Tests)
		}
	}
	delete(nested, "model/nets/right.onnx")
	without := strings.Replace(text, "onnx: {source: nets/right.onnx}", "torchscript: {source: w.pt}", 1)
	for _, files := range []map[string][]byte{nested, {"rdf.yaml": []byte(without), "w.pt": {1}}, {"model.onnx": {1}}} {
		v, err := s.Register(t.Context(), "n", "", files, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := release.Bundle(t.Context(), s, "n", v.Version); fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Invalid {
			t.Errorf("version %s: %v", v.Version, err)
		}
	}
}

func TestCheck(t *testing.T) {
	good := release.Promotion{Model: "n", Version: "2", From: "1", Who: "Ada", Why: "better"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*release.Promotion){
		"nobody":    func(p *release.Promotion) { p.Who = " " },
		"no reason": func(p *release.Promotion) { p.Why = "\n" },
		"the same":  func(p *release.Promotion) { p.From = "2" },
	} {
		p := good
		spoil(&p)
		if p.Check() == nil {
			t.Errorf("%s: let through", name)
		}
	}
}
