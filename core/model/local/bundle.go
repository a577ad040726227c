package local

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// file is a file of a bundle.
type file struct {
	Path   string `json:"path"` // with slashes
	Size   int    `json:"size"`
	SHA256 string `json:"sha256"`
}

func checkFiles(files map[string][]byte) error {
	if len(files) == 0 {
		return fault.New(fault.Invalid, "The model has no files.", "Give it at least model.onnx.", nil)
	}
	names := sorted(files)
	for i, name := range names {
		if _, err := place(".", name); err != nil {
			return err
		}
		for _, other := range names[i+1:] {
			if strings.HasPrefix(other, name+"/") {
				return fault.New(fault.Invalid, "The model has a file and a folder of the same name.", "Rename one of them.",
					fmt.Errorf("%s and %s", name, other))
			}
		}
	}
	return nil
}

// keep writes the bundle unless it is there: first aside, then by rename. The lock is held.
func (s *Store) keep(ctx context.Context, files map[string][]byte) (bundle string, list []file, err error) {
	all := sha256.New()
	for _, name := range sorted(files) {
		sum := sha256.Sum256(files[name])
		f := file{name, len(files[name]), hex.EncodeToString(sum[:])}
		_, _ = fmt.Fprintf(all, "%s %q\n", f.SHA256, f.Path) // a hash takes all
		list = append(list, f)
	}
	bundle = hex.EncodeToString(all.Sum(nil))
	if there, err := s.kept(bundle, list); there || err != nil {
		return bundle, list, err
	}
	tmp, err := os.MkdirTemp(s.path(bundlesDir), newPrefix+"*")
	if err != nil {
		return "", nil, err
	}
	if err := fill(ctx, tmp, list, files); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(tmp))
	}
	if err := os.Rename(tmp, s.path(bundlesDir, bundle)); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(tmp))
	}
	return bundle, list, syncDir(s.path(bundlesDir))
}

// kept reports whether a bundle is there. One that is damaged is put aside for the next
// writer to sweep, so that registering the same files again heals it.
func (s *Store) kept(bundle string, list []file) (bool, error) {
	dir := s.path(bundlesDir, bundle)
	if _, err := os.Stat(dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return false, err
	}
	for _, f := range list {
		if _, err := s.bytes(bundle, f); err != nil {
			return false, os.Rename(dir, s.path(bundlesDir, newPrefix+bundle))
		}
	}
	return true, nil
}

// fill writes the files into dir, all synced.
func fill(ctx context.Context, dir string, list []file, files map[string][]byte) error {
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // a lab shares it
		return err
	}
	for _, f := range list {
		to, err := place(dir, f.Path)
		if err != nil {
			return err
		}
		if err := pour(ctx, to, bytes.NewReader(files[f.Path])); err != nil {
			return err
		}
		for d := filepath.Dir(to); len(d) >= len(dir); d = filepath.Dir(d) {
			if err := syncDir(d); err != nil {
				return err
			}
		}
	}
	return nil
}

// bytes reads a file of a bundle and checks it.
func (s *Store) bytes(bundle string, f file) ([]byte, error) {
	from, err := place(s.path(bundlesDir, bundle), f.Path)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(from) //nolint:gosec // place has checked the name
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.SHA256 {
		return nil, fmt.Errorf("sha256 is %x, not %s", sum, f.SHA256)
	}
	return b, nil
}

func damaged(name, v, path string, err error) error {
	return fault.New(fault.Corrupt, fmt.Sprintf("The file %s of version %s of %s is damaged or gone.", path, v, name),
		"Restore the workspace from a backup, or register the model again.", err)
}
