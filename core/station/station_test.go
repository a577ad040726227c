package station_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/assets/sample"
	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/model/mlflow"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// bench is a station at work on a workspace.
type bench struct {
	*station.Station
	t    *testing.T
	ws   string
	stop func()
}

func open(t *testing.T, ws string, set func(*config.Settings)) *bench {
	t.Helper()
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	file, err := config.Load(filepath.Join(ws, "settings.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := file.Settings()
	s.Person = config.Person{Name: "Ada Lovelace", Email: "ada@example.org"}
	s.Folders = []config.Folder{{Path: filepath.Join(ws, "scope"), Instrument: "Scope 1", Quiet: 300 * time.Millisecond}}
	s.Remote = filepath.Join(ws, "nas")
	for _, d := range []string{s.Folders[0].Path, s.Remote} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if set != nil {
		set(&s)
	}
	if err := file.Save(s); err != nil {
		t.Fatal(err)
	}
	st, err := station.Open(t.Context(), station.Options{
		Workspace: ws, Runtime: os.Getenv("COVERSLIP_TEST_ORT"), Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Station: st, t: t, ws: ws}
	b.run()
	return b
}

// run has the station work until it is stopped.
func (b *bench) run() {
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	b.stop = func() {
		b.stop = func() {}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			b.t.Errorf("run ended with %v", err)
		}
		if err := b.Close(); err != nil {
			b.t.Error(err)
		}
	}
	b.t.Cleanup(func() { b.stop() })
}

// drop puts a sample capture into the instrument's folder.
func (b *bench) drop(name string) {
	b.t.Helper()
	b.dropAs(name, name)
}

// dropAs has the instrument write a sample capture under another name.
func (b *bench) dropAs(capture, name string) {
	b.t.Helper()
	f, err := sample.Captures().Open(capture)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	data := make([]byte, 4<<20)
	n, err := f.Read(data)
	if err != nil {
		b.t.Fatal(err)
	}
	if data = data[:n]; name != capture { // what is kept of one is no answer for the other
		data = slices.Concat(data, []byte(name))
	}
	if err := os.WriteFile(filepath.Join(b.ws, "scope", name), data, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// capture waits until a capture is as ok wants it.
func (b *bench) capture(name string, ok func(flow.Item) bool) flow.Item {
	b.t.Helper()
	var last flow.Item
	b.until(func() bool {
		for _, it := range b.Items().All() {
			if it.Title == name {
				last = it
				return ok(it)
			}
		}
		return false
	}, func() string { return fmt.Sprintf("%s: %+v", name, last.Passes) })
	return last
}

func (b *bench) until(ok func() bool, say func() string) {
	b.t.Helper()
	servertest.Until(b.t, ok, func() string { return fmt.Sprintf("%s; troubles %+v", say(), b.Troubles().All()) })
}

func predicted(it flow.Item) bool { return it.Behind("infer") && it.Behind("push") }

const field = "2026-11-24_bbbc038_img2d_DAPI.ome.tif"

func TestFromInstrumentToCorrection(t *testing.T) {
	ws := t.TempDir()
	b := open(t, ws, nil)
	b.drop(field)
	it := b.capture(field, predicted)
	var p intake.Predicted
	if !it.Out("infer", &p) || p.Objects < 100 || p.Model != "nuclei" {
		t.Fatalf("predicted %+v", p)
	}
	objects, _, err := b.Objects(t.Context(), it)
	if err != nil || len(objects) != p.Objects {
		t.Fatalf("%d objects, %v", len(objects), err)
	}
	gone := objects[3]
	good := objects[5]
	good.State = annotation.Accepted
	err = b.Correct(t.Context(), it,
		annotation.Edit{Kind: annotation.Remove, Before: &gone},
		annotation.Edit{Kind: annotation.Change, Before: &objects[5], After: &good})
	if err != nil {
		t.Fatal(err)
	}
	b.stop() // as after a power cut, but for what was under way
	b = open(t, ws, nil)
	it = b.capture(field, predicted)
	if err := b.Review(t.Context(), it, "touching pair split wrongly"); err != nil {
		t.Fatal(err)
	}
	it = b.capture(field, func(it flow.Item) bool { return it.Behind("publish") })
	var r intake.Recorded
	if !it.Out("record", &r) || r.Counts.Accepted != 1 || r.Counts.Predicted != p.Objects-2 {
		t.Errorf("recorded %+v", r)
	}
	th, err := b.Thread(t.Context(), good.ID)
	if err != nil || th.Stored.MD5 == "" || th.Versioned.Commit == "" || th.Recorded.Commit != r.Commit ||
		len(th.Corrections) != 1 || th.Corrections[0].By != "Ada Lovelace" || th.Prediction == nil {
		t.Errorf("thread %+v, %v", th, err)
	}
	commits, err := b.Commits(t.Context(), 1)
	if err != nil || commits[0].Author.Name != "Ada Lovelace" || commits[0].ID != r.Commit {
		t.Errorf("newest commit %+v, %v", commits, err)
	}
}

func TestBadFilesStopNoOthers(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	scope := filepath.Join(b.ws, "scope")
	good, err := os.ReadFile("../../assets/sample/captures/" + field)
	if err != nil {
		t.Fatal(err)
	}
	png, err := os.ReadFile("testdata/really.png")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile("../capture/ending/testdata/plane.czi")
	if err != nil {
		t.Fatal(err)
	}
	for at := binary.LittleEndian.Uint64(sealed[84:]) + 32 + 128; at < uint64(len(sealed)) && sealed[at] == 'D'; at += 32 + 20*uint64(sealed[at+28]) {
		sealed[at+18] = 2 // LZW
	}
	for name, data := range map[string][]byte{"sealed.czi": sealed, "cut.czi": sealed[:len(sealed)/2], "cut.tif": good[:len(good)/2], "empty.tif": nil, "png.tif": png, "noise.tif": []byte("no image at all"), "wells.csv": []byte("well,dose\nA1,5\n")} {
		if err := os.WriteFile(filepath.Join(scope, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.drop(field)
	b.capture(field, predicted)
	b.capture("png.tif", predicted)
	for _, name := range []string{"cut.czi", "cut.tif", "empty.tif"} { // held: the instrument may still write
		b.until(func() bool {
			s, ok := b.Sightings().Row(filepath.Join(scope, name))
			return ok && s.Say != ""
		}, func() string { return name + " has no reason" })
	}
	for name, word := range map[string]string{"noise.tif": "no image format", "sealed.czi": "compression 2"} {
		it := b.capture(name, func(it flow.Item) bool { return it.Passes["infer"].State == flow.Failed && it.Behind("version") })
		if p := it.Passes["infer"]; !strings.Contains(p.Say, word) || p.Hint == "" {
			t.Errorf("no words for %s, which can't be read: %+v", name, p)
		}
	}
	it := b.capture("wells.csv", func(it flow.Item) bool { return it.Behind("publish") && it.Behind("version") })
	if it.Passes["infer"].State != flow.Skipped || it.Passes["record"].State != flow.Skipped {
		t.Errorf("a table waits for a person: %+v", it.Passes)
	}
}

func TestServerDiesAndComesBack(t *testing.T) {
	wire, address := plug(t, servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"))
	for _, takeover := range []bool{true, false} {
		t.Run(fmt.Sprintf("takeover %v", takeover), func(t *testing.T) {
			wire.back()
			b := open(t, t.TempDir(), func(s *config.Settings) {
				s.Servers, s.Takeover = []config.Server{{Address: address, Backend: "python"}}, takeover
			})
			b.until(func() bool { s, _ := b.Servers().Row(address); return s.Ready }, func() string { return "server ready" })
			b.drop(field)
			var p intake.Predicted
			b.capture(field, predicted).Out("infer", &p)
			if p.Engine == "this computer" {
				t.Error("the server did not do the work")
			}
			wire.pull()
			const next = "2026-11-24_kc167_POS002_DNA.ome.tif"
			b.drop(next)
			if takeover {
				b.capture(next, predicted).Out("infer", &p)
				if p.Engine != "this computer" {
					t.Errorf("%s did the work", p.Engine)
				}
			} else {
				it := b.capture(next, func(it flow.Item) bool { return it.Passes["infer"].Say != "" })
				if s := it.Passes["infer"].State; s != flow.Waiting {
					t.Errorf("not parked: %s", s)
				}
			}
			b.until(func() bool { return len(b.Troubles().All()) > 0 }, func() string { return "a trouble" })
			wire.back()
			b.capture(next, predicted)
			b.until(func() bool { return len(b.Troubles().All()) == 0 }, func() string { return "no trouble" })
		})
	}
}

func TestPromotionAndRollback(t *testing.T) {
	triton, grpc := plug(t, servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"))
	mlflowWire, url := plug(t, servertest.Need(t, "COVERSLIP_TEST_MLFLOW"))
	name := fmt.Sprintf("nuclei-%d", time.Now().UnixNano())
	ws := t.TempDir()
	settings := func(s *config.Settings) {
		s.Servers = []config.Server{{Address: grpc, Backend: "python"}}
		s.MLflow, s.Model, s.Takeover = config.Platform{URL: url}, name, false
	}
	reg, err := mlflow.New(mlflow.Options{URL: servertest.Need(t, "COVERSLIP_TEST_MLFLOW")})
	if err != nil {
		t.Fatal(err)
	}
	registerTwo(t, reg, name)
	b := open(t, ws, settings)
	b.until(func() bool { s, _ := b.Servers().Row(grpc); return s.Ready && len(s.Models) > 0 }, func() string { return "ready" })

	if _, err := b.Promote(t.Context(), name, "2", " "); fault.KindOf(err) != fault.Invalid {
		t.Errorf("promoted without a reason: %v", err)
	}
	triton.pull()
	id, err := b.Promote(t.Context(), name, "2", "finds the dim ones")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Await(t.Context(), id, "promote"); fault.KindOf(err) != fault.Offline {
		t.Fatalf("with Triton stopped: %v", err)
	}
	champion(t, reg, name, "1")
	triton.back()
	b.until(func() bool { it, _ := b.Items().Row(id); return it.Behind("promote") }, func() string {
		it, _ := b.Items().Row(id)
		return fmt.Sprintf("promoted: %+v", it.Passes)
	})
	champion(t, reg, name, "2")

	id, err = b.Rollback(t.Context(), name, "misses the small ones")
	if err != nil {
		b.until(func() bool { id, err = b.Rollback(t.Context(), name, "misses the small ones"); return err == nil }, func() string { return err.Error() })
	}
	if _, err := b.Await(t.Context(), id, "promote"); err != nil {
		t.Fatal(err)
	}
	champion(t, reg, name, "1")
	b.until(func() bool { return len(b.ReadShelf(t.Context()).History[name]) == 2 }, func() string { return "history of two" })
	h := b.ReadShelf(t.Context()).History[name]
	if h[0].Who != "Ada Lovelace" || !h[0].Rollback || h[0].From != "2" || h[0].Version != "1" || h[1].Why != "finds the dim ones" || h[1].Probe == nil {
		t.Errorf("history %+v", h)
	}

	b.stop()
	mlflowWire.pull()
	triton.pull()
	b = open(t, ws, settings)
	b.until(func() bool {
		sh, ok := b.Shelves().Row("mlflow")
		return ok && sh.Offline && len(sh.Versions[name]) == 2 && len(sh.Runs) > 0 && len(sh.History[name]) == 2
	}, func() string { return "all shown with the cables pulled" })
}

// registerTwo registers the bundled model twice, the second with another threshold, and
// puts the first in force.
func registerTwo(t *testing.T, reg *mlflow.Client, name string) {
	t.Helper()
	run, err := reg.Start(t.Context(), name, "first", map[string]string{"rays": "32"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := reg.Log(t.Context(), run.ID, model.Metric{Name: "loss", Value: 0.2, Step: 1, At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range []string{"model.onnx", "coverslip.yaml"} {
		if files[f], err = os.ReadFile("../../assets/sample/model/" + f); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if _, err := reg.Register(t.Context(), name, run.ID, files, nil); err != nil {
			t.Fatal(err)
		}
		files["coverslip.yaml"] = append(files["coverslip.yaml"], "# a second one\n"...)
	}
	if err := reg.SetAlias(t.Context(), name, model.Champion, "1"); err != nil {
		t.Fatal(err)
	}
}

func champion(t *testing.T, reg *mlflow.Client, name, want string) {
	t.Helper()
	ms, err := reg.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ms {
		if m.Name == name {
			if m.Aliases[model.Champion] != want {
				t.Errorf("champion is %s, want %s", m.Aliases[model.Champion], want)
			}
			return
		}
	}
	t.Errorf("no model %s", name)
}
