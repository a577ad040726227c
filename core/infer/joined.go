package infer

import "coverslip.dev/coverslip/core/recipe"

// Batched reports whether questions to b may be joined to one, and its answer be parted again:
// by its description the first axis of all that goes in and comes out counts images, and no
// output is a list as long as its images happen to want.
func (b Bundle) Batched() bool {
	m, err := recipe.Read(b.Recipe)
	if err != nil {
		return false
	}
	for _, t := range m.Inputs {
		if t.Optional || len(t.Axes) < 2 || t.Axes[0].Kind != recipe.Batch {
			return false
		}
	}
	for _, t := range m.Outputs {
		if len(t.Axes) < 2 || t.Axes[0].Kind != recipe.Batch {
			return false
		}
		for _, a := range t.Axes {
			if a.Kind == recipe.Index && a.Size.Free() {
				return false
			}
		}
	}
	return true
}
