package capture_test

import (
	"crypto/md5"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/capture"
	"coverslip.dev/coverslip/core/capture/ending"
)

// long reports whether tests may take many minutes.
func long() bool { return os.Getenv("COVERSLIP_TEST_LONG") == "1" }

// instrument writes images in pieces and remembers when each was whole.
type instrument struct {
	dir   string
	image []byte

	mu   sync.Mutex
	ends map[string]time.Time
}

func newInstrument(t *testing.T) *instrument {
	t.Helper()
	image, err := os.ReadFile("ending/testdata/rgb.png")
	if err != nil {
		t.Fatal(err)
	}
	return &instrument{dir: t.TempDir(), image: image, ends: map[string]time.Time{}}
}

// write writes one image in pieces, with pauses between them.
func (i *instrument) write(name string, pieces int, pause func() time.Duration) error {
	path := filepath.Join(i.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for k := range pieces {
		if k > 0 {
			time.Sleep(pause())
		}
		if _, err := f.Write(i.image[k*len(i.image)/pieces : (k+1)*len(i.image)/pieces]); err != nil {
			return err
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ends[path] = time.Now()
	return nil
}

// run has writers write n images, and returns when all are whole.
func (i *instrument) run(t *testing.T, n, writers, pieces int, start, pause func() time.Duration) {
	t.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	for range writers {
		wg.Go(func() {
			for k := range next {
				if err := i.write(fmt.Sprintf("run.%d/t%02d/img_%05d.png", k%7, k%13, k), pieces, pause); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for k := range n {
		if d := start(); d > 0 {
			time.Sleep(d)
		}
		next <- k
	}
	close(next)
	wg.Wait()
}

// captured are the files that a watch has called done; how often, and what was wrong.
type captured struct {
	i   *instrument
	n   atomic.Int64
	mu  sync.Mutex
	all map[string]int
	bad []string
}

func (c *captured) see(s capture.Sighting) {
	if s.State != capture.Done {
		return
	}
	now := time.Now()
	c.i.mu.Lock()
	end, whole := c.i.ends[s.Path]
	c.i.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[s.Path]++
	switch {
	case !whole || now.Before(end) || s.Size != int64(len(c.i.image)):
		c.bad = append(c.bad, fmt.Sprintf("%s was taken early, with %d bytes", s.Path, s.Size))
	case s.Say != "":
		c.bad = append(c.bad, s.Path+": "+s.Say)
	}
	c.n.Add(1)
}

// check fails unless each file was captured once, and none early.
func (c *captured) check(t *testing.T, n int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	twice := 0
	for _, k := range c.all {
		if k != 1 {
			twice++
		}
	}
	if len(c.all) != n || twice > 0 || len(c.bad) > 0 {
		t.Errorf("%d of %d captured, %d more than once, %d wrong: %q", len(c.all), n, twice, len(c.bad), c.bad[:min(3, len(c.bad))])
	}
}

// attend watches until all are captured, plus a while in which nothing more may come.
func attend(t *testing.T, i *instrument, f capture.Folder, n int, limit time.Duration) (*captured, func()) {
	t.Helper()
	c := &captured{i: i, all: map[string]int{}}
	f.Path, f.Complete = i.dir, ending.Check
	l := startWith(t, f, c.see)
	return c, func() {
		t.Helper()
		for end := time.Now().Add(limit); c.n.Load() < int64(n); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				break
			}
		}
		time.Sleep(2 * f.Quiet)
		_ = l.stop()
		c.check(t, n)
	}
}

// peak samples the heap until stopped.
func peak() (stop func() uint64) {
	var top atomic.Uint64
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			top.Store(max(top.Load(), m.HeapAlloc))
			select {
			case <-over:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(over); <-ended; return top.Load() }
}

// TestBurstOfImages writes thousands at once, in pieces, some with a pause that is longer
// than the quiet time: the format holds those.
func TestBurstOfImages(t *testing.T) {
	n := 2000
	if long() {
		n = 50_000
	}
	i := newInstrument(t)
	stop := peak()
	begun := time.Now()
	_, wait := attend(t, i, capture.Folder{Quiet: 500 * time.Millisecond}, n, 10*time.Minute)
	i.run(t, n, 64, 2, func() time.Duration { return 0 }, func() time.Duration {
		if rand.IntN(500) == 0 {
			return 1500 * time.Millisecond
		}
		return time.Duration(rand.IntN(20)) * time.Millisecond
	})
	wrote := time.Since(begun)
	wait()
	top := stop()
	t.Logf("%d images written in %v, all captured after %v; the heap had at most %d MB", n, wrote.Round(time.Millisecond),
		time.Since(begun).Round(time.Millisecond), top>>20)
	if top > 120<<20 {
		t.Errorf("the heap grew to %d MB", top>>20)
	}
}

// TestBurstOfOnePlate writes thousands of files that are one capture, and its index last.
func TestBurstOfOnePlate(t *testing.T) {
	t.Parallel()
	n := 1500
	if long() {
		n = 50_000
	}
	i := newInstrument(t)
	stop := peak()
	begun := time.Now()
	l := start(t, capture.Folder{Path: i.dir, Quiet: 500 * time.Millisecond, Profile: named(t, "plate"), Complete: ending.Check})
	for k := range n {
		if err := i.write(fmt.Sprintf("P1/Images/r%02dc%02df%04d.png", k%16, k/16%24, k), 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Second) // all is quiet, and its index is not there
	plant(t, i.dir, "P1/Images/Index.xml")
	wrote := time.Since(begun)
	l.awaitFor(t, "done", 3*time.Minute, func() bool { return l.count(capture.Done) > 0 })
	_ = l.stop()
	all := l.of(filepath.Join(i.dir, "P1"))
	s := all[len(all)-1]
	if l.count(capture.Done) != 1 || len(s.Files) != n+1 || s.Say != "" {
		t.Errorf("done %d times, %d files: %s", l.count(capture.Done), len(s.Files), s.Say)
	}
	t.Logf("%d files written in %v, captured after %v, %d sightings; the heap had at most %d MB", n, wrote.Round(time.Millisecond),
		time.Since(begun).Round(time.Millisecond), len(all), stop()>>20)
}

// TestShare writes slowly into a folder that is treated as a network share.
func TestShare(t *testing.T) {
	t.Parallel()
	n, over := 60, 8*time.Second
	f := capture.Folder{Share: true, Quiet: time.Second, Every: 200 * time.Millisecond}
	if long() {
		n, over = 500, 5*time.Minute
		f.Quiet, f.Every = 30*time.Second, 0
	}
	i := newInstrument(t)
	begun := time.Now()
	_, wait := attend(t, i, f, n, 5*time.Minute)
	i.run(t, n, 16, 5, func() time.Duration { return over / time.Duration(n) }, func() time.Duration {
		return time.Duration(100+rand.IntN(500)) * time.Millisecond
	})
	wrote := time.Since(begun)
	wait()
	t.Logf("%d images written in %v, all captured after %v", n, wrote.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond))
}

// TestLostEvents has more happen than the system keeps for a watch that is held up.
func TestLostEvents(t *testing.T) {
	t.Parallel()
	const limitFile = "/proc/sys/fs/inotify/max_queued_events"
	text, err := os.ReadFile(limitFile)
	if err != nil {
		t.Skip("only Linux says how many events it keeps")
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || limit > 20_000 {
		t.Skipf("%s is %s", limitFile, text)
	}
	i := newInstrument(t)
	i.image = i.image[:1000] // no whole one: the format is not asked here
	write := make(chan struct{})
	wrote := make(chan struct{})
	c := &captured{i: i, all: map[string]int{}}
	held := sync.OnceFunc(func() { close(write); <-wrote })
	l := startWith(t, capture.Folder{Path: i.dir, Quiet: quiet}, func(s capture.Sighting) {
		if filepath.Base(s.Path) == "hold.dat" {
			held()
		}
		c.see(s)
	})
	if err := i.write("first.dat", 1, nil); err != nil {
		t.Fatal(err)
	}
	l.last(t, filepath.Join(i.dir, "first.dat"), capture.Done) // it hears
	if err := i.write("hold.dat", 1, nil); err != nil {
		t.Fatal(err)
	}
	<-write
	n := limit/2 + 1000 // each is made and written to
	for k := range n {
		if err := i.write(fmt.Sprintf("more_%05d.dat", k), 1, nil); err != nil {
			t.Fatal(err)
		}
	}
	close(wrote)
	l.await(t, "all", func() bool { return c.n.Load() >= int64(n+2) })
	c.check(t, n+2)
}

// TestOriginalsAreNeverTouched compares what an instrument wrote before and after.
func TestOriginalsAreNeverTouched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plant(t, dir, "s_t01.tif", "s_t02.tif", "notes.txt", "deep/er/s_t01.tif")
	past := time.Now().Add(-48 * time.Hour).Truncate(time.Second)
	for _, n := range []string{"s_t01.tif", "notes.txt"} {
		if err := os.Chtimes(filepath.Join(dir, n), past, past); err != nil {
			t.Fatal(err)
		}
	}
	look := func() map[string]string {
		out := map[string]string{}
		err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			st, err := d.Info()
			if err != nil {
				return err
			}
			out[p] = fmt.Sprintf("%v %v %d", st.Mode(), st.ModTime().UnixNano(), inode(st))
			if !d.IsDir() {
				data, err := os.ReadFile(p)
				if err != nil {
					return err
				}
				out[p] += fmt.Sprintf(" %x", md5.Sum(data))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := look()
	l := start(t, capture.Folder{Path: dir, Quiet: quiet, Profile: named(t, "tiff-series"), Complete: ending.Check})
	l.await(t, "all done", func() bool { return l.count(capture.Done) == 3 })
	_ = l.stop()
	after := look()
	if len(after) != len(before) {
		t.Errorf("%d things became %d", len(before), len(after))
	}
	for p, was := range before {
		if after[p] != was {
			t.Errorf("%s was %s, is %s", p, was, after[p])
		}
	}
}

// TestClocksMayBeWrong has files from the future and from 1970.
func TestClocksMayBeWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := start(t, capture.Folder{Path: dir, Quiet: quiet})
	future, early := filepath.Join(dir, "future.tif"), filepath.Join(dir, "early.tif")
	for path, at := range map[string]time.Time{future: time.Now().Add(1000 * time.Hour), early: time.Unix(0, 0)} {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for range 10 { // each time the server's clock says the same
			if _, err := f.Write(make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
			time.Sleep(quiet / 5)
		}
	}
	for _, path := range []string{future, early} {
		if s := l.last(t, path, capture.Done); s.Size != 1000 {
			t.Errorf("%s was taken with %d bytes", path, s.Size)
		}
	}
	if n := l.count(capture.Done); n != 2 {
		t.Errorf("done %d times", n)
	}
}
