package recipe

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// args reads the keyword arguments of one operation and collects what is wrong with
// them: an argument that nobody asked for is an error, not a silence.
type args struct {
	op   Op
	used []string
	errs []error
}

// number returns an argument, or def if it is not there. A list of one is a number, as
// is one of equal numbers: [2, 2] is a grid of 2.
func (k *args) number(name string, def float64) float64 {
	k.used = append(k.used, name)
	v, ok := k.op.Kwargs[name]
	if !ok || v == nil {
		return def
	}
	x, ok := number(v)
	if !ok {
		k.errs = append(k.errs, fmt.Errorf("%s is %v, not one number", name, v))
	}
	return x
}

// numbers returns an argument that may be a list, or def if it is not there; NaN as def
// means that it must be.
func (k *args) numbers(name string, def float64) []float64 {
	k.used = append(k.used, name)
	v, ok := k.op.Kwargs[name]
	if !ok || v == nil {
		if math.IsNaN(def) {
			k.errs = append(k.errs, fmt.Errorf("%s is missing", name))
		}
		return []float64{def}
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	out := make([]float64, 0, len(list))
	for _, e := range list {
		x, ok := number(e)
		if !ok {
			k.errs = append(k.errs, fmt.Errorf("%s has %v, which is no number", name, e))
		}
		out = append(out, x)
	}
	if len(out) == 0 {
		k.errs = append(k.errs, fmt.Errorf("%s is empty", name))
		return []float64{def}
	}
	return out
}

// sameLength makes two lists as long as the longer one, if the other has one element.
func (k *args) sameLength(a, b *[]float64) int {
	n := max(len(*a), len(*b))
	for _, l := range []*[]float64{a, b} {
		if len(*l) == 1 {
			*l = slices.Repeat(*l, n)
		}
		if len(*l) != n {
			k.errs = append(k.errs, errors.New("lists of different lengths"))
			*l = slices.Repeat([]float64{1}, n)
		}
	}
	return n
}

func (k *args) word(name string) string {
	k.used = append(k.used, name)
	v, ok := k.op.Kwargs[name]
	s, isWord := v.(string)
	if ok && v != nil && !isWord {
		k.errs = append(k.errs, fmt.Errorf("%s is %v, not a word", name, v))
	}
	return s
}

func (k *args) flag(name string) bool {
	k.used = append(k.used, name)
	v, ok := k.op.Kwargs[name]
	is, isFlag := v.(bool)
	if ok && v != nil && !isFlag {
		k.errs = append(k.errs, fmt.Errorf("%s is %v, neither true nor false", name, v))
	}
	return is
}

// axes returns the axes that a statistic is taken over; nil are all. Statistics over a
// data set, which nobody has here, become those of the images at hand.
func (k *args) axes() []string {
	k.used = append(k.used, "axes", "mode")
	if mode, ok := k.op.Kwargs["mode"]; ok && mode != "per_sample" {
		k.errs = append(k.errs, fmt.Errorf("mode %v", mode))
	}
	var out []string
	switch v := k.op.Kwargs["axes"].(type) {
	case nil:
		return nil
	case string:
		for l := range strings.SplitSeq(v, "") {
			out = append(out, fullName(l))
		}
	case []any:
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				k.errs = append(k.errs, fmt.Errorf("axis %v", e))
			}
			out = append(out, fullName(s))
		}
	default:
		k.errs = append(k.errs, fmt.Errorf("axes %v", v))
	}
	return out
}

func (k *args) end() error {
	for name := range k.op.Kwargs {
		if !slices.Contains(k.used, name) {
			k.errs = append(k.errs, fmt.Errorf("argument %s is not known", name))
		}
	}
	if len(k.errs) == 0 {
		return nil
	}
	return invalid(fmt.Sprintf("The model's operation %q has arguments that Coverslip can't follow.", k.op.ID), errors.Join(k.errs...))
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, true
	case []any:
		if len(v) == 0 {
			return 0, false
		}
		first, ok := number(v[0])
		for _, x := range v[1:] {
			y, fine := number(x)
			ok = ok && fine && y == first
		}
		return first, ok
	}
	return 0, false
}
