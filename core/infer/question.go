package infer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
)

// question is what an engine is asked, block by block.
type question struct {
	engine   Engine
	ref      Ref
	model    *recipe.Model
	spec     Spec
	plan     *plan
	supply   supply
	parallel int
	kept     *answers // nil: none is
	inRows   bool     // answers are held until those of the rows of blocks before have come

	stretched atomic.Bool // an image without contrast was: what the network was given is beyond all measure, or not known
}

// supply gives what goes into the network.
type supply interface {
	// cut returns an input's numbers over a block, also beyond the image's edges. The
	// caller may write to them.
	cut(ctx context.Context, t *recipe.Tensor, b block) (*recipe.Array, error)
	// of is the same for another part of the image.
	of(d *detection, p *plan) supply
}

// ask sends all blocks through the network; take gets the answers, one call at a time, in
// any order. p has been told before how many there are.
func (q *question) ask(ctx context.Context, p Progress, take func(block, map[string]*recipe.Array) error) error {
	n := q.plan.blocks()
	var mu sync.Mutex // one at a time for take
	window := q.window()
	far := func() int { return n }
	if q.inRows {
		row := q.plan.row()
		far = func() int { return max(2*row, 4*window()) }
	}
	return each(ctx, n, window, far, func(ctx context.Context, i int) error {
		b := q.plan.block(i)
		out := q.kept.read(i, q.model)
		if out == nil {
			var err error
			if out, err = q.answer(ctx, b); err != nil {
				return err
			}
			q.kept.write(i, out, q.model)
		} else {
			q.stretched.Store(true)
		}
		mu.Lock()
		defer mu.Unlock()
		p.Add(1)
		return take(b, out)
	})
}

// answer is the network's, to one block.
func (q *question) answer(ctx context.Context, b block) (map[string]*recipe.Array, error) {
	var in []Tensor
	var cut []*recipe.Array
	for i := range q.model.Inputs {
		t := &q.model.Inputs[i]
		port, err := q.plan.port(t)
		if t.Optional && (err != nil || len(q.spec.In) < len(q.model.Inputs)) {
			continue
		}
		if err != nil {
			return nil, err
		}
		x, err := q.supply.cut(ctx, t, b)
		if err != nil {
			return nil, err
		}
		if x == nil {
			continue // left out
		}
		cut = append(cut, x)
		if q.model.Decode.ID == recipe.StarConvex && loud(x.Data) {
			q.stretched.Store(true)
		}
		y, err := encode(x, port)
		if err != nil {
			return nil, err
		}
		in = append(in, y)
	}
	terms, err := q.wanted(ctx)
	if err != nil {
		return nil, err
	}
	given, err := q.engine.Infer(terms, q.ref, in)
	if err != nil {
		return nil, err
	}
	out, err := q.outputs(given)
	if err != nil {
		return nil, err
	}
	return out, q.numbers(out, cut)
}

// wanted asks for the outputs of the description only, where the network has more.
func (q *question) wanted(ctx context.Context) (context.Context, error) {
	if len(q.spec.Out) <= len(q.model.Outputs) {
		return ctx, nil
	}
	terms := TermsOf(ctx)
	for i := range q.model.Outputs {
		port, err := portOf(q.model, q.spec.Out, q.model.Outputs, &q.model.Outputs[i])
		if err != nil {
			return nil, err
		}
		terms.Outputs = append(terms.Outputs, port.Name)
	}
	return WithTerms(ctx, terms), nil
}

const (
	inMemory  = 256 << 20 // bytes of the blocks under way at a time, at most
	preparing = 2         // blocks that are cut or stitched while the engine works on others
)

// window says how many blocks are to be under way now: as many as the engine likes, unless
// the caller has said.
func (q *question) window() func() int {
	paced, ok := q.engine.(Paced)
	if q.parallel > 0 || !ok {
		n := cmp.Or(q.parallel, 2)
		return func() int { return n }
	}
	bytes := 8 * 4 // what goes in, its numbers in bytes, and what comes out: some float32 a pixel
	for _, p := range q.plan.block(0) {
		bytes *= p.size
	}
	most := max(2, inMemory/max(bytes, 1))
	return func() int { return min(paced.Window()+preparing, most) }
}

// outputs decodes what the network gave, by the names of the description.
func (q *question) outputs(given []Tensor) (map[string]*recipe.Array, error) {
	out := map[string]*recipe.Array{}
	for i := range q.model.Outputs {
		t := &q.model.Outputs[i]
		port, err := portOf(q.model, q.spec.Out, q.model.Outputs, t)
		if err != nil {
			return nil, err
		}
		if out[t.ID], err = named(given, port.Name, t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// named decodes the tensor with a name, whose axes are those of t.
func named(given []Tensor, name string, t *recipe.Tensor) (*recipe.Array, error) {
	for _, g := range given {
		if g.Name != name {
			continue
		}
		a, err := decode(g)
		if err != nil {
			return nil, err
		}
		if len(a.Shape) != len(t.Axes) {
			return nil, unfit(fmt.Sprintf("Its output %s has shape %v.", t.ID, g.Shape))
		}
		for _, x := range t.Axes {
			a.Axes = append(a.Axes, x.ID)
		}
		return a, nil
	}
	return nil, unfit(fmt.Sprintf("It has no output %s.", t.ID))
}

// each calls fn for 0…n-1, at most window() at a time, none of them far() beyond one that has not
// ended, and returns when all have ended. The first error stops the rest; a panic is one.
func each(ctx context.Context, n int, window, far func() int, fn func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	try := func(i int) (err error) {
		defer imageio.Recover(&err)
		return fn(ctx, i)
	}
	ended := make(chan int)
	next := 0
	var running []int // the oldest first
	for {
		for ; next < n && len(running) < max(window(), 1) && ctx.Err() == nil; next++ {
			if len(running) > 0 && next >= running[0]+far() {
				break
			}
			i := next
			running = append(running, i)
			go func() {
				if err := try(i); err != nil {
					cancel(err) // the first one wins
				}
				ended <- i
			}()
		}
		if len(running) == 0 {
			return context.Cause(ctx)
		}
		was := slices.Index(running, <-ended)
		running = slices.Delete(running, was, was+1)
	}
}
