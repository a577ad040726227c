package dataset

import (
	"context"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
)

// wanted is what a push must see on a remote.
type wanted struct {
	files  map[string]bool
	dirs   map[string][]entry // by the .dir object
	names  map[string]string  // of an object, for people
	from   map[string]string  // of an object, the .dvc file that names it
	old    map[string]bool    // only versions before the work tree's name it
	legacy []Output           // of DVC 2
	seen   int                // objects that are not looked for again
	head   string             // commit up to which all is wanted
}

// wanted gathers the objects of the work tree and of the commits that only this machine
// has, but not those of outputs that were seen at the remote as a whole. Of the work tree's
// outputs, all, only outs are bound for the remote.
func (r *Repository) wanted(ctx context.Context, all, outs []Output, to remote.Remote, s *seen) (*wanted, error) {
	w := &wanted{files: map[string]bool{}, dirs: map[string][]entry{}, names: map[string]string{}, old: map[string]bool{}}
	w.from = map[string]string{}
	for _, o := range outs {
		if o.out.legacy {
			w.legacy = append(w.legacy, o)
			continue
		}
		if s.has(o.MD5) {
			if w.seen++; o.out.isDir() {
				w.seen += o.Files
			}
			continue
		}
		if err := r.want(ctx, w, o, false); err != nil {
			return nil, err
		}
	}
	if w.head = r.head(ctx); w.head == "" || w.head == s.head {
		return w, nil
	}
	past, err := r.unpublished(ctx, s.head)
	if err != nil {
		return nil, err
	}
	for _, o := range r.boundOlder(past, all, to) {
		if s.has(o.MD5) {
			continue
		}
		if err := r.want(ctx, w, o, true); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// want adds an output's objects. A folder that is not in the cache has no files to push.
func (r *Repository) want(ctx context.Context, w *wanted, o Output, old bool) error {
	if o.MD5 == "" || o.out.legacy {
		return nil
	}
	add := func(oid, name string) {
		if _, ok := w.names[oid]; !ok {
			w.names[oid], w.from[oid], w.old[oid] = name, o.File, old
		}
	}
	add(o.MD5, o.Path)
	if !o.out.isDir() {
		w.files[o.MD5] = true
		return nil
	}
	_, here, err := r.cache.has(ctx, o.MD5)
	if err != nil {
		return err
	}
	if !here {
		w.dirs[o.MD5] = nil
		return nil
	}
	entries, err := r.cache.tree(o.MD5)
	if err != nil {
		return err
	}
	w.dirs[o.MD5] = entries
	for _, e := range entries {
		w.files[e.MD5] = true
		add(e.MD5, o.Path+"/"+e.Path)
	}
	return nil
}

// published returns the .dvc files of the work tree that the branch's upstream has as they
// are: whoever brought them there has brought their data to a remote before.
func (r *Repository) published(ctx context.Context) (map[string]bool, error) {
	names := map[string]bool{}
	if _, err := r.git.run(ctx, "rev-parse", "-q", "--verify", "@{upstream}"); err != nil {
		return names, nil //nolint:nilerr // there is no upstream
	}
	list, err := r.git.run(ctx, "ls-tree", "-r", "-z", "--name-only", "--full-tree", "@{upstream}")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(list, "\x00") {
		names[name] = true
	}
	changed, err := r.git.run(ctx, "diff", "--name-only", "-z", "--no-renames", "@{upstream}", "--")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(changed, "\x00") {
		delete(names, name)
	}
	return names, nil
}

// unpublished returns the outputs named by commits that the branch's upstream lacks; all
// commits', if there is no upstream. Those up to the commit done, if there is one, are
// left out.
func (r *Repository) unpublished(ctx context.Context, done string) ([]Output, error) {
	span := []string{"HEAD"}
	if up, err := r.git.run(ctx, "rev-parse", "-q", "--verify", "@{upstream}"); err == nil {
		span = append(span, "^"+strings.TrimSpace(up))
	}
	if done != "" {
		if _, err := r.git.run(ctx, "rev-parse", "-q", "--verify", done+"^{commit}"); err == nil {
			span = append(span, "^"+done)
		}
	}
	args := append([]string{"log", "--format=", "--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=AM"}, span...)
	raw, err := r.git.run(ctx, append(args, "--")...)
	if err != nil {
		return nil, err
	}
	var blobs, names []string
	fields := strings.Split(raw, "\x00")
	for i := 0; i+1 < len(fields); i++ { // ":100644 100644 OLD NEW M", then the path
		head := strings.Fields(fields[i])
		if len(head) != 5 || !strings.HasPrefix(fields[i], ":") {
			continue
		}
		i++
		if strings.HasSuffix(fields[i], ".dvc") {
			blobs, names = append(blobs, head[3]), append(names, fields[i])
		}
	}
	texts, err := r.blobs(ctx, blobs)
	if err != nil {
		return nil, err
	}
	var all []Output
	for i, text := range texts {
		outs, err := outputs(names[i], text)
		if err != nil {
			continue // a version that no one can use, and that a later one has mended
		}
		all = append(all, outs...)
	}
	return all, nil
}

// blobs returns the content of git's objects, by one call.
func (r *Repository) blobs(ctx context.Context, ids []string) ([][]byte, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	g := r.git
	g.in = []byte(strings.Join(ids, "\n") + "\n")
	out, err := g.run(ctx, "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	var texts [][]byte
	for range ids { // "ID blob SIZE\n", the content, "\n"
		head, rest, _ := strings.Cut(out, "\n")
		f := strings.Fields(head)
		if len(f) != 3 {
			return nil, fault.New(fault.Corrupt, "The dataset's git repository is damaged.", "Run git fsck in its folder.", nil)
		}
		n, err := strconv.Atoi(f[2])
		if err != nil || n+1 > len(rest) {
			return nil, fault.New(fault.Corrupt, "The dataset's git repository is damaged.", "Run git fsck in its folder.", err)
		}
		texts = append(texts, []byte(rest[:n]))
		out = rest[n+1:]
	}
	return texts, nil
}
