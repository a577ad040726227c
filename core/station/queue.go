package station

import (
	"slices"
	"time"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
)

// Queue is what of this workspace is to be predicted.
type Queue struct {
	Running, Waiting int           // captures
	Left             time.Duration // until all of them are predicted; 0 while unknown, as with one that takes longer than others did
}

// Turns are the places of the captures in the line of those that wait to be predicted: 1 is the
// next.
func (s *Station) Turns() map[string]int { return s.flow.Turns(intake.LineName, "infer") }

// Due reports whether something of an item waits: for its turn, or for what it says.
func (s *Station) Due(it flow.Item) bool { return s.flow.Due(it) }

// lately is how many of the last predictions tell how long one takes.
const lately = 9

// Queue returns how many captures are being predicted or wait for it, and for how long.
func (s *Station) Queue() Queue {
	var q Queue
	var done []flow.Item
	var longest time.Duration // that one runs
	for _, it := range s.flow.Items.All() {
		if it.Line != intake.LineName {
			continue
		}
		switch p := it.Passes["infer"]; {
		case p.State == flow.Running:
			q.Running++
			longest = max(longest, time.Since(p.At))
		case p.State == flow.Waiting && it.Behind("capture"):
			q.Waiting++
		case p.State == flow.Passed:
			done = append(done, it)
		}
	}
	if q.Running+q.Waiting == 0 {
		return q
	}
	slices.SortFunc(done, func(a, b flow.Item) int { return b.Passes["infer"].At.Compare(a.Passes["infer"].At) })
	var took []float64
	for _, it := range done[:min(lately, len(done))] {
		var p intake.Predicted
		if it.Out("infer", &p) && p.Seconds > 0 {
			took = append(took, p.Seconds)
		}
	}
	if len(took) == 0 {
		return q
	}
	slices.Sort(took)
	if longest.Seconds() > 2*took[len(took)-1] {
		return q // it is larger, or its server slower: who knows by how much
	}
	rounds := float64(q.Waiting)/flow.AtOnce + float64(min(q.Running, 1))/2
	q.Left = time.Duration(took[len(took)/2] * rounds * float64(time.Second))
	return q
}
