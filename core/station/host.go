package station

import (
	"context"
	"fmt"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/release"
)

// Load implements [release.Host]: the version goes into every engine, beside what is in force.
func (s *Station) Load(ctx context.Context, b infer.Bundle) error {
	p := s.shelves.platform()
	if err := s.bundles.keep(s.bundles.home(p.Name(), b.Ref), b, s.shelves.version(p, b.Ref)); err != nil {
		return err
	}
	return s.engines.loadAll(ctx, b)
}

// Probe implements [release.Host] on the probe images: the bundled ones, with the lab's
// own where the workspace has a probe folder.
func (s *Station) Probe(ctx context.Context, m infer.Ref, inForce string, p *job.Progress) (release.Report, error) {
	versions := []infer.Ref{m}
	if inForce != "" {
		versions = append(versions, infer.Ref{Model: m.Model, Version: inForce})
	}
	en, err := s.engines.serving(ctx, versions...)
	if err != nil {
		return release.Report{}, err
	}
	rep := release.Report{Engine: en.Name()}
	probes, err := s.probes(ctx)
	if err != nil {
		return rep, err
	}
	p.Grow(int64(len(probes)))
	total := 0
	for _, img := range probes {
		p.Step(img.Name)
		n, err := s.count(ctx, en, m, img.Path)
		if err != nil {
			return rep, err
		}
		out := release.ProbeImage{Name: img.Name, Objects: n, Before: -1}
		if inForce != "" {
			if out.Before, err = s.count(ctx, en, infer.Ref{Model: m.Model, Version: inForce}, img.Path); err != nil {
				return rep, err
			}
		}
		rep.Images = append(rep.Images, out)
		total += n
		p.Add(1)
	}
	if total == 0 {
		return rep, fault.New(fault.Invalid, fmt.Sprintf("Version %s finds nothing in any of the %d probe images.", m.Version, len(probes)),
			"It stays out of force. Look at its training run.", nil)
	}
	return rep, nil
}

// InForce implements [release.Host].
func (s *Station) InForce(ctx context.Context, m infer.Ref) error {
	if err := s.serve(ctx, s.shelves.platform(), m); err != nil {
		return err
	}
	s.shelves.refreshSoon()
	return nil
}
