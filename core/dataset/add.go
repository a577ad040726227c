package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

// Add versions the file or folder rel of the work tree: its objects go into the cache,
// then a .dvc file names them. meta goes into the file's meta:, where DVC lets free data
// be, such as the instrument and the operator. What is unchanged is not written again. Of
// a folder that is versioned as a whole, a part can be added alone: the output is the folder.
func (r *Repository) Add(ctx context.Context, rel string, meta map[string]any, p *job.Progress) (Output, error) {
	if err := CheckName(rel); err != nil {
		return Output{}, err
	}
	r.memory.ahead()
	if dir, ok := r.enclosing(rel); ok {
		return r.addInto(ctx, dir, rel, p)
	}
	if err := r.Untracked(ctx, rel); err != nil {
		return Output{}, err
	}
	files, err := r.scan(ctx, rel)
	if err != nil {
		return Output{}, fmt.Errorf("add: %w", err)
	}
	defer r.memory.save()
	sums, err := r.takeAll(ctx, rel, files, p)
	if err != nil {
		return Output{}, fmt.Errorf("add %s: %w", rel, err)
	}
	o := output{path: path.Base(rel)}
	for _, f := range files {
		o.size += f.size
	}
	unlock, err := r.lockHolding(ctx, rel, files, sums)
	if err != nil {
		return Output{}, fmt.Errorf("add %s: %w", rel, err)
	}
	defer unlock()
	if err := r.unclaimed(rel); err != nil {
		return Output{}, err
	}
	if len(files) == 1 && files[0].rel == "." {
		o.oid, o.exec = sums[0].oid(), files[0].mode.Perm()&0o100 != 0
	} else {
		o.files = len(files)
		if o.oid, err = r.cache.storeTree(ctx, encodeTree(entriesOf(files, sums))); err != nil {
			return Output{}, fmt.Errorf("add %s: %w", rel, err)
		}
	}
	if err := r.relink(ctx, rel, files, sums); err != nil {
		return Output{}, fmt.Errorf("add %s: %w", rel, err)
	}
	return r.name(rel, o, meta)
}

// takeAll is take for the file or folder rel, with progress.
func (r *Repository) takeAll(ctx context.Context, rel string, files []found, p *job.Progress) ([]digest, error) {
	p.Expect(int64(len(files)))
	for _, f := range files {
		p.Grow(f.size)
	}
	_, err := os.Lstat(r.abs(rel + ".dvc"))
	return r.take(ctx, rel, files, errors.Is(err, fs.ErrNotExist), p)
}

func entriesOf(files []found, sums []digest) []entry {
	entries := make([]entry, len(files))
	for i, f := range files {
		entries[i] = entry{sums[i].oid(), f.rel}
	}
	return entries
}

// relink makes files of the work tree links to their objects, if the settings ask for it.
func (r *Repository) relink(ctx context.Context, top string, files []found, sums []digest) error {
	l, err := r.linker()
	if err != nil || !l.links() {
		return err
	}
	for i, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		rel := below(top, f.rel)
		if err := l.relink(rel, sums[i].oid(), f.meta); err != nil {
			return err
		}
		st, err := os.Stat(r.abs(rel))
		if err != nil {
			return err
		}
		if in, err := os.Stat(r.cache.path(sums[i].oid())); err == nil && os.SameFile(st, in) {
			r.memory.made(rel, metaOf(st), sums[i])
		}
	}
	return nil
}

// name writes rel's .dvc file and its line in .gitignore.
func (r *Repository) name(rel string, o output, meta map[string]any) (Output, error) {
	done, text, err := r.wording(rel, o, meta)
	if err != nil {
		return Output{}, err
	}
	if text != nil {
		if err := writeFile(r.tmp(), r.abs(done.File), text); err != nil {
			return Output{}, fmt.Errorf("add %s: %w", rel, err)
		}
	}
	return done, r.ignoreAll(path.Dir(rel), []string{path.Base(rel)})
}

// wording returns what rel's .dvc file is to say, nil if it says so.
func (r *Repository) wording(rel string, o output, meta map[string]any) (Output, []byte, error) {
	done := Output{Path: rel, File: rel + ".dvc", MD5: o.oid, Size: o.size, Files: o.files, out: o}
	done.Changed = []string{done.File, path.Join(path.Dir(rel), ".gitignore")}
	old, err := os.ReadFile(r.abs(done.File))
	var text []byte
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text, err = newFile(o, meta)
	case err == nil:
		text, err = repatched(done.File, old, o, meta)
	}
	if err != nil {
		return Output{}, nil, fmt.Errorf("add %s: %w", rel, err)
	}
	if string(text) == string(old) {
		text = nil
	}
	return done, text, nil
}

// ignoreAll has a folder's .gitignore name files of it.
func (r *Repository) ignoreAll(dir string, names []string) error {
	ignore := path.Join(dir, ".gitignore")
	list, err := os.ReadFile(r.abs(ignore))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("add to %s: %w", ignore, err)
	}
	lines := make([]string, len(names))
	for i, n := range names {
		lines[i] = "/" + escapeGlob(n)
	}
	more := withLines(string(list), lines)
	if more == string(list) {
		return nil
	}
	if err := writeFile(r.tmp(), r.abs(ignore), []byte(more)); err != nil {
		return fmt.Errorf("add to %s: %w", ignore, err)
	}
	return nil
}

func repatched(name string, old []byte, o output, meta map[string]any) ([]byte, error) {
	f, err := parseFile(old)
	if err != nil {
		return nil, err
	}
	if f.imported || len(f.outs) != 1 || f.wdir != "" || f.outs[0].path != o.path || f.outs[0].git {
		return nil, fault.New(fault.Invalid, name+" was not made by adding a file, so that adding can't change it.",
			"Use the dvc program for it.", nil)
	}
	return f.patch(o, meta)
}

// withLine appends line to the text if no line is it already.
func withLine(text, line string) string { return withLines(text, []string{line}) }

// withLines appends those of the lines to the text that are not in it already.
func withLines(text string, lines []string) string {
	have := map[string]bool{}
	for l := range strings.Lines(text) {
		have[strings.TrimRight(l, "\r\n")] = true
	}
	var b strings.Builder
	b.WriteString(text)
	for _, line := range lines {
		if have[line] {
			continue
		}
		have[line] = true
		if b.Len() > 0 && b.Len() == len(text) && !strings.HasSuffix(text, "\n") {
			b.WriteByte('\n')
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// escapeGlob makes gitignore take a name for itself.
func escapeGlob(name string) string {
	var b strings.Builder
	for i, c := range name {
		if strings.ContainsRune(`[]!*#?\`, c) || c == ' ' && i == len(name)-1 {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
