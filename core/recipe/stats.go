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

// rank orders the finite ones.
func rank(p population) ranked {
	values, counts := p.values, p.counts
	if counts == nil { // four bytes a pixel are enough
		if !p.own {
			values = slices.Clone(values)
		}
		slices.Sort(values) // NaN first
		for len(values) > 0 && !finite(values[0]) {
			values = values[1:]
		}
		for len(values) > 0 && !finite(values[len(values)-1]) {
			values = values[:len(values)-1]
		}
		return ranked{v: values}
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

// percentiles returns percentiles (0…100), as numpy.percentile(…, method="linear") of the
// finite values.
func percentiles(of population, ps ...float64) []float64 {
	r := rank(of)
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
func invertedCDF(of population, p float64) float32 {
	r := rank(of)
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
