package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/job"
)

// do runs long work, and says how far it is where a person looks on.
func (c call) do(ctx context.Context, title string, fn job.Func) error {
	if !terminal(c.errs) {
		return fn(ctx, nil)
	}
	var r job.Runner
	shown, stop := context.WithCancel(ctx)
	over := make(chan error, 1)
	go func() { // waited for below
		over <- r.Jobs.Watch(shown, func(list []event.Change[string, job.Job]) error {
			for _, ch := range list {
				line := ch.Value.Words(time.Now())
				if line == "" {
					line = ch.Value.Step
				}
				if _, err := fmt.Fprintf(c.errs, "\r\x1b[K%.100s", title+"  "+line); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	err := r.Do(ctx, "command", title, fn)
	stop()
	if shown := <-over; err == nil && !errors.Is(shown, context.Canceled) {
		err = shown
	}
	fmt.Fprint(c.errs, "\r\x1b[K")
	return err
}

// terminal reports whether a person reads w.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
