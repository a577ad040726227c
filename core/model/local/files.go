package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"coverslip.dev/coverslip/core/fault"
)

// sweepAnd takes away what an earlier writer left half done, then runs do. The lock is
// held, so nobody is still at it.
func (s *Store) sweepAnd(ctx context.Context, do func() error) error {
	if err := live(ctx, "write registry"); err != nil {
		return err
	}
	for _, d := range []string{".", runsDir, bundlesDir} {
		left, err := filepath.Glob(s.path(d, newPrefix+"*"))
		if err != nil {
			return err
		}
		for _, p := range left {
			if err := os.RemoveAll(p); err != nil {
				return fmt.Errorf("tidy registry: %w", err)
			}
		}
	}
	return do()
}

// load reads a .json file into v; one that is not there leaves v as it is.
func (s *Store) load(v any, parts ...string) error {
	b, err := os.ReadFile(s.path(parts...))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read registry: %w", err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		name := filepath.Join(parts...)
		return fault.New(fault.Corrupt, "The file "+name+" in the registry of this workspace is damaged.",
			"Restore it from a backup; nothing was written to it.", err)
	}
	return nil
}

// save replaces a .json file whole. The lock is held.
func (s *Store) save(v any, parts ...string) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err
	}
	path := s.path(parts...)
	tmp := filepath.Join(s.dir, newPrefix+filepath.Base(path))
	if err := write(tmp, b); err != nil {
		return fmt.Errorf("write registry: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("write registry: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// write makes a new file, synced.
func write(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a lab shares it
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// pour makes the file at path from r: beside it first, then by rename.
func pour(ctx context.Context, path string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a lab shares it
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), newPrefix+"*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, stoppable{ctx, r})
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

// stoppable is a reader that ends with its context.
type stoppable struct {
	ctx context.Context //nolint:containedctx // lives for one copy
	r   io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// syncDir makes a new name survive a power cut. Where folders can't be synced, as on SMB
// and on Windows, the file system does so on its own.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir) //nolint:gosec // a folder of the store
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}

// place returns the path of a file that an outsider named, in dir.
func place(dir, name string) (string, error) {
	if !proper(name) {
		return "", fault.New(fault.Invalid, "A file of a run or model has a name that leads outside of its place.",
			"Rename the file.", fmt.Errorf("name %q", name))
	}
	return filepath.Join(dir, filepath.FromSlash(name)), nil
}

func proper(name string) bool {
	return name != "." && fs.ValidPath(name) && filepath.IsLocal(filepath.FromSlash(name))
}
