package pipeline

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// everything uses what a dvc.yaml can have.
func everything() map[string]string {
	return map[string]string{
		"dvc.yaml": `vars:
- v.json
- channels: [dapi, gfp]
params: [params.yaml]
metrics: [score.json]
plots:
- curve.csv: {x: a, y: b}
stages:
  # a comment
  fetch:
    desc: copies the raw data, with a command that is longer than a line of eighty letters is
    cmd: >-
      mkdir -p "in/two words/ü" && cp raw/*.txt "in/two words/ü/" && echo "a rather long line that has to be folded  here and there: 'quoted' # no comment"
    deps: [raw]
    outs: [in]
  split:
    foreach: ${channels}
    do:
      cmd: mkdir -p split && cat in/*/*/* | sed 's/a/${item}/' > split/${item}.txt && chmod ${mode} split/${item}.txt
      deps: [in]
      outs: ["split/${item}.txt"]
  grid:
    matrix:
      size: [1, 2.0]
      kind: ${kinds}
    cmd:
    - mkdir -p grid/${key}
    - echo ${item.size} ${item.kind.name} ${opts} > grid/${key}/out
    deps: [split/gfp.txt]
    params: [opts2, train.lr]
    outs:
    - grid/${key}
  train:
    cmd: |
      mkdir -p ../model/empty
      cp ../params.yaml model.bin
      : > nothing
      echo '{"score": 1}' > ../score.json
      printf 'a,b\n1,2\n' > ../curve.csv
      date +%N > log.txt
    wdir: work
    deps: [../split, ../grid/1-kind0]
    params:
    - ../params.yaml: [train, train.lr, big, none, list, yes, text, date2]
    - ../whole.yaml:
    - p.json: [a, b.c]
    outs: [model.bin, nothing, log.txt: {cache: false}]
    metrics: [../score.json: {cache: false}]
    plots: [../curve.csv: {x: a, y: b}]
  grow:
    cmd: echo more >> grown.txt
    deps: [work/model.bin]
    outs: [grown.txt: {persist: true}]
  metric:
    cmd: wc -c < grown.txt > m.txt && wc -c < split/dapi.txt > n.txt
    deps: [grown.txt, split/dapi.txt]
    metrics: [m.txt: {cache: false}]
    plots: [n.txt: {cache: false, title: "t: 'x'"}]
  cold:
    cmd: exit 1
    frozen: true
    deps: [raw]
    outs: [cold.txt]
  says:
    cmd: echo hello
  always:
    cmd: echo 1 > always.txt
    always_changed: true
    outs: [always.txt]
`,
		"sub/dvc.yaml": `stages:
  far:
    cmd: cat ../m.txt x > far.txt; mkdir -p e
    params: [k]
    deps: [../m.txt, x]
    outs: [far.txt, e]
`,
		"sub/params.yaml": "k: 1\n", "sub/x": "x\n",
		"v.json":      `{"mode": "755", "opts": {"a": 1, "b": [1, "two words"], "c": true}, "kinds": [{"name": "x"}, {"name": "y"}]}`,
		"params.yaml": "opts2: 1\ntrain: {lr: 1e-5, deep: {b: 2, a: [1, {z: 1, y: 2}]}}\nbig: 123456789012345678901\nnone:\nlist: [1, 2.50, a, [x], {q: 1, p: 2}]\nyes: yes\ntext: \"a: 'b' # c\\n\\tü\"\ndate2: '2020-01-02'\n",
		"whole.yaml":  "z: 1\na: {d: 1, c: [null, true, 1.0e+3]}\nempty: {}\nvoid: []\n",
		"work/p.json": `{"a": 1.0, "b": {"c": [1e400, -0.0, "\u00e9"]}}`,
		"raw/a.txt":   "a\n", "raw/b.txt": "b\n", "cold.txt": "cold\n",
	}
}

