package station

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/job"
)

// Capture copies captures into the dataset while hashing them.
func (v vault) Capture(ctx context.Context, all []intake.Capture, p *job.Progress) ([]intake.Stored, error) {
	all, err := v.answering(ctx, all)
	if err != nil {
		return nil, err
	}
	var files []dataset.SourceFile
	ends := make([]int, len(all)) // of each capture's files
	for i, c := range all {
		parts, err := c.Files()
		if err != nil {
			return nil, err
		}
		for _, f := range parts {
			files = append(files, dataset.SourceFile{Path: f.Path, Rel: f.Rel})
		}
		ends[i] = len(files)
	}
	done, err := v.repo.Capture(ctx, files, p)
	if fault.KindOf(err) == fault.Full && (infer.Keep{Dir: v.answersDir()}).Clear() > 0 { // which can be had again
		v.log.WarnContext(ctx, "the disk is full: kept answers were removed")
		done, err = v.repo.Capture(ctx, files, p)
	}
	if err != nil {
		err = v.denied(err)
	}
	have := make(map[string]dataset.Stored, len(done)) // some may be missing
	for _, d := range done {
		have[d.Rel] = d
	}
	var out []intake.Stored
	begin := 0
	for i, c := range all {
		var own []dataset.Stored
		for _, f := range files[begin:ends[i]] {
			if d, ok := have[f.Rel]; ok {
				own = append(own, d)
			}
		}
		if len(own) < ends[i]-begin {
			break
		}
		st, serr := v.stored(ctx, c, own)
		if serr != nil {
			return out, serr
		}
		out = append(out, st)
		begin = ends[i]
	}
	return out, err
}

// stored says what was stored of a capture.
func (v vault) stored(ctx context.Context, c intake.Capture, files []dataset.Stored) (intake.Stored, error) {
	out := intake.Stored{At: time.Now().UTC()}
	for _, f := range files {
		if out.Size += f.Size; f.Rel == c.Image() {
			out.MD5 = f.MD5
		}
	}
	if out.MD5 != "" {
		return out, nil
	}
	list, err := v.repo.Describe(ctx, c.Rel, false, nil) // its hashes are remembered
	out.MD5 = list.MD5
	return out, err
}

// Version writes .dvc files and commits them together. What is committed does not depend
// on when: a second run finds nothing new.
func (v vault) Version(ctx context.Context, all []intake.Finished) (string, int, error) {
	outs, failed := v.addAll(ctx, all)
	if failed != nil {
		failed = v.denied(failed)
	}
	if len(outs) == 0 {
		return "", 0, failed
	}
	var paths []string
	seen := map[string]bool{}
	for _, out := range outs {
		for _, p := range out.Changed { // many share a .gitignore
			if !seen[p] {
				seen[p] = true
				paths = append(paths, p)
			}
		}
	}
	id, err := v.repo.CommitAll(ctx, v.author(), message(all[:len(outs)], outs), paths)
	if err != nil {
		return "", 0, err
	}
	return id, len(outs), failed
}

// addAll adds captures, which are all single files or all several.
func (v vault) addAll(ctx context.Context, all []intake.Finished) (outs []dataset.Output, err error) {
	for i, f := range all { // a name that was used again: what was there first is committed first
		if slices.ContainsFunc(all[:i], func(o intake.Finished) bool { return o.Rel == f.Rel }) {
			all = all[:i]
			break
		}
	}
	adds := make([]dataset.Addition, len(all))
	for i, f := range all {
		meta := map[string]any{"instrument": f.Instrument, "source": f.Path, "host": v.names.host, "modified": f.Modified.UTC().Format(time.RFC3339Nano)}
		if f.Count > 0 {
			meta["files"] = f.Count
		}
		said := map[string]any{"coverslip": meta}
		if was, is := v.repo.Meta(f.Rel); is && was[pixelSize] != nil && !v.repo.Names(f.Rel, f.Stored.MD5) {
			said[pixelSize] = map[string]float64{"x": 0, "y": 0, "z": 0} // that was another image's
		}
		adds[i] = dataset.Addition{Rel: f.Rel, Meta: said}
		if f.Count == 0 {
			adds[i].MD5 = f.Stored.MD5
		}
	}
	if all[0].Count == 0 {
		return v.repo.AddAll(ctx, adds, nil)
	}
	for _, a := range adds {
		out, err := v.repo.Add(ctx, a.Rel, a.Meta, nil)
		if err != nil {
			return outs, err
		}
		outs = append(outs, out)
	}
	return outs, nil
}

// message says what a commit of captures, which are of one instrument, holds.
func message(all []intake.Finished, outs []dataset.Output) string {
	from := cmp.Or(all[0].Instrument, "an instrument")
	if len(all) > 1 {
		size := int64(0)
		for _, o := range outs {
			size += o.Size
		}
		return fmt.Sprintf("Capture %d files from %s\n\n%s to %s, %d bytes", len(all), from, all[0].Title(), all[len(all)-1].Title(), size)
	}
	what := all[0].Title()
	if n := all[0].Count; n > 0 {
		what = fmt.Sprintf("%s (%d files)", what, n)
	}
	return fmt.Sprintf("Capture %s from %s\n\nmd5 %s, %d bytes", what, from, outs[0].MD5, outs[0].Size)
}
