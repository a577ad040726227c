package infer

import (
	"math"
	"slices"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
)

// numbers refuses values that are none, and infinities of what objects are made of, unless the image
// had some of either: a model has no business to make them.
func (q *question) numbers(out map[string]*recipe.Array, cut []*recipe.Array) error {
	odd := func(a *recipe.Array) bool { return !finite(a.Data) }
	var all []*recipe.Array
	for _, a := range out {
		all = append(all, a)
	}
	if !slices.ContainsFunc(all, odd) || slices.ContainsFunc(cut, odd) { // nearly always
		return nil
	}
	what := ""
	switch {
	case slices.ContainsFunc(all, func(a *recipe.Array) bool { return slices.ContainsFunc(a.Data, isNaN) }):
		what = "values that are no numbers (NaN)"
	case infinite(q.model, out):
		what = "infinite values"
	default:
		return nil
	}
	return fault.New(fault.Invalid, "The model "+q.ref.String()+" answered with "+what+".",
		"Its result is not used. Test the model on the Models screen, or ask whoever made it.", nil)
}

// infinite reports whether objects would be made of infinities. Those that the description's own operations
// make finite, as a sigmoid does, are none, and one below all numbers is a logit as good as any. How far
// the rays of a star go is looked at where one is made.
func infinite(m *recipe.Model, out map[string]*recipe.Array) bool {
	made := map[string]*recipe.Array{}
	for id, a := range out {
		made[id] = a.Clone()
	}
	if m.Postprocess(made, nil) != nil {
		return false // whoever makes the objects says why
	}
	from := made[m.From]
	if from == nil {
		return false
	}
	switch m.Decode.ID {
	case recipe.FlowFields:
		return !finite(from.Data)
	case recipe.StarConvex:
		probable := planar(made[m.Outputs[0].ID])
		if len(m.Outputs) == 1 { // the first channel is
			probable = probable[:len(probable)/max(from.Size(string(recipe.Channel)), 1)]
		}
		return slices.ContainsFunc(probable, boundless)
	case recipe.BoxList:
		return boxless(m, made)
	}
	return slices.ContainsFunc(from.Data, boundless)
}

// boxless reports whether a box that counts has an infinite score, or infinite corners.
func boxless(m *recipe.Model, out map[string]*recipe.Array) bool {
	arg, err := m.Decode.Boxes()
	if err != nil || len(m.Outputs) < 2 {
		return false
	}
	corners := out[m.Outputs[0].ID].Data
	for i, s := range out[m.Outputs[1].ID].Data {
		if 4*i+4 <= len(corners) && float64(s) > arg.Threshold && (boundless(s) || !finite(corners[4*i:][:4])) {
			return true
		}
	}
	return false
}

// contrast is how far from 0 the numbers of an image go at most that has some, once it is normalised.
const contrast = 100

// loud reports whether the numbers that a network is given go further.
func loud(x []float32) bool {
	return slices.ContainsFunc(x, func(v float32) bool { return !(v <= contrast && v >= -contrast) })
}

// boundless reports whether a number is above all others, or none.
func boundless(x float32) bool { return !(x <= math.MaxFloat32) }

// finite reports whether there is neither a NaN nor an infinity: nought times one is NaN.
func finite(x []float32) bool {
	var sum [4]float32
	for ; len(x) >= 4; x = x[4:] {
		sum[0], sum[1], sum[2], sum[3] = sum[0]+0*x[0], sum[1]+0*x[1], sum[2]+0*x[2], sum[3]+0*x[3]
	}
	for _, v := range x {
		sum[0] += 0 * v
	}
	return !isNaN(sum[0] + sum[1] + sum[2] + sum[3])
}

func isNaN(x float32) bool { return x != x } //nolint:gocritic // NaN
