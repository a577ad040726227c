package recipe

import (
	"fmt"
	"slices"
)

// Pipeline is a list of operations with the statistics of a whole image in them, as they
// are for one of its planes.
type Pipeline struct{ fns []func(float32) float32 }

// Apply runs the operations over x, in place.
func (p Pipeline) Apply(x []float32) {
	for _, f := range p.fns {
		for i, v := range x {
			x[i] = f(v)
		}
	}
}

// Plane is a plane y, x of an input: where it lies along the other axes, and the values
// that its pixels have. Of 8- and 16-bit images these are a histogram: each value counts
// Counts[i] times; nil means once each.
type Plane struct {
	At     map[string]int
	Values []float32
	Counts []int64
}

// Planar reports whether the operations can be prepared plane by plane ([Tensor.Fit]), so
// that the whole tensor need never be in memory. Those that mix the numbers of several
// pixels, or take statistics of rows or of other tensors, can't.
func (t *Tensor) Planar() bool {
	for _, o := range t.Ops {
		s, err := o.arrayStep(t.axisNames())
		whole := s.axes == nil || slices.Contains(s.axes, "y") && slices.Contains(s.axes, "x")
		if err != nil || s.softmax != "" || s.ref != "" || s.along == "y" || s.along == "x" || s.statistic && !whole {
			return false
		}
	}
	return true
}

// Local reports whether the operations make each number of those that lie at its place in y,
// x and z, so that they may be done with an image piece by piece.
func (t *Tensor) Local() bool {
	for _, o := range t.Ops {
		if o.ID == StarConvex || o.ID == FlowFields {
			break
		}
		s, err := o.arrayStep(t.axisNames())
		if err != nil || s.statistic || s.ref != "" || s.softmax != "" && s.softmax != string(Channel) {
			return false
		}
		if s.along != "" && s.along != string(Channel) {
			return false
		}
	}
	return true
}

// Statistic reports whether an operation needs to know the values of the pixels.
func (t *Tensor) Statistic() bool {
	return slices.ContainsFunc(t.Ops, func(o Op) bool {
		s, err := o.arrayStep(t.axisNames())
		return err == nil && s.statistic
	})
}

// Fit prepares the operations for each plane. Statistics are of the image as it is, also
// where operations stand before, as in bioimageio.core, and of as many planes together as
// the operation asks for. It may put the values of a plane in another order.
func (t *Tensor) Fit(planes []Plane) ([]Pipeline, error) {
	out := make([]Pipeline, len(planes))
	for _, o := range t.Ops {
		s, err := o.arrayStep(t.axisNames())
		if err != nil {
			return nil, err
		}
		fitted := map[string]func(float32) float32{} // by group
		for i, p := range planes {
			if s.same {
				continue
			}
			key := s.group(p)
			f := fitted[key]
			if f == nil {
				if f, err = s.fit(s.together(planes, key), population{}, p.At[s.along]); err != nil {
					return nil, fmt.Errorf("%s: %w", o.ID, err)
				}
				if s.statistic && len(p.Values) == 0 {
					return nil, fmt.Errorf("%s: no pixels to take statistics of", o.ID)
				}
				fitted[key] = f
			}
			out[i].fns = append(out[i].fns, f)
		}
	}
	return out, nil
}

// group says by which positions a plane's function differs from that of others.
func (s step) group(p Plane) string {
	at := make([]string, 0, len(p.At))
	for axis, i := range p.At {
		if s.along == axis || s.statistic && s.axes != nil && !slices.Contains(s.axes, axis) {
			at = append(at, fmt.Sprint(axis, i))
		}
	}
	slices.Sort(at)
	return fmt.Sprint(at)
}

// together are the values of all planes of a group.
func (s step) together(planes []Plane, key string) population {
	var all population
	if !s.statistic {
		return all
	}
	for _, p := range planes {
		if s.group(p) != key {
			continue
		}
		if all.values == nil {
			all = population{p.Values, p.Counts, true}
			continue
		}
		all.values = slices.Concat(all.values, p.Values)
		if p.Counts != nil {
			all.counts = slices.Concat(all.counts, p.Counts)
		}
	}
	return all
}

// Held reports whether operations need whole tensors in memory: inputs that are not
// planar, or outputs that ask for statistics of an input.
func (m *Model) Held() bool {
	for i := range m.Inputs {
		if t := &m.Inputs[i]; !t.Optional && !t.Planar() {
			return true
		}
	}
	for _, t := range m.Outputs {
		for _, o := range t.Ops {
			if ref, _ := o.Kwargs["reference_tensor"].(string); slices.ContainsFunc(m.Inputs, func(x Tensor) bool { return x.ID == ref }) {
				return true
			}
		}
	}
	return false
}
