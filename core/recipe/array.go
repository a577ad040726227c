package recipe

import (
	"fmt"
	"slices"
)

// Array is numbers with named axes, in C order: what goes into a model, or comes out.
// They are held as float32 whatever their type: whole numbers are exact up to 2²⁴.
type Array struct {
	Axes  []string
	Shape []int
	Type  string // "float32" if empty; what the numbers are to be sent as
	Data  []float32
}

// NewArray returns an array of zeros.
func NewArray(axes []string, shape []int) *Array {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return &Array{Axes: axes, Shape: shape, Data: make([]float32, n)}
}

// Clone returns a copy that shares nothing.
func (a *Array) Clone() *Array {
	return &Array{Axes: slices.Clone(a.Axes), Shape: slices.Clone(a.Shape), Type: a.Type, Data: slices.Clone(a.Data)}
}

// Size returns how long an axis is, 0 if there is none.
func (a *Array) Size(axis string) int {
	if i := slices.Index(a.Axes, axis); i >= 0 {
		return a.Shape[i]
	}
	return 0
}

// check tells whether the array is one.
func (a *Array) check() error {
	n := 1
	for _, s := range a.Shape {
		if s < 0 {
			return fmt.Errorf("shape %v", a.Shape)
		}
		n *= s
	}
	if len(a.Axes) != len(a.Shape) || n != len(a.Data) {
		return fmt.Errorf("%d numbers for axes %v of %v", len(a.Data), a.Axes, a.Shape)
	}
	return nil
}

// runs calls f for stretches from ≤ i < to of the data that belong to one group, where
// positions along the axes in reduced make one group. Groups count in C order of the
// other axes. It returns the number of groups, also without f.
func (a *Array) runs(reduced []string, f func(from, to, group int)) int {
	n, run := 1, 1
	stride := make([]int, len(a.Axes)) // of a group, along each axis
	last := len(a.Axes) - 1
	inner := true
	for i := last; i >= 0; i-- {
		if slices.Contains(reduced, a.Axes[i]) {
			if inner {
				run *= a.Shape[i]
				last = i - 1
			}
			continue
		}
		inner = false
		stride[i] = n
		n *= a.Shape[i]
	}
	if f == nil || run == 0 {
		return n
	}
	at := make([]int, last+1)
	group := 0
	for from := 0; from < len(a.Data); from += run {
		f(from, from+run, group)
		for i := last; i >= 0; i-- {
			at[i]++
			group += stride[i]
			if at[i] < a.Shape[i] {
				break
			}
			group -= stride[i] * at[i]
			at[i] = 0
		}
	}
	return n
}

// populations collects the values of each group.
func (a *Array) populations(reduced []string) []population {
	n := a.runs(reduced, nil)
	if n == 1 {
		return []population{{values: a.Data}}
	}
	out := make([]population, n)
	for i := range out {
		out[i].values = make([]float32, 0, len(a.Data)/n)
	}
	a.runs(reduced, func(from, to, g int) { out[g].values = append(out[g].values, a.Data[from:to]...) })
	return out
}

// others are the axes but one.
func (a *Array) others(axis string) []string {
	return slices.DeleteFunc(slices.Clone(a.Axes), func(s string) bool { return s == axis })
}
