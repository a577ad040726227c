package station

import (
	"context"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/capture"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/measure"
	"coverslip.dev/coverslip/core/model"
)

// OpenImage opens an item's image for the screen: with a pyramid, and its tiles cached.
// The caller closes it.
func (s *Station) OpenImage(ctx context.Context, it flow.Item) (imageio.Source, error) {
	return s.openItem(ctx, s.opener, it, own)
}

// OpenNth is [Station.OpenImage] for the n-th image, counted from 0, of a file that holds
// several. Models see, and persons correct, only the one that OpenImage opens.
func (s *Station) OpenNth(ctx context.Context, it flow.Item, n int) (imageio.Source, error) {
	return s.openItem(ctx, s.opener, it, n)
}

func (s *Station) openItem(ctx context.Context, o *imageio.Opener, it flow.Item, n int) (imageio.Source, error) {
	var c intake.Capture
	md5, ok := Image(it)
	if !ok {
		return nil, fault.New(fault.Busy, "This capture is still being stored.", "Wait a moment.", nil)
	}
	if err := it.Read(&c); err != nil {
		return nil, err
	}
	at, err := s.imagePath(ctx, c, md5)
	if err != nil {
		return nil, err
	}
	src, err := s.openCaptureBy(ctx, o, c, md5, n)
	if err != nil {
		return nil, err
	}
	if n == own { // whose coarser levels are kept
		src = s.pyramids.with(ctx, src, large{at, md5, it.Title})
	}
	return imageio.Pyramid(imageio.Cached(src, s.tiles)), nil
}

// Measure measures objects on the plane where a capture's lie, in all channels.
func (s *Station) Measure(ctx context.Context, it flow.Item, src imageio.Source, objects []annotation.Object) (measure.Table, error) {
	z, t := Lying(it, src.Info())
	return measure.Objects(ctx, src, objects, z, t)
}

// Prediction is the one that a capture's objects are of: while another one waits, runs or has
// failed, that before it. False where no model has looked at the capture yet.
func Prediction(it flow.Item) (p intake.Predicted, ok bool) {
	it.Out("infer", &p)
	if p.Model == "" && p.Before != nil {
		var was intake.Predicted
		before := flow.Item{Passes: map[string]flow.Pass{"infer": p.Before.Infer}}
		if before.Out("infer", &was) && was.Model != "" {
			p = was
		}
	}
	return p, p.Model != ""
}

// Lying is the plane and the time point that a capture's objects lie on, or will: there they are
// measured, also those that a person draws.
func Lying(it flow.Item, info imageio.Info) (z, t int) {
	if p, ok := Prediction(it); ok {
		return p.Z, p.T
	}
	var next intake.Predicted
	if it.Out("infer", &next); next.At != nil { // the first that is asked for
		return next.At.Z, next.At.T
	}
	first := plane(info)
	return first.Z, first.T
}

// Files is how many pictures a capture has, of which its image is one; 0 where it is all of them: the
// formats that read several files as one image have a plane for each, at least.
func Files(it flow.Item, info imageio.Info) int {
	var c intake.Capture
	if it.Read(&c) != nil || c.Lead == "" {
		return 0
	}
	parts, err := c.Files()
	if err != nil {
		return 0
	}
	n := 0
	for _, p := range parts {
		if capture.Picture(p.Path) {
			n++
		}
	}
	planes := len(info.Channels) * info.Z * info.T * max(len(info.Images), 1)
	joined := (info.Format == "OME-TIFF" || info.Format == "Micro-Manager TIFF") && planes >= n
	if n < 2 || joined {
		return 0
	}
	return n
}

// Curve returns the course of a metric of a run.
func (s *Station) Curve(ctx context.Context, run, metric string) ([]model.Metric, error) {
	return s.shelves.platform().History(ctx, run, metric)
}

// Refresh asks the platforms and the engines now.
func (s *Station) Refresh(ctx context.Context) {
	s.shelves.refreshSoon()
	s.engines.check(ctx)
}

// Folder is where the dataset lies.
func (s *Station) Folder() string { return s.repo.Dir() }

// HasSecret reports whether a password is kept under the name.
func (s *Station) HasSecret(name string) bool {
	t, err := s.secrets.Read(name)
	return err == nil && t != ""
}
