package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"path/filepath"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/station"
)

// unwell is the end of a command that found something wrong, which it has printed.
type unwell string

func (u unwell) Error() string { return string(u) }

func differences(ctx context.Context, c call, args []string) error {
	rest, err := c.parse(flag.NewFlagSet("diff", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	from, to := "HEAD", ""
	switch len(rest) {
	case 0:
	case 1:
		from = rest[0]
	case 2:
		from, to = rest[0], rest[1]
	default:
		return usageError("two versions at most")
	}
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	all, err := r.Diff(ctx, from, to)
	if err != nil {
		return err
	}
	var lines []string
	for _, f := range all {
		size := ""
		if f.Size >= 0 {
			size = "  " + job.Bytes(f.Size)
		}
		lines = append(lines, fmt.Sprintf("%-8s %s%s", f.Kind, f.Path, size))
	}
	return c.print(all, lines...)
}

func verify(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	all := flags.Bool("all-commits", false, "also what older versions name")
	if _, err := c.parse(flags, args); err != nil {
		return err
	}
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	var found dataset.Check
	err = c.do(ctx, "Verifying", func(ctx context.Context, p *job.Progress) (err error) {
		found, err = r.Verify(ctx, dataset.Scope(*all), p)
		return err
	})
	if err != nil {
		return err
	}
	return c.report(found, "in the cache", "Pull to get a good copy; what was damaged is in the cache, in tmp/damaged.")
}

func audit(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("audit", flag.ContinueOnError)
	name := flags.String("remote", "", "name of the remote")
	all := flags.Bool("all-commits", false, "also what older versions name")
	deep := flags.Bool("deep", false, "read every object back and compare its hash")
	mend := flags.Bool("mend", false, "put there again what is missing")
	if _, err := c.parse(flags, args); err != nil {
		return err
	}
	r, at, err := c.remote(ctx, *name)
	if err != nil {
		return err
	}
	defer at.Close() //nolint:errcheck // what was written is confirmed already
	var found dataset.Check
	err = c.do(ctx, "Auditing "+at.Name(), func(ctx context.Context, p *job.Progress) (err error) {
		found, err = r.Audit(ctx, at, dataset.AuditOptions{Scope: dataset.Scope(*all), Deep: *deep, Mend: *mend}, p)
		return err
	})
	if err != nil {
		return err
	}
	return c.report(found, "on "+at.Name(), "Run it with --mend on the station that has them.")
}

// remote opens the dataset and one of its remotes.
func (c call) remote(ctx context.Context, name string) (*dataset.Repository, remote.Remote, error) {
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return nil, nil, err
	}
	at, err := station.OpenRemote(r, name)
	return r, at, err
}

// report prints what a check found; flaws that are left make the command fail.
func (c call) report(found dataset.Check, where, hint string) error {
	var lines []string
	for _, f := range found.Flaws {
		lines = append(lines, fmt.Sprintf("%-8s %s  %s", f.What, f.MD5, f.Name))
	}
	lines = append(lines, fmt.Sprintf("%d objects looked at %s, %s are right, %d are not, %d were mended, %d are no version's.",
		found.Objects, where, job.Bytes(found.Bytes), len(found.Flaws), found.Mended, found.Unknown))
	if err := c.print(found, lines...); err != nil || len(found.Flaws) == 0 {
		return err
	}
	return unwell(hint)
}

func checkout(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("checkout", flag.ContinueOnError)
	version := flags.String("version", "", "take the paths as they were in this commit")
	rest, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	if *version != "" && len(rest) == 0 {
		return usageError("paths are needed with --version")
	}
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	for i := range rest {
		rest[i] = filepath.ToSlash(filepath.Clean(rest[i]))
	}
	changed := []string{}
	err = c.do(ctx, "Checking out", func(ctx context.Context, p *job.Progress) (err error) {
		switch {
		case *version != "":
			changed, err = r.Restore(ctx, *version, rest, p)
		case len(rest) > 0:
			err = r.CheckoutPaths(ctx, rest, p)
		default:
			err = r.Checkout(ctx, p)
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.print(map[string]any{"changed": changed}, "The work tree is as its .dvc files say.")
}

func collect(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("gc", flag.ContinueOnError)
	older := flags.Bool("older", false, "also what only older versions name, if the remote has it")
	name := flags.String("remote", "", "name of the remote")
	force := flags.Bool("force", false, "remove it; without this it is only shown")
	if _, err := c.parse(flags, args); err != nil {
		return err
	}
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	scope, at := dataset.AllCommits, remote.Remote(nil)
	if *older {
		scope = dataset.WorkTree
		if at, err = station.OpenRemote(r, *name); err != nil {
			return err
		}
		defer at.Close() //nolint:errcheck // read only
	}
	var g, done dataset.Garbage
	err = c.do(ctx, "Looking", func(ctx context.Context, p *job.Progress) (err error) {
		if g, err = r.Garbage(ctx, scope, at, p); err == nil && *force {
			done, err = r.Collect(ctx, scope, at, g, p)
		}
		return err
	})
	if err != nil {
		return err
	}
	verb := "could be removed; --force does it"
	if *force {
		g, verb = done, "were removed"
	}
	line := fmt.Sprintf("%d objects (%s) %s, %d stay", len(g.Objects), job.Bytes(g.Bytes), verb, g.Kept)
	if g.OnlyHere > 0 {
		line += fmt.Sprintf(", %d of them since %s lacks them", g.OnlyHere, cmp.Or(*name, "the remote"))
	}
	return c.print(g, line+".")
}
