package tileview

import (
	"math"
	"slices"
)

// Bins is how many columns a histogram has.
const Bins = 128

// Range is what the samples of a channel span. Low and High leave out the darkest and the
// brightest few: contrast starts with them.
type Range struct {
	Min, Max, Low, High float64
	Least, Most         float64   // as far as contrast can be set: on other planes there may be more
	From, To            float64   // the histogram's ends: a few hot pixels don't stretch it
	Bins                [Bins]int // samples from From to To, in equal steps
	ranks               []float64 // the percentiles, a tenth of a percent apart
}

const rankSteps = 1000

// None reports whether there were no samples.
func (r Range) None() bool { return len(r.ranks) == 0 }

// Percentile returns the sample below which q percent lie.
func (r Range) Percentile(q float64) float64 {
	if r.None() {
		return r.Min + (r.Max-r.Min)*q/100
	}
	return r.ranks[int(math.Round(min(max(q/100, 0), 1)*rankSteps))]
}

// NewRange sums samples up; it sorts them.
func NewRange(all []float64) Range {
	if len(all) == 0 {
		return Range{Max: 1, High: 1, Most: 1, To: 1}
	}
	slices.Sort(all)
	at := func(q float64) float64 { return all[int(math.Round(q*float64(len(all)-1)))] }
	r := Range{Min: all[0], Max: all[len(all)-1], Low: at(0.002), High: at(0.998), ranks: make([]float64, rankSteps+1)}
	for i := range r.ranks {
		r.ranks[i] = at(float64(i) / rankSteps)
	}
	r.Least, r.Most = r.Min, r.Max
	if r.High <= r.Low {
		r.Low, r.High = r.Min, max(r.Max, above(r.Min))
	}
	r.span(all, r.Min, min(max(r.Max, above(r.Min)), r.High+(r.High-r.Low)/2))
	return r
}

// Whole returns the range with a histogram of all samples, up to the largest; all are those it was
// made of.
func (r Range) Whole(all []float64) Range {
	r.span(all, r.Min, max(r.Max, above(r.Min)))
	return r
}

// above is a sample that is larger than v, also where v+1 is v.
func above(v float64) float64 { return v + max(1, math.Abs(v)*1e-6) }

// span counts samples from one to another, anew; none lies below.
func (r *Range) span(all []float64, from, to float64) {
	r.From, r.To, r.Bins = from, to, [Bins]int{}
	scale := Bins / (to - from)
	for _, v := range all {
		if v <= to {
			r.Bins[min(Bins-1, int((v-from)*scale))]++
		}
	}
}
