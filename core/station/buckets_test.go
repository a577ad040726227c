package station_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/station"
)

// TestABucketThatIsEmptied under an image: what is gone are no empty pixels, neither where the
// bucket says so nor where it forbids what is not there. What was never written are some.
func TestABucketThatIsEmptied(t *testing.T) {
	keys := map[string]string{
		".zarray":  `{"zarr_format":2,"shape":[2,2,4],"chunks":[1,2,2],"dtype":"|u1","compressor":null,"fill_value":0,"order":"C","filters":null}`,
		"0.0.0":    "abcd",
		"1.0.0":    "efgh",
		"1.0.1":    "ijkl",
		"nothing/": "",
	}
	for _, status := range []int{http.StatusNotFound, http.StatusForbidden} {
		var chunks, most atomic.Int64
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			key := strings.TrimPrefix(r.URL.Path, "/bkt/a.zarr/")
			value, ok := keys[key]
			if strings.HasPrefix(key, "1.") || strings.HasPrefix(key, "0.") {
				chunks.Add(1)
			}
			if !ok || chunks.Load() > most.Load() {
				code := map[int]string{http.StatusNotFound: "NoSuchKey", http.StatusForbidden: "AccessDenied"}[status]
				w.WriteHeader(status)
				_, _ = w.Write([]byte("<Error><Code>" + code + "</Code></Error>"))
				return
			}
			http.ServeContent(w, r, "", time.Unix(1, 0), strings.NewReader(value))
		}))
		defer s.Close()
		address := "s3://bkt/a.zarr?region=us-east-1&anonymous=true&endpoint_url=" + url.QueryEscape(s.URL)
		convert := func(after int64) (string, error) {
			chunks.Store(0)
			most.Store(after)
			out := filepath.Join(t.TempDir(), "a.ome.tif")
			return out, station.Convert(t.Context(), station.Conversion{In: address, Out: out, Image: -1, Compression: "none"}, &job.Progress{})
		}
		out, err := convert(1000)
		data, _ := os.ReadFile(out)
		if err != nil || !strings.Contains(string(data), "ab\x00") || !strings.Contains(string(data), "efij") {
			t.Errorf("status %d: %v", status, err)
		}
		if _, err := convert(2); !fault.Again(err) && fault.KindOf(err) != fault.Denied {
			t.Errorf("status %d, emptied: %v", status, err)
		}
	}
}
