package segment

import (
	"errors"
	"math"
	"slices"
)

// Agreement is how well predicted objects match true ones at one IoU.
type Agreement struct {
	IoU        float64 // two objects match from this intersection over union on
	TP, FP, FN int
	MeanIoU    float64 // of the pairs that match; 0 if none
}

// AP is TP / (TP + FP + FN), what the field calls average precision at one threshold.
func (a Agreement) AP() float64 { return ratio(a.TP, a.TP+a.FP+a.FN) }

// F1 is the harmonic mean of precision and recall.
func (a Agreement) F1() float64 { return ratio(2*a.TP, 2*a.TP+a.FP+a.FN) }

// Precision is the part of the predicted objects that are true.
func (a Agreement) Precision() float64 { return ratio(a.TP, a.TP+a.FP) }

// Recall is the part of the true objects that were found.
func (a Agreement) Recall() float64 { return ratio(a.TP, a.TP+a.FN) }

// CountError is the difference of the numbers of objects, relative to the true one.
func (a Agreement) CountError() float64 {
	return float64(a.FP-a.FN) / math.Max(1, float64(a.TP+a.FN))
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Match compares label images of one size (0 is background) as stardist.matching does:
// each object is in at most one pair, and as many pairs as possible reach the IoU.
func Match(truth, pred []uint32, ious ...float64) ([]Agreement, error) {
	if len(truth) != len(pred) {
		return nil, errors.New("label images of different sizes")
	}
	type pair struct{ t, p uint32 }
	inter, nt, np := map[pair]int{}, map[uint32]int{}, map[uint32]int{}
	for i, t := range truth {
		p := pred[i]
		if t != 0 {
			nt[t]++
		}
		if p != 0 {
			np[p]++
		}
		if t != 0 && p != 0 {
			inter[pair{t, p}]++
		}
	}
	out := make([]Agreement, len(ious))
	for i, iou := range ious {
		edges := map[uint32][]edge{}
		for k, n := range inter {
			if v := float64(n) / float64(nt[k.t]+np[k.p]-n); v >= iou {
				edges[k.t] = append(edges[k.t], edge{k.p, v})
			}
		}
		tp, sum := pairUp(edges)
		out[i] = Agreement{IoU: iou, TP: tp, FP: len(np) - tp, FN: len(nt) - tp}
		if tp > 0 {
			out[i].MeanIoU = sum / float64(tp)
		}
	}
	return out, nil
}

type edge struct {
	to  uint32
	iou float64
}

// pairUp finds the most pairs by augmenting paths, best edges first. From an IoU of 0.5
// on an object has at most one partner above it and there is nothing to choose.
func pairUp(edges map[uint32][]edge) (n int, sum float64) {
	from := make([]uint32, 0, len(edges))
	for t, es := range edges {
		from = append(from, t)
		slices.SortFunc(es, func(a, b edge) int {
			if a.iou != b.iou {
				if a.iou > b.iou {
					return -1
				}
				return 1
			}
			return int(int64(a.to) - int64(b.to))
		})
	}
	slices.Sort(from)
	owner := map[uint32]uint32{}
	var try func(t uint32, seen map[uint32]bool) bool
	try = func(t uint32, seen map[uint32]bool) bool {
		for _, e := range edges[t] {
			if seen[e.to] {
				continue
			}
			seen[e.to] = true
			if o, taken := owner[e.to]; !taken || try(o, seen) {
				owner[e.to] = t
				return true
			}
		}
		return false
	}
	for _, t := range from {
		if try(t, map[uint32]bool{}) {
			n++
		}
	}
	for _, t := range from { // in a fixed order, so that the sum is always the same
		for _, e := range edges[t] {
			if owner[e.to] == t {
				sum += e.iou
			}
		}
	}
	return n, sum
}
