package capture_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/capture"
	"coverslip.dev/coverslip/core/fault"
)

const quiet = 200 * time.Millisecond

// log is what a watch said.
type log struct {
	mu   sync.Mutex
	all  []capture.Sighting
	wake chan struct{}
	stop func() error
}

// start watches folder until the test ends, or stop is called.
func start(t *testing.T, f capture.Folder) *log {
	t.Helper()
	return startWith(t, f, nil)
}

// startWith has also see told.
func startWith(t *testing.T, f capture.Folder, see func(capture.Sighting)) *log {
	t.Helper()
	l := &log{wake: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- f.Watch(ctx, func(news []capture.Sighting) error {
			for _, s := range news {
				if see != nil {
					see(s)
				}
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.all = append(l.all, news...)
			select {
			case l.wake <- struct{}{}:
			default:
			}
			return nil
		})
	}()
	l.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := l.stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("the watch ended with %v", err)
		}
	})
	return l
}

func (l *log) of(path string) []capture.Sighting {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []capture.Sighting
	for _, s := range l.all {
		if s.Path == path {
			out = append(out, s)
		}
	}
	return out
}

func (l *log) count(state capture.State) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, s := range l.all {
		if s.State == state {
			n++
		}
	}
	return n
}

// await waits until ok.
func (l *log) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	l.awaitFor(t, what, 30*time.Second, ok)
}

// awaitFor waits until ok, but not for longer than d.
func (l *log) awaitFor(t *testing.T, what string, d time.Duration, ok func() bool) {
	t.Helper()
	limit := time.After(d)
	for !ok() {
		select {
		case <-l.wake:
		case <-time.After(50 * time.Millisecond):
		case <-limit:
			l.mu.Lock()
			defer l.mu.Unlock()
			t.Fatalf("never: %s; the last of %d sightings: %+v", what, len(l.all), l.all[max(0, len(l.all)-5):])
		}
	}
}

// last waits until the newest sighting of path is in this state.
func (l *log) last(t *testing.T, path string, state capture.State) capture.Sighting {
	t.Helper()
	var s capture.Sighting
	l.await(t, fmt.Sprintf("%s %v", filepath.Base(path), state), func() bool {
		all := l.of(path)
		if len(all) > 0 {
			s = all[len(all)-1]
		}
		return len(all) > 0 && s.State == state
	})
	return s
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWaitsForTheWriter(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "well-A1.tif")
	l := start(t, capture.Folder{Path: dir, Quiet: quiet})
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if s := l.last(t, path, capture.Waiting); !strings.Contains(s.Say, "empty") {
		t.Errorf("an empty file: %+v", s)
	}
	var end time.Time
	for range 20 { // an instrument that never pauses for long
		if _, err := f.Write(make([]byte, 10_000)); err != nil {
			t.Fatal(err)
		}
		end = time.Now()
		time.Sleep(quiet / 4)
	}
	if n := l.count(capture.Done); n != 0 {
		t.Fatalf("%d were called done while it wrote", n)
	}
	s := l.last(t, path, capture.Done)
	if s.Size != 200_000 {
		t.Errorf("done with %d bytes", s.Size)
	}
	if held := time.Since(end); held < quiet {
		t.Errorf("done after %v of quiet", held)
	}
	grew := false
	for _, s := range l.of(path) {
		grew = grew || s.State == capture.Arriving && s.Rate > 0 && strings.Contains(s.Say, "till growing, ") && strings.Contains(s.Say, "B/s.")
	}
	if !grew {
		t.Error("nobody heard how fast it grew")
	}
}

func TestWritesOnAfterDone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.tif")
	write(t, path, "one")
	l := start(t, capture.Folder{Path: dir, Quiet: quiet})
	l.last(t, path, capture.Done)
	write(t, path, "one and two")
	l.await(t, "done twice", func() bool { return l.count(capture.Done) == 2 })
	if s := l.last(t, path, capture.Done); s.Size != 11 {
		t.Errorf("done again with %d bytes", s.Size)
	}
}

func TestBurst(t *testing.T) {
	dir := t.TempDir()
	l := start(t, capture.Folder{Path: dir, Quiet: quiet})
	const n = 2000
	for i := range n {
		sub := filepath.Join(dir, fmt.Sprintf("plate.%d", i%7), fmt.Sprintf("t%d", i%3))
		if err := os.MkdirAll(sub, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(sub, fmt.Sprintf("f%04d.tif", i)), "pixels")
	}
	l.await(t, "all done", func() bool { return l.count(capture.Done) >= n })
	seen := map[string]int{}
	l.mu.Lock()
	for _, s := range l.all {
		if s.State == capture.Done {
			seen[s.Path]++
		}
	}
	l.mu.Unlock()
	if len(seen) != n {
		t.Errorf("%d files of %d", len(seen), n)
	}
	for path, k := range seen {
		if k != 1 {
			t.Errorf("%s was done %d times", path, k)
		}
	}
}

