package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/station"
)

// station opens a workspace that is there, without starting anything.
func (c call) station(ctx context.Context) (*station.Station, error) {
	if !station.IsWorkspace(c.dir) {
		return nil, fault.New(fault.NotFound, "There is no Coverslip workspace in "+c.dir+".", "Give its folder with -C.", nil)
	}
	return station.Open(ctx, station.Options{Workspace: c.dir, Beside: true, Log: c.log})
}

// running runs fn beside a station at work.
func (c call) running(ctx context.Context, sample bool, fn func(context.Context, *station.Station) error) error {
	st, err := station.Open(ctx, station.Options{Workspace: c.dir, Sample: sample, Log: c.log})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan error, 1)
	go func() { // waited for below
		err := st.Run(ctx)
		cancel(err)
		done <- err
	}()
	err = fn(ctx, st)
	if cause := context.Cause(ctx); errors.Is(err, context.Canceled) && cause != nil {
		err = cause // the station ended first, and knows why
	}
	cancel(nil)
	if rerr := <-done; err == nil && !errors.Is(rerr, context.Canceled) {
		err = rerr
	}
	return errors.Join(err, st.Close())
}

func watch(ctx context.Context, c call, args []string) error {
	if _, err := c.parse(flag.NewFlagSet("watch", flag.ContinueOnError), args); err != nil {
		return err
	}
	return c.running(ctx, false, func(ctx context.Context, _ *station.Station) error {
		<-ctx.Done()
		return nil
	})
}

func demo(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	seconds := flags.Int("seconds", 600, "give up after so long")
	if _, err := c.parse(flags, args); err != nil {
		return err
	}
	return c.running(ctx, true, func(ctx context.Context, st *station.Station) error {
		err := within(ctx, time.Duration(*seconds)*time.Second, st.AwaitSample, func() (say, hint string) {
			all, open := st.Items().All(), 0
			for _, it := range all {
				if !it.Behind("infer") {
					open++
				}
			}
			return fmt.Sprintf("%d of the %d sample captures that have come are not predicted.", open, len(all)), "Give them longer with --seconds; -v shows what happens."
		})
		if err != nil {
			return err
		}
		return c.summarise(ctx, st, 0, "")
	})
}

// within gives fn so long. If that is over it says so, and what is open: it is nobody's network that has failed.
func within(ctx context.Context, limit time.Duration, fn func(context.Context) error, open func() (say, hint string)) error {
	short, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := fn(short)
	if ctx.Err() != nil || !errors.Is(short.Err(), context.DeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	say, hint := open()
	return fault.New(fault.Busy, fmt.Sprintf("%g seconds are over: ", limit.Seconds())+say, hint, err)
}

func summary(ctx context.Context, c call, args []string) error {
	flags := flag.NewFlagSet("summary", flag.ContinueOnError)
	seconds := flags.Int("seconds", 0, "how long it took")
	pictures := flags.String("pictures", "", "where the pictures are")
	if _, err := c.parse(flags, args); err != nil {
		return err
	}
	st, err := c.station(ctx)
	if err != nil {
		return err
	}
	defer st.Close() //nolint:errcheck // nothing was written
	return c.summarise(ctx, st, *seconds, *pictures)
}

func (c call) summarise(ctx context.Context, st *station.Station, seconds int, pictures string) error {
	s, err := st.Summary(ctx)
	if err != nil {
		return err
	}
	s.Seconds = seconds
	lines := []string{
		fmt.Sprintf("files captured  %d (%.1f MB)", s.Captured, float64(s.Bytes)/1e6),
		fmt.Sprintf("commits         %d", s.Commits),
		fmt.Sprintf("pushed          %d", s.Pushed),
		fmt.Sprintf("predicted       %d, with %d objects, %.1f s of inference", s.Predicted, s.Objects, s.InferSeconds),
		fmt.Sprintf("reviewed        %d", s.Recorded),
	}
	if seconds > 0 {
		lines = append(lines, fmt.Sprintf("seconds         %d", seconds))
	}
	if pictures != "" {
		lines = append(lines, "pictures        "+pictures)
	}
	for _, t := range s.Troubles {
		lines = append(lines, "trouble         "+t)
	}
	return c.print(s, lines...)
}

func thread(ctx context.Context, c call, args []string) error {
	rest, err := c.parse(flag.NewFlagSet("thread", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usageError("one object is needed")
	}
	st, err := c.station(ctx)
	if err != nil {
		return err
	}
	defer st.Close() //nolint:errcheck // nothing was written
	st.ReadShelf(ctx)
	t, err := st.Thread(ctx, rest[0])
	if err != nil {
		return err
	}
	return c.print(t, t.Lines()...)
}

func modelReport(ctx context.Context, c call, args []string) error {
	if _, err := c.parse(flag.NewFlagSet("model-report", flag.ContinueOnError), args); err != nil {
		return err
	}
	r, err := station.ModelReport(ctx)
	if err != nil {
		return err
	}
	width := 0
	for _, row := range r {
		width = max(width, utf8.RuneCountInString(row.Images))
	}
	lines := []string{fmt.Sprintf("%-*s %8s %8s %7s %7s %12s %15s", width, "images", "true", "found", "AP@0.5", "AP@0.7", "count error", "shift x, y (px)")}
	for _, row := range r {
		lines = append(lines, fmt.Sprintf("%-*s %8d %8d %7.3f %7.3f %+11.1f%% %+7.2f %+7.2f", width,
			row.Images, row.True, row.Found, row.AP50, row.AP70, row.CountError*100, row.ShiftX, row.ShiftY))
	}
	return c.print(r, strings.Join(lines, "\n"))
}
