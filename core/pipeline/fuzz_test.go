package pipeline

import (
	"io/fs"
	"math"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/ruamel"
)

// FuzzPipeline reads a dvc.yaml beside a params.yaml, both from anywhere.
func FuzzPipeline(f *testing.F) {
	f.Add("stages:\n  a: {cmd: x, deps: [b/c], outs: [o]}\n  b: {cmd: y, outs: [b: {cache: false}]}\n", "")
	f.Add(everything()["dvc.yaml"], everything()["params.yaml"])
	f.Add("vars: [{l: [a, b]}]\nstages:\n  m:\n    matrix: {x: '${l}', y: [1, 2]}\n    cmd: echo ${item.x} ${p[0].q} ${m}\n    wdir: w\n", "p: [{q: 1}]\nm: {a: true, b: [x y]}\n")
	f.Add("stages:\n  e:\n    foreach: {a: {b: c}}\n    do: {cmd: '${item.b} ${key}', outs: ['../${key}']}\n", "")
	f.Fuzz(func(t *testing.T, text, params string) {
		files := map[string]string{"dvc.yaml": text, "params.yaml": params, "v.json": `{"kinds": [{"name": "x"}]}`}
		g := &Graph{byID: map[string]int{}, files: func(rel string) ([]byte, error) {
			if !inside(rel) {
				t.Errorf("reads %q", rel)
			}
			text, ok := files[rel]
			if !ok {
				return nil, fs.ErrNotExist
			}
			return []byte(text), nil
		}}
		left := maxText
		if g.load("dvc.yaml", &left) != nil || g.connect() != nil {
			return
		}
		for _, s := range g.Stages {
			if !inside(s.Dir) || len(s.Cmd) == 0 || s.Name == "" {
				t.Errorf("stage %+v", s)
			}
			for _, o := range s.Outs {
				if !inside(o.Path) || o.Path == "." || named(o.Path) {
					t.Errorf("makes %q", o.Path)
				}
			}
		}
		order := g.plan(nil)
		if len(order) != len(g.Stages) {
			t.Errorf("%d of %d stages", len(order), len(g.Stages))
		}
		for at, i := range order {
			for _, up := range g.Stages[i].Upstream {
				if !g.Stages[i].Frozen && slices.Index(order, g.byID[up]) > at {
					t.Errorf("%s before %s", g.Stages[i].Name, up)
				}
			}
		}
	})
}

// FuzzLock puts a stage into a dvc.lock from anywhere: the others stay as they are.
func FuzzLock(f *testing.F) {
	f.Add("schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - path: o\n      hash: md5\n      md5: d41d8cd98f00b204e9800998ecf8427e\n      size: 0\n  b:\n    cmd: y\n", "a")
	f.Add("schema: '2.0'\nstages:\n  a:\n    cmd: &id001\n    - x\n    deps: []\n  'c d':\n    cmd: *id001\n", "b: c")
	f.Add("schema: '2.0'\nstages: {a: {cmd: x}}\ndatasets: []\n", "a")
	f.Add("schema: '2.0'\nstages:\n  a:\n    cmd: x\n# end\ndatasets: []\n", "é")
	f.Add("", "a")
	f.Fuzz(func(t *testing.T, text, stage string) {
		l, err := parseLock("dvc.lock", []byte(text))
		if err != nil || !validName(stage) || strings.ToValidUTF8(stage, "") != stage || len(stage) > maxOdd || odd(l.all) {
			return
		}
		entry := newObject()
		entry.set("cmd", "echo 'a: b' # c")
		put, err := l.with(stage, entry)
		if err != nil {
			t.Fatal(err)
		}
		if put, err = put.with("again", entry); err == nil { // where it counts on what it knows
			put, err = put.with(stage, entry)
		}
		if err != nil {
			t.Fatal(err)
		}
		next, err := parseLock("dvc.lock", []byte(put.text))
		if err != nil {
			t.Fatalf("%v:\n%s", err, put.text)
		}
		if !equal(next.all, put.all) || len(next.records) != len(put.records) {
			t.Errorf("it says another thing than its text:\n%s", put.text)
		}
		was, _ := l.all.values["stages"].(*object)
		is, _ := next.all.values["stages"].(*object)
		if is == nil || !equal(is.values[stage], entry) {
			t.Fatalf("not there:\n%s", next.text)
		}
		if was == nil {
			return
		}
		for _, k := range was.keys {
			if k != stage && k != "again" && !equal(was.values[k], is.values[k]) {
				t.Errorf("%q has changed:\n%s", k, next.text)
			}
		}
	})
}

// FuzzYAML reads a text, writes what it holds, and reads that again.
func FuzzYAML(f *testing.F) {
	f.Add("a: [1, 0x1f, 1e-5, .inf, ~, 'x y', \"\\u00e9\\n\"]\nb: &b {c: |\n  text\n  more\n, d: *b}\n")
	f.Add("? - a\n: b\n")
	f.Add("a: &a\n  b: c\nd:\n  <<: *a\n  e: 2020-01-02\n")
	f.Add(everything()["params.yaml"])
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseYAML([]byte(text))
		o, ok := v.(*object)
		if err != nil || !ok || odd(o) || strings.ToValidUTF8(text, "") != text {
			return
		}
		written := emitYAML(o, 0)
		again, err := parseYAML([]byte(written))
		if err != nil {
			t.Fatalf("%v:\n%q", err, written)
		}
		if !equal(v, again) {
			t.Fatalf("other:\n%q", written)
		}
		if twice := emitYAML(again.(*object), 0); twice != written { //nolint:forcetypeassert // a mapping each
			t.Errorf("not the same again:\n%q\n%q", written, twice)
		}
	})
}

// FuzzJSON does that with JSON.
func FuzzJSON(f *testing.F) {
	f.Add(`{"a": [1, -0.0, 1e400, 1E5, "\ud83d\ude00\u0000", null, true], "b": {"c": {}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseJSON([]byte(text))
		if err != nil || odd(v) {
			return
		}
		written, err := pythonJSON(v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseJSON([]byte(written))
		if err != nil || !equal(v, again) {
			t.Errorf("%v: %q", err, written)
		}
	})
}

// maxOdd is how long a key may be, or a text with signs that are escaped or blanks in a
// row: what ruamel.yaml, and so DVC and we, make of longer ones is not always read again.
const maxOdd = 30

// odd reports whether a value is not equal to itself or is written so that it is read as
// another one: no number, infinity, keys that are no texts. Of one line break (U+0085),
// ruamel.yaml and so DVC and we make two.
func odd(v any) bool {
	switch x := v.(type) {
	case string:
		return strings.Contains(x, "\u0085") || len(x) > maxOdd && (strings.ContainsFunc(x, ruamel.NeedsEscape) || strings.Contains(x, "  "))
	case float64:
		return math.IsNaN(x) || math.IsInf(x, 0)
	case []any:
		return slices.ContainsFunc(x, odd)
	case *object:
		return len(x.plain) > 0 || x != nil && slices.ContainsFunc(x.keys, func(k string) bool { return len(k) > maxOdd || odd(k) || odd(x.values[k]) })
	}
	return false
}
