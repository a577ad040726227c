package dataset

import (
	"context"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote/folder"
)

// A transfer says at its end that it has done what it set out to do, in files and bytes.
func TestProgressAddsUp(t *testing.T) {
	const large = 16 << 20
	r := plates(t)
	put(t, r, "large.bin", strings.Repeat("0123456789abcdef", large/16))
	commit(t, r, "add", add(t, r, "large.bin", nil).Changed...)
	nas := folder.Open(t.TempDir())
	c := cloned(t, r)
	for _, x := range []struct {
		name  string
		files int64
		do    func(context.Context, *job.Progress) error
	}{
		{"push", 16, func(ctx context.Context, p *job.Progress) error { _, err := r.Push(ctx, nas, p); return err }},
		{"fetch", 15, func(ctx context.Context, p *job.Progress) error { _, err := c.Fetch(ctx, nas, p); return err }}, // the list comes first
		{"push again", 0, func(ctx context.Context, p *job.Progress) error { _, err := r.Push(ctx, nas, p); return err }},
	} {
		var jobs job.Runner
		if err := jobs.Do(t.Context(), "", x.name, x.do); err != nil {
			t.Fatal(err)
		}
		j := jobs.Jobs.All()["1"]
		if j.Files != x.files || j.AllFiles != x.files || j.Done != j.Total || (j.Total >= large) != (x.files > 0) {
			t.Errorf("%s: %+v", x.name, j)
		}
	}
}
