package zarr_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/zarr"
)

// server serves a store, as long as trouble does not answer itself.
func server(t *testing.T, m memory, trouble func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if trouble(w, r) {
			return
		}
		data, ok := m[strings.TrimPrefix(r.URL.Path, "/a.zarr/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(s.Close)
	return s.URL + "/a.zarr"
}

// twoChunks is an array of two chunks, as they are or in a shard each.
func twoChunks(sharded bool) memory {
	codecs := `[{"name":"bytes"}]`
	index := ""
	if sharded {
		codecs = `[{"name":"sharding_indexed","configuration":{"chunk_shape":[2,2],"codecs":[{"name":"bytes"}],` +
			`"index_codecs":[{"name":"bytes","configuration":{"endian":"little"}}],"index_location":"end"}}]`
		index = "\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00"
	}
	return memory{
		"zarr.json": []byte(`{"zarr_format":3,"node_type":"array","shape":[2,4],"data_type":"uint8","fill_value":0,"chunk_key_encoding":{"name":"default"},` +
			`"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[2,2]}},"codecs":` + codecs + `}`),
		"c/0/0": []byte("abcd" + index),
	}
}

func openFar(t *testing.T, address string) imageio.Source {
	t.Helper()
	src, err := zarr.Impatient().Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

// TestAStoreThatVanishes answers that nothing is there, from some time on: those are no holes, and
// when it is back nothing of them is left.
func TestAStoreThatVanishes(t *testing.T) {
	for _, status := range []int{http.StatusNotFound, http.StatusForbidden, http.StatusUnauthorized} {
		for _, sharded := range []bool{false, true} {
			var gone atomic.Bool
			src := openFar(t, server(t, twoChunks(sharded), func(w http.ResponseWriter, r *http.Request) bool {
				over := gone.Load() || status != http.StatusNotFound && strings.HasSuffix(r.URL.Path, "/c/0/1")
				if over {
					w.WriteHeader(status)
				}
				return over
			}))
			want := fault.Denied
			if status == http.StatusNotFound {
				want = fault.Offline
			}
			gone.Store(true)
			if _, err := src.ReadTile(t.Context(), imageio.Tile{}); fault.KindOf(err) != want {
				t.Errorf("status %d, shards %v: %v", status, sharded, err)
			}
			gone.Store(false)
			px, err := src.ReadTile(t.Context(), imageio.Tile{})
			if status == http.StatusUnauthorized { // of one chunk: no server says that of what is not there
				if fault.KindOf(err) != fault.Denied {
					t.Errorf("a login: %v", err)
				}
			} else if err != nil || string(px.Data) != "ab\x00\x00cd\x00\x00" {
				t.Errorf("status %d, shards %v, back: %v, %v", status, sharded, px, err)
			}
		}
	}
}

// TestAServerIsAskedAgain which is overloaded, or breaks off, at first.
func TestAServerIsAskedAgain(t *testing.T) {
	for name, fail := range map[string]func(w http.ResponseWriter, status int){
		"overloaded": func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusServiceUnavailable) },
		"broken off": func(w http.ResponseWriter, status int) {
			w.Header().Set("Content-Length", "20")
			w.WriteHeader(status)
			_, _ = w.Write([]byte("a"))
		},
	} {
		for _, sharded := range []bool{false, true} {
			var mu sync.Mutex
			asked, forever := map[string]bool{}, false
			src := openFar(t, server(t, twoChunks(sharded), func(w http.ResponseWriter, r *http.Request) bool {
				mu.Lock()
				defer mu.Unlock()
				key := r.URL.Path + r.Header.Get("Range")
				first := !asked[key] && strings.Contains(key, "/c/") || forever
				if asked[key] = true; first {
					status := http.StatusOK
					if r.Header.Get("Range") != "" {
						status = http.StatusPartialContent
					}
					fail(w, status)
				}
				return first
			}))
			px, err := src.ReadTile(t.Context(), imageio.Tile{})
			if err != nil || string(px.Data) != "ab\x00\x00cd\x00\x00" {
				t.Errorf("%s, shards %v: %v, %v", name, sharded, px, err)
			}
			mu.Lock()
			forever = true
			mu.Unlock()
			if _, err = src.ReadTile(t.Context(), imageio.Tile{}); !fault.Again(err) {
				t.Errorf("%s for good, shards %v: %v", name, sharded, err)
			}
		}
	}
}

// TestAShortValue is one that comes whole and is less than its shard's index says: damage.
func TestAShortValue(t *testing.T) {
	m := twoChunks(true)
	m["c/0/0"] = m["c/0/0"][4:]
	m["c/0/0"][8] = 40
	src := openFar(t, server(t, m, func(http.ResponseWriter, *http.Request) bool { return false }))
	if _, err := src.ReadTile(t.Context(), imageio.Tile{}); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("%v", err)
	}
}
