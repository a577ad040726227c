package dataset

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"coverslip.dev/coverslip/core/remote"
)

// lockName is the file in which DVC's pipelines name what their stages read and made.
const lockName = "dvc.lock"

// named returns all objects that the work tree names in any way, with a name for people;
// with history also those of the index and of every commit that a branch, a tag or a stash
// holds. The files of a folder are among them if its list is in the cache. That is more than
// a place must have: git holds some of them itself. See kept.
func (r *Repository) named(ctx context.Context, history bool) (map[string]string, error) {
	all := map[string]string{}
	files, err := r.dvcFiles(ctx)
	if err != nil {
		return nil, err
	}
	locks, err := r.Find(ctx, lockName)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Concat(files, locks) {
		text, err := os.ReadFile(r.abs(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := names(all, name, text); err != nil {
			return nil, err
		}
	}
	if history {
		if err := r.namedInGit(ctx, all); err != nil {
			return nil, err
		}
	}
	return all, r.expand(ctx, all)
}

// names adds what a .dvc file or a dvc.lock names.
func names(all map[string]string, file string, text []byte) error {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return damagedFile(file, err)
	}
	nodes := []*yaml.Node{&root}
	for len(nodes) > 0 {
		n := nodes[len(nodes)-1]
		nodes = append(nodes[:len(nodes)-1], n.Content...) // an alias has no content: it names nothing new
		if n.Kind != yaml.MappingNode {
			continue
		}
		oid, rel := child(n, "md5"), child(n, "path")
		if oid == nil || !oidForm.MatchString(oid.Value) {
			continue
		}
		name := file
		if rel != nil {
			name = path.Join(path.Dir(file), rel.Value)
		}
		if _, ok := all[oid.Value]; !ok {
			all[oid.Value] = name
		}
	}
	return nil
}

func (r *Repository) namedInGit(ctx context.Context, all map[string]string) error {
	files, texts, err := r.versions(ctx)
	if err != nil {
		return err
	}
	for i, text := range texts {
		if names(all, files[i], text) != nil {
			continue // a version that no one can use, and that a later one has mended
		}
	}
	return nil
}

// versions returns each text that a .dvc file or a dvc.lock has in the index or in any
// commit, with the file's name.
func (r *Repository) versions(ctx context.Context) (names []string, texts [][]byte, err error) {
	files := map[string]string{}                                   // by git's object
	stashes, err := r.git.run(ctx, "stash", "list", "--format=%H") // --all knows the newest alone
	if err != nil {
		return nil, nil, err
	}
	span := append([]string{"rev-list", "--objects", "--all", "HEAD"}, strings.Fields(stashes)...)
	list, err := r.git.run(ctx, append(span, "--")...)
	if err != nil {
		if _, none := r.git.run(ctx, "rev-parse", "-q", "--verify", "HEAD"); none == nil {
			return nil, nil, err
		}
	}
	for line := range strings.SplitSeq(list, "\n") {
		if id, name, _ := strings.Cut(line, " "); lists(name) {
			files[id] = name
		}
	}
	staged, err := r.git.run(ctx, "ls-files", "-s", "-z")
	if err != nil {
		return nil, nil, err
	}
	for rec := range strings.SplitSeq(staged, "\x00") { // "100644 ID 0\tNAME"
		head, name, _ := strings.Cut(rec, "\t")
		if f := strings.Fields(head); len(f) == 3 && lists(name) {
			files[f[1]] = name
		}
	}
	ids := slices.Sorted(maps.Keys(files))
	for _, id := range ids {
		names = append(names, files[id])
	}
	texts, err = r.blobs(ctx, ids)
	return names, texts, err
}

// kept returns the objects that the cache holds for the work tree, with a name for people;
// with history also for the .dvc files of all commits. Of those a remote, if one is given,
// has what is bound for it. Those of DVC 2 are not among them, nor
// what git holds itself, such as what a stage reads, nor what older dvc.lock files name.
func (r *Repository) kept(ctx context.Context, history bool, at remote.Remote) (map[string]string, error) {
	outs, err := r.all(ctx)
	if err != nil {
		return nil, err
	}
	var past []Output
	if history {
		files, texts, err := r.versions(ctx)
		if err != nil {
			return nil, err
		}
		for i, text := range texts {
			if older, err := outputs(files[i], text); err == nil && strings.HasSuffix(files[i], ".dvc") {
				past = append(past, older...)
			}
		}
	}
	if at != nil {
		past = r.boundOlder(past, outs, at)
		if outs, err = r.bound(outs, at); stop(err) {
			return nil, err
		}
	}
	outs = append(outs, past...)
	all := map[string]string{}
	for _, o := range outs {
		if _, ok := all[o.MD5]; !ok && o.MD5 != "" && !o.out.legacy {
			all[o.MD5] = o.Path
		}
	}
	return all, r.expand(ctx, all)
}

// lists reports whether a file of git names objects.
func lists(name string) bool { return strings.HasSuffix(name, ".dvc") || path.Base(name) == lockName }

// expand adds the files of the folders among the objects.
func (r *Repository) expand(ctx context.Context, all map[string]string) error {
	for oid, name := range maps.Clone(all) {
		if !strings.HasSuffix(oid, dirSuffix) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := r.cache.tree(oid)
		if errors.Is(err, errTooLong) { // its files must not be taken for garbage
			return err
		}
		if err != nil {
			continue // not here, or damaged, which Verify tells
		}
		for _, e := range entries {
			if _, ok := all[e.MD5]; !ok {
				all[e.MD5] = path.Join(name, e.Path)
			}
		}
	}
	return nil
}
