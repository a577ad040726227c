package mlflow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/servertest"
)

// These tests ask a real server about what the contract can't see.

func server(t *testing.T) *Client {
	t.Helper()
	return client(t, Options{URL: servertest.Need(t, "COVERSLIP_TEST_MLFLOW")})
}

func content(t *testing.T, c *Client, run, name string) string {
	t.Helper()
	f, err := c.Open(t.Context(), run, name)
	if err != nil {
		t.Fatalf("open %s: %v", name, err)
	}
	b, err := io.ReadAll(f)
	if cerr := f.Close(); err != nil || cerr != nil {
		t.Fatalf("read %s: %v, %v", name, err, cerr)
	}
	return string(b)
}

func TestFilesOfRuns(t *testing.T) {
	c, ctx := server(t), t.Context()
	r, err := c.Start(ctx, "files of runs", "run", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	const name = "figures/loss µ 5% & +.txt"
	for _, text := range []string{"first", "the second is longer"} {
		if err := c.Put(ctx, r.ID, name, strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		if got := content(t, c, r.ID, name); got != text {
			t.Errorf("%q, want %q", got, text)
		}
	}
	cable := errors.New("the cable is out")
	err = c.Put(ctx, r.ID, "cut.txt", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(cable)))
	if err == nil {
		t.Error("a put that was cut off went well")
	}
	if _, err := c.Open(ctx, r.ID, "cut.txt"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("half a file is there: %v", err)
	}
	for _, name := range []string{"a%2Fb", "a?b", "a#b", "a..b", "a\nb", `a\b`} {
		if err := c.Put(ctx, r.ID, name, strings.NewReader("x")); fault.KindOf(err) != fault.Invalid {
			t.Errorf("put %q: %v", name, err)
		}
	}
}

func TestRunPage(t *testing.T) {
	c, ctx := server(t), t.Context()
	c.login.user = "Zoë" // a server without a login takes no notice, but runs say who made them
	r, err := c.Start(ctx, "run page", "run", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.User != "Zoë" {
		t.Errorf("made by %q", r.User)
	}
	for i := range 30 { // the list would outgrow its tag
		for range 2 {
			found, err := c.run(ctx, r.ID)
			if err == nil {
				err = c.remember(ctx, found, fmt.Sprint("model/", i, strings.Repeat("x", 300)))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	found, err := c.run(ctx, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	list := found.run("").Tags[historyTag]
	if n := strings.Count(list, "artifact_path"); n < 10 || n > 29 || strings.Count(list, "model/29x") != 1 {
		t.Errorf("%d models on the page: %s", n, list)
	}
}

// sources registers the files of a place under each form that a source may have.
func TestSources(t *testing.T) {
	c, ctx := server(t), t.Context()
	r, err := c.Start(ctx, "sources", "run", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Put(ctx, r.ID, "net/model.onnx", strings.NewReader("of the run")); err != nil {
		t.Fatal(err)
	}
	found, err := c.run(ctx, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	var logged struct {
		Model struct {
			Info struct {
				ID        string `json:"model_id"`
				Artifacts string `json:"artifact_uri"`
			} `json:"info"`
		} `json:"model"`
	}
	err = c.post(ctx, "logged-models", map[string]any{"experiment_id": found.Info.Experiment, "name": "net", "source_run_id": r.ID}, &logged)
	if err != nil {
		t.Fatal(err)
	}
	at, err := c.proxied(logged.Model.Info.Artifacts, "model.onnx")
	if err == nil {
		err = c.upload(ctx, at, strings.NewReader("of the logged model"))
	}
	if err != nil {
		t.Fatal(err)
	}
	const name = "sources"
	if err := c.post(ctx, "registered-models/create", map[string]any{"name": name}, nil); err != nil && fault.KindOf(err) != fault.Exists {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		found.Info.Artifacts + "/net":     "of the run",
		"runs:/" + r.ID + "/net":          "of the run",
		"models:/" + logged.Model.Info.ID: "of the logged model",
		found.Info.Artifacts + "/gone":    "",
		"s3://elsewhere/models/net":       "",
	} {
		var made struct {
			Version wireVersion `json:"model_version"`
		}
		in := map[string]any{"name": name, "source": source}
		if strings.Contains(source, r.ID) {
			in["run_id"] = r.ID // else the server refuses
		}
		if strings.HasPrefix(source, "models:") {
			in["model_id"] = logged.Model.Info.ID
		}
		if err := c.post(ctx, "model-versions/create", in, &made); err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		files, err := c.Fetch(ctx, name, made.Version.Version)
		switch {
		case want != "" && (err != nil || string(files["model.onnx"]) != want || len(files) != 1):
			t.Errorf("%s: %q, %v; want %q", source, files, err, want)
		case want == "" && (fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Invalid):
			t.Errorf("%s: %q, %v", source, files, err)
		}
	}
}

// TestPermission has a user who may read but not write.
func TestPermission(t *testing.T) {
	o := Options{URL: servertest.Need(t, "COVERSLIP_TEST_MLFLOW_AUTH"), User: authUser, Password: authPassword}
	ctx, admin := t.Context(), client(t, o)
	const reader, word = "contract-reader", "reader-pass-1234"
	err := admin.post(ctx, "users/create", map[string]any{"username": reader, "password": word}, nil)
	if err != nil && fault.KindOf(err) != fault.Exists {
		t.Fatal(err)
	}
	v, err := admin.Register(ctx, "permissions", "", map[string][]byte{"model.onnx": []byte("x")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.User != authUser {
		t.Errorf("registered by %q", v.User)
	}
	o.User, o.Password = reader, word
	c := client(t, o)
	files, err := c.Fetch(ctx, "permissions", v.Version)
	if err != nil || string(files["model.onnx"]) != "x" {
		t.Errorf("fetch by a reader: %v", err)
	}
	err = c.SetAlias(ctx, "permissions", "champion", v.Version)
	if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Denied || !strings.Contains(say, reader) || hint == "" {
		t.Errorf("an alias moved by a reader: %v", err)
	}
}

func TestForeignHost(t *testing.T) {
	c := server(t)
	u := *c.base
	c.base.Host = "lab.example" // what a proxy would ask for
	c.http.Transport = rewritten{u.Host}
	_, err := c.Models(t.Context())
	if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Denied || !strings.Contains(say, "lab.example") {
		t.Errorf("a name that the server does not allow: %v", err)
	}
}

// rewritten sends calls to another host than they name.
type rewritten struct{ host string }

func (r rewritten) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Host = req.URL.Host
	out.URL = &url.URL{Scheme: "http", Host: r.host, Path: req.URL.Path, RawQuery: req.URL.RawQuery}
	return http.DefaultTransport.RoundTrip(out)
}

// TestPythonLoadsIt asks MLflow's own client, where COVERSLIP_TEST_MLFLOW_PYTHON names a
// Python that has it (packaging/stack/mlflow-install brings one).
func TestPythonLoadsIt(t *testing.T) {
	python := os.Getenv("COVERSLIP_TEST_MLFLOW_PYTHON")
	if python == "" {
		t.Skip("COVERSLIP_TEST_MLFLOW_PYTHON names no Python with MLflow.")
	}
	c, ctx := server(t), t.Context()
	onnx, err := os.ReadFile("testdata/conv.onnx")
	if err != nil {
		t.Fatal(err)
	}
	const name = "loaded by Python"
	v, err := c.Register(ctx, name, "", map[string][]byte{"model.onnx": onnx, "coverslip.yaml": []byte("name: conv\n")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, python, "-W", "ignore", "-c", `
import sys
import mlflow, numpy
uri, image = sys.argv[1], numpy.ones((1, 1, 5, 4), numpy.float32)
m = mlflow.onnx.load_model(uri)
assert [i.name for i in m.graph.input] == ["image"], m.graph.input
out = mlflow.pyfunc.load_model(uri).predict(image)
assert out["maps"].shape == (1, 2, 5, 4) and out["maps"].max() == 9, out
print(mlflow.models.get_model_info(uri).signature)
`, "models:/"+name+"/"+v.Version)
	cmd.Env = append(os.Environ(), "MLFLOW_TRACKING_URI="+c.base.String(), "MLFLOW_DISABLE_TELEMETRY=true")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if !strings.Contains(said.String(), "'image': Tensor('float32', (-1, 1, -1, -1))") {
		t.Errorf("signature as MLflow reads it: %s", said.String())
	}
}
