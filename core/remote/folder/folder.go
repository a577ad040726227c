// Package folder keeps blobs as files of a folder, on this machine or on a NAS.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
)

// mode is how DVC marks a file as whole: any other mode makes it hash the file again.
const mode = 0o444

// tempSuffix ends the names of files that are being written; a listing leaves them out.
const tempSuffix = ".coverslip.tmp"

// Folder is a remote in a folder: a key is a path in it, with slashes.
type Folder struct {
	dir    string
	writes chan struct{} // slots: some more at once would only make a disk seek
	disk   disk.Syncer

	mu   sync.Mutex // guards safe
	safe map[string]bool
}

// How many blobs are written at once, and how many may wait together for one sync.
const (
	writers = 4
	waiters = 1000
)

// Open returns the remote in dir, which need not be there yet: while it is not, as with a
// NAS that is switched off, every call fails with fault.Offline and none makes the folder.
func Open(dir string) *Folder {
	return &Folder{dir: dir, writes: make(chan struct{}, writers), safe: map[string]bool{}}
}

// Create makes dir if need be and returns the remote in it.
func Create(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil { //nolint:gosec // the umask decides, as with dvc: a lab shares it
		return nil, fmt.Errorf("make remote folder: %w", err)
	}
	return Open(dir), nil
}

// Name returns the folder's path.
func (f *Folder) Name() string { return f.dir }

// Caps says that many calls at once do a disk good: they share their syncs.
func (f *Folder) Caps() remote.Caps { return remote.Caps{Parallel: waiters, Local: true} }

// Close does nothing.
func (f *Folder) Close() error { return nil }

// Stat returns the size of a blob.
func (f *Folder) Stat(ctx context.Context, key string) (remote.Info, error) {
	path, err := f.path(ctx, key)
	if err != nil {
		return remote.Info{}, err
	}
	st, err := os.Stat(path)
	if err == nil && !st.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return remote.Info{}, f.lost(key, err)
	}
	return remote.Info{Key: key, Size: st.Size()}, nil
}

// Open opens a blob at offset.
func (f *Folder) Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	if _, err := f.Stat(ctx, key); err != nil {
		return nil, err
	}
	file, err := os.Open(filepath.Join(f.dir, filepath.FromSlash(key)))
	if err != nil {
		return nil, f.lost(key, err)
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Put writes a blob beside its place and renames it there once it is synced.
func (f *Folder) Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error {
	path, err := f.path(ctx, key)
	if err != nil {
		return err
	}
	info, err := f.Stat(ctx, key)
	switch {
	case err == nil && info.Size == size:
		return nil
	case err == nil:
		return fault.New(fault.Exists, "Another file of that name is in "+f.dir+" already.",
			"Check that folder: the file there may be damaged.", fmt.Errorf("%s: %d bytes, not %d", key, info.Size, size))
	case fault.KindOf(err) != fault.NotFound:
		return err
	}
	tmp, err := f.write(ctx, path, r, size)
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	err = f.disk.Sync(tmp)
	if err == nil {
		err = tmp.Chmod(mode)
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("put %s: %w", key, errors.Join(err, os.Remove(tmp.Name())))
	}
	return f.syncDirs(filepath.Dir(path))
}

// write writes a blob beside its place.
func (f *Folder) write(ctx context.Context, path string, r io.ReadSeeker, size int64) (*os.File, error) {
	select {
	case f.writes <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-f.writes }()
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, ".*"+tempSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		f.mark(dir, false)
		if err := os.MkdirAll(dir, 0o777); err != nil { //nolint:gosec // the umask decides, as with dvc: a lab shares it
			return nil, err
		}
		tmp, err = os.CreateTemp(dir, ".*"+tempSuffix)
	}
	if err != nil {
		return nil, err
	}
	if err := fill(ctx, tmp, r, size); err != nil {
		return nil, errors.Join(err, tmp.Close(), os.Remove(tmp.Name()))
	}
	return tmp, nil
}

// Remove removes a blob.
func (f *Folder) Remove(ctx context.Context, key string) error {
	if _, err := f.Stat(ctx, key); err != nil {
		return err
	}
	path := filepath.Join(f.dir, filepath.FromSlash(key))
	if runtime.GOOS == "windows" { // which removes no read-only file
		_ = os.Chmod(path, 0o644) //nolint:gosec // it goes away
	}
	if err := os.Remove(path); err != nil {
		return f.lost(key, err)
	}
	return nil
}

