package station

import (
	"context"
	"errors"
	"fmt"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/recipe"
)

// Registered lists the versions of all models in the registry in use, as it last answered:
// by model, the newest first.
func (s *Station) Registered() []infer.Ref {
	sh, _ := s.shelves.shelf()
	var all []infer.Ref
	for _, m := range sh.Models {
		for _, v := range sh.Versions[m.Name] {
			all = append(all, infer.Ref{Model: m.Name, Version: v.Version})
		}
	}
	return all
}

// SeeWith returns what a version finds in a capture, on the plane where the capture's own
// objects lie and asked for the same diameter: to be compared with them. Nothing is kept of it. A version that no engine has
// is loaded.
func (s *Station) SeeWith(ctx context.Context, it flow.Item, m infer.Ref, p *job.Progress) (found []annotation.Object, err error) {
	en, err := s.engines.serving(ctx)
	if err != nil {
		return nil, err
	}
	src, err := s.OpenImage(ctx, it)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	opt := plane(src.Info())
	if own, ok := Prediction(it); ok {
		opt.Channel, opt.Z, opt.T, opt.Region, opt.Diameter = own.Channel, own.Z, own.T, own.Region, own.Diameter
	}
	layer, err := s.detectWith(ctx, en, m, src, opt, p)
	if err != nil {
		return nil, fmt.Errorf("compare with %s: %w", m, err)
	}
	return append([]annotation.Object{}, layer.Objects...), nil // never nil: nothing found is an answer
}

// detectWith asks en about src with a version, which it loads where it is missing.
func (s *Station) detectWith(
	ctx context.Context, en infer.Engine, m infer.Ref, src imageio.Source, opt infer.Options, p *job.Progress,
) (annotation.Layer, error) {
	b, err := s.bundle(ctx, s.shelves.platform(), m)
	if err != nil {
		return annotation.Layer{}, err
	}
	if _, err := en.Describe(ctx, m); err != nil { // a server that was restarted has forgotten it
		if err := load(ctx, en, b); err != nil {
			return annotation.Layer{}, err
		}
	}
	r, err := recipe.Read(b.Recipe)
	if err != nil {
		return annotation.Layer{}, err
	}
	return s.see(ctx, en, m, r, src, opt.Named(r, src.Info()), p)
}
