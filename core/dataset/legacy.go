package dataset

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote"
)

// Outputs of DVC 2 are read, checked out, fetched and pushed as they are: in the layout and
// with the hash of that time. Adding one again makes it one of DVC 3, as dvc does.

// oldKey is where an object of DVC 2 lies in the cache and in a remote.
func oldKey(oid string) string { return oid[:2] + "/" + oid[2:] }

func (c cache) oldPath(oid string) string {
	return filepath.Join(c.dir, filepath.FromSlash(oldKey(oid)))
}

// Of each chunk of so many bytes DVC 2 looked at the first few: in what looks like text, it
// took CR LF for LF.
const (
	oldChunk = 1 << 20
	oldLook  = 512
)

// copyOld copies src to dst, which may be nil, and returns the hash that DVC 2 gave it.
func copyOld(ctx context.Context, dst io.Writer, src io.Reader) (oid string, err error) {
	h := md5.New()
	buf := make([]byte, oldChunk)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := io.ReadFull(src, buf)
		if dst != nil && n > 0 {
			if _, err := dst.Write(buf[:n]); err != nil {
				return "", err
			}
		}
		if text(buf[:min(n, oldLook)]) {
			h.Write(bytes.ReplaceAll(buf[:n], []byte("\r\n"), []byte("\n")))
		} else {
			h.Write(buf[:n])
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return hex.EncodeToString(h.Sum(nil)), nil
		case err != nil:
			return "", err
		}
	}
}

// text reports whether a block looks like text, as dvc_data's istextfile.py has it.
func text(block []byte) bool {
	if bytes.IndexByte(block, 0) >= 0 {
		return false
	}
	odd := 0
	for _, c := range block {
		if (c < 32 || c > 126) && !strings.ContainsRune("\n\r\t\f\b", rune(c)) {
			odd++
		}
	}
	return float64(odd) <= 0.30*float64(len(block))
}

func oldSum(ctx context.Context, name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // read only
	return copyOld(ctx, nil, f)
}

// SameAsLegacy reports whether the file or folder rel has the hash oid of DVC 2.
func (r *Repository) SameAsLegacy(ctx context.Context, rel, oid string) (bool, error) {
	if err := checkPath(rel); err != nil {
		return false, err
	}
	files, err := r.scan(ctx, rel)
	if err != nil {
		return false, fmt.Errorf("describe: %w", err)
	}
	entries := make([]entry, len(files))
	for i, f := range files {
		sum, err := oldSum(ctx, r.abs(path.Join(rel, f.rel)))
		if err != nil {
			return false, fmt.Errorf("describe %s: %w", rel, err)
		}
		if f.rel == "." {
			return sum == oid, nil
		}
		entries[i] = entry{sum, f.rel}
	}
	return sum(encodeTree(entries))+dirSuffix == oid, nil
}

// HoldsLegacy is [Repository.Holds] for the cache of DVC 2.
func (r *Repository) HoldsLegacy(oid string) (bool, error) {
	if !oidForm.MatchString(oid) {
		return false, nil
	}
	entries, err := r.oldTree(Output{Path: ".", MD5: oid, out: output{oid: oid}})
	if err != nil {
		return false, nil //nolint:nilerr // a list that is damaged or not there is none
	}
	for _, e := range append(entries, entry{MD5: oid}) {
		_, err := os.Stat(r.cache.oldPath(e.MD5))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("cache: %w", err)
		}
	}
	return true, nil
}

// oldState is state for an output of DVC 2.
func (r *Repository) oldState(ctx context.Context, o Output) (string, error) {
	same, err := r.SameAsLegacy(ctx, o.Path, o.MD5)
	if err != nil || !same {
		return Modified, err
	}
	here, err := r.HoldsLegacy(o.MD5)
	if err != nil || !here {
		return NotInCache, err
	}
	return "", nil
}

// oldTree returns the files of an output of DVC 2, one of itself for a file.
func (r *Repository) oldTree(o Output) ([]entry, error) {
	if !o.out.isDir() {
		return []entry{{o.MD5, "."}}, nil
	}
	data, err := readTree(r.cache.oldPath(o.MD5))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(o.Path)
	}
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	if sum(data) != strings.TrimSuffix(o.MD5, dirSuffix) {
		return nil, corruptTree(errors.New("hash of " + o.MD5 + " does not fit"))
	}
	return parseTree(data)
}

