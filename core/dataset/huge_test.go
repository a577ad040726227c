package dataset

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/folder"
)

// hugeTree writes a .dir object of so many empty files into a folder, and a .dvc file that
// names it. It returns the object's name.
func hugeTree(t *testing.T, r *Repository, store string, files int) string {
	t.Helper()
	must(t, os.MkdirAll(store, 0o755))
	name := filepath.Join(store, "new")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	h := md5.New()
	w := bufio.NewWriterSize(io.MultiWriter(f, h), 1<<20)
	for i := range files {
		sep := ", "
		if i == 0 {
			sep = "["
		}
		fmt.Fprintf(w, `%s{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "w%04d/f%08d.tif"}`, sep, i/1000, i)
	}
	_, _ = w.WriteString("]")
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	oid := hex.EncodeToString(h.Sum(nil)) + dirSuffix
	to := filepath.Join(store, filepath.FromSlash(key(oid)))
	must(t, os.MkdirAll(filepath.Dir(to), 0o755), os.Rename(name, to), os.Chmod(to, wholeMode))
	put(t, r, "plate.dvc", fmt.Sprintf("outs:\n- md5: %s\n  size: 0\n  nfiles: %d\n  hash: md5\n  path: plate\n", oid, files))
	return oid
}

// peak returns by how many bytes do raised the memory of this process at most.
func peak(t *testing.T, do func()) (more int64) {
	t.Helper()
	if runtime.GOOS != "linux" {
		do()
		return 0
	}
	runtime.GC()
	must(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)) // the peak is now what is
	value := func(name string) int64 {
		status, err := os.ReadFile("/proc/self/status")
		must(t, err)
		_, rest, _ := strings.Cut(string(status), name)
		kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		must(t, err)
		return kb << 10
	}
	before := value("VmRSS:")
	do()
	return value("VmHWM:") - before
}

// TestTenMillionFiles meets a folder whose list is too long at a remote, in the cache and in
// another version: each call says so in a sentence, soon, and writes nothing.
func TestTenMillionFiles(t *testing.T) {
	if os.Getenv("COVERSLIP_TEST_LONG") != "1" {
		t.Skip("writes 800 MB: set COVERSLIP_TEST_LONG=1")
	}
	r := newRepo(t)
	put(t, r, "small.tif", "small")
	add(t, r, "small.tif", nil)
	store := t.TempDir()
	at := folder.Open(store)
	if _, err := r.Push(t.Context(), at, nil); err != nil {
		t.Fatal(err)
	}
	oid := hugeTree(t, r, store, 10_000_000)
	must(t, os.RemoveAll(r.cache.path(sum([]byte("small")))))
	call := func(what string, do func(ctx context.Context) error) {
		t.Helper()
		start := time.Now()
		more := peak(t, func() {
			err := do(t.Context())
			if say, hint := fault.Explain(err); !errors.Is(err, errTooLong) || !strings.Contains(say, "more files") || hint == "" {
				t.Errorf("%s: %v", what, err)
			}
		})
		t.Logf("%s: %.2f s, %d MB", what, time.Since(start).Seconds(), more>>20)
		if more > 50<<20 || time.Since(start) > 10*time.Second {
			t.Errorf("%s took %v and %d MB", what, time.Since(start), more>>20)
		}
	}
	call("pull", func(ctx context.Context) error { _, err := r.Pull(ctx, at, nil); return err })
	if _, ok, err := r.cache.has(t.Context(), sum([]byte("small"))); err != nil || !ok {
		t.Errorf("the other file was not fetched: %v", err)
	}
	if _, err := os.Stat(r.abs("plate")); err == nil {
		t.Error("something was written")
	}
	in := r.cache.path(oid)
	must(t, os.MkdirAll(filepath.Dir(in), 0o755), os.Rename(filepath.Join(store, filepath.FromSlash(key(oid))), in))
	call("checkout", func(ctx context.Context) error { return r.Checkout(ctx, nil) })
	call("push", func(ctx context.Context) error { _, err := r.Push(ctx, at, nil); return err })
	call("garbage", func(ctx context.Context) error { _, err := r.Garbage(ctx, AllCommits, nil, nil); return err })
	more := peak(t, func() {
		if s, err := r.Status(t.Context()); err != nil || len(s.Changed) != 1 || s.Changed[0].State != Deleted {
			t.Errorf("status: %+v, %v", s, err)
		}
	})
	t.Logf("status: %d MB", more>>20)
}

// TestManyFiles reads and writes the list of a folder of 200,000 files.
func TestManyFiles(t *testing.T) {
	r := newRepo(t)
	oid := hugeTree(t, r, r.cache.dir, 200_000)
	var entries []entry
	more := peak(t, func() {
		var err error
		if entries, err = r.cache.tree(oid); err != nil || len(entries) != 200_000 {
			t.Fatalf("%d, %v", len(entries), err)
		}
	})
	t.Logf("%d MB", more>>20)
	if got := sum(encodeTree(entries)) + dirSuffix; got != oid {
		t.Error("it comes back as another")
	}
	entries[7].Path = entries[9].Path
	wantKind(t, "twice", distinct(entries, false), fault.Internal)
	entries[7].Path = "w0001"
	wantKind(t, "a file and a folder", distinct(entries, false), fault.Internal)
}
