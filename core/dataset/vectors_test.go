package dataset

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

type vectors struct {
	Directory struct {
		Name  string `json:"name"`
		Files []struct {
			Path string `json:"relpath"`
			Data string `json:"b64"`
			MD5  string `json:"md5"`
			Exec bool   `json:"exec"`
		} `json:"files"`
		Dir  string `json:"dir_json_b64"`
		OID  string `json:"oid"`
		File string `json:"dvc_file"`
	} `json:"directory"`
	Empty struct {
		OID string `json:"oid"`
	} `json:"empty_dir"`
	Single []struct {
		Path string `json:"path"`
		File string `json:"dvc_file"`
		Data string `json:"b64"`
	} `json:"single"`
}

func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func decode(t *testing.T, s string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func newRepo(t *testing.T) *Repository {
	t.Helper()
	r, err := Init(t.Context(), filepath.Join(t.TempDir(), "data set"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// put writes a file of the work tree.
func put(t *testing.T, r *Repository, rel, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(r.abs(rel)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.abs(rel), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, r *Repository, rel string, meta map[string]any) Output {
	t.Helper()
	o, err := r.Add(t.Context(), rel, meta, nil)
	if err != nil {
		t.Fatalf("add %s: %v", rel, err)
	}
	return o
}

func wantFile(t *testing.T, r *Repository, rel, content string) {
	t.Helper()
	b, err := os.ReadFile(r.abs(rel))
	if err != nil || string(b) != content {
		t.Errorf("%s: %q, %v\nwant %q", rel, b, err, content)
	}
}

func wantKind(t *testing.T, what string, err error, k fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != k {
		t.Errorf("%s: %v, kind %d; want kind %d", what, err, fault.KindOf(err), k)
	}
}

func TestVectorDirectory(t *testing.T) {
	var v vectors
	readJSON(t, "vectors.json", &v)
	r := newRepo(t)
	for _, f := range v.Directory.Files {
		put(t, r, v.Directory.Name+"/"+f.Path, decode(t, f.Data))
	}
	if err := os.MkdirAll(r.abs(v.Directory.Name+"/well_B2/empty_dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	o := add(t, r, v.Directory.Name, nil)
	if o.MD5 != v.Directory.OID || o.Files != len(v.Directory.Files) {
		t.Errorf("got %+v", o)
	}
	wantFile(t, r, v.Directory.Name+".dvc", v.Directory.File)
	b, err := os.ReadFile(r.cache.path(v.Directory.OID))
	if err != nil || string(b) != decode(t, v.Directory.Dir) {
		t.Errorf(".dir object: %s, %v", b, err)
	}
	for _, f := range v.Directory.Files {
		st, err := os.Stat(r.cache.path(f.MD5))
		if err != nil || st.Mode().Perm() != 0o444 {
			t.Errorf("%s: %v, %v", f.Path, st, err)
		}
	}
	entries, err := parseTree(b)
	if err != nil || string(encodeTree(entries)) != string(b) {
		t.Errorf("does not come back: %v", err)
	}
}

func TestVectorEmptyFolder(t *testing.T) {
	var v vectors
	readJSON(t, "vectors.json", &v)
	r := newRepo(t)
	if err := os.Mkdir(r.abs("empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	if o := add(t, r, "empty", nil); o.MD5 != v.Empty.OID {
		t.Errorf("got %+v", o)
	}
	wantFile(t, r, "empty.dvc", "outs:\n- md5: "+v.Empty.OID+"\n  size: 0\n  nfiles: 0\n  hash: md5\n  path: empty\n")
}

func TestVectorSingle(t *testing.T) {
	var v vectors
	readJSON(t, "vectors.json", &v)
	r := newRepo(t)
	for _, s := range v.Single {
		put(t, r, s.Path, decode(t, s.Data))
		add(t, r, s.Path, nil)
		wantFile(t, r, s.Path+".dvc", s.File)
	}
	if len(v.Single) == 0 {
		t.Error("no vectors")
	}
}

func TestNamesAsDVCWritesThem(t *testing.T) {
	var names []struct{ Name, Path, Gitignore string }
	readJSON(t, "names.json", &names)
	for _, n := range names {
		if got := scalar(n.Name) + "\n"; got != n.Path {
			t.Errorf("%q: %q, want %q", n.Name, got, n.Path)
		}
		if got := "/" + escapeGlob(n.Name) + "\n"; got != n.Gitignore {
			t.Errorf("%q ignored by %q, want %q", n.Name, got, n.Gitignore)
		}
	}
	if len(names) < 60 {
		t.Errorf("only %d names", len(names))
	}
}

// TestFoldedPathIsPatched adds a field after a path that DVC has folded.
func TestFoldedPathIsPatched(t *testing.T) {
	name := strings.Repeat("word ", 24) + "end"
	o := output{oid: sum([]byte("a")), size: 1, path: name}
	text, err := newFile(o, nil)
	must(t, err)
	f, err := parseFile(text)
	must(t, err)
	o.exec = true
	got, err := f.patch(o, nil)
	if want := string(text) + "  isexec: true\n"; err != nil || string(got) != want || strings.Count(want, "\n") != 7 {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}

func TestInitAsDVC(t *testing.T) {
	r := newRepo(t)
	wantFile(t, r, ".dvc/config", "")
	wantFile(t, r, ".dvc/.gitignore", "/config.local\n/tmp\n/cache\n")
	log, err := r.Log(t.Context(), 0)
	if err != nil || len(log) != 1 {
		t.Fatalf("log %v, %v", log, err)
	}
	again, err := Init(t.Context(), r.Dir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if log, err := again.Log(t.Context(), 0); err != nil || len(log) != 1 {
		t.Errorf("a second init: %v, %v", log, err)
	}
	if s, err := again.Status(t.Context()); err != nil || !s.Clean() {
		t.Errorf("status %+v, %v", s, err)
	}
}
