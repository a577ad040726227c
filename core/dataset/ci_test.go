package dataset

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/servertest"
)

// TestAPushTriggersTheLabsCI pushes a new dataset with a pipeline to a git server that runs
// ci/run of each push, with the real dvc and MLflow.
func TestAPushTriggersTheLabsCI(t *testing.T) {
	run := dvc(t)
	mlflow := servertest.Need(t, "COVERSLIP_TEST_MLFLOW")
	python := servertest.Need(t, "COVERSLIP_TEST_MLFLOW_PYTHON")
	ctx := t.Context()
	r, err := Init(ctx, filepath.Join(t.TempDir(), "set"), Options{CI: true})
	must(t, err, r.AddRemote("nas", t.TempDir(), true))
	commit(t, r, "remote", ".dvc/config")
	name := fmt.Sprintf("ci-test-%d", time.Now().UnixNano())
	put(t, r, "data/weights.bin", name)
	commit(t, r, "data", add(t, r, "data", nil).Changed...)
	put(t, r, "dvc.yaml", "stages:\n  train:\n    cmd: mkdir -p models/"+name+" && cp data/weights.bin models/"+name+"/model.onnx\n"+
		"    deps: [data]\n    outs: [models]\n")
	commit(t, r, "pipeline", "dvc.yaml")

	server := filepath.Join(t.TempDir(), "set.git")
	gitHere(t, r.dir, "init", "-q", "--bare", "-b", "main", server)
	dvcDir := filepath.Dir(os.Getenv("COVERSLIP_TEST_DVC"))
	hook := fmt.Sprintf("#!/bin/sh\nunset GIT_DIR GIT_QUARANTINE_PATH\nw=$(mktemp -d) && git clone -q . $w && cd $w && "+
		"PATH=%s:$PATH PYTHON=%s MLFLOW_TRACKING_URI=%s ci/run > %s/log 2>&1; echo $? > %s/rc; rm -rf $w\n", dvcDir, python, mlflow, server, server)
	must(t, os.WriteFile(filepath.Join(server, "hooks", "post-receive"), []byte(hook), 0o755)) //nolint:gosec // git runs it
	must(t, r.AddGitServer(ctx, "lab", server))
	push := func() string {
		t.Helper()
		to, err := r.Remotes()
		must(t, err)
		run(r, "push", "-q", "-r", to[0].Name)
		must(t, r.GitPush(ctx, "lab", "HEAD", Login{}))
		log, err := os.ReadFile(filepath.Join(server, "log"))
		must(t, err)
		if rc, err := os.ReadFile(filepath.Join(server, "rc")); err != nil || strings.TrimSpace(string(rc)) != "0" {
			t.Fatalf("the CI ended with %s, %v:\n%s", rc, err, log)
		}
		return string(log)
	}
	if log := push(); !strings.Contains(log, name+": version 1 from commit") {
		t.Errorf("the CI said\n%s", log)
	}
	put(t, r, "note.txt", "the model is the same")
	commit(t, r, "note", "note.txt")
	if log := push(); !strings.Contains(log, name+": nothing new") {
		t.Errorf("the CI said\n%s", log)
	}
	put(t, r, "data/weights.bin", name+" better")
	head := commit(t, r, "data", add(t, r, "data", nil).Changed...)
	push()
	versions := mlflowVersions(t, mlflow, name)
	if len(versions) != 2 || versions["2"] != head {
		t.Errorf("MLflow has %v; want version 2 of commit %s", versions, head)
	}
}

// mlflowVersions returns the commits of a model's versions.
func mlflowVersions(t *testing.T, address, name string) map[string]string {
	t.Helper()
	q := url.Values{"filter": {"name='" + name + "'"}}
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/api/2.0/mlflow/model-versions/search?"+q.Encode(), nil)
	must(t, err)
	rs, err := http.DefaultClient.Do(rq)
	must(t, err)
	defer rs.Body.Close() //nolint:errcheck // read only
	var got struct {
		Versions []struct {
			Version string
			Tags    []struct{ Key, Value string }
		} `json:"model_versions"`
	}
	must(t, json.NewDecoder(rs.Body).Decode(&got))
	all := map[string]string{}
	for _, v := range got.Versions {
		for _, tag := range v.Tags {
			if tag.Key == "coverslip.commit" {
				all[v.Version] = tag.Value
			}
		}
	}
	return all
}

func TestCITemplateIsForNewDatasetsOnly(t *testing.T) {
	dir := t.TempDir()
	must(t, exec.CommandContext(t.Context(), "git", "init", "-q", dir).Run())
	must(t, os.MkdirAll(filepath.Join(dir, ".dvc"), 0o755), os.WriteFile(filepath.Join(dir, ".dvc", "config"), nil, 0o644))
	r, err := Init(t.Context(), dir, Options{CI: true})
	must(t, err)
	if _, err := os.Stat(r.abs("ci")); err == nil {
		t.Error("the template came into a dataset that was there")
	}
	n, err := Init(t.Context(), filepath.Join(t.TempDir(), "new"), Options{CI: true})
	must(t, err)
	if st, err := os.Stat(n.abs("ci/run")); err != nil || st.Mode().Perm()&0o100 == 0 {
		t.Errorf("ci/run: %v, %v", st, err)
	}
	if s, err := n.Status(t.Context()); err != nil || !s.Clean() {
		t.Errorf("%+v, %v", s, err)
	}
}
