package station_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/model/mlflow"
	"coverslip.dev/coverslip/core/servertest"
)

// TestAModelOfAnyName that a registry takes is promoted on a server, which makes nothing of blanks
// and brackets, and goes by its own name wherever it is told of.
func TestAModelOfAnyName(t *testing.T) {
	at := servertest.Need(t, "COVERSLIP_TEST_MLFLOW")
	server := servertest.StartTriton(t)
	name := fmt.Sprintf("Nuclei (DAPI & α) v2 %d", time.Now().UnixNano())
	reg, err := mlflow.New(mlflow.Options{URL: at})
	if err != nil {
		t.Fatal(err)
	}
	registerTwo(t, reg, name)
	b := open(t, t.TempDir(), func(s *config.Settings) {
		s.MLflow, s.Model = config.Platform{URL: at}, name
		s.Servers = []config.Server{{Address: server.GRPC, Backend: "python"}}
	})
	on := func(version string) func() bool {
		return func() bool {
			s, _ := b.Servers().Row(server.GRPC)
			return slices.ContainsFunc(s.Models, func(m infer.Status) bool { return m.Model == name && m.Version == version && m.Ready })
		}
	}
	say := func() string { return fmt.Sprintf("%+v", b.Servers().All()) }
	b.until(on("1"), say)
	id, err := b.Promote(t.Context(), name, "2", "finds the dim ones")
	if err == nil {
		_, err = b.Await(t.Context(), id, "promote")
	}
	if err != nil {
		t.Fatal(err)
	}
	b.until(on("2"), say)
	b.drop(field)
	var p intake.Predicted
	if b.capture(field, predicted).Out("infer", &p); p.Model != name || p.Objects < 100 || p.Engine == "this computer" {
		t.Errorf("predicted: %+v", p)
	}
	if err := b.UnloadFrom(t.Context(), server.GRPC, name); err != nil {
		t.Error(err)
	}
	if s, _ := b.Servers().Row(server.GRPC); len(s.Models) > 0 || !slices.Equal(s.Off, []string{name}) {
		t.Errorf("unloaded, and it has %+v, off %q", s.Models, s.Off)
	}
}
