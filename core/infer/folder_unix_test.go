//go:build unix

package infer_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// TestReadFolderRefusesWhatIsTooMuch before it is read: huge files, and pipes, which never end.
func TestReadFolderRefusesWhatIsTooMuch(t *testing.T) {
	large := func(size int64) func(string) error {
		return func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, size)) }
	}
	pipe := func(path string) error { return syscall.Mkfifo(path, 0o600) }
	for _, c := range []struct {
		name string
		make func(path string) error
		say  string
	}{
		{"a.onnx", large(2<<30 + 1), "too large: 2048 MB, of at most 2048"},
		{"a.onnx", pipe, "“a.onnx” of the model is not a file"},
		{"rdf.yaml", large(5 << 20), "too large: 5 MB, of at most 4"},
		{"rdf.yaml", pipe, "“rdf.yaml” of the model is not a file"},
		{"out.npy", pipe, "“out.npy” of the model is not a file"},
	} {
		dir := t.TempDir()
		for name, text := range map[string]string{"rdf.yaml": rdf("{onnx: {source: a.onnx}}"), "a.onnx": "a"} {
			if name == c.name {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.make(filepath.Join(dir, c.name)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := infer.ReadFolder(dir); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
