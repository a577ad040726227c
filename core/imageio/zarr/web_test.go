package zarr_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/zarr"
)

// TestFromTheWeb reads images of the matrix over HTTP, from a server that knows parts, from
// one that does not, and from one that forbids what is not there.
func TestFromTheWeb(t *testing.T) {
	all := matrix(t)
	files := http.FileServer(http.Dir(all[0].folder))
	var parts atomic.Int64
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			parts.Add(1)
		}
		files.ServeHTTP(w, r)
	})
	whole := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		files.ServeHTTP(w, r)
	})
	strict := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(filepath.Join(all[0].folder, r.URL.Path)); err != nil {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		files.ServeHTTP(w, r)
	})
	for name, h := range map[string]http.Handler{"parts": counted, "whole": whole, "strict": strict} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(h)
			defer server.Close()
			for _, e := range all {
				if e.Group != "holes" && !strings.HasPrefix(e.Name, "ngff-0.5-zyx-u2") && e.Name != "ngff-0.4-tczyx-u2-chunks.zarr" && e.Group != "several images" || e.Image > 1 {
					continue
				}
				src, err := imageio.NewOpener(zarr.Format{}).OpenImage(t.Context(), server.URL+"/"+e.Name, "", e.Image)
				if err != nil {
					t.Fatalf("%s: %v", e.Name, err)
				}
				e.compare(t, src)
				if err := src.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if parts.Load() == 0 {
		t.Error("no shard was read in parts")
	}
}

// TestALinkThatExpires has a server forbid everything after the metadata: that is no hole.
func TestALinkThatExpires(t *testing.T) {
	all := matrix(t)
	var over atomic.Bool
	files := http.FileServer(http.Dir(all[0].folder))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if over.Load() {
			http.Error(w, "expired", http.StatusForbidden)
			return
		}
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	e := all[slices.IndexFunc(all, func(e entry) bool { return e.Name == "ngff-0.4-tczyx-u2-chunks.zarr" })]
	src, err := imageio.NewOpener(zarr.Format{}).OpenImage(t.Context(), server.URL+"/"+e.Name, "", e.Image)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	over.Store(true)
	if _, err := src.ReadTile(t.Context(), imageio.Tile{}); fault.KindOf(err) != fault.Denied {
		t.Errorf("a tile behind a link that has expired: %v", err)
	}
}

func TestWebContract(t *testing.T) {
	server := httptest.NewServer(http.FileServer(http.Dir(matrix(t)[0].folder)))
	defer server.Close()
	imageiotest.Run(t, func(t *testing.T) imageio.Source {
		t.Helper()
		src, err := zarr.Format{}.Open(t.Context(), server.URL+"/ngff-0.5-czyx-u2-shards.zarr")
		if err != nil {
			t.Fatal(err)
		}
		return src
	})
}

// TestWebFaults says what is wrong with a server.
func TestWebFaults(t *testing.T) {
	status := http.StatusForbidden
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	for code, want := range map[int]fault.Kind{
		http.StatusForbidden: fault.Denied, http.StatusUnauthorized: fault.Denied, http.StatusServiceUnavailable: fault.Busy,
		http.StatusTooManyRequests: fault.Busy, http.StatusNotFound: fault.NotFound, http.StatusTeapot: fault.Invalid,
	} {
		status = code
		if _, err := zarr.Impatient().Open(t.Context(), server.URL+"/a.zarr"); fault.KindOf(err) != want {
			t.Errorf("status %d: %v", code, err)
		}
	}
	server.Close()
	if _, err := zarr.Impatient().Open(t.Context(), server.URL+"/a.zarr"); fault.KindOf(err) != fault.Offline {
		t.Errorf("no server: %v", err)
	}
	for _, address := range []string{"ftp://a/b", "s3://bucket/a.zarr"} {
		if _, err := imageio.NewOpener(zarr.Format{}).Open(t.Context(), address); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestSecretsOfAnAddress are in no error: those go to the log.
func TestSecretsOfAnAddress(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	here := strings.TrimPrefix(server.URL, "http://")
	elsewhere := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:1/?sig=s3cret", http.StatusFound))
	defer elsewhere.Close()
	check := func(address string) {
		t.Helper()
		_, err := imageio.NewOpener(zarr.Format{}).Open(t.Context(), address)
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
	}
	for range 2 { // while it answers, and when it is gone
		check("http://lab:s3cret@" + here + "/a.zarr?sig=s3cret")
		server.Close()
	}
	check(elsewhere.URL + "/a.zarr")
	check("ftp://lab:s3cret@" + here + "/a.zarr?sig=s3cret")
	check("http://lab:s3cret@" + here + ":port/a.zarr?sig=s3cret")
}

// TestASilentServer stops in the middle of an answer: it is given up.
func TestASilentServer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write(make([]byte, 50))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	store, err := zarr.OpenWeb(server.URL, 10*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(t.Context(), "a", 1000); fault.KindOf(err) != fault.Offline {
		t.Errorf("a value: %v", err)
	}
	if _, err := store.Range(t.Context(), "a", 20, 60); fault.KindOf(err) != fault.Offline {
		t.Errorf("a part: %v", err)
	}
}
