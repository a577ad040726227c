package pipeline

import (
	"encoding/json"
	"os"
	"path"
	"reflect"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
)

// The pipeline, its lock and its record of runs were written by DVC 3.67.1.
func TestRunsAreNamedAsDVCNamesThem(t *testing.T) {
	var v struct {
		YAML   string `json:"dvc_yaml"`
		Lock   string `json:"dvc_lock"`
		Params string `json:"params_yaml"`
		Runs   []struct {
			Stage, Key, Value, File string
			Hashed                  string `json:"hashed_json_key"`
		} `json:"run_cache"`
	}
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, map[string]string{"dvc.yaml": v.YAML, "dvc.lock": v.Lock, "params.yaml": v.Params})
	g := b.graph()
	locks, err := g.locks(nil)
	if err != nil {
		t.Fatal(err)
	}
	empty := &lockFile{all: newObject()}
	for _, want := range v.Runs {
		s, ok := g.Stage(want.Stage)
		if !ok {
			t.Fatalf("no stage %s", want.Stage)
		}
		raw := locks["dvc.yaml"].all.values["stages"].(*object).values[want.Stage] //nolint:forcetypeassert // as the vector has it
		f := factsOf(t, b, &s, raw)
		e := f.entry(&s)
		if got := emitYAML(e, 0); got != want.File {
			t.Errorf("%s:\n%s\nwant:\n%s", want.Stage, got, want.File)
		}
		if got, err := hashed(e); err != nil || got != want.Value {
			t.Errorf("%s: value %s, %v", want.Stage, got, err)
		}
		if got, err := runKey(&s, f); err != nil || got != want.Key {
			t.Errorf("%s: key %s, %v", want.Stage, got, err)
		}
		f.outs = nil // before it has run
		if got, err := runKey(&s, f); err != nil || got != want.Key {
			t.Errorf("%s: key %s before it ran, %v", want.Stage, got, err)
		}
		if empty, err = empty.with(want.Stage, e); err != nil {
			t.Fatal(err)
		}
	}
	if empty.text != v.Lock {
		t.Errorf("lock:\n%s\nwant:\n%s", empty.text, v.Lock)
	}
}

// factsOf takes from an entry of a lock what a stage has read and made.
func factsOf(t *testing.T, b *bench, s *Stage, raw any) facts {
	t.Helper()
	f := facts{deps: map[string]dataset.Object{}, outs: map[string]dataset.Object{}, params: map[string]*object{}}
	for key, to := range map[string]map[string]dataset.Object{"deps": f.deps, "outs": f.outs} {
		list, err := listOf(raw.(*object), key) //nolint:forcetypeassert // as the vector has it
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range list {
			e := v.(*object).values                                              //nolint:forcetypeassert // as the vector has it
			o := dataset.Object{MD5: e["md5"].(string), Size: e["size"].(int64)} //nolint:forcetypeassert // as the vector has it
			if n, ok := e["nfiles"].(int64); ok {
				o.Files = int(n)
			}
			to[e["path"].(string)] = o //nolint:forcetypeassert // as the vector has it
		}
	}
	for _, p := range s.Params {
		values, err := parseParams(p.Path, []byte(b.text(p.Path)))
		if err != nil {
			t.Fatal(err)
		}
		f.params[p.as], _ = picked(values, p.Keys)
	}
	return f
}

