package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// merge takes the commits of FETCH_HEAD into the branch; the lock is held. Where both
// sides changed the same file, neither side's captures are lost: see resolver.resolve.
func (r *Repository) merge(ctx context.Context, who Author) error {
	m := r.git
	m.env = []string{
		"GIT_AUTHOR_NAME=" + who.Name, "GIT_AUTHOR_EMAIL=" + who.Email,
		"GIT_COMMITTER_NAME=" + who.Name, "GIT_COMMITTER_EMAIL=" + who.Email,
	}
	// No renames: a capture that was moved is a file gone and a file new.
	args := []string{"-c", "merge.renames=false", "-c", "merge.conflictStyle=merge", "merge", "-q", "--no-edit", "--no-verify", "--no-gpg-sign"}
	if _, err := m.run(ctx, "merge-base", "HEAD", "FETCH_HEAD"); err != nil {
		if _, err := m.run(ctx, "cat-file", "-e", "FETCH_HEAD:.dvc/config"); err != nil {
			return fault.New(fault.Invalid, "The git server's repository holds something else than a dataset.",
				"Check its address in Settings, or make an empty repository there.", err)
		}
		args = append(args, "--allow-unrelated-histories") // two benches that each began on their own
	}
	theirs, err := m.run(ctx, "rev-parse", "FETCH_HEAD")
	if err != nil {
		return err
	}
	if err := r.unfinished(ctx); err != nil {
		return err
	}
	if err := writeFile(r.tmp(), r.abs(mergeMark), []byte("Coverslip merges; a later start undoes this merge if it is not finished:\n"+theirs)); err != nil {
		return err
	}
	v := resolver{repo: r}
	out, err := m.run(ctx, append(args, "FETCH_HEAD")...)
	if err != nil && strings.Contains(out, "CONFLICT") {
		if err = v.resolve(ctx, m); err == nil {
			_, err = m.run(ctx, "commit", "-q", "--no-edit", "--no-verify", "--no-gpg-sign", "--cleanup=strip")
		}
	}
	if err := errors.Join(err, r.unfinished(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	return v.moveData()
}

// mergeMark is there while this program merges. It names the commit that is merged: that
// tells an unfinished merge of this program's, which a crash has left, from a person's. Its
// name is not one of those that sweep removes.
const mergeMark = ".dvc/tmp/merge-of-coverslip"

// unfinished undoes this program's merge, if it is not finished. The lock is held.
func (r *Repository) unfinished(ctx context.Context) error {
	mark, err := os.ReadFile(r.abs(mergeMark))
	if err != nil {
		return nil //nolint:nilerr // then there is none
	}
	theirs, err := r.git.run(ctx, "rev-parse", "-q", "--verify", "MERGE_HEAD")
	if err == nil && strings.Contains(string(mark), strings.TrimSpace(theirs)) {
		if _, err := r.git.run(ctx, "merge", "--abort"); err != nil {
			return err
		}
	}
	return os.Remove(r.abs(mergeMark))
}

// resolver settles the conflicts of one merge.
type resolver struct {
	repo  *Repository
	moves [][2]string // data of the work tree that gets another name once the merge is committed
}

// moveData gives the data of this side its new names, so that the server's can be pulled
// in its place. If the power goes before it, it is in the cache still.
func (v *resolver) moveData() error {
	var errs []error
	for _, m := range v.moves {
		if _, err := os.Lstat(v.repo.abs(m[0])); err == nil {
			errs = append(errs, os.Rename(v.repo.abs(m[0]), v.repo.abs(m[1])))
		}
	}
	return errors.Join(errs...)
}

// conflict is a file that both sides changed; a side that lacks it has no id.
type conflict struct {
	path               string
	base, ours, theirs string // git's objects
}

// resolve settles each conflict of a merge:
//   - the lists of what git ignores have the lines of both sides;
//   - settings are the server's, and what differs here goes to .dvc/config.local;
//   - a versioned folder has the files of both sides, if the lists are here;
//   - any other file is the server's, and this side's stays beside it under another name;
//   - a file that one side changed and the other removed stays.
func (v *resolver) resolve(ctx context.Context, m git) error {
	r := v.repo
	all, err := r.conflicts(ctx)
	if err != nil {
		return err
	}
	var done []string
	for _, c := range all {
		changed, err := v.settle(ctx, c)
		if err != nil {
			return fmt.Errorf("merge %s: %w", c.path, err)
		}
		done = append(done, changed...)
	}
	_, err = m.run(ctx, append([]string{"add", "--all", "--force", "--"}, done...)...)
	return err
}

func (r *Repository) conflicts(ctx context.Context) ([]conflict, error) {
	out, err := r.git.run(ctx, "ls-files", "-u", "-z")
	if err != nil {
		return nil, err
	}
	var all []conflict
	for rec := range strings.SplitSeq(out, "\x00") { // "100644 ID STAGE\tNAME"
		head, name, _ := strings.Cut(rec, "\t")
		f := strings.Fields(head)
		if len(f) != 3 {
			continue
		}
		if len(all) == 0 || all[len(all)-1].path != name {
			all = append(all, conflict{path: name})
		}
		c := &all[len(all)-1]
		switch f[2] {
		case "1":
			c.base = f[1]
		case "2":
			c.ours = f[1]
		case "3":
			c.theirs = f[1]
		}
	}
	return all, nil
}

// settle writes the outcome of a conflict and returns the files that make it up.
func (v *resolver) settle(ctx context.Context, c conflict) ([]string, error) {
	r := v.repo
	texts := map[string][]byte{}
	for _, id := range []string{c.base, c.ours, c.theirs} {
		if id == "" {
			continue
		}
		out, err := r.git.run(ctx, "cat-file", "blob", id)
		if err != nil {
			return nil, err
		}
		texts[id] = []byte(out)
	}
	ours, theirs := texts[c.ours], texts[c.theirs]
	switch {
	case c.ours == "" || c.theirs == "":
		return []string{c.path}, writeFile(r.tmp(), r.abs(c.path), slices.Concat(ours, theirs))
	case path.Base(c.path) == ".gitignore" || c.path == ".dvcignore":
		text := string(theirs)
		for line := range strings.Lines(string(ours)) {
			text = withLine(text, strings.TrimRight(line, "\r\n"))
		}
		return []string{c.path}, writeFile(r.tmp(), r.abs(c.path), []byte(text))
	case c.path == ".dvc/config":
		if err := r.keepLocal(texts[c.base], ours, theirs); err != nil {
			return nil, err
		}
		return []string{c.path}, writeFile(r.tmp(), r.abs(c.path), theirs)
	case strings.HasSuffix(c.path, ".dvc"):
		return v.settleOutput(ctx, c.path, texts[c.base], ours, theirs)
	}
	beside, err := r.free(c.path)
	if err != nil {
		return nil, err
	}
	err = errors.Join(writeFile(r.tmp(), r.abs(beside), ours), writeFile(r.tmp(), r.abs(c.path), theirs))
	return []string{c.path, beside}, err
}

// settleOutput settles two versions of a .dvc file.
func (v *resolver) settleOutput(ctx context.Context, name string, base, ours, theirs []byte) ([]string, error) {
	r := v.repo
	mine, err := outputs(name, ours)
	if err != nil || len(mine) != 1 {
		return []string{name}, writeFile(r.tmp(), r.abs(name), theirs) // this side's is of no use to anyone
	}
	there, err := outputs(name, theirs)
	if err != nil || len(there) != 1 || there[0].MD5 == mine[0].MD5 {
		return []string{name}, writeFile(r.tmp(), r.abs(name), ours)
	}
	if joined, ok, err := r.joinFolders(ctx, name, base, theirs, mine[0], there[0]); ok || err != nil {
		return joined, err
	}
	if err := writeFile(r.tmp(), r.abs(name), theirs); err != nil {
		return nil, err
	}
	beside, err := r.free(mine[0].Path)
	if err != nil {
		return nil, err
	}
	v.moves = append(v.moves, [2]string{mine[0].Path, beside})
	f, err := parseFile(ours)
	if err != nil {
		return nil, err
	}
	o := f.outs[0]
	o.path = path.Join(path.Dir(o.path), path.Base(beside))
	text, err := f.patch(o, nil)
	if err != nil {
		return nil, err
	}
	ignore := path.Join(path.Dir(beside), ".gitignore")
	list, err := os.ReadFile(r.abs(ignore))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	err = errors.Join(
		writeFile(r.tmp(), r.abs(ignore), []byte(withLine(string(list), "/"+escapeGlob(path.Base(beside))))),
		writeFile(r.tmp(), r.abs(beside+".dvc"), text))
	return []string{name, beside + ".dvc", ignore}, err
}

// joinFolders makes one folder of two that grew apart; ok is false where that can't be
// done: they are no folders, or a list is not here.
func (r *Repository) joinFolders(ctx context.Context, name string, base, theirs []byte, mine, there Output) (files []string, ok bool, err error) {
	if !mine.out.isDir() || !there.out.isDir() {
		return nil, false, nil
	}
	a, err := r.cache.tree(mine.MD5)
	if err != nil {
		return nil, false, nil //nolint:nilerr // it is kept beside then
	}
	b, err := r.cache.tree(there.MD5)
	if err != nil {
		return nil, false, nil //nolint:nilerr // it is kept beside then
	}
	before := map[string]string{}
	if outs, err := outputs(name, base); err == nil && len(outs) == 1 && outs[0].out.isDir() {
		list, err := r.cache.tree(outs[0].MD5)
		if err != nil {
			return nil, false, nil //nolint:nilerr // it is kept beside then
		}
		for _, e := range list {
			before[e.Path] = e.MD5
		}
	}
	joined := join(before, a, b)
	o := there.out
	o.files, o.size = len(joined), 0
	for _, e := range joined {
		st, err := os.Stat(r.cache.path(e.MD5))
		if err != nil {
			return nil, false, nil //nolint:nilerr // sizes are part of a .dvc file
		}
		o.size += st.Size()
	}
	if o.oid, err = r.cache.storeTree(ctx, encodeTree(joined)); err != nil {
		return nil, false, err
	}
	for _, e := range joined { // a later add of the folder must find them there
		if err := r.place(ctx, path.Join(mine.Path, e.Path), e.MD5, false); err != nil && fault.KindOf(err) != fault.Exists {
			return nil, false, err
		}
	}
	f, err := parseFile(theirs)
	if err != nil {
		return nil, false, err
	}
	text, err := f.patch(o, nil)
	if err != nil {
		return nil, false, err
	}
	return []string{name}, true, writeFile(r.tmp(), r.abs(name), text)
}

// join merges two lists of files that came from one: what either added or changed is in
// it, what either removed and the other left alone is not. Where both changed a file, the
// second list's has its name and the first list's another.
func join(base map[string]string, ours, theirs []entry) []entry {
	a, b := map[string]string{}, map[string]string{}
	for _, e := range ours {
		a[e.Path] = e.MD5
	}
	for _, e := range theirs {
		b[e.Path] = e.MD5
	}
	taken := func(p string) bool { return a[p] != "" || b[p] != "" }
	var all []entry
	for p, oid := range b {
		if mine, here := a[p]; here || base[p] != oid { // new, changed, or in both
			if here && oid == base[p] {
				oid = mine // only this side changed it
			}
			all = append(all, entry{oid, p})
		}
	}
	for p, oid := range a {
		there, both := b[p]
		switch {
		case !both && base[p] != oid:
			all = append(all, entry{oid, p})
		case both && oid != there && oid != base[p] && there != base[p]:
			all = append(all, entry{oid, aside(p, taken)})
		}
	}
	return all
}

// free returns a name beside rel that nothing has.
func (r *Repository) free(rel string) (string, error) {
	var failed error
	name := aside(rel, func(p string) bool {
		for _, full := range []string{p, p + ".dvc"} {
			_, err := os.Lstat(r.abs(full))
			switch {
			case err == nil:
				return true
			case !errors.Is(err, fs.ErrNotExist):
				failed = err
			}
		}
		return false
	})
	return name, failed
}

// aside returns the first name beside p that is not taken.
func aside(p string, taken func(string) bool) string {
	for n := 2; ; n++ {
		if name := Beside(p, n); !taken(name) {
			return name
		}
	}
}

// keepLocal writes the options that ours has changed, and theirs has otherwise, into
// .dvc/config.local, such as where this machine has the NAS.
func (r *Repository) keepLocal(base, ours, theirs []byte) error {
	was, a, b := parseConfig(string(base)), parseConfig(string(ours)), parseConfig(string(theirs))
	old, err := os.ReadFile(r.abs(".dvc/config.local"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	local := parseConfig(string(old))
	text := string(old)
	for _, section := range slices.Sorted(maps.Keys(a)) {
		for _, option := range slices.Sorted(maps.Keys(a[section])) {
			v := a.value(section, option)
			if _, set := local[section][option]; !set && b.value(section, option) != v && was.value(section, option) != v {
				text = setOption(text, section, option, v)
			}
		}
	}
	if text == string(old) {
		return nil
	}
	return writeFile(r.tmp(), r.abs(".dvc/config.local"), []byte(text))
}
