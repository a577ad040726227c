package recipe

import (
	"errors"
	"fmt"
	"math"
)

// step is an operation that still needs statistics: fit looks at the values of its own
// tensor and, if it names one, of another, and returns what to do with one number.
type step struct {
	fit       func(own, ref population, k int) (func(float32) float32, error)
	statistic bool
	axes      []string // that a statistic is taken over; nil: all
	ref       string   // the tensor that a statistic is of, if not its own
	along     string   // the axis along which arguments differ; fit's k is the position
	lists     int      // how many arguments there are along it
	cast      string   // the type that numbers have afterwards, if it changes
	same      bool     // numbers stay as they are
	softmax   string   // the axis of a softmax, which is no function of one number
}

// population is values of which each counts counts[i] times; counts nil means once.
type population struct {
	values []float32
	counts []int64
	own    bool // values may be put in another order: those of a large image are not to be in memory twice
}

// plain makes a step of a function that needs no statistics.
func plain(f func(float32) float32) step {
	return step{fit: func(population, population, int) (func(float32) float32, error) { return f, nil }}
}

// step returns what the operation does; fault.Invalid for one that is not known or whose
// arguments make no sense. Formulas and defaults are those of the RDF specification, and
// where it is silent those of bioimageio.core.
func (o Op) step() (step, error) {
	k := args{op: o}
	var s step
	switch o.ID {
	case "binarize":
		s = k.binarize()
	case "clip":
		s = k.clip()
	case "ensure_dtype":
		s = k.dtype()
	case "sigmoid":
		s = plain(func(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) })
	case "scale_linear":
		s = k.scaleLinear()
	case "fixed_zero_mean_unit_variance":
		s = k.fixed()
	case "zero_mean_unit_variance":
		s = k.standard()
	case "scale_range":
		s = k.scaleRange()
	case "scale_mean_variance":
		s = k.meanVariance()
	default:
		return s, invalid(fmt.Sprintf("The model needs the operation %q, which Coverslip does not know.", o.ID), nil)
	}
	return s, k.end()
}

// perChannel makes a step of arguments that may differ along an axis.
func (k *args) perChannel(n int, f func(i int, x float64) float64) step {
	s := step{along: k.word("axis"), lists: n}
	if s.along == "" && n > 1 {
		k.errs = append(k.errs, errors.New("a list without an axis"))
	}
	s.fit = func(_, _ population, i int) (func(float32) float32, error) {
		if n == 1 {
			i = 0
		}
		if i >= n {
			return nil, fmt.Errorf("%d arguments, and none for position %d along %s", n, i+1, s.along)
		}
		return func(x float32) float32 { return float32(f(i, float64(x))) }, nil
	}
	return s
}

func (k *args) binarize() step {
	t := k.numbers("threshold", math.NaN())
	s := k.perChannel(len(t), func(i int, x float64) float64 {
		if x > t[i] {
			return 1
		}
		return 0
	})
	s.cast = "bool"
	return s
}

func (k *args) scaleLinear() step {
	gain, offset := k.numbers("gain", 1), k.numbers("offset", 0)
	n := k.sameLength(&gain, &offset)
	return k.perChannel(n, func(i int, x float64) float64 { return x*gain[i] + offset[i] })
}

// fixed adds 1e-6 to the deviation, as bioimageio.core does.
func (k *args) fixed() step {
	mean, std := k.numbers("mean", math.NaN()), k.numbers("std", math.NaN())
	n := k.sameLength(&mean, &std)
	for _, s := range std {
		if s < 1e-6 {
			k.errs = append(k.errs, errors.New("std below 1e-6"))
		}
	}
	return k.perChannel(n, func(i int, x float64) float64 { return (x - mean[i]) / (std[i] + 1e-6) })
}

