package infer

import (
	"context"
	"fmt"

	"coverslip.dev/coverslip/core/recipe"
)

// held supplies a network with arrays in memory, which have gone through the operations as
// wholes.
type held struct {
	arrays map[string]*recipe.Array
	beyond map[string]*recipe.Array // what is seen beyond the edges nearest to a position, where that is no pixel
	from   map[string]int           // along an axis, where what is looked at begins
}

func newHeld(m *recipe.Model, raw map[string]*recipe.Array) (*held, error) {
	ready, err := m.Preprocess(raw)
	if err != nil {
		return nil, err
	}
	beyond, err := m.Beyond(raw)
	return &held{arrays: ready, beyond: beyond}, err
}

// of implements supply.
func (h *held) of(d *detection, _ *plan) supply { //nolint:ireturn // one of three
	return &held{arrays: h.arrays, beyond: h.beyond, from: map[string]int{"y": d.part.Min.Y, "x": d.part.Min.X}}
}

// cut implements supply.
func (h *held) cut(_ context.Context, t *recipe.Tensor, b block) (*recipe.Array, error) {
	a := h.arrays[t.ID]
	if a == nil {
		return nil, nil //nolint:nilnil // an optional one that was left out
	}
	out := blank(t, b)
	from := make([][]int, len(a.Axes)) // along each axis, which position of a; ^i: beyond it, nearest to i
	for i, id := range a.Axes {
		p, ok := b[id]
		if !ok {
			p = piece{size: a.Shape[i]}
			out.Shape[i] = a.Shape[i]
		}
		p.start += h.from[id]
		from[i] = beyond(t.Pad.Mode, p.start, p.start+p.size, a.Shape[i])
		for k := range from[i] {
			if at := p.start + k; t.Pad.Mode == "constant" && (at < 0 || at >= a.Shape[i]) {
				from[i][k] = ^from[i][k]
			}
		}
	}
	out = recipe.NewArray(out.Axes, out.Shape)
	if len(a.Shape) != len(out.Shape) {
		return nil, fmt.Errorf("input %s has %d axes, not %d", t.ID, len(a.Shape), len(out.Shape))
	}
	fill(out, a, h.beyond[t.ID], from)
	return out, nil
}

// fill copies from a the positions from, axis by axis, and what lies beyond from beyond.
func fill(out, a, beyond *recipe.Array, from [][]int) {
	n := len(a.Shape)
	stride := make([]int, n)
	for i, s := n-1, 1; i >= 0; i-- {
		stride[i], s = s, s*a.Shape[i]
	}
	at := make([]int, n)
	for i := range out.Data {
		k, of := 0, a
		for d, x := range at {
			p := from[d][x]
			if p < 0 {
				p, of = ^p, beyond
			}
			k += p * stride[d]
		}
		out.Data[i] = of.Data[k]
		for d := n - 1; d >= 0; d-- {
			if at[d]++; at[d] < out.Shape[d] {
				break
			}
			at[d] = 0
		}
	}
}
