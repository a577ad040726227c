package station

import (
	"context"
	"slices"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/recipe"
)

// Classes are what the model of a capture's objects tells apart, or the one that will look at it;
// none where neither is at hand.
func (s *Station) Classes(ctx context.Context, it flow.Item) ([]string, error) {
	b, err := s.predictedBy(ctx, it)
	if k := fault.KindOf(err); k == fault.NotFound || k == fault.Offline {
		var c intake.Capture
		if err := it.Read(&c); err != nil {
			return nil, err
		}
		var ok bool
		if b, ok = s.engines.wantedBundle(s.file.Settings().ModelFor(c.Instrument, c.Path)); !ok {
			return nil, nil
		}
	} else if err != nil {
		return nil, err
	}
	m, err := recipe.Read(b.Recipe)
	if err != nil {
		return nil, err
	}
	return classes(m), nil
}

// classes are the names that a model's objects can have. That of the ground is none.
func classes(m *recipe.Model) []string {
	var names []string
	for i := range m.Outputs {
		t := &m.Outputs[i]
		of := t.Classes
		if semantic := m.Decode.ID == recipe.Semantic && t.ID == m.From; semantic {
			of = t.ClassNames()
			if g := m.Background(); g < len(of) {
				of = slices.Concat(of[:g], of[g+1:])
			}
		}
		names = append(names, of...)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" || recipe.Ground(name) })
	if len(names) == 0 {
		return []string{m.Class}
	}
	return names
}