func TestRenamedAndRemoved(t *testing.T) {
	dir := t.TempDir()
	temp, path := filepath.Join(dir, "a.tif.part"), filepath.Join(dir, "a.tif")
	hidden := filepath.Join(dir, ".a.tif")
	l := start(t, capture.Folder{Path: dir, Quiet: quiet})
	write(t, temp, "half")
	write(t, hidden, "half")
	write(t, filepath.Join(dir, "b.tif"), "whole")
	l.last(t, filepath.Join(dir, "b.tif"), capture.Done)
	if err := os.Rename(temp, path); err != nil {
		t.Fatal(err)
	}
	l.last(t, path, capture.Done)
	if err := os.Rename(path, filepath.Join(dir, "c.tif")); err != nil {
		t.Fatal(err)
	}
	l.last(t, path, capture.Gone)
	l.last(t, filepath.Join(dir, "c.tif"), capture.Done)
	if err := os.Remove(filepath.Join(dir, "c.tif")); err != nil {
		t.Fatal(err)
	}
	l.last(t, filepath.Join(dir, "c.tif"), capture.Gone)
	if len(l.of(temp))+len(l.of(hidden)) > 0 {
		t.Error("a file that is not meant to stay was told of")
	}
}

func TestFormatAndCompanionHold(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "img_MMStack_Pos0.ome.tif")
	stacks := capture.Profile{Match: []string{"*.tif"}, Companions: []string{"{stem}_metadata.txt"}}
	f := capture.Folder{Path: dir, Quiet: quiet, Profile: stacks, Complete: func(path string) error {
		data, err := os.ReadFile(path)
		if err == nil && !strings.HasSuffix(string(data), "end") {
			return fault.New(fault.Corrupt, "The image is cut short.", "Wait.", nil)
		}
		return err
	}}
	l := start(t, f)
	write(t, path, "begin")
	l.await(t, "cut short", func() bool {
		s := l.of(path)
		return len(s) > 0 && s[len(s)-1].Say == "The image is cut short."
	})
	write(t, path, "begin end")
	l.await(t, "metadata missed", func() bool {
		s := l.of(path)
		return len(s) > 0 && strings.Contains(s[len(s)-1].Say, "img_MMStack_Pos0_metadata.txt")
	})
	if l.count(capture.Done) != 0 {
		t.Fatal("done without its metadata")
	}
	write(t, filepath.Join(dir, "img_MMStack_Pos0_metadata.txt"), "{}")
	l.last(t, path, capture.Done)
}

// TestUnreadableIsKept lets a file through that Coverslip can't look into.
func TestUnreadableIsKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.xyz")
	write(t, path, "?")
	l := start(t, capture.Folder{Path: dir, Quiet: quiet, Complete: func(string) error {
		return fault.New(fault.Invalid, "Nobody knows this format.", "", nil)
	}})
	if s := l.last(t, path, capture.Done); s.Say != "Nobody knows this format." {
		t.Errorf("said %q", s.Say)
	}
}

func TestFolderVanishesAndReturns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "scope")
	path := filepath.Join(dir, "a.tif")
	l := start(t, capture.Folder{Path: dir, Quiet: quiet, Every: 50 * time.Millisecond})
	if s := l.last(t, dir, capture.Away); !strings.Contains(s.Say, "can't be reached") || s.Hint == "" {
		t.Errorf("a folder that is not there: %+v", s)
	}
	for round := range 2 {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		l.last(t, dir, capture.Back)
		write(t, path, time.Now().String())
		l.last(t, path, capture.Done)
		if err := os.Rename(dir, dir+time.Now().String()); err != nil {
			t.Fatal(err)
		}
		l.last(t, dir, capture.Away)
		if round == 0 && l.count(capture.Gone) != 0 { // later the new folder lacks the file
			t.Error("files of a folder that is away were called gone")
		}
	}
}

func TestRestartInMidWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.tif")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 24 {
			if _, err := f.Write(make([]byte, 1000)); err != nil {
				t.Error(err)
			}
			time.Sleep(quiet / 5)
		}
	}()
	first := start(t, capture.Folder{Path: dir, Quiet: quiet})
	first.last(t, path, capture.Arriving)
	if err := first.stop(); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	second := start(t, capture.Folder{Path: dir, Quiet: quiet})
	if s := second.last(t, path, capture.Done); s.Size != 24_000 {
		t.Errorf("done with %d bytes", s.Size)
	}
	<-ended
	if first.count(capture.Done) != 0 {
		t.Error("the first watch called it done")
	}
}

func TestSeeStops(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.tif"), "x")
	full := errors.New("no room")
	err := capture.Folder{Path: dir, Quiet: quiet}.Watch(t.Context(), func([]capture.Sighting) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("ended with %v", err)
	}
}

// TestHeldSince has a file that is held since before the watch, and one that was copied with its time: only
// the first is as old as it says, until it changes.
func TestHeldSince(t *testing.T) {
	t.Parallel()
	dir, begun, old := t.TempDir(), time.Now().Add(-time.Second), time.Now().Add(-48*time.Hour).Truncate(time.Second)
	held, copied := filepath.Join(dir, "held.tif"), filepath.Join(dir, "copied.tif")
	aged := func(path, text string) {
		t.Helper()
		write(t, path, text)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	aged(held, "half")
	l := start(t, capture.Folder{Path: dir, Quiet: quiet, Complete: func(string) error {
		return fault.New(fault.Corrupt, "The end is missing.", "Wait.", nil)
	}})
	if s := l.last(t, held, capture.Waiting); !s.Since.Equal(old) {
		t.Errorf("held since %v, not %v", s.Since, old)
	}
	aged(copied+".part", "half")
	if err := os.Rename(copied+".part", copied); err != nil {
		t.Fatal(err)
	}
	if s := l.last(t, copied, capture.Waiting); s.Since.Before(begun) {
		t.Errorf("copied at %v, before the watch", s.Since)
	}
	aged(held, "more of it")
	l.await(t, "it grew", func() bool {
		all := l.of(held)
		s := all[len(all)-1]
		return s.Size == 10 && !s.Since.Before(begun)
	})
}
