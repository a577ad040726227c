package annotation

import (
	"slices"
	"time"
)

// decision is what the edits that stand have made of one object.
type decision struct {
	was *Object // as the model had found it; nil if a person drew it
	now *Object // nil if it was deleted
	at  time.Time
	seq int64 // in the log
}

// Replay returns a layer's objects with the log laid over them, in the order of the layer and
// then of drawing. Only what was not taken back counts.
//
// What a person decided outlives a new run of the model, which may give the same thing
// another name: a decision on an object that the layer no longer has stands in the place of
// what was predicted there, an accepted one also of the parts into which it has fallen. So
// does what a person drew before the model found it. Each decision is held against the
// layer as it came: which came first matters only to the order.
//
// A name tells only where the middle of a thing is: the ring around what was rejected may have it
// once that is not found any more. Such an object gets another name here, each time the same.
func Replay(l Layer, log []Entry, overlap Overlap) []Object {
	at := names(l.Objects)
	open := make([]bool, len(l.Objects))      // predicted, and nobody decided on it by name
	stands := make([]*Object, len(l.Objects)) // what there is in the place of each
	for i := range l.Objects {
		open[i], stands[i] = l.Objects[i].State == Predicted, &l.Objects[i]
	}
	var others []decision
	for _, d := range decisions(log) {
		i, ok := at[d.id()]
		switch {
		case !ok:
			others = append(others, d)
		case d.names(l.Objects[i], overlap):
			open[i], stands[i] = false, d.now
		default:
			others = append(others, d)
			o := *stands[i]
			o.ID += "'"
			stands[i], at[o.ID] = &o, i
		}
	}
	var more []*Object
	if len(others) > 0 {
		more = replace(stands, others, newPlaces(l.Objects, open), l, overlap)
	}
	out := make([]Object, 0, len(stands)+len(more))
	for _, o := range slices.Concat(stands, more) {
		if o != nil {
			out = append(out, *o)
		}
	}
	return out
}

// replace puts what was decided on objects of other runs in the place of what is the same in a
// layer, and returns what has none.
func replace(stands []*Object, others []decision, all *places, l Layer, overlap Overlap) (more []*Object) {
	taken := make([]bool, len(stands))
	for _, d := range others {
		place := -1
		for _, i := range all.same(d, l, overlap) {
			if taken[i] {
				continue
			}
			stands[i] = nil
			if place < 0 {
				place = i
			}
		}
		if place < 0 || d.now == nil {
			more = append(more, d.now)
			continue
		}
		taken[place], stands[place] = true, d.now
	}
	return more
}

// decisions are what stands of a log, in the order in which objects were first touched.
func decisions(log []Entry) []decision {
	done, _ := stacks(log)
	var out []decision
	at := map[string]int{}
	var all []decision
	for _, e := range done {
		for _, one := range e.All() {
			all = append(all, decision{was: one.Before, now: one.After, at: e.At, seq: e.Seq})
		}
	}
	for _, d := range all {
		if d.was == nil && d.now == nil {
			continue
		}
		if i, ok := at[d.id()]; ok {
			out[i].now, out[i].at, out[i].seq = d.now, d.at, d.seq
			continue
		}
		at[d.id()] = len(out)
		out = append(out, d)
	}
	return slices.DeleteFunc(out, func(d decision) bool { return d.was == nil && d.now == nil }) // drawn and deleted again
}

func (d decision) id() string {
	if d.was != nil {
		return d.was.ID
	}
	return d.now.ID
}

// names reports whether an object that has the name of what the decision is about is that.
func (d decision) names(o Object, overlap Overlap) bool {
	if o.State != Predicted {
		return true
	}
	for _, was := range []*Object{d.was, d.now} {
		if was == nil {
			continue
		}
		if slices.Equal(was.Outline, o.Outline) {
			return true
		}
		if both, own, its := overlap(was.Outline, o.Outline); both > 0 && d.is(was.Class == o.Class, both, own, its) {
			return true
		}
	}
	return false
}

// mayReplace reports whether something in a layer may be what the decision is about. What a
// person drew beside objects that were there is another thing; a clock may have been set back
// since.
func (d decision) mayReplace(l Layer) bool {
	later := l.Made.After(d.at)
	if l.Since > 0 {
		later = d.seq < l.Since
	}
	return d.was != nil || d.now.State != Rejected && later
}

// is reports whether a prediction is what the decision is about, by how much of both outlines
// lies in both: most of their union. One of another class, such as a nucleus in its cell, must
// be nearly the same. What was accepted may have shrunk more, or fallen apart.
func (d decision) is(sameClass bool, both, its, others float64) bool {
	union := its + others - both
	switch {
	case !sameClass:
		return 5*both > 4*union
	case 2*both > union:
		return true
	}
	accepted := d.was != nil && d.now != nil && d.now.State != Rejected
	return accepted && 2*both > min(its, others) && 4*both > max(its, others)
}
