package azure

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
func hostile(t *testing.T, h http.HandlerFunc) *Container {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return open(t, "azure://bkt/p", with(login(s.URL), "read_timeout", "1"))
}

func TestServerInTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		code, body string
		kind       fault.Kind
		words      string
	}{
		"internal":     {500, "InternalError", "", fault.Busy, "in trouble"},
		"busy":         {503, "ServerBusy", "", fault.Busy, "overloaded"},
		"gateway":      {502, "", "<html>Bad Gateway</html>", fault.Busy, "in trouble"},
		"full":         {507, "", "", fault.Full, "no room"},
		"wrong login":  {403, "AuthenticationFailed", "", fault.Denied, "login"},
		"not to you":   {403, "AuthorizationPermissionMismatch", "", fault.Denied, "may not"},
		"closed":       {403, "AccountIsDisabled", "", fault.Denied, "closed"},
		"archived":     {409, "BlobArchived", "", fault.Denied, "archived"},
		"two at once":  {400, "InvalidBlockList", "", fault.Busy, "Another station"},
		"other server": {404, "", "<html>", fault.Invalid, "did not understand"},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			b := hostile(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				if c.code != "" {
					w.Header().Set("x-ms-error-code", c.code)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			for _, err := range b.List(t.Context(), "") {
				wantFault(t, "list", err, c.kind, c.words)
			}
			wantFault(t, "put", b.Put(t.Context(), "k", strings.NewReader("x"), 1), c.kind, c.words)
			_, err := b.Open(t.Context(), "k", 0)
			wantFault(t, "open", err, c.kind, c.words)
			_, err = b.Stat(t.Context(), "k")
			wantFault(t, "stat", err, c.kind, c.words)
			if n := calls.Load(); n != 4 {
				t.Errorf("%d calls for four", n)
			}
		})
	}
}

// A body that ends early or falls silent is a fault that may be tried again, never a file.
func TestTruncatedAndSilentBodies(t *testing.T) {
	for name, silent := range map[string]bool{"truncated": false, "silent": true} {
		t.Run(name, func(t *testing.T) {
			done := make(chan struct{})
			b := hostile(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "1000")
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
