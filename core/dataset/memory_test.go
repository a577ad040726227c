package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// reopened is r as another process sees it.
func reopened(t *testing.T, r *Repository) *Repository {
	t.Helper()
	other, err := Open(t.Context(), r.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return other
}

// recalls reports whether a file's hash is known without reading it.
func recalls(t *testing.T, r *Repository, rel string) bool {
	t.Helper()
	m, err := r.statRel(rel)
	if err != nil {
		t.Fatal(err)
	}
	_, ok := r.memory.recall(rel, m)
	return ok
}

// settle makes the work tree's files old enough to be remembered.
func settle(t *testing.T, r *Repository, rels ...string) {
	t.Helper()
	for _, rel := range rels {
		was := time.Now().Add(-time.Hour)
		if err := os.Chtimes(r.abs(rel), was, was); err != nil {
			t.Fatal(err)
		}
	}
	r.memory.mu.Lock()
	defer r.memory.mu.Unlock()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); { // the ctime is new: wait for the next ticks
		r.memory.asked = time.Time{}
		last := int64(0)
		for _, rel := range rels {
			m, err := r.statRel(rel)
			if err != nil {
				t.Fatal(err)
			}
			last = max(last, m.ctime)
		}
		if now, slack := r.memory.clock(); last <= now-slack {
			return
		}
	}
	t.Fatal("the file system's clock stands still")
}

func TestMemoryOutlivesTheProcess(t *testing.T) {
	r := newRepo(t)
	put(t, r, "d/a", "one")
	put(t, r, "d/b", strings.Repeat("two", 200_000))
	put(t, r, "c", "three")
	settle(t, r, "d/a", "d/b", "c")
	add(t, r, "d", nil)
	add(t, r, "c", nil)
	other := reopened(t, r)
	for _, rel := range []string{"d/a", "d/b", "c"} {
		if !recalls(t, other, rel) {
			t.Errorf("%s is forgotten", rel)
		}
	}
	put(t, r, "d/a", "ONE") // as long, and in place
	put(t, r, "new", "1")
	if err := os.Rename(r.abs("new"), r.abs("c")); err != nil {
		t.Fatal(err)
	}
	for _, rel := range []string{"d/a", "c"} {
		if recalls(t, other, rel) || recalls(t, r, rel) {
			t.Errorf("%s has changed and is taken for the old one", rel)
		}
	}
	if s, err := reopened(t, r).Status(t.Context()); err != nil || len(s.Changed) != 2 {
		t.Errorf("%+v, %v", s, err)
	}
}

