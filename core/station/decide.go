package station

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/release"
)

// registry names what release asks of a platform.
type registry = model.Registry

// Promote puts a version in force by the line of package release, and returns the item's
// name on that line.
func (s *Station) Promote(ctx context.Context, name, version, why string) (string, error) {
	return s.decide(ctx, release.Promotion{Model: name, Version: version, Why: why})
}

// Rollback puts the version before back in force.
func (s *Station) Rollback(ctx context.Context, name, why string) (string, error) {
	m, err := s.registered(ctx, name)
	if err != nil {
		return "", err
	}
	to := m.Aliases[model.Previous]
	if to == "" {
		return "", fault.New(fault.NotFound, "There is no version before to return to.", "A rollback is possible once a second version was promoted.", nil)
	}
	return s.decide(ctx, release.Promotion{Model: name, Version: to, Why: why, Rollback: true})
}

func (s *Station) decide(ctx context.Context, p release.Promotion) (string, error) {
	p.Who, p.At = s.file.Settings().Person.Name, time.Now().UTC().Truncate(time.Millisecond)
	m, err := s.registered(ctx, p.Model)
	if err != nil {
		return "", err
	}
	p.From = m.Aliases[model.Champion]
	if err := p.Check(); err != nil {
		return "", err
	}
	_, err = s.flow.Add(ctx, flow.Fresh{ID: p.ID(), Line: release.LineName, Title: p.Title(), Data: p})
	return p.ID(), err
}

// registered returns a model as the platform last had it; one that was never asked yet is
// asked now.
func (s *Station) registered(ctx context.Context, name string) (model.Model, error) {
	sh, _ := s.shelves.shelf()
	if sh.At.IsZero() {
		sh = s.ReadShelf(ctx)
	}
	for _, m := range sh.Models {
		if m.Name == name {
			return m, nil
		}
	}
	if sh.Say != "" {
		return model.Model{}, fault.New(fault.Offline, sh.Say, sh.Hint, nil)
	}
	return model.Model{}, fault.New(fault.NotFound, "The registry has no model named "+name+".", "Look at the Models screen for its name.", nil)
}

// Withdraw takes a decision back that is not carried out yet, or an item off its line.
func (s *Station) Withdraw(ctx context.Context, id string) error { return s.flow.Withdraw(ctx, id) }

// Retry tries again at once what waits or failed, also to convert its image.
func (s *Station) Retry(ctx context.Context, id string) error {
	it, _ := s.flow.Items.Row(id)
	if md5, ok := Image(it); ok {
		s.conversions.shelf.Forget(pixelsID(md5))
	}
	return s.flow.Retry(ctx, id)
}

// Await returns when an item has a stage behind it, or with the reason why it does not
// go on by itself.
func (s *Station) Await(ctx context.Context, id, stage string) (flow.Item, error) {
	var it flow.Item
	var stuck error
	err := until(ctx, &s.flow.Items, func() bool {
		var ok bool
		it, ok = s.flow.Items.Row(id)
		stuck = held(it)
		return !ok || stuck != nil || it.Behind(stage)
	})
	return it, errors.Join(err, stuck)
}

// held returns why an item does not go on by itself, nil if it does.
func held(it flow.Item) error {
	for _, p := range it.Passes {
		if p.Say == "" || p.State == flow.Skipped {
			continue
		}
		kind := fault.Invalid
		if p.State == flow.Waiting {
			kind = fault.Offline
		}
		return fault.New(kind, p.Say, p.Hint, nil)
	}
	return nil
}

// Image names a captured item's pixels: the MD5 of its file.
func Image(it flow.Item) (md5 string, ok bool) {
	var st intake.Stored
	ok = it.Out("capture", &st)
	return st.MD5, ok
}

// Objects returns an item's objects with all corrections, and the corrections.
func (s *Station) Objects(ctx context.Context, it flow.Item) ([]annotation.Object, []annotation.Entry, error) {
	md5, ok := Image(it)
	if !ok {
		return nil, nil, nil
	}
	return s.corrections.Current(ctx, md5)
}

// Correct appends a person's edits to an item's log.
func (s *Station) Correct(ctx context.Context, it flow.Item, edits ...annotation.Edit) error {
	md5, ok := Image(it)
	if !ok {
		return fault.New(fault.Invalid, "The capture is not stored yet.", "Wait a moment.", nil)
	}
	return s.corrections.add(ctx, md5, s.file.Settings().Person.Name, edits...)
}

// Undo takes back the last correction of an item by the edit that is meant, as [annotation.Undo] picks it; false if
// that is not the one.
func (s *Station) Undo(ctx context.Context, it flow.Item, meant annotation.Edit) (bool, error) {
	md5, _ := Image(it)
	return s.corrections.step(ctx, md5, s.file.Settings().Person.Name, annotation.Undo, meant)
}

