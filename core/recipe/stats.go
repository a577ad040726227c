package recipe

import (
	"math"
	"slices"
	"sort"
)

// ranked is a population in order of value: cum[i] values are at most v[i]. Without cum each
// of v counts once.
type ranked struct {
	v   []float32
	cum []int64
}

func rank(values []float32, counts []int64) ranked {
	if counts == nil { // four bytes a pixel are enough
		v := make([]float32, 0, len(values))
		for _, x := range values {
			if finite(x) {
				v = append(v, x)
			}
		}
		slices.Sort(v)
		return ranked{v: v}
	}
	order := make([]int32, 0, len(values))
	for i, x := range values {
		if finite(x) && counts[i] > 0 {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		switch {
		case values[a] < values[b]:
			return -1
		case values[a] > values[b]:
			return 1
		}
		return 0
	})
	r := ranked{v: make([]float32, len(order)), cum: make([]int64, len(order))}
	var n int64
	for i, j := range order {
		r.v[i] = values[j]
		n += counts[j]
		r.cum[i] = n
	}
	return r
}

func (r ranked) len() int64 {
	if len(r.cum) == 0 {
		return int64(len(r.v))
	}
	return r.cum[len(r.cum)-1]
}

// at returns the k-th value from below, from 0.
func (r ranked) at(k int64) float32 {
	if r.cum == nil {
		return r.v[k]
	}
	return r.v[sort.Search(len(r.cum)-1, func(i int) bool { return r.cum[i] > k })]
}

// finite reports whether x counts in statistics: one infinity would make them useless.
func finite(x float32) bool { return x-x == 0 } //nolint:gocritic // NaN of the others

// Percentiles returns percentiles (0…100) of values of which each counts counts[i] times,
// as numpy.percentile(…, method="linear") of the finite ones; counts nil means once each.
func Percentiles(values []float32, counts []int64, ps ...float64) []float64 {
	r := rank(values, counts)
	out := make([]float64, len(ps))
	n := r.len()
	for i, p := range ps {
		if n == 0 {
			out[i] = math.NaN()
			continue
		}
		pos := p / 100 * float64(n-1)
		k := int64(pos)
		a, b := float64(r.at(k)), float64(r.at(min(k+1, n-1)))
		if t := pos - float64(k); t < 0.5 { // from the nearer end, as numpy does
			out[i] = a + (b-a)*t
		} else {
			out[i] = b - (b-a)*(1-t)
		}
	}
	return out
}

// invertedCDF returns the smallest value that at least p percent of the values do not
// exceed: numpy.percentile(…, method="inverted_cdf").
func invertedCDF(values []float32, counts []int64, p float64) float32 {
	r := rank(values, counts)
	n := r.len()
	if n == 0 {
		return float32(math.NaN())
	}
	k := int64(math.Ceil(p/100*float64(n))) - 1
	return r.at(min(max(k, 0), n-1))
}

// moments returns mean and standard deviation (of the population, ddof 0) in two passes,
// of the finite values.
func moments(values []float32, counts []int64) (mean, std float64) {
	each := func(f func(x, weight float64)) {
		for i, x := range values {
			switch {
			case !finite(x):
			case counts == nil:
				f(float64(x), 1)
			default:
				f(float64(x), float64(counts[i]))
			}
		}
	}
	var n, sum, sq float64
	each(func(x, weight float64) { n, sum = n+weight, sum+weight*x })
	mean = sum / n
	each(func(x, weight float64) { sq += weight * (x - mean) * (x - mean) })
	return mean, math.Sqrt(sq / n)
}