func (k *args) scaleRange() step {
	lo, hi := k.number("min_percentile", 0), k.number("max_percentile", 100)
	eps := k.number("eps", 1e-6)
	s := step{statistic: true, axes: k.axes(), ref: k.word("reference_tensor")}
	if lo < 0 || hi > 100 || lo >= hi {
		k.errs = append(k.errs, fmt.Errorf("percentiles %v and %v", lo, hi))
	}
	s.fit = func(own, ref population, _ int) (func(float32) float32, error) {
		if ref.values != nil {
			own = ref
		}
		q := percentiles(own, lo, hi)
		low, span := q[0], q[1]-q[0]+eps
		return func(x float32) float32 { return float32((float64(x) - low) / span) }, nil
	}
	return s
}

func (k *args) standard() step {
	eps := k.number("eps", 1e-6)
	return step{statistic: true, axes: k.axes(), fit: func(own, _ population, _ int) (func(float32) float32, error) {
		mean, std := moments(own.values, own.counts)
		return func(x float32) float32 { return float32((float64(x) - mean) / (std + eps)) }, nil
	}}
}

func (k *args) meanVariance() step {
	eps := k.number("eps", 1e-6)
	s := step{statistic: true, axes: k.axes(), ref: k.word("reference_tensor")}
	if s.ref == "" {
		k.errs = append(k.errs, errors.New("reference_tensor is missing"))
	}
	s.fit = func(own, ref population, _ int) (func(float32) float32, error) {
		mean, std := moments(own.values, own.counts)
		toMean, toStd := moments(ref.values, ref.counts)
		return func(x float32) float32 {
			return float32((float64(x)-mean)/(std+eps)*(toStd+eps) + toMean)
		}, nil
	}
	return s
}

// clip takes fixed bounds or percentiles; the specification asks for the inverted_cdf
// method here, which gives a value of the image and none in between.
func (k *args) clip() step {
	lo, hi := k.number("min", math.Inf(-1)), k.number("max", math.Inf(1))
	plo, phi := k.number("min_percentile", math.NaN()), k.number("max_percentile", math.NaN())
	axes := k.axes()
	bad := func(p float64) bool { return p < 0 || p > 100 }
	if math.IsInf(lo, -1) && math.IsInf(hi, 1) && math.IsNaN(plo) && math.IsNaN(phi) || bad(plo) || bad(phi) || lo > hi || plo >= phi ||
		!math.IsInf(lo, -1) && !math.IsNaN(plo) || !math.IsInf(hi, 1) && !math.IsNaN(phi) {
		k.errs = append(k.errs, errors.New("clip has no bounds that make sense"))
	}
	fit := func(own, _ population, _ int) (func(float32) float32, error) {
		low, high := float32(lo), float32(hi)
		if !math.IsNaN(plo) {
			low = invertedCDF(own, plo)
		}
		if !math.IsNaN(phi) {
			high = invertedCDF(own, phi)
		}
		return func(x float32) float32 { return min(max(x, low), high) }, nil
	}
	return step{fit: fit, statistic: !math.IsNaN(plo) || !math.IsNaN(phi), axes: axes}
}

// dtype casts as numpy does: towards zero, and around the end of the range.
func (k *args) dtype() step {
	cast := map[string]func(float32) float32{
		"float32": func(x float32) float32 { return x }, "float64": func(x float32) float32 { return x },
		"bool": func(x float32) float32 { return truth(x != 0) },
		"int8": func(x float32) float32 { return float32(int8(int64(x))) }, "uint8": func(x float32) float32 { return float32(uint8(int64(x))) },
		"int16": func(x float32) float32 { return float32(int16(int64(x))) }, "uint16": func(x float32) float32 { return float32(uint16(int64(x))) },
		"int32": func(x float32) float32 { return float32(int32(int64(x))) }, "uint32": func(x float32) float32 { return float32(uint32(int64(x))) },
		"int64": func(x float32) float32 { return float32(int64(x)) }, "uint64": func(x float32) float32 { return float32(wrapped(x)) },
	}
	name := k.word("dtype")
	f, ok := cast[name]
	if !ok {
		k.errs = append(k.errs, fmt.Errorf("type %q", name))
	}
	s := plain(f)
	s.cast, s.same = name, name == "float32" || name == "float64"
	return s
}

// wrapped goes around below 0 on every machine.
func wrapped(x float32) uint64 {
	if x < 0 {
		return uint64(int64(x))
	}
	return uint64(x)
}

func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}