// oldCheckout is checkout for an output of DVC 2. Files that this version lacks stay.
func (r *Repository) oldCheckout(ctx context.Context, o Output) error {
	entries, err := r.oldTree(o)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(r.dir) // no link in the work tree leads a write outside
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // a folder handle
	for _, e := range entries {
		if err := r.oldPlace(ctx, root, path.Join(o.Path, e.Path), e.MD5); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repository) oldPlace(ctx context.Context, root *os.Root, rel, oid string) error {
	if err := checkPath(rel); err != nil {
		return err
	}
	if _, err := root.Lstat(rel); err == nil {
		have, err := oldSum(ctx, r.abs(rel))
		if err != nil || have == oid {
			return err
		}
		if _, err := os.Stat(r.cache.oldPath(have)); err != nil {
			return fault.New(fault.Exists, "Another file is already at "+rel+" in the dataset, and it is not versioned.",
				"Version that file or move it away.", err)
		}
	}
	src, err := os.Open(r.cache.oldPath(oid))
	if err != nil {
		return missing(rel)
	}
	defer src.Close() //nolint:errcheck // read only
	tmp, err := createTemp(r.tmp())
	if err != nil {
		return err
	}
	defer tmp.discard()
	got, err := copyOld(ctx, tmp, src)
	if err != nil {
		return err
	}
	if got != oid {
		return corruptCache(src.Name(), &mismatch{oid, got})
	}
	if err := errors.Join(tmp.Chmod(0o644), root.MkdirAll(path.Dir(rel), 0o755)); err != nil {
		return err
	}
	from, err := filepath.Rel(r.dir, tmp.Name())
	if err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := root.Rename(from, filepath.FromSlash(rel)); err != nil {
		return err
	}
	tmp.done = true
	return nil
}

// oldFetch brings the objects of an output of DVC 2 into the cache, a folder's list last.
func (r *Repository) oldFetch(ctx context.Context, from remote.Remote, o Output, done *Transfer, p *job.Progress) error {
	entries := []entry{{o.MD5, "."}}
	if o.out.isDir() {
		list, err := r.oldList(ctx, from, o)
		if err != nil {
			return err
		}
		if entries, err = parseTree(list); err != nil {
			return err
		}
	}
	p.Expect(int64(len(entries)))
	for _, e := range entries {
		p.Step(path.Join(o.Path, e.Path))
		if err := r.oldOne(ctx, from, e.MD5, done); err != nil {
			return fmt.Errorf("%s: %w", path.Join(o.Path, e.Path), err)
		}
		p.File(1)
	}
	if !o.out.isDir() {
		return nil
	}
	return r.oldOne(ctx, from, o.MD5, done)
}

// oldList returns a folder's list from the cache or, verified, from the remote.
func (r *Repository) oldList(ctx context.Context, from remote.Remote, o Output) ([]byte, error) {
	list, err := os.ReadFile(r.cache.oldPath(o.MD5))
	if err != nil {
		rc, err := from.Open(ctx, oldKey(o.MD5), 0)
		if err != nil {
			return nil, err
		}
		if list, err = io.ReadAll(io.LimitReader(rc, maxTree)); errors.Join(err, rc.Close()) != nil {
			return nil, err
		}
	}
	if got := sum(list) + dirSuffix; got != o.MD5 {
		return nil, damagedAt(from, &mismatch{o.MD5, got})
	}
	return list, nil
}

func (r *Repository) oldOne(ctx context.Context, from remote.Remote, oid string, done *Transfer) error {
	if _, err := os.Stat(r.cache.oldPath(oid)); err == nil {
		done.Present++
		return nil
	}
	rc, err := from.Open(ctx, oldKey(oid), 0)
	if err != nil {
		return err
	}
	defer rc.Close() //nolint:errcheck // what came is hashed
	tmp, err := createTemp(r.cache.tmp())
	if err != nil {
		return err
	}
	defer tmp.discard()
	got, err := copyOld(ctx, tmp, rc)
	if err != nil {
		return err
	}
	if got != strings.TrimSuffix(oid, dirSuffix) {
		return damagedAt(from, &mismatch{oid, got})
	}
	st, err := tmp.Stat()
	if err == nil {
		err = errors.Join(tmp.Chmod(wholeMode), tmp.Sync(), mkdirSynced(filepath.Dir(r.cache.oldPath(oid))))
	}
	if err == nil {
		err = tmp.rename(r.cache.oldPath(oid))
	}
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	done.Moved++
	done.Bytes += st.Size()
	return nil
}

// oldPush brings the objects of an output of DVC 2 to a remote, a folder's list last and
// only if all its files are there.
func (u *upload) oldPush(ctx context.Context, o Output) error {
	entries := []entry{{o.MD5, "."}}
	if o.out.isDir() {
		list, err := u.repo.oldTree(o)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		entries = append(list, entries...)
	}
	var errs []error
	whole := true
	for _, e := range entries {
		if e.MD5 == o.MD5 && !whole {
			break
		}
		there, err := u.oldOne(ctx, o, e)
		if stop(err) {
			return err
		}
		whole = whole && there
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// oldOne puts an object of DVC 2 on the remote, and reports whether it is there then.
func (u *upload) oldOne(ctx context.Context, o Output, e entry) (there bool, err error) {
	name := path.Join(o.Path, e.Path)
	u.progress.Step(name)
	if _, err := u.to.Stat(ctx, oldKey(e.MD5)); fault.KindOf(err) != fault.NotFound {
		if err == nil {
			u.done.Present++
		}
		return err == nil, err
	}
	f, err := os.Open(u.repo.cache.oldPath(e.MD5))
	if errors.Is(err, fs.ErrNotExist) {
		return false, u.lacks(o.File, name)
	}
	if err != nil {
		return false, err
	}
	st, err := f.Stat()
	if err == nil {
		err = u.to.Put(ctx, oldKey(e.MD5), f, st.Size())
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return false, err
	}
	u.done.Moved++
	u.done.Bytes += st.Size()
	return true, nil
}
