package s3

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// hostile is a remote at a server that answers by h.
func hostile(t *testing.T, h http.HandlerFunc) *Bucket {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return open(t, "s3://bkt/p", map[string]string{
		"endpointurl": s.URL, "access_key_id": "a", "secret_access_key": "labsecret123", "read_timeout": "1",
	})
}

func TestServerInTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		kind   fault.Kind
		words  string
	}{
		"internal":      {500, "", fault.Busy, "in trouble"},
		"slow down":     {503, "<Error><Code>SlowDown</Code></Error>", fault.Busy, "overloaded"},
		"gateway":       {502, "<html>Bad Gateway</html>", fault.Busy, "in trouble"},
		"full":          {507, "<Error><Code>XMinioStorageFull</Code></Error>", fault.Full, "no room"},
		"clock":         {403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", fault.Denied, "clock"},
		"expired":       {400, "<Error><Code>ExpiredToken</Code></Error>", fault.Denied, "expired"},
		"region":        {301, "<Error><Code>PermanentRedirect</Code></Error>", fault.Invalid, "another region"},
		"not to you":    {403, "<Error><Code>AccessDenied</Code></Error>", fault.Denied, "may not"},
		"no S3 server":  {405, "<html>", fault.Invalid, "did not understand"},
		"other website": {200, "<!doctype html><br>", fault.Invalid, "does not answer as an S3 server"},
	} {
		t.Run(name, func(t *testing.T) {
			b := hostile(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			for _, err := range b.List(t.Context(), "") {
				wantFault(t, "list", err, c.kind, c.words)
			}
			if c.status != 200 {
				wantFault(t, "put", b.Put(t.Context(), "k", strings.NewReader("x"), 1), c.kind, c.words)
				_, err := b.Open(t.Context(), "k", 0)
				wantFault(t, "open", err, c.kind, c.words)
			}
		})
	}
}

func TestEachCallIsMadeOnce(t *testing.T) {
	var calls atomic.Int64
	b := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	_, err := b.Stat(t.Context(), "k")
	wantFault(t, "stat", err, fault.Busy, "in trouble")
	wantFault(t, "put", b.Put(t.Context(), "k", strings.NewReader("x"), 1), fault.Busy, "in trouble")
	if n := calls.Load(); n != 2 {
		t.Errorf("%d calls for two", n)
	}
}

func TestServerWithoutConditions(t *testing.T) {
	var stored atomic.Int64
	b := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch {
		case r.Header.Get("If-None-Match") != "":
			w.WriteHeader(http.StatusNotImplemented)
			_, _ = io.WriteString(w, "<Error><Code>NotImplemented</Code></Error>")
		case r.Method == http.MethodPut:
			stored.Add(1)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	b.seen.Store(true)
	for range 3 {
		if err := b.Put(t.Context(), "k", strings.NewReader("x"), 1); err != nil {
			t.Error(err)
		}
	}
	if stored.Load() != 3 {
		t.Errorf("stored %d times", stored.Load())
	}
}

// A body that ends early or falls silent is a fault that may be tried again, never a file.
func TestTruncatedAndSilentBodies(t *testing.T) {
	for name, silent := range map[string]bool{"truncated": false, "silent": true} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			b := hostile(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "1000")
				w.Header().Set("Last-Modified", "Tue, 24 Nov 2026 18:00:00 GMT")
				_, _ = io.WriteString(w, "only this")
				if f, ok := w.(http.Flusher); ok {
					f.Flush()
				}
				if silent {
					select {
					case <-done:
					case <-r.Context().Done():
					}
				}
			})
			defer close(done)
			rc, err := b.Open(t.Context(), "k", 0)
			if err != nil {
				t.Fatal(err)
			}
			defer rc.Close()
			start := time.Now()
			_, err = io.ReadAll(rc)
			wantFault(t, "read", err, fault.Offline, "can't be reached")
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("waited %v", took)
			}
		})
	}
}

// TestPartsAreAskedFor asks for the bytes that are wanted, and for no more.
func TestPartsAreAskedFor(t *testing.T) {
	whole := false
	b := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		if whole {
			r.Header.Del("Range")
		}
		w.Header().Set("Asked", r.Header.Get("Range"))
		http.ServeContent(w, r, "", time.Unix(1, 0), strings.NewReader("0123456789"))
	})
	for _, c := range []struct {
		off, n int64
		want   string
	}{{0, 4, "0123"}, {3, 2, "34"}, {-1, 3, "789"}, {8, 5, "89"}, {-1, 50, "0123456789"}} {
		r, err := b.OpenPart(t.Context(), "k", c.off, c.n)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != c.want {
			t.Errorf("%d bytes at %d: %q, %v", c.n, c.off, got, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	whole = true // a server that knows no parts
	_, err := b.OpenPart(t.Context(), "k", -1, 3)
	wantFault(t, "all of it", err, fault.Invalid, "parts")
}