// Redo brings back what was undone last by the edit that is meant; false if that is not the one.
func (s *Station) Redo(ctx context.Context, it flow.Item, meant annotation.Edit) (bool, error) {
	md5, _ := Image(it)
	return s.corrections.step(ctx, md5, s.file.Settings().Person.Name, annotation.Redo, meant)
}

// Review passes an item's gate: what stands now is committed with the person's name. An
// item that was recorded before is recorded again.
func (s *Station) Review(ctx context.Context, it flow.Item, note string) error {
	who := s.file.Settings().Person
	if who.Name == "" {
		return fault.New(fault.Invalid, "Nobody is named for this review.", "Write your name under Settings, Person.", nil)
	}
	if now, ok := s.flow.Items.Row(it.ID); ok {
		it = now
	}
	if !it.Behind("infer") {
		return fault.New(fault.Busy, "This capture is not predicted yet.", "Finish its review when its objects are there.", nil)
	}
	for stage, doing := range map[string]string{"record": "committed", "publish": "pushed"} {
		if it.Passes[stage].State == flow.Running {
			return fault.New(fault.Busy, "The review before is being "+doing+".", "Finish again in a moment.", nil)
		}
	}
	words := intake.Review{Who: who.Name, Email: who.Email, Note: note, At: time.Now()}
	return s.flow.Pass(ctx, it.ID, "review", words, "record", "publish")
}

// Again predicts an item again, for nuclei of the given diameter in pixels; 0 is the
// diameter that the model was made for. Of a region, which is in pixels and empty for all, there
// are objects in it only. Of a stack or a film it looks at that plane; nil: the middle one, the first time point. A model that was asked for is asked again. The review
// starts over; corrections stay.
func (s *Station) Again(ctx context.Context, it flow.Item, diameter float64, region image.Rectangle, at *intake.Plane) error {
	if diameter < 0 || diameter > 2000 {
		return fault.New(fault.Invalid, "A nucleus is between 0 and 2000 pixels wide.", "Measure one with the ruler at the scale bar.", nil)
	}
	if now, ok := s.flow.Items.Row(it.ID); ok {
		it = now
	}
	return s.ask(ctx, it, func(next *intake.Predicted) { next.Diameter, next.Region, next.At = diameter, region, at })
}

// keepServing loads what is in force into the engines, now and whenever the alias moved.
func (s *Station) keepServing(ctx context.Context) error {
	return s.shelves.feed.Watch(ctx, func([]event.Change[string, Shelf]) error {
		for _, name := range s.engines.names(s.file.Settings().ModelsInUse()) {
			p, m, ok := s.inForce(name)
			if !ok {
				continue
			}
			if err := s.serve(ctx, p, m); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "model not served", slog.String("model", m.String()), slog.Any("error", err))
			}
		}
		return nil
	})
}

// served returns the version in force of a model, which is loaded where it never was asked
// for before.
func (s *Station) served(ctx context.Context, name string) (infer.Bundle, error) {
	if b, ok := s.engines.wantedBundle(name); ok {
		return b, nil
	}
	if p, m, ok := s.inForce(name); ok {
		if err := s.serve(ctx, p, m); err != nil {
			return infer.Bundle{}, err
		}
		if b, ok := s.engines.wantedBundle(name); ok {
			return b, nil
		}
	}
	if _, heard := s.shelves.shelf(); !heard {
		return infer.Bundle{}, fault.New(fault.Busy, "The registry has not said yet which version of the model "+name+" is in force.",
			"The capture is predicted as soon as it has answered.", nil)
	}
	return infer.Bundle{}, fault.New(fault.Busy, "No version of the model "+name+" is in force yet.",
		"Promote a version on the Models screen, or choose another model under Settings, Instruments.", nil)
}

// inForce returns the version of a model to predict with: the champion of the platform in use or,
// while that has none, the workspace's own, so that work at the bench goes on. While the platform
// in use was not heard at all there is none.
func (s *Station) inForce(name string) (platform, infer.Ref, bool) {
	key, use := s.shelves.inUse()
	for _, c := range []struct {
		key string
		p   platform
	}{{key, use}, {localShelf, s.shelves.local}} {
		sh, heard := s.shelves.feed.Row(c.key)
		if !heard {
			break
		}
		for _, m := range sh.Models {
			if v := m.Aliases[model.Champion]; m.Name == name && v != "" {
				return c.p, infer.Ref{Model: name, Version: v}, true
			}
		}
	}
	return nil, infer.Ref{}, false
}

// serve makes m of registry p what captures are predicted with.
func (s *Station) serve(ctx context.Context, p platform, m infer.Ref) error {
	now := s.shelves.version(p, m)
	from := p.Name() + " " + made(now)
	if s.engines.wants(m, from) {
		return nil
	}
	b, err := s.bundles.fetch(ctx, p, m, now)
	if err != nil {
		return err
	}
	s.engines.want(b, from)
	s.engines.check(ctx)
	s.flow.Nudge()
	return nil
}

// LookAgain looks through the instruments' folders anew.
func (s *Station) LookAgain() {
	select {
	case s.settled <- struct{}{}:
	default:
	}
}
