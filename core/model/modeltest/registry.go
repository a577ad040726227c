package modeltest

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

func registryChecks() map[string]func(*testing.T, Platform) {
	return map[string]func(*testing.T, Platform){
		"register": register, "of one run": ofOneRun, "fetch": fetch, "aliases": aliases, "odd aliases": oddAliases, "tags": tags,
		"absent models": absentModels, "hostile files": hostileFiles, "hostile names": hostileNames,
		"aliases at once": aliasesAtOnce, "registered at once": registeredAtOnce, "big file": bigFile,
	}
}

func newVersion(t *testing.T, p Platform, name, text string) model.Version {
	t.Helper()
	v, err := p.Register(t.Context(), name, "", bundle(text), map[string]string{"text": text})
	check(t, "register", err)
	return v
}

// find returns the model of that name.
func find(t *testing.T, p Platform, name string) model.Model {
	t.Helper()
	ms, err := p.Models(t.Context())
	check(t, "models", err)
	i := slices.IndexFunc(ms, func(m model.Model) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("no model %q among %d", name, len(ms))
	}
	return ms[i]
}

// versions returns the versions of a model, by number.
func versions(t *testing.T, p Platform, name string) map[string]model.Version {
	t.Helper()
	vs, err := p.Versions(t.Context(), name)
	check(t, "versions", err)
	out := map[string]model.Version{}
	for i, v := range vs {
		out[v.Version] = v
		if want := strconv.Itoa(len(vs) - i); v.Version != want {
			t.Errorf("version %s at place %d, want %s: the newest first", v.Version, i, want)
		}
	}
	return out
}

func register(t *testing.T, p Platform) {
	t.Helper()
	name := unique("model's")
	run := start(t, p, unique("experiment"), "training")
	begun := time.Now().Add(-2 * time.Second)
	first, err := p.Register(t.Context(), name, run.ID, bundle("one"), map[string]string{"data": "4b825dc"})
	check(t, "register", err)
	second := newVersion(t, p, name, "two")
	if first.Version != "1" || second.Version != "2" || first.Model != name || first.Run != run.ID {
		t.Errorf("versions %+v and %+v", first, second)
	}
	m := find(t, p, name)
	if len(m.Aliases) != 0 || m.Updated.Before(begun) || m.Updated.After(time.Now().Add(2*time.Second)) {
		t.Errorf("model %+v", m)
	}
	vs := versions(t, p, name)
	if len(vs) != 2 {
		t.Fatalf("%d versions, want 2", len(vs))
	}
	v := vs["1"]
	if v.Model != name || v.Run != run.ID || v.Tags["data"] != "4b825dc" || v.Source == "" || len(v.Aliases) != 0 ||
		v.Status != "READY" || v.Created.Before(begun) || v.Created.After(time.Now().Add(2*time.Second)) {
		t.Errorf("first version %+v", v)
	}
	if vs["2"].Tags["text"] != "two" {
		t.Errorf("second version %+v", vs["2"])
	}
}

// ofOneRun expects that a later version of a run leaves the earlier one's files alone.
func ofOneRun(t *testing.T, p Platform) {
	t.Helper()
	name := unique("model")
	run := start(t, p, unique("experiment"), "training")
	for _, text := range []string{"one", "two", "one"} {
		_, err := p.Register(t.Context(), name, run.ID, bundle(text), nil)
		check(t, "register", err)
	}
	for v, text := range map[string]string{"1": "one", "2": "two", "3": "one"} {
		wantFiles(t, p, name, v, bundle(text))
	}
}

// wantFiles expects the files of a version; a platform may have added more of its own.
func wantFiles(t *testing.T, p Platform, name, v string, want map[string][]byte) {
	t.Helper()
	got, err := p.Fetch(t.Context(), name, v)
	check(t, "fetch", err)
	for path, b := range want {
		if g, ok := got[path]; !ok || !bytes.Equal(g, b) {
			t.Errorf("version %s: %q is %d bytes (there: %v), want %d", v, path, len(g), ok, len(b))
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok && path != "MLmodel" {
			t.Errorf("version %s: %q was never registered", v, path)
		}
	}
}

func fetch(t *testing.T, p Platform) {
	t.Helper()
	name := unique("model")
	newVersion(t, p, name, "one")
	newVersion(t, p, name, "two")
	wantFiles(t, p, name, "1", bundle("one"))
	wantFiles(t, p, name, "2", bundle("two"))
}

func aliases(t *testing.T, p Platform) {
	t.Helper()
	ctx, name := t.Context(), unique("model")
	newVersion(t, p, name, "one")
	newVersion(t, p, name, "two")
	wantAliases := func(want map[string]string) {
		t.Helper()
		if got := find(t, p, name).Aliases; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("aliases %v, want %v", got, want)
		}
		for n, v := range versions(t, p, name) {
			for _, a := range v.Aliases {
				if want[a] != n {
					t.Errorf("version %s has the alias %s, which is at %q", n, a, want[a])
				}
			}
		}
		for a, n := range want {
			if !slices.Contains(versions(t, p, name)[n].Aliases, a) {
				t.Errorf("version %s lacks the alias %s", n, a)
			}
		}
	}
	check(t, "set", p.SetAlias(ctx, name, model.Champion, "1"))
	check(t, "set", p.SetAlias(ctx, name, model.Challenger, "2"))
	wantAliases(map[string]string{model.Champion: "1", model.Challenger: "2"})
	for range 2 {
		check(t, "move", p.SetAlias(ctx, name, model.Champion, "2"))
		check(t, "set", p.SetAlias(ctx, name, model.Previous, "1"))
		wantAliases(map[string]string{model.Champion: "2", model.Challenger: "2", model.Previous: "1"})
	}
	for range 2 {
		check(t, "drop", p.DropAlias(ctx, name, model.Challenger))
		wantAliases(map[string]string{model.Champion: "2", model.Previous: "1"})
	}
}

