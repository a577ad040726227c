package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// tempPrefix starts the names of files being written, so that a later start finds what a
// crash has left.
const tempPrefix = "coverslip-"

// wholeMode marks an object as verified: DVC trusts a cache file of this mode and hashes
// any other again.
const wholeMode = 0o444

// cache is DVC's store of objects by MD5 on this machine.
type cache struct{ dir string }

// key is where an object lies in the cache and in a remote.
func key(oid string) string { return "files/md5/" + oid[:2] + "/" + oid[2:] }

func (c cache) path(oid string) string { return filepath.Join(c.dir, filepath.FromSlash(key(oid))) }

func (c cache) tmp() string { return filepath.Join(c.dir, "tmp") }

// has reports whether the object is there and whole. One without the mark is hashed, as
// DVC does, and removed if it is not what its name says.
func (c cache) has(ctx context.Context, oid string) (size int64, ok bool, err error) {
	name := c.path(oid)
	st, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, false, nil
	case err != nil:
		return 0, false, fmt.Errorf("cache: %w", err)
	case !st.Mode().IsRegular():
		return 0, false, fmt.Errorf("cache: %s is no file", name)
	case st.Mode().Perm() == wholeMode:
		return st.Size(), true, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return 0, false, fmt.Errorf("cache: %w", err)
	}
	got, n, err := copyHashed(ctx, nil, f, nothing{})
	if err := errors.Join(err, f.Close()); err != nil {
		return 0, false, fmt.Errorf("cache: %w", err)
	}
	if got != strings.TrimSuffix(oid, dirSuffix) {
		return 0, false, os.Remove(name)
	}
	return n, true, os.Chmod(name, wholeMode)
}

// store copies r into the cache as the object oid; bytes of another hash are refused.
func (c cache) store(ctx context.Context, r io.Reader, oid string) (size int64, err error) {
	tmp, err := createTemp(c.tmp())
	if err != nil {
		return 0, fmt.Errorf("cache: %w", err)
	}
	defer tmp.discard()
	got, size, err := copyHashed(ctx, tmp, r, nothing{})
	if err != nil {
		return 0, err
	}
	if strings.TrimSuffix(oid, dirSuffix) != got {
		return 0, &mismatch{oid, got}
	}
	return size, c.adopt(ctx, tmp, oid)
}

// storeTree puts a .dir object into the cache; its files must be there.
func (c cache) storeTree(ctx context.Context, data []byte) (string, error) {
	if len(data) > maxTree { // no one could read it
		return "", tooLong()
	}
	oid := sum(data) + dirSuffix
	if _, ok, err := c.has(ctx, oid); ok || err != nil {
		return oid, err
	}
	tmp, err := createTemp(c.tmp())
	if err != nil {
		return "", fmt.Errorf("cache: %w", err)
	}
	defer tmp.discard()
	if _, err := tmp.Write(data); err != nil {
		return "", fmt.Errorf("cache: %w", err)
	}
	return oid, c.adopt(ctx, tmp, oid)
}

// tree returns a folder's files as its .dir object tells.
func (c cache) tree(oid string) ([]entry, error) {
	data, err := readTree(c.path(oid))
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	if sum(data) != strings.TrimSuffix(oid, dirSuffix) {
		return nil, corruptTree(errors.New("hash of " + oid + " does not fit"))
	}
	return parseTree(data)
}

// readTree reads a .dir object of a size that can be worked with.
func readTree(name string) ([]byte, error) {
	if st, err := os.Stat(name); err == nil && st.Size() > maxTree {
		return nil, tooLong()
	}
	return os.ReadFile(name)
}

// adopt makes tmp the object oid: synced, marked, under its name, and the name synced.
func (c cache) adopt(ctx context.Context, tmp *temp, oid string) error {
	if _, ok, err := c.has(ctx, oid); ok || err != nil {
		return err
	}
	err := tmp.Sync()
	if err == nil {
		err = tmp.Chmod(wholeMode)
	}
	if err == nil {
		err = mkdirSynced(filepath.Dir(c.path(oid)))
	}
	if err == nil {
		err = tmp.rename(c.path(oid))
	}
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}

// mismatch says that bytes are not what their name says.
type mismatch struct{ want, got string }

func (m *mismatch) Error() string { return "object " + m.want + " has the hash " + m.got }

// missing says that the cache lacks what a version names.
func missing(what string) error {
	return fault.New(fault.NotFound, "The data of "+what+" is not on this machine.",
		"Pull it from a remote, or ask the station that made it to push.", nil)
}
