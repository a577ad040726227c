package station_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// onServer opens a station that works with a server alone.
func onServer(t *testing.T, s *servertest.Triton) *bench {
	t.Helper()
	b := open(t, t.TempDir(), func(set *config.Settings) {
		set.Servers = []config.Server{{Address: s.GRPC, Backend: "python", Metrics: s.Metrics}}
		set.Takeover = false
	})
	b.until(func() bool { s, _ := b.Servers().Row(s.GRPC); return s.Ready && len(s.Models) > 0 }, func() string { return "server ready" })
	return b
}

func stored(t *testing.T, s *servertest.Triton, name, told string, files map[string]string) {
	t.Helper()
	for file, text := range files {
		at := filepath.Join(s.Models, name, "1", file)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.Models, name, "config.pbtxt"), []byte(told), 0o644); err != nil {
		t.Fatal(err)
	}
}

const echo = `import triton_python_backend_utils as pb
class TritonPythonModel:
    def execute(self, requests):
        return [pb.InferenceResponse([pb.Tensor("OUT", pb.get_input_tensor_by_name(r, "IN").as_numpy())]) for r in requests]
`

const echoConfig = `backend: "python"
max_batch_size: 0
input [ { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] } ]
`

func (b *bench) standing(address, name string) (infer.Status, bool) {
	s, _ := b.Servers().Row(address)
	for _, m := range s.Models {
		if m.Model == name {
			return m, true
		}
	}
	return infer.Status{}, false
}

// TestModelsByHand loads and unloads a server's own models and the one in force, which stays
// off until someone loads it, and tells how the server did meanwhile.
func TestModelsByHand(t *testing.T) {
	s := servertest.StartTriton(t)
	stored(t, s, "echo", echoConfig, map[string]string{"model.py": echo})
	stored(t, s, "broken", echoConfig, map[string]string{"model.py": "raise ValueError('no weights')"})
	b := onServer(t, s)
	b.until(func() bool { m, ok := b.standing(s.GRPC, "echo"); return ok && !m.Ready && !m.Failed }, func() string { return "echo lies there" })

	if err := b.LoadOn(t.Context(), s.GRPC, infer.Ref{Model: "echo"}); err != nil {
		t.Fatal(err)
	}
	if m, _ := b.standing(s.GRPC, "echo"); !m.Ready {
		t.Errorf("loaded: %+v", m)
	}
	if err := b.UnloadFrom(t.Context(), s.GRPC, "echo"); err != nil {
		t.Fatal(err)
	}
	if m, _ := b.standing(s.GRPC, "echo"); m.Ready {
		t.Errorf("unloaded: %+v", m)
	}
	err := b.LoadOn(t.Context(), s.GRPC, infer.Ref{Model: "broken"})
	if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Corrupt || !strings.Contains(say, "broken") || hint == "" {
		t.Errorf("broken: %v", err)
	}
	b.until(func() bool {
		m, ok := b.standing(s.GRPC, "broken")
		return ok && m.Failed && strings.Contains(m.Why, "no weights")
	}, func() string {
		m, _ := b.standing(s.GRPC, "broken")
		return "why it is not there: " + m.Why
	})

	b.drop(field)
	b.capture(field, predicted)
	in := b.Serving()[0]
	if err := b.UnloadFrom(t.Context(), s.GRPC, in.Model); err != nil {
		t.Fatal(err)
	}
	const next = "2026-11-24_kc167_POS002_DNA.ome.tif"
	b.drop(next)
	it := b.capture(next, func(it flow.Item) bool { return it.Passes["infer"].Say != "" })
	if p := it.Passes["infer"]; p.State != flow.Waiting || !strings.Contains(p.Say, "was unloaded") {
		t.Errorf("without the model: %+v", p)
	}
	if q := b.Queue(); q.Waiting != 1 || q.Left <= 0 {
		t.Errorf("my queue is %+v", q)
	}
	b.Refresh(t.Context()) // a check must not bring it back
	if row, _ := b.Servers().Row(s.GRPC); !row.Ready || !slices.Equal(row.Off, []string{in.Model}) {
		t.Errorf("%+v", row)
	}
	if err := b.LoadOn(t.Context(), s.GRPC, in); err != nil {
		t.Fatal(err)
	}
	b.capture(next, predicted)
	if q := b.Queue(); q != (station.Queue{}) {
		t.Errorf("my queue is %+v", q)
	}
	b.until(func() bool {
		row, _ := b.Servers().Row(s.GRPC)
		for _, m := range row.Past {
			if m.Answered > 0 && m.Each > 0 && m.Queued >= 0 && m.Queued < m.Each && m.Failed == 0 && m.CPU >= 0 && math.IsNaN(m.GPU) {
				return true
			}
		}
		return false
	}, func() string { row, _ := b.Servers().Row(s.GRPC); return "a moment of work: " + row.Say })
}

// TestModelsThatAreNotOurs: a server that lets nobody load says so in a sentence, and one
// that is not set up any more is told apart.
func TestModelsThatAreNotOurs(t *testing.T) {
	for what, flag := range map[string]string{
		"does not let programs load models": "--model-control-mode=none",
		"wants an access key":               "--grpc-restricted-protocol=model-repository:lab-key=secret",
	} {
		s := servertest.StartTriton(t, flag)
		b := open(t, t.TempDir(), func(set *config.Settings) {
			set.Servers = []config.Server{{Address: s.GRPC, Backend: "python", Metrics: s.Metrics}}
		})
		b.until(func() bool { row, ok := b.Servers().Row(s.GRPC); return ok && row.Say != "" }, func() string { return "it refuses" })
		row, _ := b.Servers().Row(s.GRPC)
		if row.Ready || !row.Answers || row.Say == "" {
			t.Errorf("%s: %+v", flag, row)
		}
		err := b.LoadOn(t.Context(), s.GRPC, infer.Ref{Model: "echo"})
		if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Denied || !strings.Contains(say, what) || hint == "" {
			t.Errorf("%s: %v", flag, err)
		}
		if row, _ := b.Servers().Row(s.GRPC); row.Control {
			t.Errorf("%s: it is still offered to load models", flag)
		}
		s.Signal(t, syscall.SIGKILL)
		b.until(func() bool { row, _ := b.Servers().Row(s.GRPC); return !row.Answers && row.Control }, func() string { return "it may come back with other rules" })
		b.stop()
	}
	b := open(t, t.TempDir(), nil)
	if err := b.LoadOn(t.Context(), "grpc://gone:8001", infer.Ref{Model: "echo"}); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}
