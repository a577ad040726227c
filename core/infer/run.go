package infer

import (
	"context"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
)

// maxOutput bounds how many numbers of one output are held.
const maxOutput = 1 << 29

func tooLarge() error {
	return fault.New(fault.Invalid, "The model's answer to the whole image does not fit into memory.", "Analyse a part of the image.", nil)
}

// Cut says how [Run] cuts arrays.
type Cut struct {
	Tile     int  // side of a tile; 0: 512, or 256 of a stack
	Parallel int  // questions under way at a time; 0: as the engine likes, or 2
	Whole    bool // one question, without the model's halo, as test tensors are meant
}

// Run gives arrays to a model as its description asks for and returns its outputs, before
// they become objects: what bioimageio.core's prediction pipeline does. Axes of the arrays
// are those of the inputs. Without Whole, blocks are padded at the edges as the input says,
// halos are cropped, and the outputs lie over the inputs.
func Run(ctx context.Context, e Engine, ref Ref, m *recipe.Model, in map[string]*recipe.Array, c Cut) (all map[string]*recipe.Array, err error) {
	defer broken(&err, ref.broken())
	q, err := running(ctx, e, ref, m, in, c)
	if err != nil {
		return nil, err
	}
	if c.Whole {
		out, err := q.answer(ctx, q.plan.block(0))
		if err != nil {
			return nil, err
		}
		return out, m.Postprocess(out, in)
	}
	s := newStitcher(q.plan)
	if err := q.ask(ctx, silent{}, s.take); err != nil {
		return nil, err
	}
	return s.out, m.Postprocess(s.out, in)
}

// running is the question that arrays make.
func running(ctx context.Context, e Engine, ref Ref, m *recipe.Model, in map[string]*recipe.Array, c Cut) (*question, error) {
	spec, err := e.Describe(ctx, ref)
	if err != nil {
		return nil, err
	}
	sizes := map[string]map[string]int{}
	for i := range m.Inputs {
		t := &m.Inputs[i]
		a := in[t.ID]
		if a == nil {
			continue
		}
		sizes[t.ID] = map[string]int{}
		for k, id := range a.Axes {
			sizes[t.ID][id] = a.Shape[k]
		}
	}
	p, err := newPlan(m, spec, sizes, cutting{tile: c.Tile, uncut: c.Whole})
	if err != nil {
		return nil, err
	}
	supply, err := newHeld(m, in)
	if err != nil {
		return nil, err
	}
	return &question{engine: e, ref: ref, model: m, spec: spec, plan: p, supply: supply, parallel: c.Parallel}, nil
}
