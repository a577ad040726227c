package gateway_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/gateway"
)

// put writes a file, in folders that need not be there yet.
func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestNamesInTheDataset: an image is called as it was named, also where it is a link to the cache
// or a folder; a folder that is none, and what lies elsewhere, is not there.
func TestNamesInTheDataset(t *testing.T) {
	data, cache, elsewhere := t.TempDir(), t.TempDir(), t.TempDir()
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(data, name)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(data, "A", "img.png"), picture(t, 1))
	put(t, filepath.Join(data, "B", "img.png"), picture(t, 2))
	put(t, filepath.Join(cache, "10", "7d9d372bb6826bd81d3542a419d6"), picture(t, 3))
	put(t, filepath.Join(elsewhere, "img.png"), picture(t, 3))
	link(filepath.Join(cache, "10", "7d9d372bb6826bd81d3542a419d6"), "B07.png")
	link(filepath.Join(elsewhere, "img.png"), "C07.png")
	link(elsewhere, "D")
	store := filepath.Join(data, "s.zarr")
	put(t, filepath.Join(store, ".zgroup"), []byte(`{"zarr_format":2}`))
	put(t, filepath.Join(store, ".zattrs"), []byte(`{"multiscales":[{"version":"0.4","axes":[{"name":"y","type":"space"},{"name":"x","type":"space"}],`+
		`"datasets":[{"path":"0","coordinateTransformations":[{"type":"scale","scale":[1,1]}]}]}]}`))
	put(t, filepath.Join(store, "0", ".zarray"), []byte(`{"zarr_format":2,"shape":[96,96],"chunks":[96,96],"dtype":"|u1","compressor":null,"fill_value":0,"order":"C","filters":null,"dimension_separator":"."}`))
	put(t, filepath.Join(store, "0", "0.0"), append(bytes.Repeat([]byte{250}, 3), make([]byte, 96*96-3)...))

	at, _ := open(t, func(o *gateway.Options) { o.Dataset, o.Cache = data, cache })
	for path, want := range map[string]string{
		"A/img.png": "A/img.png", "B/img.png": "B/img.png", "./A//img.png": "A/img.png", "B07.png": "B07.png", "s.zarr": "s.zarr",
		"C07.png": "", "D/img.png": "", "A": "", "D": "",
	} {
		body, err := json.Marshal(map[string]string{"path": path})
		if err != nil {
			t.Fatal(err)
		}
		code, _, said := call(t, "POST", at+"/v1/predict?format=csv", "application/json", body)
		_, rows, _ := strings.Cut(string(said), "\n")
		if want == "" && code != http.StatusNotFound || want != "" && (code != http.StatusOK || !strings.HasPrefix(rows, want+",")) {
			t.Errorf("%s: %d %s", path, code, said)
		}
	}
}
