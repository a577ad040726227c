package segment

import (
	"cmp"
	"errors"
	"maps"
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

// Shift returns by how many pixels the centroids of predicted objects lie beside those of the true
// ones, x to the right and y downwards, on average over the pairs whose IoU is above 0.5; w is the
// width of both label images. Outlines that all lie half a pixel aside match as well as others do.
func Shift(truth, pred []uint32, w int) (x, y float64) {
	type body struct{ n, x, y float64 }
	type pair struct{ t, p uint32 }
	ts, ps, both := map[uint32]body{}, map[uint32]body{}, map[pair]float64{}
	at := func(i int, b body) body { return body{b.n + 1, b.x + float64(i%w), b.y + float64(i/w)} }
	for i, t := range truth {
		p := pred[i]
		ts[t], ps[p] = at(i, ts[t]), at(i, ps[p])
		if t != 0 && p != 0 {
			both[pair{t, p}]++
		}
	}
	n := 0.0
	inOrder := func(a, b pair) int { return cmp.Or(cmp.Compare(a.t, b.t), cmp.Compare(a.p, b.p)) }
	for _, k := range slices.SortedFunc(maps.Keys(both), inOrder) { // so that sums are always the same
		if a, b := ts[k.t], ps[k.p]; both[k] > (a.n+b.n-both[k])/2 {
			n, x, y = n+1, x+b.x/b.n-a.x/a.n, y+b.y/b.n-a.y/a.n
		}
	}
	return x / max(n, 1), y / max(n, 1)
}

type edge struct {
	to  uint32
	iou float64
}

// pairing grows by augmenting paths.
type pairing struct {
	edges map[uint32][]edge
	owner map[uint32]uint32 // of each partner
}

// find gives t a partner, moving other owners to their next best if it has to.
func (p *pairing) find(t uint32, seen map[uint32]bool) bool {
	for _, e := range p.edges[t] {
		if seen[e.to] {
			continue
		}
		seen[e.to] = true
		if o, taken := p.owner[e.to]; !taken || p.find(o, seen) {
			p.owner[e.to] = t
			return true
		}
	}
	return false
}

// pairUp finds the most pairs by augmenting paths, best edges first. From an IoU of 0.5
// on an object has at most one partner above it and there is nothing to choose.
func pairUp(edges map[uint32][]edge) (n int, sum float64) {
	for _, es := range edges {
		slices.SortFunc(es, func(a, b edge) int {
			return cmp.Or(cmp.Compare(b.iou, a.iou), cmp.Compare(a.to, b.to))
		})
	}
	from := slices.Sorted(maps.Keys(edges)) // a fixed order, so that the sum is always the same
	p := pairing{edges: edges, owner: map[uint32]uint32{}}
	for _, t := range from {
		if p.find(t, map[uint32]bool{}) {
			n++
		}
	}
	for _, t := range from {
		for _, e := range edges[t] {
			if p.owner[e.to] == t {
				sum += e.iou
			}
		}
	}
	return n, sum
}
