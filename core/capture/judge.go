package capture

import (
	"context"
	"os"
	"path/filepath"
)

// judge answers inquiries, until a portion of files was looked into.
func (d disk) judge(ctx context.Context, all []inquiry) []verdict {
	out := make([]verdict, 0, len(all))
	near := beside{}
	left := portion
	for _, q := range all {
		v := verdict{unit: q.unit}
		if left <= 0 || ctx.Err() != nil {
			v.more = true
		} else {
			d.read(ctx, q, &v, &left)
		}
		if v.err == nil && !v.more {
			v.err = d.lacks(q, near)
		}
		out = append(out, v)
	}
	return out
}

// read asks the formats of a capture's files whether they are whole.
func (d disk) read(ctx context.Context, q inquiry, v *verdict, left *int) {
	for _, f := range q.files {
		if !q.unread[f.Path] {
			continue
		}
		if *left--; *left < 0 || ctx.Err() != nil {
			v.more = true
			return
		}
		if f.Size == 0 && q.several && !picture(filepath.Base(f.Path)) {
			v.whole = append(v.whole, f.Path)
			continue
		}
		if err := d.readable(f.Path); err != nil {
			v.file, v.err = f.Path, err
			return
		}
		v.whole = append(v.whole, f.Path)
	}
}

// readable checks one file: that it may be read, and its format.
func (d disk) readable(path string) error {
	r, err := os.Open(path) //nolint:gosec // an instrument's own file, only read
	if err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	return d.Complete(path)
}

// lacks is the errMissing of what the profile wants beside the capture's files.
func (d disk) lacks(q inquiry, near beside) error {
	stray := d.rules.group != nil && !q.several // a file that belongs to nothing
	if len(d.rules.Companions) == 0 && d.rules.Marker == "" || stray || len(q.files) == 0 {
		return nil
	}
	dirs := map[string]bool{}
	for _, f := range q.files {
		if dirs[filepath.Dir(f.Path)] = true; len(dirs) > 16 { // more need not be listed: the files are known
			break
		}
	}
	if q.several {
		dirs[q.unit], dirs[filepath.Dir(q.unit)] = true, false // the latter is for other captures, too
	}
	met := func(pattern string) bool {
		for _, f := range q.files {
			if match(pattern, filepath.Base(f.Path)) {
				return true
			}
		}
		for dir, ours := range dirs {
			if ours && near.has(dir, pattern) {
				return true
			}
		}
		return false
	}
	if name := d.rules.missing(stem(filepath.Base(q.files[0].Path)), met); name != "" {
		return errMissing(name)
	}
	return nil
}

// beside are the names in folders, each listed once a survey.
type beside map[string][]string

// has reports whether a name in the folder meets the pattern.
func (b beside) has(dir, pattern string) bool {
	names, ok := b[dir]
	if !ok {
		if list, err := os.ReadDir(dir); err == nil {
			for _, e := range list {
				names = append(names, e.Name())
			}
		}
		b[dir] = names
	}
	for _, n := range names {
		if match(pattern, n) {
			return true
		}
	}
	return false
}
