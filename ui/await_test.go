package ui

import (
	"context"
	"image"
	"strings"
	"testing"

	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/station"
)

// TestAnImageThatIsMadeFirst: that is said, and it opens by itself when it is there; not if it can't be made,
// which is said, too, and not if another was asked for meanwhile.
func TestAnImageThatIsMadeFirst(t *testing.T) {
	w, c := furnished(t)
	w.queues = newQueues(func(f func()) { f() }, w.opt.Log)
	work := func(q *work) {
		for f := q.next(); f != nil; f = q.next() {
			if err := f(t.Context()); err != nil {
				t.Log(err)
			}
		}
	}
	bad := fault.New(fault.Invalid, "It can't be made.", "", nil)
	for name, s := range map[string]struct {
		why     error
		another bool
		opens   bool
		above   bool // something else came over what is said
		over    int  // what is open over the window in the end
	}{
		"made": {opens: true}, "not made": {why: bad, over: 1}, "stopped": {why: context.Canceled}, "another": {another: true},
		"made, unseen": {opens: true, above: true, over: 1}, "not made, unseen": {why: bad, above: true, over: 2},
		"another, unseen": {another: true, above: true, over: 1},
	} {
		done := make(chan struct{})
		again := 0
		making := &imageio.Making{Err: fault.New(fault.Busy, "It is being converted.", "", nil), Done: done, Why: func() error { return s.why }}
		w.bring("inbox", func() { again++ }, func(context.Context) (desk, error) { return desk{}, making })
		work(w.work)
		if len(c.Overlays().List()) != 1 {
			t.Errorf("%s: nothing is said", name)
		}
		if s.above {
			w.fail("Something else did not work.", "")
		}
		above, focus := c.Overlays().Top(), c.Focused()
		if s.another {
			w.bring("inbox", nil, func(context.Context) (desk, error) { return desk{}, context.Canceled })
		}
		close(done)
		work(w.awaiting.work)
		if (again == 1) != s.opens || len(c.Overlays().List()) != s.over {
			t.Errorf("%s: opened %d times, %d dialogs", name, again, len(c.Overlays().List()))
		}
		if s.above && (c.Overlays().List()[0] != above || s.over == 1 && c.Focused() != focus) {
			t.Errorf("%s: what came over it was closed, or has lost the focus", name)
		}
		for _, o := range c.Overlays().List() {
			c.Overlays().Remove(o)
		}
	}
}

// TestWhoHasLeftWaitsNoMore: also not for an image that is made first, whoever is back by then.
func TestWhoHasLeftWaitsNoMore(t *testing.T) {
	w, _ := furnished(t)
	w.queues = newQueues(func(f func()) { f() }, w.opt.Log)
	next := func(q *work) {
		t.Helper()
		if err := q.next()(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, left := range []bool{false, true} {
		w.shell.Open("inbox")
		done := make(chan struct{})
		making := &imageio.Making{Err: fault.New(fault.Busy, "It is being converted.", "", nil), Done: done, Why: func() error { return nil }}
		again := func() {
			w.bring("inbox", nil, func(context.Context) (desk, error) { return desk{}, nil })
		}
		w.bring("inbox", again, func(context.Context) (desk, error) { return desk{}, making })
		next(w.work)
		if left {
			w.shell.Open("jobs")
			w.shell.Open("inbox")
		}
		close(done)
		next(w.awaiting.work)
		next(w.work)
		if got := w.shell.Page(); (got == "viewer") == left {
			t.Errorf("left: %v, and %s is open", left, got)
		}
	}
}

// TestSmallPicturesAfterAConversion: those that could not be made are asked for again when one is done.
func TestSmallPicturesAfterAConversion(t *testing.T) {
	w, _ := furnished(t)
	w.thumbs = map[string]image.Image{"a": nil, "b": image.NewGray(image.Rect(0, 0, 1, 1))}
	w.converted(map[string]job.Job{"1": {Kind: station.Converting, State: job.Running}})
	if len(w.thumbs) != 2 {
		t.Error("while it runs")
	}
	w.converted(map[string]job.Job{"1": {Kind: station.Converting, State: job.Done}})
	if _, ok := w.thumbs["b"]; len(w.thumbs) != 1 || !ok {
		t.Errorf("%v", w.thumbs)
	}
	all := func(ids ...string) map[string]job.Job {
		jobs := map[string]job.Job{}
		for _, id := range ids {
			jobs[id] = job.Job{Kind: station.Converting, State: job.Done}
		}
		return jobs
	}
	for _, c := range []struct {
		jobs  map[string]job.Job
		again bool
	}{{all("1", "3"), true}, {all("1", "3"), false}, {all("2", "3"), true}, {all("3"), false}} { // the oldest are forgotten
		w.thumbs["a"] = nil
		w.converted(c.jobs)
		if _, ok := w.thumbs["a"]; ok == c.again {
			t.Errorf("after %v asked again: %v", c.jobs, !ok)
		}
	}
}

// TestALargeImageIsSaidToBePrepared: for as long as the coarser levels of the one that is open are made.
func TestALargeImageIsSaidToBePrepared(t *testing.T) {
	w, _ := furnished(t)
	w.shell.Open("viewer")
	it, _ := w.station.Items().Row("a")
	md5, _ := station.Image(it)
	for _, c := range []struct {
		j    job.Job
		want string
	}{
		{job.Job{Kind: station.Coarsening("another"), State: job.Running, Done: 1, Total: 4}, ""},
		{job.Job{Kind: station.Coarsening(md5), State: job.Running}, "The coarser levels of this large image are being made: 0 %."},
		{job.Job{Kind: station.Coarsening(md5), State: job.Running, Done: 1, Total: 4}, "The coarser levels of this large image are being made: 25 %."},
		{job.Job{Kind: station.Coarsening(md5), State: job.Done, Done: 4, Total: 4}, ""},
	} {
		w.prepared(map[string]job.Job{"1": c.j})
		said := ""
		for _, o := range seen(w.viewer) {
			if l, ok := o.(*widget.Label); ok && strings.HasPrefix(l.Text, "The coarser") {
				said = l.Text
			}
		}
		if w.desk.preparing != c.want || said != c.want {
			t.Errorf("of %+v it says %q, %q", c.j, w.desk.preparing, said)
		}
	}
}
