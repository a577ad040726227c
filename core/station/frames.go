package station

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/recipe"
)

// Frames are how many objects each time point of a capture has, as far as they were counted.
type Frames struct {
	Model  string        `json:"model"` // name@version
	Frames []infer.Frame `json:"frames"`
}

// keptEvery is how many counted time points may be lost when the power goes.
const keptEvery = 25

func framesKey(md5 string) string { return "frames/" + md5 }

// Frames returns what was counted of a capture; nothing where nobody counted.
func (s *Station) Frames(ctx context.Context, it flow.Item) (f Frames, err error) {
	md5, ok := Image(it)
	if !ok {
		return f, nil
	}
	b, _, err := s.store.Kept(ctx, framesKey(md5))
	if err != nil || len(b) == 0 {
		return f, err
	}
	return f, json.Unmarshal(b, &f)
}

// CountFrames counts the objects of every time point of a capture, with the version in force
// of the model that it was predicted with, as a job. shown is told now and then how far it
// is. It goes on where an earlier run of the same version was stopped.
func (s *Station) CountFrames(ctx context.Context, it flow.Item, shown func(Frames)) error {
	md5, ok := Image(it)
	var c intake.Capture
	if err := it.Read(&c); err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Invalid, "The capture is not stored yet.", "Wait a moment.", nil)
	}
	return s.jobs.Do(ctx, "count", "Count objects over time in "+it.Title, func(ctx context.Context, p *job.Progress) error {
		var was intake.Predicted
		it.Out("infer", &was)
		b, err := s.served(ctx, cmp.Or(was.Model, s.file.Settings().ModelFor(c.Instrument)))
		if err != nil {
			return err
		}
		return s.countFrames(ctx, it, c, b, md5, was, p, shown)
	})
}

func (s *Station) countFrames(
	ctx context.Context, it flow.Item, c intake.Capture, b infer.Bundle, md5 string, was intake.Predicted, p *job.Progress, shown func(Frames),
) error {
	f, err := s.Frames(ctx, it)
	if err != nil {
		return err
	}
	by := b.String()
	if was.Diameter > 0 {
		by += fmt.Sprintf(", objects of %g pixels", was.Diameter)
	}
	src, err := s.openCapture(ctx, c, md5, own)
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // read only
	if f.Model != by || len(f.Frames) >= src.Info().T {
		f = Frames{Model: by}
	}
	en, err := s.engines.pick(b.Ref)
	if err != nil {
		return err
	}
	m, err := recipe.Read(b.Recipe)
	if err != nil {
		return err
	}
	opt := plane(src.Info())
	opt.Diameter, opt.T = was.Diameter, len(f.Frames)
	err = infer.Count(ctx, en, b.Ref, m, src, opt, p, func(one infer.Frame) {
		f.Frames = append(f.Frames, one)
		if len(f.Frames)%keptEvery == 0 {
			s.keepFrames(ctx, md5, f)
		}
		shown(f)
	})
	s.keepFrames(context.WithoutCancel(ctx), md5, f)
	return err
}

// keepFrames is about work that can be done again: what goes wrong is in the log.
func (s *Station) keepFrames(ctx context.Context, md5 string, f Frames) {
	b, err := json.Marshal(f)
	if err == nil {
		err = s.store.Keep(ctx, framesKey(md5), b)
	}
	if err != nil {
		s.log.WarnContext(ctx, "counts not kept", slog.String("image", md5), slog.Any("error", err))
	}
}
