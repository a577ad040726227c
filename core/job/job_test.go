package job_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

func TestDoShowsProgressAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r job.Runner
		done := make(chan error)
		go func() {
			done <- r.Do(t.Context(), "push", "Push plate 7", func(ctx context.Context, p *job.Progress) error {
				p.Grow(10)
				p.Add(4)
				p.Step("a.tif")
				<-ctx.Done()
				return ctx.Err()
			})
		}()
		time.Sleep(time.Second)
		j := one(t, &r)
		if j.State != job.Running || j.Done != 4 || j.Total != 10 || j.Step != "a.tif" {
			t.Errorf("running: %+v", j)
		}
		r.Stop(j.ID)
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		if j := one(t, &r); j.State != job.Stopped {
			t.Errorf("stopped: %+v", j)
		}
	})
}

func TestDoExplainsFailure(t *testing.T) {
	var r job.Runner
	want := fault.New(fault.Full, "The disk is full.", "Free some room.", nil)
	if err := r.Do(t.Context(), "add", "Add", func(context.Context, *job.Progress) error { return want }); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
	if j := one(t, &r); j.State != job.Failed || j.Say != want.Say || j.Hint != want.Hint {
		t.Errorf("failed: %+v", j)
	}
}

func one(t *testing.T, r *job.Runner) job.Job {
	t.Helper()
	for _, j := range r.Jobs.All() {
		return j
	}
	t.Fatal("no job")
	return job.Job{}
}
