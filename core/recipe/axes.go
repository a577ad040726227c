package recipe

import (
	"fmt"
	"math"
)

// Kind is what an axis runs over.
type Kind string

// The kinds of axes.
const (
	Batch   Kind = "batch"
	Channel Kind = "channel"
	Index   Kind = "index"
	Time    Kind = "time"
	Space   Kind = "space"
)

// Axis is one axis of a tensor.
type Axis struct {
	ID    string // "batch", "channel", "time", "index", "z", "y", "x" or the model's own
	Kind  Kind
	Size  Size
	Scale float64 // of a pixel in Unit, or relative to other tensors
	Unit  string  // "micrometer", …; may be empty
	Halo  int     // pixels to crop at each side of an output
	Names []string
}

// Size is how long an axis may be: Fixed; or Min + n·Step; or that of another tensor's
// axis, times the quotient of scales, plus Offset; or, if nothing is set, free: the size
// of a batch, or of a list whose length the data tell.
type Size struct {
	Fixed        int
	Min, Step    int
	Tensor, Axis string
	Offset       int
}

// Free reports whether only the data tell the size.
func (s Size) Free() bool { return s.Fixed == 0 && s.Step == 0 && s.Tensor == "" }

// At returns the least allowed size of n or more, for sizes that refer to nothing.
func (s Size) At(n int) int {
	switch {
	case s.Fixed > 0:
		return s.Fixed
	case s.Step > 0:
		return s.Min + (max(n-s.Min, 0)+s.Step-1)/s.Step*s.Step
	}
	return n
}

// Fits reports whether n is allowed, for sizes that refer to nothing.
func (s Size) Fits(n int) bool { return n > 0 && s.Tensor == "" && s.At(n) == n }

// Sizes are sizes by tensor and axis, in pixels.
type Sizes map[string]map[string]int

func (s Sizes) set(tensor, axis string, n int) {
	if s[tensor] == nil {
		s[tensor] = map[string]int{}
	}
	s[tensor][axis] = n
}

// batch is how many images the inputs hold; 0 if none says so.
func (s Sizes) batch(m *Model) int {
	for _, t := range m.Inputs {
		for _, a := range t.Axes {
			if n := s[t.ID][a.ID]; a.Kind == Batch && n > 0 {
				return n
			}
		}
	}
	return 0
}

// Tensor returns an input or output by its name; nil if there is none.
func (m *Model) Tensor(id string) *Tensor {
	for _, list := range [][]Tensor{m.Inputs, m.Outputs} {
		for i := range list {
			if list[i].ID == id {
				return &list[i]
			}
		}
	}
	return nil
}

// Axis returns an axis by its name; nil if there is none.
func (t *Tensor) Axis(id string) *Axis {
	for i := range t.Axes {
		if t.Axes[i].ID == id {
			return &t.Axes[i]
		}
	}
	return nil
}

// ClassNames are those of what a tensor tells apart, or else of its channels.
func (t *Tensor) ClassNames() []string {
	if c := t.Axis(string(Channel)); c != nil && len(t.Classes) == 0 {
		return c.Names
	}
	return t.Classes
}

// referred is the axis that a size refers to; nil if there is none.
func (m *Model) referred(s Size) *Axis {
	if t := m.Tensor(s.Tensor); t != nil {
		return t.Axis(s.Axis)
	}
	return nil
}

// size resolves one axis; 0 is a size that only the data tell. depth ends circles.
func (m *Model) size(known Sizes, tensor string, a Axis, depth int) (int, error) {
	if n, ok := known[tensor][a.ID]; ok {
		return n, nil
	}
	if a.Kind == Batch {
		return known.batch(m), nil
	}
	if a.Size.Tensor == "" {
		return a.Size.Fixed, nil
	}
	of := m.referred(a.Size)
	if of == nil || depth > len(m.Inputs)+len(m.Outputs) {
		return 0, m.unclear(tensor, a.ID)
	}
	n, err := m.size(known, a.Size.Tensor, *of, depth+1)
	if err != nil {
		return 0, err
	}
	return a.Size.times(n, of.Scale/a.Scale), nil
}

// times is a size that refers to one of n, at another scale.
func (s Size) times(n int, scale float64) int {
	return int(math.Floor(float64(n)*scale+1e-9)) + s.Offset
}

// Sizes returns the sizes of all axes of inputs and outputs, where in gives those of the
// inputs that may be chosen; 0 is one that only the data tell. An input that contradicts
// the description is fault.Invalid.
func (m *Model) Sizes(in Sizes) (Sizes, error) {
	out := Sizes{}
	for _, list := range [][]Tensor{m.Inputs, m.Outputs} {
		for _, t := range list {
			if _, given := in[t.ID]; t.Optional && !given {
				continue
			}
			for _, a := range t.Axes {
				n, err := m.allowed(in, t.ID, a)
				if err != nil {
					return nil, err
				}
				out.set(t.ID, a.ID, n)
			}
		}
	}
	return out, nil
}

// allowed resolves the size of one axis, and refuses one that its description does.
func (m *Model) allowed(in Sizes, tensor string, a Axis) (int, error) {
	n, err := m.size(in, tensor, a, 0)
	if err != nil {
		return 0, err
	}
	want := a.Size.Fixed
	if a.Size.Tensor != "" { // what it must be, whatever it is said to be
		want, err = m.size(Sizes{a.Size.Tensor: in[a.Size.Tensor]}, tensor, a, 0)
	}
	if err != nil || want != 0 && want != n || a.Size.Step > 0 && !a.Size.Fits(n) || n < 0 {
		return 0, invalid(fmt.Sprintf("The model's tensor %q can't have %d pixels along %s.", tensor, n, a.ID), err)
	}
	return n, nil
}

// InputHalo returns how many pixels beyond what counts the inputs need at each side, so
// that the outputs' halos can be cropped.
func (m *Model) InputHalo() (Sizes, error) {
	out := Sizes{}
	for _, t := range m.Outputs {
		for _, a := range t.Axes {
			if a.Halo == 0 {
				continue
			}
			of := m.referred(a.Size)
			if of == nil {
				return nil, m.unclear(t.ID, a.ID)
			}
			h := float64(a.Halo) * a.Scale / of.Scale
			if h != math.Trunc(h) {
				return nil, invalid(fmt.Sprintf("The halo of the model's output %q is no whole number of input pixels.", t.ID), nil)
			}
			out.set(a.Size.Tensor, a.Size.Axis, max(out[a.Size.Tensor][a.Size.Axis], int(h)))
		}
	}
	return out, nil
}

func (m *Model) unclear(tensor, axis string) error {
	return invalid(fmt.Sprintf("The size of the model's tensor %q along %s refers to nothing.", tensor, axis), nil)
}