// tree is all that a dataset holds, but for git's own files and logs of the moment.
func (b *bench) tree() map[string]string {
	b.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(b.repo.Dir(), func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(b.repo.Dir(), name)
		if err != nil {
			return err
		}
		switch rel = filepath.ToSlash(rel); {
		case rel == ".git" || rel == ".dvc/tmp" || rel == ".dvc/cache/tmp":
			return fs.SkipDir
		case d.IsDir():
			all[rel+"/"] = ""
			return nil
		case strings.HasPrefix(rel, ".dvc/cache/files"):
			all[rel] = "" // its name says what it is
			return nil
		}
		text, err := os.ReadFile(name)
		all[rel] = string(text)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return all
}

// same compares two datasets byte by byte.
func same(t *testing.T, when string, ours, theirs *bench) {
	t.Helper()
	a, b := ours.tree(), theirs.tree()
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if text, ok := b[name]; !ok {
			t.Errorf("%s: dvc has no %s", when, name)
		} else if text != a[name] {
			t.Errorf("%s: %s\nours:\n%s\ntheirs:\n%s", when, name, a[name], text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if _, ok := a[name]; !ok {
			t.Errorf("%s: we have no %s", when, name)
		}
	}
}

// twins are two equal datasets, one for us and one for dvc.
func twins(t *testing.T, files map[string]string) (ours, theirs *bench) {
	t.Helper()
	ours, theirs = newBench(t, files), newBench(t, files)
	ours.real = startDVC(t)
	theirs.real = ours.real
	for _, b := range []*bench{ours, theirs} {
		if _, err := b.repo.Add(t.Context(), "raw", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	return ours, theirs
}

func TestBothDoTheSame(t *testing.T) {
	files := everything()
	files["dvc.yaml"] = strings.ReplaceAll(files["dvc.yaml"], "date +%N", "echo n")
	ours, theirs := twins(t, files)
	ours.agree("at first")
	ours.repro()
	theirs.dvc("repro", "-P")
	same(t, "first run", ours, theirs)
	ours.agree("after our run")
	for _, b := range []*bench{ours, theirs} {
		b.put("params.yaml", strings.Replace(b.text("params.yaml"), "lr: 1e-5", "lr: 2", 1))
		b.put("raw/c.txt", "c\n")
		b.put("dvc.yaml", strings.Replace(b.text("dvc.yaml"), "echo more", "echo  more", 1))
		b.put("cold.txt", "warm\n")
	}
	ours.agree("much has changed")
	ours.repro()
	theirs.dvc("repro", "-P")
	same(t, "second run", ours, theirs)
	if err := os.RemoveAll(ours.path("grid")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(theirs.path("grid")); err != nil {
		t.Fatal(err)
	}
	ours.put("split/gfp.txt", "broken")
	theirs.put("split/gfp.txt", "broken")
	ours.agree("outputs have gone")
	ours.repro()
	theirs.dvc("repro", "-P")
	same(t, "third run", ours, theirs)
}

// A stage may need a folder whose files are versioned one by one, as captures are: their .dvc
// files count.
func TestBothReadAFolderOfCaptures(t *testing.T) {
	ours, theirs := twins(t, map[string]string{
		"raw/a.txt": "a\n", "captures/scope/a.tif": "a\n", "captures/scope/b.tif": "b\n",
		"dvc.yaml": "stages:\n  count:\n    cmd: ls captures/scope | wc -l > count.txt\n    deps: [captures]\n    outs: [count.txt]\n",
	})
	for _, b := range []*bench{ours, theirs} {
		for _, name := range []string{"captures/scope/a.tif", "captures/scope/b.tif"} {
			if _, err := b.repo.Add(t.Context(), name, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	ours.agree("at first")
	ours.repro()
	theirs.dvc("repro")
	same(t, "first run", ours, theirs)
	ours.nothingLeft("after our run")
}

// A lock with anchors, comments and more in it stays as dvc leaves it.
func TestBothKeepALock(t *testing.T) {
	ours, theirs := twins(t, map[string]string{
		"raw/a.txt": "a",
		"dvc.yaml": `stages:
  a:
    cmd: echo > o
    params: [train, train.deep]
    outs: [o]
  b:
    cmd: echo > p
    params: [list, list2]
    outs: [p]
  c:
    cmd: echo > q
    params: [params.yaml: ]
    outs: [q]
  d:
    cmd: echo > r
    deps: [raw]
    outs: [r]
`,
		"params.yaml": "train: {deep: {b: [1], a: {}}}\nlist: &l [1, 2]\nlist2: *l\n",
	})
	for _, c := range []struct {
		what string
		do   func(b *bench)
	}{
		{"new", func(*bench) {}},
		{"a parameter", func(b *bench) { b.replace("params.yaml", "b: [1]", "b: [2]") }},
		{"comments", func(b *bench) {
			b.replace("dvc.lock", "schema:", "# top\nschema:")
			b.replace("dvc.lock", "  d:\n", "  # about d\n  d:\n")
			b.put("dvc.lock", b.text("dvc.lock")+"datasets: []\n")
			b.put("raw/b.txt", "b")
		}},
		{"one more stage, other line ends", func(b *bench) {
			b.replace("dvc.lock", "datasets: []\n", "")
			b.put("dvc.lock", strings.ReplaceAll(b.text("dvc.lock"), "\n", "\r\n"))
			b.put("dvc.yaml", b.text("dvc.yaml")+"  e:\n    cmd: echo > s\n    deps: [raw]\n    outs: [s]\n")
		}},
	} {
		for _, b := range []*bench{ours, theirs} {
			c.do(b)
		}
		ours.repro()
		theirs.dvc("repro", "-P")
		same(t, c.what, ours, theirs)
	}
}

func (b *bench) replace(name, old, now string) {
	b.Helper()
	text := b.text(name)
	if !strings.Contains(text, old) {
		b.Fatalf("%s has no %q:\n%s", name, old, text)
	}
	b.put(name, strings.Replace(text, old, now, 1))
}
