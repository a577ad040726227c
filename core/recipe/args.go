package recipe

import (
	"errors"
	"fmt"
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

func (k *args) required(name string) float64 {
	if _, ok := k.op.Kwargs[name]; !ok {
		k.errs = append(k.errs, fmt.Errorf("%s is missing", name))
	}
	return k.number(name, 0)
}

func (k *args) word(name string) string {
	k.used = append(k.used, name)
	s, _ := k.op.Kwargs[name].(string)
	return s
}

// axes accepts the axes of a statistic. One channel of one image makes all choices but
// one the same; statistics over a batch are those of a data set, which nobody has here.
func (k *args) axes() {
	k.used = append(k.used, "axes", "mode")
	if mode, ok := k.op.Kwargs["mode"]; ok && mode != "per_sample" {
		k.errs = append(k.errs, fmt.Errorf("mode %v", mode))
	}
	list, isList := k.op.Kwargs["axes"].([]any)
	text, _ := k.op.Kwargs["axes"].(string)
	if isList && slices.Contains(list, any("batch")) || strings.Contains(text, "b") {
		k.errs = append(k.errs, errors.New("statistics over a batch"))
	}
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
