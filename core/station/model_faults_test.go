package station_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"coverslip.dev/coverslip/assets/sample"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/servertest"
	model "coverslip.dev/coverslip/packaging/triton"
)

// ask puts a question to Triton over HTTP.
func ask(t *testing.T, method, url string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer rsp.Body.Close()
	text, err := io.ReadAll(rsp.Body)
	if err != nil || rsp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, text, err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			t.Fatal(err)
		}
	}
}

// outOfMemory is a model that asks for more than its process may have.
const outOfMemory = `
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, hard))
        try:
            np.ones(1 << 32, np.uint8)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
`

// TestNothingIsLostWhateverTheModelDoes: somebody puts another model in place of the lab's on
// the real server while captures are predicted. Those that it can't predict say why in a whole
// sentence and are predicted when the right one is back: by themselves where that may happen,
// else when they are tried again. So it is over both of the server's protocols.
func TestNothingIsLostWhateverTheModelDoes(t *testing.T) {
	for name, c := range map[string]modelFault{
		"out of memory": {outOfMemory, "too little memory", flow.Waiting},
		"no numbers": {`
        tensors = super().answer(request).output_tensors()
        return pb.InferenceResponse([pb.Tensor(t.name(), np.full_like(t.as_numpy(), np.nan)) for t in tensors])
`, "(NaN)", flow.Failed},
		"slow": {`
        time.sleep(3)
        return super().answer(request)
`, "", flow.Passed},
	} {
		t.Run(name, func(t *testing.T) {
			s := servertest.StartTriton(t)
			for _, address := range []string{s.GRPC, s.HTTP} {
				wire, _, _ := strings.Cut(address, ":")
				t.Run(wire, func(t *testing.T) { c.strike(t, s, address) })
			}
		})
	}
}

// modelFault is a model in the lab's place.
type modelFault struct {
	answer string // to a request
	words  string // that a person reads; empty: captures are predicted
	state  flow.State
}

func (c modelFault) strike(t *testing.T, s *servertest.Triton, address string) {
	t.Helper()
	b := open(t, t.TempDir(), func(set *config.Settings) {
		set.Servers, set.Takeover = []config.Server{{Address: address, Backend: "python", Metrics: s.Metrics}}, false
	})
	defer func() { b.stop() }()
	b.until(func() bool { s, _ := b.Servers().Row(address); return s.Ready && len(s.Models) > 0 }, func() string { return "server ready" })
	names := []string{"0.ome.tif", "1.ome.tif", "2.ome.tif", "last.ome.tif"}
	for _, name := range names[:3] {
		b.dropAs(field, name)
	}
	b.capture(names[0], predicted)
	at := replaceModel(t, s, c.answer) // while others are at work
	b.dropAs(field, names[3])          // this one meets it for certain
	if c.words != "" {
		b.capture(names[3], func(it flow.Item) bool { return it.Passes["infer"].Say != "" && it.Behind("push") })
		struck := map[string]flow.Pass{}
		for _, name := range names {
			it := b.capture(name, func(it flow.Item) bool { return it.Behind("infer") || it.Passes["infer"].Say != "" })
			if p := it.Passes["infer"]; !it.Behind("infer") {
				struck[it.ID] = p
			}
		}
		for id, p := range struck {
			if p.State != c.state || !strings.Contains(p.Say, c.words) || !strings.HasSuffix(p.Say, ".") || p.Hint == "" {
				t.Errorf("%s stands as %+v", id, p)
			}
		}
		if len(struck) == 0 {
			t.Error("nothing met the other model")
		}
		ask(t, http.MethodPost, at+"/unload", struct{}{}, nil) // the station loads its own again
		if c.state == flow.Failed {
			for id := range struck {
				if err := b.Retry(t.Context(), id); err != nil {
					t.Error(err)
				}
			}
		}
	}
	for _, name := range names {
		var p intake.Predicted
		if b.capture(name, predicted).Out("infer", &p); p.Objects < 100 || p.Engine == "this computer" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if all := b.Items().All(); len(all) != len(names) {
		t.Errorf("%d captures of %d", len(all), len(names))
	}
}

// replaceModel puts a model that answers otherwise in place of the sample's on a server, and
// returns where it is to be unloaded.
func replaceModel(t *testing.T, s *servertest.Triton, answer string) string {
	t.Helper()
	var loaded struct {
		Models []struct{ Name, Version string } `json:"model_stats"`
	}
	ask(t, http.MethodGet, s.HTTP+"/v2/models/stats", nil, &loaded)
	if len(loaded.Models) != 1 {
		t.Fatalf("models: %+v", loaded)
	}
	m := loaded.Models[0]
	var conf json.RawMessage
	ask(t, http.MethodGet, s.HTTP+"/v2/models/"+m.Name+"/config", nil, &conf)
	network, err := fs.ReadFile(sample.Model(), "model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	program := string(model.ModelPy) + "\n\nimport numpy as np\n\nRight = TritonPythonModel\n\n\nclass TritonPythonModel(Right):\n    def answer(self, request):" + answer
	at, dir := s.HTTP+"/v2/repository/models/"+m.Name, fmt.Sprintf("file:%s/", m.Version)
	ask(t, http.MethodPost, at+"/load", map[string]any{"parameters": map[string]any{
		"config": string(conf), dir + "model.onnx": network, dir + "model.py": []byte(program),
	}}, nil)
	return at
}
