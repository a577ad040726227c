package station_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/model/local"
	"coverslip.dev/coverslip/core/model/mlflow"
	"coverslip.dev/coverslip/core/servertest"
)

// TestTheLabsChampionFromTheStart: while the registry does not answer, captures are predicted with
// the version that it had in force when it last did, and not with one of the workspace's own; where
// it never did they wait until it has answered or can't be reached.
func TestTheLabsChampionFromTheStart(t *testing.T) {
	at := servertest.Need(t, "COVERSLIP_TEST_MLFLOW")
	wire, url := plug(t, at)
	name := fmt.Sprintf("nuclei-%d", time.Now().UnixNano())
	reg, err := mlflow.New(mlflow.Options{URL: at})
	if err != nil {
		t.Fatal(err)
	}
	registerTwo(t, reg, name)
	if err := reg.SetAlias(t.Context(), name, model.Champion, "2"); err != nil {
		t.Fatal(err)
	}
	settings := func(s *config.Settings) { s.MLflow, s.Model = config.Platform{URL: url}, name }

	known := t.TempDir()
	ownChampion(t, known, name)
	b := open(t, known, settings)
	b.until(func() bool { return len(b.Serving()) == 1 }, func() string { return "a version in force" })
	b.stop()
	wire.hang()
	b = open(t, known, settings)
	b.drop(field)
	var p intake.Predicted
	if b.capture(field, predicted).Out("infer", &p); p.Version != "2" {
		t.Errorf("predicted with version %s", p.Version)
	}
	b.stop()

	unknown := t.TempDir()
	ownChampion(t, unknown, name)
	b = open(t, unknown, settings)
	b.drop(field)
	it := b.capture(field, func(it flow.Item) bool { return it.Passes["infer"].Say != "" || it.Behind("infer") })
	if s := it.Passes["infer"].State; s != flow.Waiting {
		t.Errorf("nobody was heard, and it is %s", s)
	}
	wire.pull()
	if b.capture(field, predicted).Out("infer", &p); p.Version != "1" {
		t.Errorf("predicted with version %s", p.Version)
	}
}

// ownChampion puts a version of a model in force in the workspace's own registry.
func ownChampion(t *testing.T, ws, name string) {
	t.Helper()
	own, err := local.Open(filepath.Join(ws, "registry"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range []string{"model.onnx", "coverslip.yaml"} {
		if files[f], err = os.ReadFile("../../assets/sample/model/" + f); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := own.Register(t.Context(), name, "", files, nil); err != nil {
		t.Fatal(err)
	}
	if err := own.SetAlias(t.Context(), name, model.Champion, "1"); err != nil {
		t.Fatal(err)
	}
}