// List lists the blobs whose keys start with prefix.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[remote.Info, error] {
	return func(yield func(remote.Info, error) bool) {
		start := f.dir // from the deepest folder that prefix names
		if i := strings.LastIndexByte(prefix, '/'); i > 0 {
			p, err := f.path(ctx, prefix[:i])
			if err != nil {
				yield(remote.Info{}, err)
				return
			}
			start = p
		}
		if err := f.there(); err != nil {
			yield(remote.Info{}, err)
			return
		}
		err := filepath.WalkDir(start, func(path string, d fs.DirEntry, err error) error {
			if err == nil {
				err = ctx.Err()
			}
			info, ok := remote.Info{}, false
			if err == nil {
				info, ok, err = f.blob(path, d, prefix)
			}
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // none there, or removed meanwhile
			case err != nil:
				return err
			case ok && !yield(info, nil):
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(remote.Info{}, fmt.Errorf("list %q: %w", prefix, err))
		}
	}
}

// blob returns what the file at path is as a blob, if it is one of prefix.
func (f *Folder) blob(path string, d fs.DirEntry, prefix string) (info remote.Info, ok bool, err error) {
	if !d.Type().IsRegular() || strings.HasSuffix(path, tempSuffix) {
		return info, false, nil
	}
	rel, err := filepath.Rel(f.dir, path)
	info.Key = filepath.ToSlash(rel)
	if err != nil || !strings.HasPrefix(info.Key, prefix) {
		return info, false, err
	}
	st, err := d.Info()
	if err == nil {
		info.Size = st.Size()
	}
	return info, err == nil, err
}

var errStop = errors.New("the listener has had enough")

// path returns the file of a key, and refuses keys that lead elsewhere.
func (f *Folder) path(ctx context.Context, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if key == "." || !fs.ValidPath(key) || !filepath.IsLocal(filepath.FromSlash(key)) ||
		strings.HasSuffix(key, tempSuffix) || strings.ContainsRune(key, 0) {
		return "", fault.New(fault.Invalid, "A file's name in the dataset leads outside of its place.",
			"Check where the dataset came from.", fmt.Errorf("key %q", key))
	}
	return filepath.Join(f.dir, filepath.FromSlash(key)), nil
}

func (f *Folder) there() error {
	if st, err := os.Stat(f.dir); err != nil || !st.IsDir() {
		return fault.New(fault.Offline, "The folder "+f.dir+" can't be reached.",
			"Check that the drive is connected; the work goes on by itself when it is back.", err)
	}
	return nil
}

// lost tells a blob that is not there from a folder that is not there.
func (f *Folder) lost(key string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		if away := f.there(); away != nil {
			return away
		}
	}
	return fmt.Errorf("%s: %w", key, err)
}

// fill writes size bytes of r.
func fill(ctx context.Context, tmp *os.File, r io.ReadSeeker, size int64) error {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	n, err := pour(ctx, tmp, r, size)
	disk.Begin(tmp, n-n%step, n%step) // the rest
	if err == nil && n != size {
		err = fault.New(fault.Corrupt, "A file changed while it was being copied.",
			"Add it again once it is finished.", fmt.Errorf("%d bytes, not %d", n, size))
	}
	return err
}

// step is how many bytes are copied before asking whether to stop.
const step = 16 << 20

// pour copies r; the kernel does so by itself, and shares blocks where it can, if r is a
// file of this machine.
func pour(ctx context.Context, tmp *os.File, r io.Reader, size int64) (n int64, err error) {
	if _, ok := r.(*os.File); !ok {
		return io.Copy(tmp, stoppable{ctx, r})
	}
	for {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		k, err := io.CopyN(tmp, r, min(step, max(size-n, 1))) // one more byte than there should be
		if k == step {
			disk.Begin(tmp, n, k)
		}
		n += k
		if errors.Is(err, io.EOF) || n > size {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// syncDirs makes a new name survive a power cut, and the names of new folders above it.
func (f *Folder) syncDirs(dir string) error {
	dirs := []string{dir}
	for !f.isSafe(dir) && len(dir) > len(f.dir) {
		dir = filepath.Dir(dir)
		dirs = append(dirs, dir)
	}
	if err := f.disk.Names(dirs...); err != nil {
		return err
	}
	f.mark(dirs[0], true)
	return nil
}

// isSafe reports whether a folder's own name and those above it are synced.
func (f *Folder) isSafe(dir string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.safe[dir]
}

func (f *Folder) mark(dir string, isSafe bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !isSafe {
		clear(f.safe)
		return
	}
	f.safe[dir] = true
}

// stoppable reads until ctx ends.
type stoppable struct {
	ctx context.Context //nolint:containedctx // an io.Reader can't be handed one
	r   io.Reader
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}
