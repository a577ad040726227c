package station

import (
	"context"
	"fmt"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/job"
)

// PredictWith has captures predicted again by the version in force of a model, and tells how
// many: those that are at work, or not captured yet, are left alone. Corrections stay; the
// reviews start over. What is asked for outlives a restart.
func (s *Station) PredictWith(ctx context.Context, ids []string, model string) (n int, err error) {
	if _, _, ok := s.inForce(model); !ok {
		return 0, fault.New(fault.NotFound, "No version of the model "+model+" is in force.", "Promote one on the Models screen first.", nil)
	}
	title := fmt.Sprintf("Put %d captures into the queue of %s", len(ids), model)
	err = s.jobs.Do(ctx, "batch", title, func(ctx context.Context, p *job.Progress) error {
		p.Grow(int64(len(ids)))
		for _, id := range ids {
			if ctx.Err() != nil {
				break
			}
			p.Add(1)
			it, ok := s.flow.Items.Row(id)
			if !ok || it.Line != intake.LineName || !it.Behind("capture") || it.Passes["infer"].State == flow.Running {
				continue
			}
			switch err := s.ask(ctx, it, func(next *intake.Predicted) { next.Wanted = model }); {
			case fault.KindOf(err) == fault.Busy: // it has begun meanwhile
			case err != nil:
				return err
			default:
				n++
			}
		}
		return ctx.Err()
	})
	return n, err
}

// ask has one capture predicted again, as before but for what change says, with how it stood
// before; one that waits already keeps what it has. Its review starts over.
func (s *Station) ask(ctx context.Context, it flow.Item, change func(next *intake.Predicted)) error {
	var was intake.Predicted
	it.Out("infer", &was)
	next := intake.Predicted{Wanted: was.Wanted, Diameter: was.Diameter, Region: was.Region, At: was.At, Before: was.Before}
	change(&next)
	if next.Before == nil && (it.Behind("infer") || it.Passes["infer"].State == flow.Failed) {
		next.Before = &intake.Before{Infer: it.Passes["infer"], Review: it.Passes["review"]}
	}
	return s.flow.Redo(ctx, it.ID, "infer", next, "review")
}

// Asked are the captures that wait, or have failed, because someone asked for a model: which one.
func (s *Station) Asked() map[string]string {
	out := map[string]string{}
	for id, it := range s.flow.Items.All() {
		if p := it.Passes["infer"]; it.Line != intake.LineName || p.State != flow.Waiting && p.State != flow.Failed || len(p.Out) == 0 {
			continue
		}
		var p intake.Predicted
		if it.Out("infer", &p) && p.Wanted != "" {
			out[id] = p.Wanted
		}
	}
	return out
}

// CancelAsked takes back what is asked for and has not begun: the captures stand as before,
// and those that never were predicted wait for the model of the rules.
func (s *Station) CancelAsked(ctx context.Context) (n int, err error) {
	for id := range s.Asked() {
		it, ok := s.flow.Items.Row(id)
		var p intake.Predicted
		if !ok || !it.Out("infer", &p) {
			continue
		}
		if p.Before == nil {
			err = s.flow.Redo(ctx, id, "infer", intake.Predicted{Diameter: p.Diameter, Region: p.Region, At: p.At})
		} else {
			err = s.flow.Restore(ctx, id, map[string]flow.Pass{"infer": p.Before.Infer, "review": p.Before.Review})
		}
		switch {
		case fault.KindOf(err) == fault.Busy: // it has begun meanwhile
		case err != nil:
			return n, err
		default:
			n++
		}
	}
	return n, nil
}

// heldKey is where the session keeps whether predictions are paused.
const heldKey = "predictions/held"

// HoldPredictions pauses all predictions or lets them go on, also after a restart. What is at
// work is finished.
func (s *Station) HoldPredictions(ctx context.Context, yes bool) error {
	word := "no"
	if yes {
		word = "yes"
	}
	if err := s.store.Keep(ctx, heldKey, []byte(word)); err != nil {
		return err
	}
	s.hold(yes)
	return nil
}

// PredictionsHeld reports whether predictions are paused.
func (s *Station) PredictionsHeld() bool { return s.held.Load() }

func (s *Station) hold(yes bool) {
	s.held.Store(yes)
	s.flow.Hold(intake.LineName, "infer", yes)
}

func (s *Station) resumeHeld(ctx context.Context) error {
	word, _, err := s.store.Kept(ctx, heldKey)
	if err == nil && string(word) == "yes" {
		s.hold(true)
	}
	return err
}

// LookingAt has the capture that is on screen go first wherever it waits; at a server its
// tiles go before those of others.
func (s *Station) LookingAt(id string) {
	if it, ok := s.flow.Items.Row(id); ok {
		md5, _ := Image(it)
		s.looked.Store(&md5)
		s.conversions.rouse() // one may wait beside the one that is done now
	}
	s.flow.First(id)
}

// terms are how the capture with those pixels is asked about.
func (s *Station) terms(md5 string) infer.Terms {
	if at := s.looked.Load(); at != nil && *at == md5 {
		return infer.Terms{Priority: 1}
	}
	return infer.Terms{}
}
