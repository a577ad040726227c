package gateway

import (
	"os"
	"testing"
	"time"
)

// TestRoom: a folder in which nothing can be written has no room, as is found out after a while.
func TestRoom(t *testing.T) {
	f, err := newFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.remove() //nolint:errcheck // goes with the test's folder
	now := time.Now()
	if err := f.room(now); err != nil {
		t.Fatal(err)
	}
	if all, err := os.ReadDir(f.path); err != nil || len(all) > 0 {
		t.Errorf("left behind: %v, %v", all, err)
	}
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.path, nil, 0o600); err != nil { // in place of a disk that is full
		t.Fatal(err)
	}
	if err := f.room(now.Add(often - 1)); err != nil {
		t.Errorf("at once: %v", err)
	}
	if err := f.room(now.Add(often)); err == nil {
		t.Error("room in a file")
	}
}
