package recipe

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// Preprocess returns what goes into the network, by input. What came in stays as it is.
//
// As in bioimageio.core, every statistic is of the tensor as it came in, whatever
// operations stand before: of the whole image, before it is cut into tiles.
func (m *Model) Preprocess(in map[string]*Array) (map[string]*Array, error) {
	return m.preprocess(in, func(_ *Tensor, raw *Array) *Array { return raw.Clone() })
}

// Beyond returns, of the inputs that a constant continues beyond their edges, what that becomes
// at each position: an image is padded as it came in, so the operations are done with the
// constant too.
func (m *Model) Beyond(in map[string]*Array) (map[string]*Array, error) {
	return m.preprocess(in, func(t *Tensor, raw *Array) *Array {
		if t.Pad.Mode != "constant" {
			return nil
		}
		return &Array{Axes: raw.Axes, Shape: raw.Shape, Type: raw.Type, Data: slices.Repeat([]float32{float32(t.Pad.Value)}, len(raw.Data))}
	})
}

// preprocess does the operations with what of makes of an input; with nil, none are.
func (m *Model) preprocess(in map[string]*Array, of func(t *Tensor, raw *Array) *Array) (map[string]*Array, error) {
	out := make(map[string]*Array, len(in))
	for i := range m.Inputs {
		t := &m.Inputs[i]
		raw := in[t.ID]
		if raw == nil {
			if t.Optional {
				continue
			}
			return nil, invalid(fmt.Sprintf("The model's input %q is missing.", t.ID), nil)
		}
		if err := raw.check(); err != nil {
			return nil, fmt.Errorf("input %s: %w", t.ID, err)
		}
		x := of(t, raw)
		if x == nil {
			continue
		}
		if err := process(t, x, raw, in); err != nil {
			return nil, err
		}
		out[t.ID] = x
	}
	return out, nil
}

// Postprocess does what the description asks for with the network's outputs, in place. in
// is what Preprocess was given. A statistic of an output is of what the operations before
// it made (bioimageio.core takes none of outputs). Operations that make objects are left
// to [Tensor.Decoder].
func (m *Model) Postprocess(out, in map[string]*Array) error {
	refs := make(map[string]*Array, len(out)+len(in))
	maps.Copy(refs, in)
	for i := range m.Outputs {
		t := &m.Outputs[i]
		x := out[t.ID]
		if x == nil {
			return invalid(fmt.Sprintf("The model gave no output %q.", t.ID), nil)
		}
		if err := x.check(); err != nil {
			return fmt.Errorf("output %s: %w", t.ID, err)
		}
		refs[t.ID] = x
		if err := process(t, x, nil, refs); err != nil {
			return err
		}
	}
	return nil
}

// PostprocessOne does the same with one output whose operations refer to no other tensor.
func (m *Model) PostprocessOne(id string, out map[string]*Array) error {
	t, x := m.Tensor(id), out[id]
	if t == nil || x == nil {
		return invalid(fmt.Sprintf("The model gave no output %q.", id), nil)
	}
	if err := x.check(); err != nil {
		return fmt.Errorf("output %s: %w", id, err)
	}
	return process(t, x, nil, nil)
}

// process runs the operations of a tensor over x, with statistics of raw, or of x as it
// stands if raw is nil.
func process(t *Tensor, x, raw *Array, refs map[string]*Array) error {
	for _, o := range t.Ops {
		if o.ID == StarConvex || o.ID == FlowFields {
			return nil
		}
		s, err := o.arrayStep(x.Axes)
		if err != nil {
			return err
		}
		own := raw
		if own == nil {
			own = x
		}
		if err := s.run(x, own, refs[s.ref]); err != nil {
			return fmt.Errorf("tensor %s: %s: %w", t.ID, o.ID, err)
		}
	}
	return nil
}