// What we remember, dvc restores, and the other way round.
func TestRunsAreShared(t *testing.T) {
	b := simpleBench(t)
	sigma := func(v string) { b.put("params.yaml", "sigma: "+v+"\n") }
	for _, v := range []string{"1", "2"} {
		sigma(v)
		b.repro()
	}
	for _, v := range []string{"3", "4"} {
		sigma(v)
		b.dvc("repro")
	}
	sigma("1")
	if out := b.dvc("repro"); !strings.Contains(out, "'blur' is cached") || strings.Contains(out, "Running") {
		t.Errorf("dvc does not take our run:\n%s", out)
	}
	sigma("3")
	if done := b.repro(); !reflect.DeepEqual(done.Restored, []string{"blur"}) || len(done.Ran) > 0 {
		t.Errorf("we don't take dvc's run: %+v", done)
	}
	b.nothingLeft("dvc's run restored")
	for _, name := range []string{"blurred", "m.json"} {
		if err := os.RemoveAll(b.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	if done := b.repro(); !reflect.DeepEqual(done.Restored, []string{"blur", "count"}) || len(done.Ran) > 0 {
		t.Errorf("what was deleted is not restored: %+v", done)
	}
	b.nothingLeft("what was deleted is back")
}

// What DVC 2 has run is clean for us as it is for DVC 3; what we run, both take over.
func TestLocksOfDVC2(t *testing.T) {
	b := simpleBench(t)
	b.repro()
	b.put("dvc.lock", strings.ReplaceAll(b.text("dvc.lock"), "      hash: md5\n", ""))
	if st := b.agree("before the cache has it"); len(st) == 0 {
		t.Error("clean without objects")
	}
	for name := range b.tree() {
		if oid, ok := strings.CutPrefix(name, ".dvc/cache/files/md5/"); ok && !strings.HasSuffix(name, "/") {
			b.put(".dvc/cache/"+oid, b.text(name))
		}
	}
	if st := b.agree("from DVC 2"); len(st) > 0 {
		t.Errorf("not clean: %v", st)
	}
	if done := b.repro(); len(done.Ran)+len(done.Restored) > 0 {
		t.Errorf("done %+v", done)
	}
	b.put("params.yaml", "sigma: 7\n")
	b.agree("changed")
	if done := b.repro("blur"); len(done.Ran) != 1 {
		t.Errorf("done %+v", done)
	}
	b.nothingLeft("half from DVC 2")
}

// A record of runs comes from a remote that anyone may write to: it can't lead elsewhere.
func TestRunsOfOthersPlaceOnlyOutputs(t *testing.T) {
	b := simpleBench(t)
	b.repro()
	for name, text := range b.runs() {
		b.put(".dvc/cache/runs/"+name, strings.ReplaceAll(text, "path: blurred", "path: ../blurred"))
	}
	if err := os.Remove(b.path("dvc.lock")); err != nil {
		t.Fatal(err)
	}
	if done := b.repro(); !reflect.DeepEqual(done.Ran, []string{"blur"}) || !reflect.DeepEqual(done.Restored, []string{"count"}) {
		t.Errorf("done %+v", done)
	}
	if _, err := os.Stat(path.Join(b.repo.Dir(), "../blurred")); err == nil {
		t.Error("it was placed outside")
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	for what, c := range map[string]struct {
		files map[string]string
		says  string
	}{
		"dep":       {map[string]string{"dvc.yaml": "stages:\n  a: {cmd: echo > o, deps: [gone], outs: [o]}\n"}, "reads gone"},
		"parameter": {map[string]string{"dvc.yaml": "stages:\n  a: {cmd: echo > o, params: [x.y], outs: [o]}\n", "params.yaml": "x: 1\n"}, "x.y"},
		"file":      {map[string]string{"dvc.yaml": "stages:\n  a: {cmd: echo > o, params: [x], outs: [o]}\n"}, "params.yaml"},
		"output":    {map[string]string{"dvc.yaml": "stages:\n  a: {cmd: 'true', outs: [o]}\n"}, "not made o"},
		"folder":    {map[string]string{"dvc.yaml": "stages:\n  a: {cmd: 'true', wdir: sub, outs: [o]}\n"}, "sub"},
		"elsewhere": {map[string]string{"dvc.yaml": "stages:\n  a: {cmd: 'true', deps: ['s3://b/k'], outs: [o]}\n"}, "s3://b/k"},
		"stage":     {map[string]string{"dvc.yaml": "stages: {}\n"}, "no stage a"},
	} {
		b := newBench(t, c.files)
		_, err := b.graph().Repro(t.Context(), []string{"a"}, Options{}, nil)
		say, hint := fault.Explain(err)
		if err == nil || !strings.Contains(say, c.says) || hint == "" {
			t.Errorf("%s: %q %q (%v)", what, say, hint, err)
		}
		if kind := fault.KindOf(err); kind != fault.NotFound && kind != fault.Invalid {
			t.Errorf("%s: kind %v", what, kind)
		}
	}
}
