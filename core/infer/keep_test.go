package infer_test

import (
	"cmp"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// Where nothing can be kept, on a full disk for one, only who counts on it hears of it.
func TestAnswersThatCannotBeKept(t *testing.T) {
	src, _ := discs(210, 150, 10)
	file := filepath.Join(t.TempDir(), "no folder")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	opt := infer.Options{Tile: 96, Keep: infer.Keep{Dir: filepath.Join(file, "kept"), Bytes: 1 << 30, Of: "a"}}
	if _, err := infer.Detect(t.Context(), marcher{make(chan int, 1000)}, ref, describe(t), src, opt, nil); err == nil {
		t.Error("who counts on kept answers is not told that there are none")
	}
	opt.Keep.Spare = true
	l, err := infer.Detect(t.Context(), marcher{make(chan int, 1000)}, ref, describe(t), src, opt, nil)
	if err != nil || len(l.Objects) == 0 {
		t.Errorf("%d objects, %v", len(l.Objects), err)
	}
	if _, err := infer.Recall(t.Context(), ref, describe(t), src, opt, nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("recalled %v", err)
	}
}

// TestKeptAnswersAreNotAskedAgain: another threshold asks nothing, another image all, and
// what the disk has damaged or lost is asked again, to the same end.
func TestKeptAnswersAreNotAskedAgain(t *testing.T) {
	src, _ := discs(210, 150, 10)
	m := describe(t)
	keep := infer.Keep{Dir: filepath.Join(t.TempDir(), "kept"), Bytes: 1 << 30, Of: "a"}
	see := func(opt infer.Options) ([]annotation.Object, int) {
		t.Helper()
		asked := make(chan int, 1000)
		opt.Tile, opt.Overlap = 96, cmp.Or(opt.Overlap, 32)
		l, err := infer.Detect(t.Context(), marcher{asked}, ref, m, src, opt, nil)
		if err != nil {
			t.Fatal(err)
		}
		return l.Objects, len(asked)
	}
	want, all := see(infer.Options{})
	got, n := see(infer.Options{Keep: keep})
	if n != all || all < 6 || !reflect.DeepEqual(got, want) {
		t.Fatalf("asked %d times, want %d", n, all)
	}
	if got, n = see(infer.Options{Keep: keep}); n != 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("asked %d times again", n)
	}
	const other = 0.7
	strict, _ := see(infer.Options{Threshold: other})
	if got, n = see(infer.Options{Keep: keep, Threshold: other}); n != 0 || !reflect.DeepEqual(got, strict) {
		t.Errorf("asked %d times for another threshold", n)
	}
	opt := infer.Options{Keep: keep, Threshold: other, Tile: 96, Overlap: 32}
	recalled, err := infer.Recall(t.Context(), ref, m, src, opt, nil)
	if err != nil || recalled.Threshold != other || !reflect.DeepEqual(recalled.Objects, strict) {
		t.Errorf("%d objects without an engine, want %d: %v", len(recalled.Objects), len(strict), err)
	}
	if _, n = see(infer.Options{Keep: infer.Keep{Dir: keep.Dir, Bytes: keep.Bytes, Of: "b"}}); n != all {
		t.Errorf("another network was asked %d times", n)
	}
	if _, n = see(infer.Options{Keep: keep, Overlap: 48}); n == 0 {
		t.Error("other tiles took the answers of these")
	}

	paths, err := filepath.Glob(filepath.Join(keep.Dir, "*.answers"))
	if err != nil || len(paths) != 3 {
		t.Fatal(paths, err)
	}
	rng := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // a test's
	for range 8 {
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			if at := rng.IntN(max(len(b), 1)); len(b) > 0 && rng.IntN(2) == 0 {
				b = b[:at]
			} else if len(b) > 0 {
				b[at] ^= byte(1 + rng.IntN(255))
			}
			if err := os.WriteFile(p, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ = see(infer.Options{Keep: keep}); !reflect.DeepEqual(got, want) {
			t.Fatal("damaged answers were taken")
		}
	}
	opt.Tile = 80
	if _, err := infer.Recall(t.Context(), ref, m, src, opt, nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("answers that are not kept: %v", err)
	}
}

// TestKeptAnswersAreBounded: the file that was not used for longest goes.
func TestKeptAnswersAreBounded(t *testing.T) {
	src, _ := discs(210, 150, 10)
	m := describe(t)
	dir := t.TempDir()
	see := func(of string, most int64) {
		t.Helper()
		opt := infer.Options{Tile: 96, Keep: infer.Keep{Dir: dir, Bytes: most, Of: of}}
		if _, err := infer.Detect(t.Context(), marcher{}, ref, m, src, opt, nil); err != nil {
			t.Fatal(err)
		}
	}
	size := func() (n int, bytes int64) {
		t.Helper()
		paths, err := filepath.Glob(filepath.Join(dir, "*.answers"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			st, err := os.Stat(p)
			if err != nil {
				t.Fatal(err)
			}
			bytes += st.Size()
		}
		return len(paths), bytes
	}
	see("a", 1<<30)
	_, one := size()
	old, err := filepath.Glob(filepath.Join(dir, "*.answers"))
	if err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(old[0], long, long); err != nil {
		t.Fatal(err)
	}
	see("b", 1<<30)
	see("c", one+one/2)
	if _, err := os.Stat(old[0]); err == nil {
		t.Error("the oldest is still there")
	}
	see("d", one/2)
	if n, bytes := size(); n != 1 || bytes > one/2 {
		t.Errorf("%d files of %d bytes, at most %d", n, bytes, one/2)
	}
}
