package annotation

import "slices"

// Entry is an edit with its number in the image's log; numbers grow.
type Entry struct {
	Seq int64
	Edit
}

// Lay returns objects with edits laid over them by name, in the order of objects and then of
// drawing.
func Lay(objects []Object, edits ...Edit) []Object {
	out := slices.Clone(objects)
	at := names(out)
	gone := map[int]bool{}
	var all []Edit
	for _, e := range edits {
		all = append(all, e.All()...)
	}
	for _, e := range all {
		switch {
		case e.After != nil:
			if i, ok := at[e.After.ID]; ok {
				out[i] = *e.After
				delete(gone, i)
				continue
			}
			at[e.After.ID] = len(out)
			out = append(out, *e.After)
		case e.Before != nil:
			if i, ok := at[e.Before.ID]; ok {
				gone[i] = true
			}
		}
	}
	kept := out[:0]
	for i, o := range out {
		if !gone[i] {
			kept = append(kept, o)
		}
	}
	return kept
}

// Bare returns objects as they were before anybody corrected them.
func Bare(objects []Object, log []Entry) []Object {
	done, _ := stacks(log)
	back := make([]Edit, 0, len(done))
	for _, e := range slices.Backward(done) {
		back = append(back, reverse(e.Edit))
	}
	return Lay(objects, back...)
}

func names(objects []Object) map[string]int {
	at := make(map[string]int, len(objects))
	for i, o := range objects {
		at[o.ID] = i
	}
	return at
}

// Undo returns the edit that takes back the last one still standing; false if none is.
func Undo(log []Entry) (Edit, bool) {
	done, _ := stacks(log)
	if len(done) == 0 {
		return Edit{}, false
	}
	e := done[len(done)-1]
	back := reverse(e.Edit)
	back.Undoes = e.Seq
	return back, true
}

// Redo returns the edit that brings back what was undone last; false if nothing was.
func Redo(log []Entry) (Edit, bool) {
	_, undone := stacks(log)
	if len(undone) == 0 {
		return Edit{}, false
	}
	e := undone[len(undone)-1]
	again := Edit{Kind: e.Kind, Before: e.Before, After: e.After, With: e.With, Redoes: e.Seq}
	return again, true
}

// Pending is how many edits the log has beyond its first n entries: those that stand now and did
// not then, and those that stood and were taken back.
func Pending(log []Entry, n int) int {
	then, _ := stacks(log[:n])
	now, _ := stacks(log)
	stood := make(map[int64]bool, len(then))
	for _, e := range then {
		stood[e.Seq] = true
	}
	count := len(then)
	for _, e := range now {
		if stood[e.Seq] {
			count--
		} else {
			count++
		}
	}
	return count
}

// stacks returns the edits that stand, and those undone since the last new one.
func stacks(log []Entry) (done, undone []Entry) {
	for _, e := range log {
		switch {
		case e.Undoes != 0 && len(done) > 0:
			undone = append(undone, done[len(done)-1])
			done = done[:len(done)-1]
		case e.Redoes != 0 && len(undone) > 0:
			done = append(done, undone[len(undone)-1])
			undone = undone[:len(undone)-1]
		default:
			done, undone = append(done, e), nil
		}
	}
	return done, undone
}

func reverse(e Edit) Edit {
	r := Edit{Kind: e.Kind, Before: e.After, After: e.Before}
	switch e.Kind {
	case Add:
		r.Kind = Remove
	case Remove:
		r.Kind = Add
	case Change:
	}
	for _, w := range e.With {
		r.With = append(r.With, reverse(w))
	}
	return r
}

// Counts are how many objects stand in each state.
type Counts struct{ Predicted, Accepted, Rejected, Drawn int }

// Kept is how many objects count as there: all but the rejected.
func (c Counts) Kept() int { return c.Predicted + c.Accepted + c.Drawn }

// Count counts objects by state.
func Count(objects []Object) Counts {
	var c Counts
	for _, o := range objects {
		switch o.State {
		case Accepted:
			c.Accepted++
		case Rejected:
			c.Rejected++
		case Drawn:
			c.Drawn++
		case Predicted:
			c.Predicted++
		}
	}
	return c
}
