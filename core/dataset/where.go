package dataset

import (
	"bytes"
	"context"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// Meta returns what the .dvc file of the output rel says under meta:; ok is false if rel is
// no output.
func (r *Repository) Meta(rel string) (meta map[string]any, ok bool) {
	f := r.fileOf(rel)
	if f == nil {
		return nil, false
	}
	if n := child(f.doc, "meta"); n != nil && n.Decode(&meta) != nil {
		meta = nil // free data of a person
	}
	return meta, true
}

// SetMeta puts what is given into the meta: of the output rel's .dvc file, beside what is
// there, and returns that file's path, to be committed. Whoever has no such output gets
// fault.NotFound.
func (r *Repository) SetMeta(ctx context.Context, rel string, meta map[string]any) (changed string, err error) {
	unlock, err := r.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if r.fileOf(rel) == nil {
		return "", fault.New(fault.NotFound, "The dataset has no “"+rel+"”.", "Name a file that was added, by its path in the dataset.", nil)
	}
	changed = rel + ".dvc"
	text, err := os.ReadFile(r.abs(changed))
	if err != nil {
		return "", err
	}
	now, err := patchMeta(text, meta)
	if err != nil {
		return "", err
	}
	if bytes.Equal(now, text) {
		return changed, nil
	}
	return changed, writeFile(r.tmp(), r.abs(changed), now)
}

// fileOf reads the .dvc file of an output; nil if there is none that can be read.
func (r *Repository) fileOf(rel string) *file {
	if checkPath(rel) != nil {
		return nil
	}
	text, err := os.ReadFile(r.abs(rel + ".dvc"))
	if err != nil {
		return nil
	}
	f, err := parseFile(text)
	if err != nil || len(f.outs) != 1 {
		return nil
	}
	return f
}

// Beside returns the n-th name like rel for another file that wants to be there, from 2 on:
// "a (2).ome.tif" for "a.ome.tif". A merge names this bench's files so.
func Beside(rel string, n int) string {
	dir, base := path.Split(rel)
	dots := len(base) - len(strings.TrimLeft(base, "."))
	stem, ext, dotted := strings.Cut(base[dots:], ".")
	if dotted {
		ext = "." + ext
	}
	return dir + base[:dots] + stem + " (" + strconv.Itoa(n) + ")" + ext
}

// Where returns where the output is now whose content, or one of whose files, is oid: at
// rel, or at a name beside it that a merge with another bench has given it. It is rel if it
// is nowhere.
func (r *Repository) Where(rel, oid string) string {
	at := rel
	for n := 2; ; n++ {
		f := r.fileOf(at)
		switch {
		case f == nil:
			return rel
		case r.holds(f.outs[0], oid):
			return at
		}
		at = Beside(rel, n)
	}
}

// Names reports whether the .dvc file of rel names the content oid, or a folder with a file that
// has it; a name may have been used again.
func (r *Repository) Names(rel, oid string) bool {
	f := r.fileOf(rel)
	return f != nil && r.holds(f.outs[0], oid)
}

func (r *Repository) holds(o output, oid string) bool {
	if o.oid == oid || !o.isDir() {
		return o.oid == oid
	}
	entries, err := r.cache.tree(o.oid)
	return err == nil && slices.ContainsFunc(entries, func(e entry) bool { return e.MD5 == oid })
}