func oddAliases(t *testing.T, p Platform) {
	t.Helper()
	name := unique("model")
	newVersion(t, p, name, "one")
	for _, a := range []string{"", "a b", "latest", "v1", "a/b"} {
		wantKind(t, "alias "+a, p.SetAlias(t.Context(), name, a, "1"), fault.Invalid)
	}
}

func tags(t *testing.T, p Platform) {
	t.Helper()
	ctx, name := t.Context(), unique("model")
	newVersion(t, p, name, "one")
	long := `{"why":"` + strings.Repeat("schärfer ", 400) + `"}`
	check(t, "tag", p.Tag(ctx, name, "1", "coverslip.promotion.20261124T101500.000Z", long))
	check(t, "tag", p.Tag(ctx, name, "1", "text", "replaced"))
	got := versions(t, p, name)["1"].Tags
	if len(got) != 2 || got["coverslip.promotion.20261124T101500.000Z"] != long || got["text"] != "replaced" {
		t.Errorf("tags %v", got)
	}
	wantKind(t, "tag without a name", p.Tag(ctx, name, "1", "", "x"), fault.Invalid)
}

func absentModels(t *testing.T, p Platform) {
	t.Helper()
	ctx, name := t.Context(), unique("model")
	_, versions := p.Versions(ctx, name)
	_, fetch := p.Fetch(ctx, name, "1")
	_, register := p.Register(ctx, name, absentRun, bundle("x"), nil)
	for what, err := range map[string]error{
		"versions": versions, "fetch": fetch, "register": register,
		"set alias":  p.SetAlias(ctx, name, model.Champion, "1"),
		"drop alias": p.DropAlias(ctx, name, model.Champion),
		"tag":        p.Tag(ctx, name, "1", "k", "v"),
	} {
		wantKind(t, what+" of no model", err, fault.NotFound)
	}
	ms, err := p.Models(ctx)
	check(t, "models", err)
	if slices.ContainsFunc(ms, func(m model.Model) bool { return m.Name == name }) {
		t.Error("a model of an absent run was made")
	}
	newVersion(t, p, name, "one")
	_, fetch = p.Fetch(ctx, name, absentVersion)
	for what, err := range map[string]error{
		"fetch": fetch, "set alias": p.SetAlias(ctx, name, model.Champion, absentVersion), "tag": p.Tag(ctx, name, absentVersion, "k", "v"),
	} {
		wantKind(t, what+" of no version", err, fault.NotFound)
	}
}

func hostileFiles(t *testing.T, p Platform) {
	t.Helper()
	name := unique("model")
	for _, files := range []map[string][]byte{
		{}, {"": nil}, {"../x": nil}, {"/x": nil}, {"a/../../x": nil}, {".": nil}, {"a": nil, "a/b": nil},
	} {
		_, err := p.Register(t.Context(), name, "", files, nil)
		wantKind(t, fmt.Sprintf("register %v", files), err, fault.Invalid)
	}
	_, err := p.Versions(t.Context(), name)
	wantKind(t, "versions of what was refused", err, fault.NotFound)
}

func hostileNames(t *testing.T, p Platform) {
	t.Helper()
	for _, name := range []string{"", "a/b", "a:b"} {
		_, err := p.Register(t.Context(), name, "", bundle("x"), nil)
		wantKind(t, fmt.Sprintf("register %q", name), err, fault.Invalid)
	}
}

// aliasesAtOnce expects that an alias that several people move ends at one version.
func aliasesAtOnce(t *testing.T, p Platform) {
	t.Helper()
	name := unique("model")
	newVersion(t, p, name, "one")
	newVersion(t, p, name, "two")
	check(t, "set", p.SetAlias(t.Context(), name, model.Champion, "1"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := p.SetAlias(t.Context(), name, model.Champion, strconv.Itoa(1+i%2)); err != nil {
				t.Errorf("set: %v", err)
			}
		})
	}
	wg.Wait()
	at := find(t, p, name).Aliases[model.Champion]
	for n, v := range versions(t, p, name) {
		if has := slices.Contains(v.Aliases, model.Champion); has != (n == at) {
			t.Errorf("the alias is at %s; version %s has it: %v", at, n, has)
		}
	}
}

// registeredAtOnce expects that no two versions get the same number.
func registeredAtOnce(t *testing.T, p Platform) {
	t.Helper()
	name := unique("model")
	newVersion(t, p, name, "first")
	var mu sync.Mutex
	texts := map[string]string{"1": "first"}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			text := fmt.Sprint("at once ", i)
			v, err := p.Register(t.Context(), name, "", bundle(text), nil)
			if err != nil {
				t.Errorf("register: %v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			texts[v.Version] = text
		})
	}
	wg.Wait()
	if len(texts) != 5 || len(versions(t, p, name)) != 5 {
		t.Errorf("versions %v, want 5", texts)
	}
	for v, text := range texts {
		wantFiles(t, p, name, v, bundle(text))
	}
}

func bigFile(t *testing.T, p Platform) {
	t.Helper()
	name := unique("model")
	files := map[string][]byte{"model.onnx": bytes.Repeat([]byte("0123456789abcde\n"), 1<<20)} // 16 MB
	_, err := p.Register(t.Context(), name, "", files, nil)
	check(t, "register", err)
	wantFiles(t, p, name, "1", files)
}
