package station_test

import (
	"fmt"
	"image"
	"os"
	"path/filepath"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/model/local"
)

const other = "2026-11-24_kc167_POS002_DNA.ome.tif"

// twoModels is a workspace whose registry has the bundled model under two names.
func twoModels(t *testing.T, second string) (ws string) {
	t.Helper()
	ws = t.TempDir()
	reg, err := local.Open(filepath.Join(ws, "registry"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range []string{"model.onnx", "coverslip.yaml"} {
		if files[f], err = os.ReadFile("../../assets/sample/model/" + f); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"nuclei", second} {
		run, err := reg.Start(t.Context(), name, "first", nil, nil)
		if err == nil {
			_, err = reg.Register(t.Context(), name, run.ID, files, nil)
		}
		if err == nil {
			err = reg.SetAlias(t.Context(), name, model.Champion, "1")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return ws
}

func by(it flow.Item) string {
	var p intake.Predicted
	it.Out("infer", &p)
	return p.Model
}

// TestRules sends the captures of each instrument to its own model, also after a restart.
func TestRules(t *testing.T) {
	ws := twoModels(t, "bright")
	rule := func(s *config.Settings) {
		s.Folders = append(s.Folders, config.Folder{Path: filepath.Join(ws, "second"), Instrument: "Scope 2", Quiet: s.Folders[0].Quiet, Model: "bright"})
		if err := os.MkdirAll(s.Folders[1].Path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, ws, rule)
	b.drop(field)
	b.dropAs(other, filepath.Join("..", "second", other))
	if got := by(b.capture(field, predicted)) + " " + by(b.capture(other, predicted)); got != "nuclei bright" {
		t.Errorf("predicted by %s", got)
	}
	if got := b.Serving(); len(got) != 2 || got[0].Model != "bright" {
		t.Errorf("served: %v", got)
	}
	b.stop()
	b = open(t, ws, rule)
	const again = "again.ome.tif"
	b.dropAs(other, filepath.Join("..", "second", again))
	if got := by(b.capture(again, predicted)); got != "bright" {
		t.Errorf("after a restart: predicted by %s", got)
	}
	set := b.Settings()
	set.Folders[1].Model = "spots" // which nobody has
	if err := b.Save(t.Context(), set, nil); err != nil {
		t.Fatal(err)
	}
	b.dropAs(field, filepath.Join("..", "second", "third.ome.tif"))
	it := b.capture("third.ome.tif", func(it flow.Item) bool { return it.Passes["infer"].Say != "" })
	if p := it.Passes["infer"]; p.State != flow.Waiting || p.Hint == "" {
		t.Errorf("by a model that nobody has: %+v", p)
	}
}

// TestBatch has captures predicted by another model: paused, over a restart, taken back, and
// then done, the one that is looked at first.
func TestBatch(t *testing.T) {
	ws := twoModels(t, "bright")
	b := open(t, ws, nil)
	var ids []string
	const n = 9
	for i := range n {
		name := fmt.Sprintf("%d.ome.tif", i)
		b.dropAs(field, name)
		it := b.capture(name, predicted)
		ids = append(ids, it.ID)
	}
	reviewed, _ := b.Items().Row(ids[0])
	if err := b.Review(t.Context(), reviewed, "all there"); err != nil {
		t.Fatal(err)
	}
	b.capture("0.ome.tif", func(it flow.Item) bool { return it.Behind("publish") })
	if err := b.HoldPredictions(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if _, err := b.PredictWith(t.Context(), ids, "spots"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("with a model that nobody has: %v", err)
	}
	if k, err := b.PredictWith(t.Context(), append(ids, "gone"), "bright"); k != n || err != nil {
		t.Fatalf("%d were asked for, %v", k, err)
	}
	b.stop()

	b = open(t, ws, nil)
	if !b.PredictionsHeld() || len(b.Asked()) != n || b.Asked()[ids[3]] != "bright" {
		t.Fatalf("after a restart: held %v, asked %v", b.PredictionsHeld(), b.Asked())
	}
	if k, err := b.CancelAsked(t.Context()); k != n || err != nil {
		t.Errorf("%d were taken back, %v", k, err)
	}
	stands := func() {
		t.Helper()
		for i, id := range ids {
			it, _ := b.Items().Row(id)
			var r intake.Review
			if done := it.Out("review", &r) && it.Behind("review") && r.Who == "Ada Lovelace"; by(it) != "nuclei" || !it.Behind("infer") || done != (i == 0) {
				t.Errorf("taken back: %+v", it.Passes)
			}
		}
	}
	stands()
	b.stop()
	b = open(t, ws, nil)
	stands()

	b.load("bright")
	if k, err := b.PredictWith(t.Context(), ids, "bright"); k != n || err != nil {
		t.Fatalf("%d were asked for, %v", k, err)
	}
	looked := ids[n-1]
	b.LookingAt(looked)
	if q := b.Queue(); q.Waiting != n || q.Running != 0 {
		t.Errorf("the queue is %+v", q)
	}
	if turns := b.Turns(); len(turns) != n || turns[looked] != 1 || turns[ids[0]] != 2 {
		t.Errorf("their turns are %v", turns)
	}
	if err := b.HoldPredictions(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	begun := map[string]time.Time{}
	b.until(func() bool {
		for _, id := range ids {
			it, _ := b.Items().Row(id)
			if p := it.Passes["infer"]; p.State != flow.Waiting && begun[id].IsZero() {
				begun[id] = p.At
			}
		}
		return len(begun) == n && len(b.Asked()) == 0 && b.Queue().Running == 0
	}, func() string { return fmt.Sprint(b.Asked()) })
	before := 0
	for _, at := range begun {
		if at.Before(begun[looked]) {
			before++
		}
	}
	if before >= flow.AtOnce {
		t.Errorf("%d captures began before the one that is looked at", before)
	}
	for _, id := range ids {
		if it, _ := b.Items().Row(id); by(it) != "bright" {
			t.Errorf("predicted by %s", by(it))
		}
	}
	again, _ := b.Items().Row(looked)
	if err := b.Again(t.Context(), again, 25, image.Rectangle{}, nil); err != nil {
		t.Fatal(err)
	}
	b.until(func() bool {
		var p intake.Predicted
		again, _ = b.Items().Row(looked)
		return again.Out("infer", &p) && again.Behind("infer") && p.Diameter == 25
	}, func() string { return fmt.Sprintf("run again: %+v", again.Passes["infer"]) })
	if by(again) != "bright" {
		t.Errorf("run again by %s", by(again))
	}
}

// load has a capture predicted with a model, and holds predictions again: while a model is
// being loaded, all that ask for it are refused, and try again in an order of their own.
func (b *bench) load(which string) {
	b.t.Helper()
	must := func(err error) {
		if err != nil {
			b.t.Fatal(err)
		}
	}
	const name = "loads.ome.tif"
	b.dropAs(field, name)
	must(b.HoldPredictions(b.t.Context(), false))
	id := b.capture(name, predicted).ID
	_, err := b.PredictWith(b.t.Context(), []string{id}, which)
	must(err)
	b.until(func() bool {
		it, _ := b.Items().Row(id)
		return by(it) == which && it.Behind("infer")
	}, func() string { return "predicted with " + which })
	must(b.HoldPredictions(b.t.Context(), true))
}