// A hash that is remembered does not tell that the cache still holds the object, whole.
func TestAddBringsBackWhatTheCacheLost(t *testing.T) {
	r := newRepo(t)
	put(t, r, "d/a", "one")
	put(t, r, "d/b", "two")
	put(t, r, "c", "three")
	settle(t, r, "d/a", "d/b", "c")
	add(t, r, "d", nil)
	add(t, r, "c", nil)
	for what, again := range map[string]func() error{
		"folder": func() error { _, err := r.Add(t.Context(), "d", nil, nil); return err },
		"part":   func() error { _, err := r.Add(t.Context(), "d/a", nil, nil); return err },
		"many": func() error {
			_, err := r.AddAll(t.Context(), []Addition{{Rel: "c"}}, nil)
			return err
		},
	} {
		for rel, data := range map[string]string{"d/a": "one", "d/b": "two", "c": "three"} {
			name := r.cache.path(sum([]byte(data)))
			wanted := what == "folder" && rel != "c" || what == "part" && rel == "d/a" || what == "many" && rel == "c"
			if !wanted {
				continue
			}
			if !recalls(t, r, rel) {
				t.Fatalf("%s is forgotten", rel)
			}
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
			if rel == "d/b" { // as a copy that was cut off
				if err := os.WriteFile(name, []byte("t"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := again(); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(name); err != nil || string(got) != data {
				t.Errorf("%s: %s is %q in the cache, %v", what, rel, got, err)
			}
		}
	}
}

// TestAYoungFileIsNotTrusted writes a file again at once, as long as before and with the
// time set back: only its youth tells.
func TestAYoungFileIsNotTrusted(t *testing.T) {
	r := newRepo(t)
	for range 50 {
		put(t, r, "v", "one")
		add(t, r, "v", nil) // on a slow machine the file is old enough by now: then it may be remembered
		put(t, r, "v", "two")
		if o := add(t, r, "v", nil); o.MD5 != sum([]byte("two")) {
			t.Fatal("an old hash for a new file")
		}
	}
}

func TestDamagedMemoryIsNone(t *testing.T) {
	r := newRepo(t)
	put(t, r, "a", "1")
	put(t, r, "b", "2")
	settle(t, r, "a", "b")
	add(t, r, "a", nil)
	whole, err := os.ReadFile(r.memory.file())
	if err != nil {
		t.Fatal(err)
	}
	add(t, r, "b", nil)
	both, err := os.ReadFile(r.memory.file())
	if err != nil || len(both) <= len(whole) {
		t.Fatalf("%d, then %d bytes, %v", len(whole), len(both), err)
	}
	flipped := append([]byte{}, both...)
	flipped[len(flipped)-3] ^= 1
	for name, data := range map[string][]byte{
		"torn": both[:len(both)-5], "torn head": both[:len(whole)+3], "flipped": flipped,
		"other": []byte("something else entirely"), "none": nil,
	} {
		if err := os.WriteFile(r.memory.file(), data, 0o644); err != nil {
			t.Fatal(err)
		}
		other := reopened(t, r)
		if has := recalls(t, other, "a"); has != (len(data) > len(whole)) {
			t.Errorf("%s: a remembered: %v", name, has)
		}
		if recalls(t, other, "b") {
			t.Errorf("%s: b remembered", name)
		}
		if s, err := other.Status(t.Context()); err != nil || len(s.Changed) != 0 {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if again := reopened(t, r); !recalls(t, again, "a") || !recalls(t, again, "b") {
			t.Errorf("%s: the memory is not mended", name)
		}
	}
}

// TestYoungMemosDieWithTheBoot: bytes that were not on the disk at a power cut may be
// others afterwards.
func TestYoungMemosDieWithTheBoot(t *testing.T) {
	y := memory{dir: t.TempDir(), loaded: true, known: map[string]memo{}}
	y.known["old"] = memo{size: 1}
	y.known["young"] = memo{size: 1, young: true}
	data := append([]byte(memoryMagic), y.batch([]string{"old", "young"})...)
	for id, want := range map[string]int{boot(): 2, "another": 1} {
		known := map[string]memo{}
		if n, whole := readMemory(data, id, known); n != 2 || !whole || len(known) != want {
			t.Errorf("boot %q: %d read, %v, %d known; want %d", id, n, whole, len(known), want)
		}
	}
}

func TestManyProcessesRemember(t *testing.T) {
	r := newRepo(t)
	rels := make([]string, 8)
	for i := range rels {
		rels[i] = filepath.ToSlash(filepath.Join("d", string(rune('a'+i))))
		put(t, r, rels[i], rels[i])
	}
	settle(t, r, rels...)
	var g sync.WaitGroup
	for _, rel := range rels {
		g.Go(func() {
			other := memory{dir: r.memory.dir}
			m, err := r.statRel(rel)
			if err != nil {
				t.Error(err)
				return
			}
			other.begin()
			d, _ := digestOf(sum([]byte(rel)))
			other.learn(rel, m, d)
			for end := time.Now().Add(2 * time.Minute); len(other.fresh) > 0 && time.Now().Before(end); { // others have the lock
				other.worn = rel == rels[0] || rel == rels[4]
				other.save()
			}
		})
	}
	g.Wait()
	other := reopened(t, r)
	for _, rel := range rels {
		if !recalls(t, other, rel) {
			t.Errorf("%s is forgotten", rel)
		}
	}
}

func FuzzMemory(f *testing.F) {
	y := memory{known: map[string]memo{"d/a": {size: 3, sum: digest{1}}, "b": {young: true}}}
	f.Add(append([]byte(memoryMagic), y.batch([]string{"d/a", "b"})...))
	f.Add([]byte(memoryMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		known := map[string]memo{}
		n, _ := readMemory(data, "x", known)
		if n < len(known) {
			t.Errorf("%d read, %d known", n, len(known))
		}
	})
}
