package station

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/measure"
	"coverslip.dev/coverslip/core/recipe"
)

// Frames are how many objects each time point of a capture has, as far as they were counted.
type Frames struct {
	Model  string        `json:"model"`         // name@version, and how it was asked
	Of     string        `json:"of,omitempty"`  // digest of the network and its description: two may have one name
	Run    string        `json:"run,omitempty"` // one that is counted anew has another
	Frames []infer.Frame `json:"frames"`
	Seen   int           `json:"seen"` // of so many, from the first on, the objects are kept
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
	return s.frames(ctx, md5)
}

func (s *Station) frames(ctx context.Context, md5 string) (f Frames, err error) {
	b, _, err := s.store.Kept(ctx, framesKey(md5))
	if err != nil || len(b) == 0 {
		return f, err
	}
	return f, json.Unmarshal(b, &f)
}

// CountFrames counts the objects of every time point of a capture, with the version in force
// of the model that it was predicted with, as a job. shown is told now and then how far it
// is. It goes on where an earlier run of the same network was stopped.
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
		was, _ := Prediction(it)
		b, err := s.served(ctx, cmp.Or(was.Model, s.file.Settings().ModelFor(c.Instrument, c.Path)))
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
	seen, err := s.corrections.layer(ctx, md5)
	if err != nil {
		return err
	}
	by := countedBy(b, was, seen.Threshold)
	src, err := s.openCapture(ctx, c, md5)
	if err != nil {
		return err
	}
	src = imageio.Cached(src, imageio.NewTileCache(tilesOfOne)) // a time point is read again to be measured
	defer src.Close()                                           //nolint:errcheck // read only
	f.Seen = min(f.Seen, len(f.Frames))
	f.Frames = f.Frames[:f.Seen]
	chunk, err := s.films.chunk(ctx, md5, f.Seen)
	if err != nil || !f.like(by) || f.Seen >= src.Info().T {
		f, chunk = by, nil
		if err := s.keepFrames(ctx, md5, f); err != nil { // before what is kept of another model goes
			return err
		}
	}
	en, err := s.engines.pick(b.Ref)
	if err != nil {
		return err
	}
	m, err := recipe.Read(b.Recipe)
	if err != nil {
		return err
	}
	opt := asBefore(src.Info(), m, was)
	opt.Threshold, opt.T = seen.Threshold, len(f.Frames)
	keep := func(ctx context.Context) error {
		if err := s.films.keep(ctx, md5, len(f.Frames), chunk); err != nil {
			return err
		}
		f.Seen = len(f.Frames)
		return s.keepFrames(ctx, md5, f)
	}
	err = infer.Count(ctx, en, b.Ref, m, src, opt, p, func(one infer.Frame, objects []annotation.Object) error {
		table, err := measure.Objects(ctx, src, objects, opt.Z, one.T, opt.Channel)
		if err != nil {
			return err
		}
		f.Frames, chunk = append(f.Frames, one), append(chunk, brief(table.Rows))
		if len(f.Frames)%keptEvery == 0 {
			if err := keep(ctx); err != nil {
				return err
			}
			chunk = nil
		}
		shown(f)
		return nil
	})
	return errors.Join(err, keep(context.WithoutCancel(ctx)))
}

// asBefore is how the model is asked about each time point: as it was about one.
func asBefore(info imageio.Info, m *recipe.Model, was intake.Predicted) infer.Options {
	opt := plane(info).Named(m, info)
	if was.At != nil {
		opt.Z = was.At.Z
	}
	opt.Diameter, opt.Region = was.Diameter, was.Region
	return opt
}

// countedBy begins to count: with all that the objects of a film depend on, but the film.
func countedBy(b infer.Bundle, was intake.Predicted, threshold float64) Frames {
	by := b.String()
	if was.Diameter > 0 {
		by += fmt.Sprintf(", objects of %g pixels", was.Diameter)
	}
	if !was.Region.Empty() {
		by += fmt.Sprintf(", in %v", was.Region)
	}
	if was.At != nil {
		by += fmt.Sprintf(", plane %d", was.At.Z+1)
	}
	if threshold > 0 {
		by += fmt.Sprintf(", threshold %g", threshold)
	}
	return Frames{Model: by, Of: digest(string(slices.Concat(b.ONNX, b.Recipe))), Run: rand.Text()}
}

// like reports whether others were counted in the same way.
func (f Frames) like(o Frames) bool { return f.Model == o.Model && f.Of == o.Of }

func (s *Station) keepFrames(ctx context.Context, md5 string, f Frames) error {
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return s.store.Keep(ctx, framesKey(md5), b)
}
