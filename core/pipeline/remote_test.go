package pipeline

import (
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/remote/folder"
)

// TestNothingIsMissingThatDVCDoesNotPush has dvc run and push a stage; git holds what the
// stage reads and its metrics, and one output stays.
func TestNothingIsMissingThatDVCDoesNotPush(t *testing.T) {
	b := newBench(t, map[string]string{
		"in.txt": "1\n",
		"dvc.yaml": "stages:\n  s:\n    cmd: cp in.txt out.bin && echo 3 > stays.bin && echo '{\"n\":1}' > m.json\n" +
			"    deps: [in.txt]\n    outs: [out.bin, {stays.bin: {push: false}}]\n    metrics: [{m.json: {cache: false}}]\n",
	})
	nas := t.TempDir()
	b.dvc("remote", "add", "-q", "-d", "nas", nas)
	b.dvc("repro", "-q")
	b.put("out.bin", "2\n") // unlike the stage's input
	b.dvc("commit", "-q", "-f")
	b.dvc("push", "-q")
	r, err := dataset.Open(t.Context(), b.repo.Dir(), dataset.Options{Made: Outputs})
	if err != nil {
		t.Fatal(err)
	}
	at := folder.Open(nas)
	if done, err := r.Push(t.Context(), at, nil); err != nil || done.Moved != 0 || done.Present != 1 {
		t.Errorf("push after dvc's: %+v, %v", done, err)
	}
	for _, scope := range []dataset.Scope{dataset.WorkTree, dataset.AllCommits} {
		if c, err := r.Audit(t.Context(), at, dataset.AuditOptions{Scope: scope, Deep: true}, nil); err != nil || len(c.Flaws) != 0 || c.Objects != 1 {
			t.Errorf("audit: %+v, %v", c, err)
		}
		if c, err := r.Verify(t.Context(), scope, nil); err != nil || len(c.Flaws) != 0 {
			t.Errorf("verify: %+v, %v", c, err)
		}
	}
	if err := os.RemoveAll(filepath.Join(nas, "files")); err != nil {
		t.Fatal(err)
	}
	if c, err := r.Audit(t.Context(), at, dataset.AuditOptions{}, nil); err != nil || len(c.Flaws) != 1 || c.Flaws[0].Name != "out.bin" {
		t.Errorf("audit of an empty place: %+v, %v", c, err)
	}
}
