package pipeline_test

import (
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/pipeline"
	"coverslip.dev/coverslip/core/remote/folder"
)

// TestWhatAStageMadeIsPushedAndPulled pushes what a stage made, and pulls it into a clone.
func TestWhatAStageMadeIsPushedAndPulled(t *testing.T) {
	ctx := t.Context()
	o := dataset.Options{Made: pipeline.Outputs}
	r, err := dataset.Init(ctx, filepath.Join(t.TempDir(), "set"), o)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(r.Dir(), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("dvc.yaml", "stages:\n  s:\n    cmd: mkdir -p out && echo 1 > out/a && echo 2 > out/b && echo m > m.txt\n    outs: [out]\n    metrics: [{m.txt: {cache: false}}]\n")
	g, err := pipeline.Load(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	done, err := g.Repro(ctx, nil, pipeline.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Commit(ctx, dataset.Author{Name: "Ada", Email: "a@lab"}, "pipeline", append(done.Changed, "dvc.yaml", "m.txt")); err != nil {
		t.Fatal(err)
	}
	nas := folder.Open(t.TempDir())
	if tr, err := r.Push(ctx, nas, nil); err != nil || tr.Moved != 3 {
		t.Fatalf("%+v, %v", tr, err)
	}
	if err := os.RemoveAll(r.CacheDir()); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(r.Dir(), "out")); err != nil {
		t.Fatal(err)
	}
	if tr, err := r.Pull(ctx, nas, nil); err != nil || tr.Moved != 3 {
		t.Fatalf("%+v, %v", tr, err)
	}
	if got, err := os.ReadFile(filepath.Join(r.Dir(), "out", "b")); err != nil || string(got) != "2\n" {
		t.Errorf("%q, %v", got, err)
	}
	if err := os.RemoveAll(filepath.Join(r.Dir(), "out")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"out/a", "out"} {
		if _, err := r.PullPaths(ctx, nas, []string{name}, nil); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(r.Dir(), "out", "a")); err != nil {
			t.Error(err)
		}
	}
	st, err := g.Status(ctx)
	if err != nil || len(st) != 1 || !st[0].Clean() {
		t.Errorf("%+v, %v", st, err)
	}

	write("dvc.yaml", "stages: [this is none]\n") // captures go on while a pipeline is broken
	write("x.tif", "x")
	if _, err := r.Add(ctx, "x.tif", nil, nil); err != nil {
		t.Fatal(err)
	}
	if tr, err := r.Push(ctx, nas, nil); err != nil || tr.Moved != 1 {
		t.Errorf("%+v, %v", tr, err)
	}
}
