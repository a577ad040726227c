package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"

	"coverslip.dev/coverslip/core/pipeline"
	"coverslip.dev/coverslip/core/station"
)

func repro(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("repro", flag.ContinueOnError)
	force := flags.Bool("force", false, "run what has not changed, too")
	targets, err := c.parse(flags, args)
	if err != nil {
		return err
	}
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	g, err := pipeline.Load(ctx, r)
	if err != nil {
		return err
	}
	o := pipeline.Options{Force: *force}
	if runtime.GOOS != "windows" { // where DVC knows cmd.exe only
		o.Shell = os.Getenv("SHELL")
	}
	if !c.json {
		o.Log = func(stage, line string) { _ = c.print(nil, stage+"  "+line) } // a closed pipe stops nothing
		o.Step = func(stage string, what pipeline.Step) { _ = c.print(nil, stage+"  "+string(what)) }
	}
	done, err := g.Repro(ctx, targets, o, nil)
	if err != nil {
		return err
	}
	return c.print(done, fmt.Sprintf("%d stages run, %d restored, %d unchanged", len(done.Ran), len(done.Restored), len(done.Unchanged)))
}

// node is a stage of the graph with its state.
type node struct {
	pipeline.Stage

	State   string // "clean", or "changed"
	Reasons []pipeline.Reason
}

func dag(ctx context.Context, c call, args []string) error {
	if _, err := c.parse(flag.NewFlagSet("dag", flag.ContinueOnError), args); err != nil {
		return err
	}
	r, err := station.OpenDataset(ctx, c.dir, c.log)
	if err != nil {
		return err
	}
	g, err := pipeline.Load(ctx, r)
	if err != nil {
		return err
	}
	states, err := g.Status(ctx)
	if err != nil {
		return err
	}
	nodes := make([]node, len(states))
	var lines []string
	for i, st := range states {
		n := node{g.Stages[i], "clean", st.Reasons}
		if !st.Clean() {
			n.State = "changed"
		}
		nodes[i] = n
		line := n.Name + "  " + n.State
		if len(n.Upstream) > 0 {
			line += "  after " + strings.Join(n.Upstream, ", ")
		}
		lines = append(lines, line)
		for _, w := range st.Reasons {
			lines = append(lines, "    "+w.String())
		}
	}
	return c.print(nodes, lines...)
}
