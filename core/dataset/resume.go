package dataset

import (
	"context"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
)

// A big object that is on its way from a remote lies in the cache's tmp under its own name,
// so that the next fetch goes on where this one was cut off, by a stop or the power. Only
// the hash of the whole makes it an object: what came before counts for nothing until then.
// A part is locked by whoever goes on with it.
const (
	partPrefix = "part-"
	resumeFrom = 16 << 20           // what has come of smaller ones is soon fetched again
	partStays  = 7 * 24 * time.Hour // that no one goes on with
)

func (c cache) part(oid string) string { return filepath.Join(c.tmp(), partPrefix+oid) }

// keep gives a file on its way its name as a part, if that can be: another process may have
// one. Windows renames nothing that is open.
func (c cache) keep(f *os.File, oid string) bool {
	if runtime.GOOS == "windows" {
		return false
	}
	if free, err := disk.TryLock(f); !free || err != nil || f.Chmod(0o644) != nil || os.Link(f.Name(), c.part(oid)) != nil {
		return false
	}
	_ = os.Remove(f.Name())
	return true
}

// cutOff opens the part of an object that has come already; nil if there is none, or
// another process is at it.
func (c cache) cutOff(oid string) *os.File {
	f, err := os.OpenFile(c.part(oid), os.O_RDWR, 0)
	if err != nil {
		return nil
	}
	if !hold(f) {
		_ = f.Close()
		return nil
	}
	return f
}

// sweepParts removes the parts that no one went on with.
func (r *Repository) sweepParts() {
	all, _ := filepath.Glob(filepath.Join(r.cache.tmp(), partPrefix+"*")) // fails for bad patterns only
	for _, name := range all {
		st, err := os.Stat(name)
		_, there := os.Stat(r.cache.path(strings.TrimPrefix(filepath.Base(name), partPrefix)))
		if err != nil || time.Since(st.ModTime()) < partStays && there != nil {
			continue
		}
		if f := r.cache.cutOff(strings.TrimPrefix(filepath.Base(name), partPrefix)); f != nil {
			_ = os.Remove(name)
			_ = f.Close()
		}
	}
}

// receive brings an object's bytes, whose hash is right, into a file of the shelf.
func (d *download) receive(ctx context.Context, s *shelf, h *hasher, oid string, each int64) (*os.File, int64, error) {
	if f := d.repo.cache.cutOff(oid); f != nil {
		f, n, err := d.resume(ctx, s, h, f, oid)
		if !errors.As(err, new(*mismatch)) {
			return f, n, err
		}
		d.progress.Add(-n) // it was something else: from the start, then
	}
	md, done := h.of(each)
	defer done()
	rc, err := d.from.Open(ctx, key(oid), 0)
	if err != nil {
		return nil, 0, err
	}
	f, err := s.temp()
	if err != nil {
		return nil, 0, errors.Join(err, rc.Close())
	}
	n, err := h.pour(ctx, md, f, io.LimitReader(rc, resumeFrom), d.progress)
	isPart := false
	if err == nil && n == resumeFrom {
		isPart = d.repo.cache.keep(f, oid)
		var more int64
		more, err = h.pour(ctx, md, f, rc, d.progress)
		n += more
	}
	f, err = d.arrived(s, md, f, oid, isPart, errors.Join(err, rc.Close()))
	return f, n, err
}

// resume goes on with a part.
func (d *download) resume(ctx context.Context, s *shelf, h *hasher, f *os.File, oid string) (*os.File, int64, error) {
	md, done := h.of(0)
	defer done()
	n, err := h.pour(ctx, md, nil, f, d.progress)
	if err != nil && ctx.Err() == nil {
		err = d.damaged(&mismatch{oid, "none: " + err.Error()})
	}
	if err == nil {
		var rc io.ReadCloser
		if rc, err = d.from.Open(ctx, key(oid), n); err == nil {
			var more int64
			more, err = h.pour(ctx, md, f, rc, d.progress)
			n += more
			err = errors.Join(err, rc.Close())
		}
	}
	f, err = d.arrived(s, md, f, oid, true, err)
	return f, n, err
}

// arrived returns the file of an object that came whole. Of one that did not, what came
// stays as a part if a later call may fare better.
func (d *download) arrived(s *shelf, md hash.Hash, f *os.File, oid string, isPart bool, err error) (*os.File, error) {
	var sum digest
	if err == nil {
		if md.Sum(sum[:0]); sum.oid() != oid {
			err = d.damaged(&mismatch{oid, sum.oid()})
		}
	}
	switch {
	case err == nil && isPart:
		return s.adopt(f, d.repo.cache.part(oid))
	case err == nil:
		return f, nil
	case !isPart:
		s.drop(f)
	case fault.KindOf(err) == fault.Corrupt || fault.KindOf(err) == fault.Full:
		_ = os.Remove(d.repo.cache.part(oid))
		_ = f.Close()
	default:
		_ = f.Close()
	}
	return nil, err
}

// adopt makes the open file name one of the shelf's.
func (s *shelf) adopt(f *os.File, name string) (*os.File, error) {
	defer f.Close() //nolint:errcheck // its lock was needed, its bytes are written
	to := s.tmp.name()
	if err := os.Rename(name, to); err != nil {
		return nil, err
	}
	return os.OpenFile(to, os.O_RDWR, 0)
}
