package capture

import (
	"context"
	"os"
	"path/filepath"
	"slices"
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
		if f.Size == 0 && q.several && !Picture(filepath.Base(f.Path)) {
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
	p := d.Profile
	if q.store {
		p = zarr()
	}
	stray := d.rules.group != nil && !q.several // a file that belongs to nothing
	if len(p.Companions) == 0 && p.Marker == "" || stray || len(q.files) == 0 {
		return nil
	}
	dirs := d.around(q)
	// One that will belong to the capture is not there before it was seen to come.
	ours := func(path string) bool {
		name, _ := d.rules.nameOf(d.Path, path)
		return q.several && d.rules.takes(filepath.Base(path)) && name == q.unit
	}
	met := func(pattern string) bool {
		in := func(f File) bool { return match(pattern, filepath.Base(f.Path)) }
		if slices.ContainsFunc(q.files, in) {
			return true
		}
		for _, dir := range dirs {
			if near.has(dir, func(name string) bool { return match(pattern, name) && !ours(filepath.Join(dir, name)) }) {
				return true
			}
		}
		return false
	}
	if name := p.missing(stem(filepath.Base(q.files[0].Path)), met); name != "" {
		return errMissing(name)
	}
	return nil
}

// around are the folders that hold a capture's files; of many only some, as the files are
// known.
func (d disk) around(q inquiry) []string {
	var dirs []string
	if q.several {
		dirs = append(dirs, q.unit)
	}
	for _, f := range q.files {
		if dir := filepath.Dir(f.Path); !slices.Contains(dirs, dir) && (!q.several || dir != filepath.Dir(q.unit)) {
			if dirs = append(dirs, dir); len(dirs) > 16 {
				break
			}
		}
	}
	return dirs
}

// beside are the names in folders, each listed once a survey.
type beside map[string][]string

// has reports whether the folder has a name that is ok.
func (b beside) has(dir string, ok func(name string) bool) bool {
	names, listed := b[dir]
	if !listed {
		if list, err := os.ReadDir(dir); err == nil {
			for _, e := range list {
				names = append(names, e.Name())
			}
		}
		b[dir] = names
	}
	return slices.ContainsFunc(names, ok)
}
