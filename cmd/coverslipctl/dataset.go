package main

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/station"
)

func initialise(ctx context.Context, c call, args []string) error {
	if _, err := c.parse(flag.NewFlagSet("init", flag.ContinueOnError), args); err != nil {
		return err
	}
	r, err := station.InitDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	return c.print(map[string]string{"dataset": r.Dir()}, "dataset "+r.Dir())
}

func add(ctx context.Context, c call, args []string) error {
	rest, err := c.parse(flag.NewFlagSet("add", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		return usageError("a path is needed")
	}
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	for _, p := range rest {
		out, err := r.Add(ctx, filepath.ToSlash(p), nil, nil)
		if err != nil {
			return err
		}
		if err := c.print(out, out.MD5+"  "+out.Path); err != nil {
			return err
		}
	}
	return nil
}

func status(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("status", flag.ContinueOnError)
	isPredicted := flags.Bool("wait-predicted", false, "fail unless every sample capture is predicted")
	isRecorded := flags.Bool("wait-recorded", false, "fail unless a review is recorded and none is under way")
	if _, err := c.parse(flags, args); err != nil {
		return err
	}
	if *isPredicted || *isRecorded {
		st, err := c.station(ctx)
		if err != nil {
			return err
		}
		defer st.Close() //nolint:errcheck // nothing was written
		switch {
		case *isPredicted && !st.Predicted():
			return fault.New(fault.Busy, "Not every sample capture is predicted yet.", "Ask again in a while.", nil)
		case *isRecorded && !st.Recorded():
			return fault.New(fault.Busy, "No review is recorded yet, or one is under way.", "Ask again in a while.", nil)
		}
		return nil
	}
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	s, err := r.Status(ctx)
	if err != nil {
		return err
	}
	var lines []string
	for _, ch := range s.Changed {
		lines = append(lines, fmt.Sprintf("%v", ch))
	}
	for _, p := range s.Uncommitted {
		lines = append(lines, fmt.Sprintf("not committed: %v", p))
	}
	if s.Clean() {
		lines = []string{"Data and commits are up to date."}
	}
	return c.print(s, lines...)
}

// person is who commits: the workspace's, or git's.
func (c call) person(ctx context.Context, r *dataset.Repository) (dataset.Author, error) {
	who, err := station.Author(c.dir)
	if err != nil || who.Name != "" {
		return who, err
	}
	return r.Person(ctx)
}

func commit(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("commit", flag.ContinueOnError)
	msg := flags.String("m", "", "message")
	rest, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	who, err := c.person(ctx, r)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		s, err := r.Status(ctx)
		if err != nil {
			return err
		}
		rest = s.Uncommitted
	}
	id, err := r.CommitAll(ctx, who, *msg, rest)
	if err != nil {
		return err
	}
	return c.print(map[string]string{"commit": id}, id)
}

func push(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("push", flag.ContinueOnError)
	name := flags.String("remote", "", "name of the remote")
	if _, err := c.parse(flags, args); err != nil {
		return err
	}
	r, to, err := c.remote(ctx, *name)
	if err != nil {
		return err
	}
	defer to.Close() //nolint:errcheck // what was written is confirmed already
	var t dataset.Transfer
	err = c.do(ctx, "Pushing to "+to.Name(), func(ctx context.Context, p *job.Progress) (err error) {
		t, err = r.Push(ctx, to, p)
		return err
	})
	if err != nil {
		return err
	}
	return c.print(t, fmt.Sprintf("%d objects pushed (%d bytes), %d were there", t.Moved, t.Bytes, t.Present))
}

func pull(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("pull", flag.ContinueOnError)
	name := flags.String("remote", "", "name of the remote")
	paths, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	r, from, err := c.remote(ctx, *name)
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // what was written is confirmed already
	var t dataset.Transfer
	err = c.do(ctx, "Pulling from "+from.Name(), func(ctx context.Context, p *job.Progress) (err error) {
		if len(paths) == 0 {
			t, err = r.Pull(ctx, from, p)
			return err
		}
		for i := range paths {
			paths[i] = filepath.ToSlash(filepath.Clean(paths[i]))
		}
		t, err = r.PullPaths(ctx, from, paths, p)
		return err
	})
	if err != nil {
		return err
	}
	return c.print(t, fmt.Sprintf("%d objects fetched (%d bytes), %d were here", t.Moved, t.Bytes, t.Present))
}

func history(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("log", flag.ContinueOnError)
	n := flags.Int("n", 0, "how many; 0: all")
	if _, err := c.parse(flags, args); err != nil {
		return err
	}
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	all, err := r.Log(ctx, *n)
	if err != nil {
		return err
	}
	lines := make([]string, len(all))
	for i, k := range all {
		lines[i] = strings.TrimSpace(fmt.Sprintf("%.10s  %s  %-20s  %s", k.ID, k.When.Local().Format(time.DateTime), k.Author.Name, k.Subject))
	}
	return c.print(all, lines...)
}
