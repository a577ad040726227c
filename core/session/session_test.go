package session_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/session"
)

func open(t *testing.T, path string) *session.Store {
	t.Helper()
	s, err := session.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestItemsSurvive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?b #.db") // a name that must not be read as a query
	s := open(t, path)
	at := time.Unix(1000, 5)
	it := session.Item{ID: "x", Line: "intake", Title: "plate 7", Data: []byte(`{"a":1}`), Created: at}
	for range 2 { // the second is no error and changes nothing
		if err := s.PutItems(t.Context(), it); err != nil {
			t.Fatal(err)
		}
		it.Title = "other"
	}
	p := session.Pass{State: "waiting", Tries: 2, Next: at, Say: "No answer.", Out: []byte(`1`), At: at}
	if err := s.PutSteps(t.Context(), session.Step{Item: "x", Stage: "push", Pass: p}, session.Step{Item: "gone", Stage: "push", Pass: p}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	items, err := open(t, path).Items(t.Context())
	if err != nil || len(items) != 1 || items[0].Title != "plate 7" {
		t.Fatalf("items %+v, %v", items, err)
	}
	got := items[0].Passes["push"]
	if got.State != p.State || got.Tries != 2 || !got.Next.Equal(at) || got.Say != p.Say || string(got.Out) != "1" {
		t.Errorf("pass %+v", got)
	}
}

func TestEditsKeepOrder(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	for i, want := range []string{`"a"`, `"b"`} {
		seq, err := s.AddEdit(t.Context(), "img", []byte(want))
		if err != nil || seq != int64(i+1) {
			t.Fatalf("seq %d, %v", seq, err)
		}
	}
	es, err := s.Edits(t.Context(), "img")
	if err != nil || len(es) != 2 || string(es[1].Data) != `"b"` {
		t.Fatalf("%v, %v", es, err)
	}
}

func TestLayerReplaced(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"))
	for i, d := range []string{"1", "2"} {
		if err := s.PutLayer(t.Context(), "img", "m@1", time.Unix(int64(i), 0), []byte(d)); err != nil {
			t.Fatal(err)
		}
	}
	ls, err := s.Layers(t.Context(), "img")
	if err != nil || len(ls) != 1 || string(ls[0]) != "2" {
		t.Fatalf("%s, %v", ls, err)
	}
}

func TestKeptAndBroken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	if b, _, err := s.Kept(t.Context(), "runs"); b != nil || err != nil {
		t.Fatalf("%s, %v", b, err)
	}
	if err := s.Keep(t.Context(), "runs", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if b, at, _ := s.Kept(t.Context(), "runs"); string(b) != "x" || time.Since(at) > time.Minute {
		t.Fatalf("%s, %v", b, at)
	}
	bad := filepath.Join(t.TempDir(), "bad.db")
	if err := os.WriteFile(bad, []byte("this is no database, far from it, but long enough to be read as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Open(t.Context(), bad); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("broken store: %v", err)
	}
}

// TestManyWriteAtOnce has many callers share the syncs, and finds what each was told is kept.
func TestManyWriteAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path)
	const callers, each = 8, 50
	var g errgroup.Group
	for c := range callers {
		g.Go(func() error {
			for i := range each {
				id := fmt.Sprintf("%d/%d", c, i)
				if err := s.PutItems(t.Context(), session.Item{ID: id, Line: "l", Data: []byte("1"), Created: time.Unix(int64(i), 0)}); err != nil {
					return err
				}
				if err := s.PutSteps(t.Context(), session.Step{Item: id, Stage: "capture", Pass: session.Pass{State: "passed"}}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	items, err := open(t, path).Items(t.Context())
	if err != nil || len(items) != callers*each {
		t.Fatalf("%d items, %v", len(items), err)
	}
	for _, it := range items {
		if it.Passes["capture"].State != "passed" {
			t.Errorf("%s: %+v", it.ID, it.Passes)
		}
	}
}
