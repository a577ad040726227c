// Package remotetest is the contract of remote.Remote as tests that every adapter passes.
package remotetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
)

const key = "files/md5/ab/cdef0123456789"

// Run checks the remotes that open makes; each must be empty.
func Run(t *testing.T, open func(t *testing.T) remote.Remote) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, remote.Remote){
		"put and open": putAndOpen, "missing": missing, "put again": putAgain, "broken put": brokenPut,
		"short put": shortPut, "put rewinds": putRewinds, "list": list, "remove": remove, "hostile keys": hostileKeys,
		"stopped": stopped, "many at once": manyAtOnce, "empty blob": emptyBlob, "big blob": bigBlob,
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t)
			t.Cleanup(func() {
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			})
			check(t, r)
		})
	}
}

func put(t *testing.T, r remote.Remote, key, content string) {
	t.Helper()
	if err := r.Put(t.Context(), key, strings.NewReader(content), int64(len(content))); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func want(t *testing.T, r remote.Remote, offset int64, content string) {
	t.Helper()
	rc, err := r.Open(t.Context(), key, offset)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	b, err := io.ReadAll(rc)
	if err := errors.Join(err, rc.Close()); err != nil || string(b) != content {
		t.Fatalf("%s at %d: %d bytes, %v; want %d", key, offset, len(b), err, len(content))
	}
}

func wantNone(t *testing.T, r remote.Remote) {
	t.Helper()
	for info, err := range r.List(t.Context(), "") {
		t.Errorf("left behind: %v, %v", info, err)
	}
}

func wantKind(t *testing.T, what string, err error, k fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != k {
		t.Errorf("%s: %v, kind %d; want kind %d", what, err, fault.KindOf(err), k)
	}
}

func putAndOpen(t *testing.T, r remote.Remote) {
	t.Helper()
	put(t, r, key, "hello")
	want(t, r, 0, "hello")
	want(t, r, 2, "llo")
	want(t, r, 5, "")
	info, err := r.Stat(t.Context(), key)
	if err != nil || info.Size != 5 || info.Key != key {
		t.Errorf("stat: %+v, %v", info, err)
	}
	if r.Name() == "" || r.Caps().Parallel < 1 {
		t.Errorf("name %q, caps %+v", r.Name(), r.Caps())
	}
}

func missing(t *testing.T, r remote.Remote) {
	t.Helper()
	_, err := r.Stat(t.Context(), key)
	wantKind(t, "stat", err, fault.NotFound)
	_, err = r.Open(t.Context(), key, 0)
	wantKind(t, "open", err, fault.NotFound)
	wantKind(t, "remove", r.Remove(t.Context(), key), fault.NotFound)
	put(t, r, key, "x")
	_, err = r.Stat(t.Context(), "files/md5/ab")
	wantKind(t, "stat of a folder", err, fault.NotFound)
}

func putAgain(t *testing.T, r remote.Remote) {
	t.Helper()
	put(t, r, key, "first")
	put(t, r, key, "first")
	put(t, r, key, "other") // a key names its content, so what is there is right
	want(t, r, 0, "first")
}

type breaking struct{ *strings.Reader }

var errCable = fault.New(fault.Offline, "The cable is out.", "", nil)

func (b breaking) Read(p []byte) (int, error) {
	if b.Len() < 500 {
		return 0, errCable
	}
	return b.Reader.Read(p[:min(len(p), 100)])
}

func brokenPut(t *testing.T, r remote.Remote) {
	t.Helper()
	err := r.Put(t.Context(), key, breaking{strings.NewReader(strings.Repeat("x", 1000))}, 1000)
	wantKind(t, "put", err, fault.Offline)
	_, err = r.Stat(t.Context(), key)
	wantKind(t, "stat", err, fault.NotFound)
	wantNone(t, r)
	put(t, r, key, "whole")
	want(t, r, 0, "whole")
}

func shortPut(t *testing.T, r remote.Remote) {
	t.Helper()
	for _, size := range []int64{4, 6} {
		if err := r.Put(t.Context(), key, strings.NewReader("hello"), size); err == nil {
			t.Errorf("5 bytes pass for %d", size)
		}
	}
	wantNone(t, r)
}

func putRewinds(t *testing.T, r remote.Remote) {
	t.Helper()
	src := strings.NewReader("hello")
	if _, err := src.Seek(3, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if err := r.Put(t.Context(), key, src, 5); err != nil {
		t.Fatal(err)
	}
	want(t, r, 0, "hello")
}

func list(t *testing.T, r remote.Remote) {
	t.Helper()
	keys := []string{"files/md5/00/a", "files/md5/00/b", "files/md5/01/c", "runs/d", "top"}
	for _, k := range keys {
		put(t, r, k, k)
	}
	for prefix, n := range map[string]int{"": 5, "files/md5/": 3, "files/md5/0": 3, "files/md5/00/": 2, "files/md5/00/a": 1, "none/": 0, "t": 1} {
		var got []string
		for info, err := range r.List(t.Context(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			if info.Size != int64(len(info.Key)) || !strings.HasPrefix(info.Key, prefix) {
				t.Errorf("%q lists %+v", prefix, info)
			}
			got = append(got, info.Key)
		}
		slices.Sort(got)
		if len(got) != n || len(slices.Compact(got)) != n {
			t.Errorf("%q lists %q, want %d", prefix, got, n)
		}
	}
	for info, err := range r.List(t.Context(), "") {
		if err != nil || info.Key == "" {
			t.Errorf("lists %+v, %v", info, err)
		}
		break // must end without a further call
	}
}

func remove(t *testing.T, r remote.Remote) {
	t.Helper()
	put(t, r, key, "x")
	if err := r.Remove(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	wantNone(t, r)
}

func hostileKeys(t *testing.T, r remote.Remote) {
	t.Helper()
	for _, k := range []string{"", ".", "..", "../x", "a/../../x", "/etc/x", "a//b", "a/", "a/./b"} {
		wantKind(t, "put "+k, r.Put(t.Context(), k, strings.NewReader("x"), 1), fault.Invalid)
		_, err := r.Open(t.Context(), k, 0)
		wantKind(t, "open "+k, err, fault.Invalid)
		_, err = r.Stat(t.Context(), k)
		wantKind(t, "stat "+k, err, fault.Invalid)
		wantKind(t, "remove "+k, r.Remove(t.Context(), k), fault.Invalid)
	}
	wantNone(t, r)
}

func stopped(t *testing.T, r remote.Remote) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantKind(t, "put", r.Put(ctx, key, strings.NewReader("x"), 1), fault.Canceled)
	_, err := r.Stat(ctx, key)
	wantKind(t, "stat", err, fault.Canceled)
	wantNone(t, r)
}

func manyAtOnce(t *testing.T, r remote.Remote) {
	t.Helper()
	var g sync.WaitGroup
	for range 8 {
		g.Go(func() {
			b := bytes.Repeat([]byte("y"), 100_000)
			if err := r.Put(t.Context(), key, bytes.NewReader(b), int64(len(b))); err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
	want(t, r, 0, strings.Repeat("y", 100_000))
	n := 0
	for _, err := range r.List(t.Context(), "") {
		if err != nil {
			t.Error(err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d blobs", n)
	}
}

func emptyBlob(t *testing.T, r remote.Remote) {
	t.Helper()
	put(t, r, key, "")
	want(t, r, 0, "")
}

func bigBlob(t *testing.T, r remote.Remote) {
	t.Helper()
	big := strings.Repeat("0123456789abcdef", 1<<19) // 8 MiB: more than any buffer on the way
	put(t, r, key, big)
	want(t, r, 0, big)
	want(t, r, 5<<20, big[5<<20:])
}
