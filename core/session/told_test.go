package session

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

// TestWhatStopsTheStoreIsTold has SQLite refuse for each reason, in a write of one statement, in
// a transaction, and in a reading.
func TestWhatStopsTheStoreIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		pragma string
		want   fault.Kind
	}{
		"full":      {"max_page_count = 1", fault.Full}, // SQLite takes the present size, which has no room for much
		"locked":    {"busy_timeout = 0", fault.Busy},
		"read only": {"query_only = 1", fault.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			s, path := fresh(t)
			if _, err := s.db.ExecContext(t.Context(), "PRAGMA "+c.pragma); err != nil {
				t.Fatal(err)
			}
			if c.want == fault.Busy {
				hold(t, path)
			}
			much := make([]byte, 1<<20)
			_, added := s.AddEdit(t.Context(), "img", much)
			for by, err := range map[string]error{
				"edit": added, "kept": s.Keep(t.Context(), "key", much),
				"item": s.PutItems(t.Context(), Item{ID: "x", Line: "l", Data: much}),
			} {
				if fault.KindOf(err) != c.want {
					t.Errorf("%s: %v", by, err)
				}
			}
		})
	}
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "away", "s.db")); fault.KindOf(err) != fault.Denied {
		t.Errorf("no folder: %v", err)
	}
}

// hold has another program write.
func hold(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback(); db.Close() })
}

// TestDamageIsToldWhereverItLies: also in the middle of a store that opens well.
func TestDamageIsToldWhereverItLies(t *testing.T) {
	s, path := fresh(t)
	if err := s.PutItems(t.Context(), Item{ID: "x", Line: "l", Data: make([]byte, 1<<20)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(b); i++ { // all but the page that says what there is
		b[i] = 0xa5
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Items(t.Context()); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("read: %v", err)
	}
}

// TestOpeningWritesNothing: the log of a store that is up to date stays empty, and one that a
// newer program has written is left alone.
func TestOpeningWritesNothing(t *testing.T) {
	s, path := fresh(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if i, err := os.Stat(path + "-wal"); err != nil || i.Size() != 0 {
		t.Errorf("%v, %v", i, err)
	}
	if _, err := s.db.ExecContext(t.Context(), "PRAGMA user_version = 1000"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); fault.KindOf(err) != fault.Invalid {
		t.Errorf("newer: %v", err)
	}
}

// fresh opens a store whose one connection a test can set up.
func fresh(t *testing.T) (s *Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	s.db.SetMaxOpenConns(1)
	t.Cleanup(func() { s.Close() })
	return s, path
}