// arrayStep is the operation as it works on an array with these axes.
func (o Op) arrayStep(axes []string) (step, error) {
	if o.ID == "softmax" {
		k := args{op: o}
		s := step{softmax: k.word("axis")}
		if s.softmax == "" {
			s.softmax = string(Channel)
		}
		if !slices.Contains(axes, s.softmax) {
			k.errs = append(k.errs, fmt.Errorf("no axis %q", s.softmax))
		}
		return s, k.end()
	}
	s, err := o.step()
	if err != nil {
		return s, err
	}
	for _, a := range append(slices.Clone(s.axes), s.along) {
		if a != "" && !slices.Contains(axes, a) {
			return s, invalid(fmt.Sprintf("The model's operation %q speaks of an axis %q that its tensor does not have.", o.ID, a), nil)
		}
	}
	return s, nil
}

// run works on x in place.
func (s step) run(x, own, ref *Array) error {
	switch {
	case s.softmax != "":
		softmax(x, s.softmax)
		return nil
	case s.ref != "" && ref == nil:
		return fmt.Errorf("no tensor %q", s.ref)
	case s.cast != "":
		x.Type = s.cast
	}
	if s.same {
		return nil
	}
	if s.along != "" {
		return s.runAlong(x)
	}
	reduced := s.axes
	if reduced == nil || !s.statistic {
		reduced = x.Axes
	}
	fs, err := s.functions(x.runs(reduced, nil), reduced, own, ref)
	if err != nil {
		return err
	}
	x.runs(reduced, func(from, to, g int) {
		f := fs[g]
		for i, v := range x.Data[from:to] {
			x.Data[from+i] = f(v)
		}
	})
	return nil
}

// functions makes one function of a number for each of n groups.
func (s step) functions(n int, reduced []string, own, ref *Array) ([]func(float32) float32, error) {
	mine, theirs := make([]population, n), make([]population, n)
	if s.statistic {
		mine = own.populations(reduced)
		if ref != nil {
			all := s.axes
			if all == nil {
				all = ref.Axes
			}
			theirs = ref.populations(all)
		}
	}
	if len(theirs) == 1 && n > 1 { // one statistic for all
		theirs = slices.Repeat(theirs, n)
	}
	if len(mine) != n || len(theirs) != n {
		return nil, fmt.Errorf("statistics of %d and %d groups for %d", len(mine), len(theirs), n)
	}
	fs := make([]func(float32) float32, n)
	for g := range fs {
		var err error
		if fs[g], err = s.fit(mine[g], theirs[g], 0); err != nil {
			return nil, err
		}
	}
	return fs, nil
}

// runAlong works on x with one argument for each position along an axis.
func (s step) runAlong(x *Array) error {
	n := x.Size(s.along)
	if s.lists != n && s.lists != 1 {
		return fmt.Errorf("%d arguments for %d along %s", s.lists, n, s.along)
	}
	fs := make([]func(float32) float32, n)
	for k := range fs {
		var err error
		if fs[k], err = s.fit(population{}, population{}, k); err != nil {
			return err
		}
	}
	x.runs(x.others(s.along), func(from, to, g int) {
		for i, v := range x.Data[from:to] {
			x.Data[from+i] = fs[g](v)
		}
	})
	return nil
}

// softmax divides exp(x) by its sum along an axis.
func softmax(x *Array, axis string) {
	n := x.runs([]string{axis}, nil)
	top, sum := slices.Repeat([]float64{math.Inf(-1)}, n), make([]float64, n)
	each := func(f func(i, g int)) {
		x.runs([]string{axis}, func(from, to, g int) {
			for i := from; i < to; i++ {
				f(i, g)
			}
		})
	}
	each(func(i, g int) { top[g] = max(top[g], float64(x.Data[i])) })
	each(func(i, g int) { sum[g] += math.Exp(float64(x.Data[i]) - top[g]) })
	each(func(i, g int) { x.Data[i] = float32(math.Exp(float64(x.Data[i])-top[g]) / sum[g]) })
}
