package mlflow

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// TestSignature compares with what onnxruntime says of the same files.
func TestSignature(t *testing.T) {
	text, err := os.ReadFile("testdata/said.json")
	if err != nil {
		t.Fatal(err)
	}
	var said map[string]map[string]any
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	if len(said) != 3 {
		t.Fatalf("%d files", len(said))
	}
	for name, want := range said {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		in, out, err := signature(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for got, want := range map[string]any{in: want["inputs"], out: want["outputs"]} {
			var g any
			if err := json.Unmarshal([]byte(got), &g); err != nil || !reflect.DeepEqual(g, want) {
				t.Errorf("%s: %s, want %v", name, got, want)
			}
		}
		for cut := range b { // a cut file gives an error or less, never a crash
			_, _, _ = signature(b[:cut])
		}
	}
}

func FuzzSignature(f *testing.F) {
	found, err := filepath.Glob("testdata/*.onnx")
	if err != nil || len(found) == 0 {
		f.Fatal("no vectors", err)
	}
	for _, p := range found {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in, out, err := signature(b)
		if err == nil && (!json.Valid([]byte(in)) || !json.Valid([]byte(out))) {
			t.Errorf("%q, %q", in, out)
		}
	})
}
