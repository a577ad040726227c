package datasettest

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
)

// Resume checks that a pull of a big object goes on where it was cut off, with the bytes
// that came before, unless those are wrong: then it begins anew. The object has 1 GB if
// COVERSLIP_TEST_LONG is set, and 100 MB otherwise.
func Resume(t *testing.T, r remote.Remote) {
	t.Helper()
	size := int64(100_000_000)
	if os.Getenv("COVERSLIP_TEST_LONG") == "1" {
		size = 1_000_000_000
	}
	dir := t.TempDir()
	set, err := dataset.Init(t.Context(), dir, dataset.Options{Author: person()})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, filepath.Join(dir, "stack.tif"), size)
	if _, err := set.Add(t.Context(), "stack.tif", nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := set.Push(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	whole := filepath.Join(t.TempDir(), "whole")
	if err := os.Rename(filepath.Join(dir, "stack.tif"), whole); err != nil {
		t.Fatal(err)
	}
	t.Run("goes on", func(t *testing.T) {
		cut(t, dir, r, size)
		w := pull(t, dir, r)
		if w.offset < size*6/10 || w.read.Load() > size*4/10 {
			t.Errorf("read %d bytes from %d on, of %d", w.read.Load(), w.offset, size)
		}
		wantSame(t, whole, filepath.Join(dir, "stack.tif"))
	})
	t.Run("poisoned", func(t *testing.T) {
		part := cut(t, dir, r, size)
		f, err := os.OpenFile(part, os.O_RDWR, 0)
		if err == nil {
			_, err = f.WriteAt([]byte("not this"), 12345)
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		if w := pull(t, dir, r); w.offset != 0 {
			t.Errorf("the last body was read from %d on", w.offset)
		}
		wantSame(t, whole, filepath.Join(dir, "stack.tif"))
	})
	if left, _ := filepath.Glob(filepath.Join(dir, ".dvc/cache/tmp/*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func fill(t *testing.T, name string, size int64) {
	t.Helper()
	f, err := os.Create(name) //nolint:gosec // the test's own
	if err == nil {
		_, err = io.CopyN(f, rand.NewChaCha8([32]byte{7}), size)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// cut pulls into an empty cache and work tree until 70 % have come, as another process
// would, and returns the part.
func cut(t *testing.T, dir string, r remote.Remote, size int64) string {
	t.Helper()
	for _, name := range []string{".dvc/cache", ".dvc/tmp", "stack.tif"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := &watched{Remote: r, stop: size * 7 / 10, what: cancel}
	set, err := dataset.Open(t.Context(), dir, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Pull(ctx, w, nil); fault.KindOf(err) != fault.Canceled {
		t.Fatalf("the pull was not cut off: %v", err)
	}
	parts, err := filepath.Glob(filepath.Join(dir, ".dvc/cache/tmp/*"))
	if err != nil || len(parts) != 1 {
		t.Fatalf("in the cache's tmp: %v, %v", parts, err)
	}
	return parts[0]
}

func pull(t *testing.T, dir string, r remote.Remote) *watched {
	t.Helper()
	set, err := dataset.Open(t.Context(), dir, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{Remote: r}
	if _, err := set.Pull(t.Context(), w, nil); err != nil {
		t.Fatal(err)
	}
	return w
}

func wantSame(t *testing.T, a, b string) {
	t.Helper()
	var sums [2][sha256.Size]byte
	for i, name := range []string{a, b} {
		f, err := os.Open(name) //nolint:gosec // the test's own
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		h.Sum(sums[i][:0])
	}
	if sums[0] != sums[1] {
		t.Error("another file has come")
	}
}

// watched is a remote whose bodies are watched, and cut off after stop bytes.
type watched struct {
	remote.Remote

	stop   int64
	what   func()
	offset int64 // of the last body
	read   atomic.Int64
}

func (w *watched) Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	rc, err := w.Remote.Open(ctx, key, offset)
	w.offset = offset
	w.read.Store(0)
	return &watchedBody{rc, w}, err
}

type watchedBody struct {
	io.ReadCloser

	w *watched
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if all := b.w.read.Add(int64(n)); b.w.stop > 0 && all >= b.w.stop {
		b.w.what()
	}
	return n, err
}
