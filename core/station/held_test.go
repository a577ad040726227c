package station_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// TestNamesThatNoFileCanHave are held with a reason, and go on when they are renamed; nothing else waits for them.
func TestNamesThatNoFileCanHave(t *testing.T) {
	ws := t.TempDir()
	b := open(t, ws, nil)
	scope := filepath.Join(ws, "scope")
	for name, word := range map[string]string{"notes.dvc": "belongs to git or DVC", "dvc.yaml": "belongs to git or DVC", "a\xff.csv": "is not UTF-8"} {
		if err := os.WriteFile(filepath.Join(scope, name), []byte("outs: of something else"), 0o600); err != nil {
			t.Skip(name, "can't be a file's name here:", err)
		}
		b.until(func() bool {
			s, ok := b.Sightings().Row(filepath.Join(scope, name))
			return ok && strings.Contains(s.Say, word) && s.Hint != ""
		}, func() string { return name + " is held" })
	}
	out := func(it flow.Item) bool { return it.Behind("push") }
	if err := os.WriteFile(filepath.Join(scope, "wells.csv"), []byte("well,dose\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.capture("wells.csv", out)
	if err := os.Rename(filepath.Join(scope, "notes.dvc"), filepath.Join(scope, "notes.txt")); err != nil {
		t.Fatal(err)
	}
	b.capture("notes.txt", out)
	b.until(func() bool { return len(b.Sightings().All()) == 2 }, func() string { return "the old name is gone" })
}

// spoken is a log that can be read while it is written.
type spoken struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *spoken) has(words ...string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(s.b.String()) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			return true
		}
	}
	return false
}

// TestTheLogTellsOfTroubles as a window does: a folder that is gone and comes back, and a capture that is held.
func TestTheLogTellsOfTroubles(t *testing.T) {
	ws := t.TempDir()
	open(t, ws, nil).stop() // writes the settings
	scope := filepath.Join(ws, "scope")
	if err := os.Remove(scope); err != nil {
		t.Fatal(err)
	}
	var log spoken
	st, err := station.Open(t.Context(), station.Options{
		Workspace: ws, Runtime: servertest.Need(t, "COVERSLIP_TEST_ORT"),
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Station: st, t: t, ws: ws}
	b.run()
	b.until(func() bool { return log.has("level=WARN msg=trouble", scope) }, func() string { return "the folder is away" })
	if err := os.Mkdir(scope, 0o755); err != nil {
		t.Fatal(err)
	}
	b.until(func() bool { return log.has(`level=WARN msg="trouble is over"`, scope) }, func() string { return "the folder is back" })
	if err := os.WriteFile(filepath.Join(scope, "notes.dvc"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.until(func() bool { return log.has(`level=WARN msg="capture is held"`, "notes.dvc") }, func() string { return "it is held" })
}
