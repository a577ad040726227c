package annotation_test

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/segment"
)

var (
	before = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	then   = before.Add(time.Hour) // when people decide
	after  = then.Add(time.Hour)
)

func rect(x, y, w, h float64) []annotation.Point {
	return []annotation.Point{{X: x, Y: y}, {X: x + w, Y: y}, {X: x + w, Y: y + h}, {X: x, Y: y + h}}
}

// thing is an object by name with the outline that a run has given it.
func thing(id string, outline []annotation.Point) annotation.Object {
	return annotation.Object{ID: id, Class: "nucleus", State: annotation.Predicted, Outline: outline}
}

// diary writes logs.
type diary []annotation.Entry

func (d *diary) add(e annotation.Edit) {
	e.At = then
	*d = append(*d, annotation.Entry{Seq: int64(len(*d) + 1), Edit: e})
}

func (d *diary) judge(o annotation.Object, s annotation.State) annotation.Object {
	to := o
	to.State = s
	d.add(annotation.Edit{Kind: annotation.Change, Before: &o, After: &to})
	return to
}

func (d *diary) remove(o annotation.Object) {
	d.add(annotation.Edit{Kind: annotation.Remove, Before: &o})
}

func (d *diary) draw(id string, outline []annotation.Point) {
	o := thing(id, outline)
	o.State = annotation.Drawn
	d.add(annotation.Edit{Kind: annotation.Add, After: &o})
}

// replay lays a log over what a run has found at a time.
func (d diary) replay(made time.Time, found ...annotation.Object) string {
	l := annotation.Layer{Made: made, Objects: found}
	out := annotation.Replay(l, d, segment.Overlap)
	l.Objects = slices.Clone(out)
	if again := annotation.Replay(l, d, segment.Overlap); !reflect.DeepEqual(out, again) {
		return fmt.Sprintf("%s, and once more %s", ids(out), ids(again))
	}
	return ids(out)
}

// TestDecisionsOutliveNewNames: a person has looked at each of 36 discs; the next run, with
// another threshold or version, has other names and somewhat smaller discs for them.
func TestDecisionsOutliveNewNames(t *testing.T) {
	disc := func(i int, r float64) (out []annotation.Point) {
		x, y := float64(30+40*(i%6)), float64(30+40*(i/6))
		for k := range 24 {
			sin, cos := math.Sincos(float64(k) * math.Pi / 12)
			out = append(out, annotation.Point{X: x + r*cos, Y: y + r*sin})
		}
		return out
	}
	var d diary
	var found []annotation.Object
	for i := range 36 {
		s := annotation.Accepted
		if i%6 == 5 {
			s = annotation.Rejected
		}
		d.judge(thing(fmt.Sprint("old", i), disc(i, 12)), s)
		found = append(found, thing(fmt.Sprint("new", i), disc(i, 9.5)))
	}
	l := annotation.Layer{Made: after, Objects: found}
	got := annotation.Replay(l, d, segment.Overlap)
	if n := annotation.Count(got); n != (annotation.Counts{Accepted: 30, Rejected: 6}) {
		t.Errorf("%+v", n)
	}
	for i, o := range got {
		if o.ID != fmt.Sprint("old", i) {
			t.Fatalf("%s is in the place of %d", o.ID, i)
		}
	}
	// One is taken back: what the run has found there is there again, and nothing of before.
	e, _ := annotation.Undo(d)
	d.add(e)
	got = annotation.Replay(l, d, segment.Overlap)
	if n := annotation.Count(got); n != (annotation.Counts{Predicted: 1, Accepted: 30, Rejected: 5}) || got[35].ID != "new35" {
		t.Errorf("after an undo: %+v, %s", n, got[35].ID)
	}
}

func TestReplayOverAnotherRun(t *testing.T) {
	a, b := thing("a", rect(0, 0, 20, 20)), thing("b", rect(20, 0, 20, 20))
	cell := thing("cell", rect(0, 0, 24, 24))
	cell.Class = "cell"
	inCell := thing("n", rect(1, 1, 20, 20))
	for name, c := range map[string]struct {
		log   func(d *diary)
		made  time.Time
		found []annotation.Object
		want  string
	}{
		"deleted":           {func(d *diary) { d.remove(a) }, after, []annotation.Object{thing("a'", rect(1, 1, 19, 19)), thing("b'", rect(20, 0, 20, 20))}, "b':predicted "},
		"accepted, deleted": {func(d *diary) { d.remove(d.judge(a, annotation.Accepted)) }, after, []annotation.Object{thing("a'", rect(1, 1, 19, 19))}, ""},
		"gone":              {func(d *diary) { d.judge(a, annotation.Accepted) }, after, []annotation.Object{b}, "b:predicted a:accepted "},
		"shrunk":            {func(d *diary) { d.judge(a, annotation.Accepted) }, after, []annotation.Object{thing("a'", rect(4, 4, 11, 11))}, "a:accepted "},
		"drawn before":      {func(d *diary) { d.draw("d", rect(0, 0, 20, 20)) }, after, []annotation.Object{thing("a'", rect(1, 1, 19, 19)), b}, "d:drawn b:predicted "},
		"drawn over":        {func(d *diary) { d.draw("d", rect(0, 0, 20, 20)) }, before, []annotation.Object{a, b}, "a:predicted b:predicted d:drawn "},
		"merged anew": {func(d *diary) {
			d.judge(a, annotation.Accepted)
			d.judge(b, annotation.Accepted)
		}, after, []annotation.Object{thing("ab", rect(0, 0, 40, 20))}, "a:accepted b:accepted "},
		"merged by a person": {func(d *diary) {
			ab := a
			ab.Outline, ab.State = rect(0, 0, 40, 20), annotation.Accepted
			d.add(annotation.Edit{Kind: annotation.Change, Before: &a, After: &ab})
			d.remove(b)
		}, after, []annotation.Object{thing("a'", rect(0, 0, 19, 20)), thing("b'", rect(20, 0, 19, 20))}, "a:accepted "},
		"cut down by a person": {func(d *diary) {
			less := a
			less.Outline, less.State = rect(0, 0, 5, 5), annotation.Accepted
			d.add(annotation.Edit{Kind: annotation.Change, Before: &a, After: &less})
		}, after, []annotation.Object{thing("a'", rect(0, 1, 20, 19))}, "a:accepted "},
		"fell apart": {func(d *diary) { d.judge(thing("ab", rect(0, 0, 40, 20)), annotation.Accepted) }, after, []annotation.Object{a, b}, "ab:accepted "},
		"rejected, and fell apart": {func(d *diary) {
			d.judge(thing("ab", rect(0, 0, 40, 20)), annotation.Rejected)
		}, after, []annotation.Object{a, b}, "a:predicted b:predicted ab:rejected "},
		"a nucleus in its cell": {func(d *diary) { d.judge(cell, annotation.Rejected) }, after, []annotation.Object{inCell, func() annotation.Object {
			c := cell
			c.ID = "cell'"
			return c
		}()}, "n:predicted cell:rejected "},
		"a class renamed": {func(d *diary) { d.judge(cell, annotation.Rejected) }, after, []annotation.Object{inCell}, "cell:rejected "},
		"beside":          {func(d *diary) { d.judge(a, annotation.Accepted) }, after, []annotation.Object{thing("c", rect(12, 0, 20, 20))}, "c:predicted a:accepted "},
		"no outline":      {func(d *diary) { d.judge(thing("o", nil), annotation.Accepted) }, after, []annotation.Object{a, thing("p", nil)}, "a:predicted p:predicted o:accepted "},
		"a slide": {func(d *diary) {
			d.judge(thing("o", rect(0, 0, 9e4, 8e4)), annotation.Accepted)
		}, after, []annotation.Object{a, thing("o'", rect(9, 9, 9e4, 8e4))}, "a:predicted o:accepted "},
	} {
		var d diary
		c.log(&d)
		if got := d.replay(c.made, c.found...); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestANameIsNotAThing: with a threshold that no longer finds the dot, the ring around it has its
// name; what was decided on the dot is not decided on the ring, nor the other way round.
func TestANameIsNotAThing(t *testing.T) {
	dot := thing("m", rect(9, 9, 2, 2))
	ring := thing("m", annotation.Join(rect(0, 0, 20, 20), [][]annotation.Point{rect(5, 5, 10, 10)}))
	var rejected, deleted, both, moved diary
	rejected.judge(dot, annotation.Rejected)
	deleted.remove(dot)
	both.judge(dot, annotation.Rejected)
	other := ring
	other.ID = "m'"
	both.judge(other, annotation.Accepted)
	moved.judge(dot, annotation.Rejected)
	dot.ID = "m1"
	for name, c := range map[string]struct {
		d     diary
		found []annotation.Object
		want  string
	}{
		"rejected":    {rejected, []annotation.Object{ring}, "m':predicted m:rejected "},
		"deleted":     {deleted, []annotation.Object{ring}, "m':predicted "},
		"both":        {both, []annotation.Object{ring}, "m':accepted m:rejected "},
		"other name":  {moved, []annotation.Object{ring, dot}, "m':predicted m:rejected "},
		"taken back":  {append(both[:1:1], annotation.Entry{Seq: 2, Edit: annotation.Edit{Undoes: 1}}), []annotation.Object{ring}, "m:predicted "},
		"still there": {rejected, []annotation.Object{thing("m", rect(9, 9, 2, 3))}, "m:rejected "},
	} {
		if got := c.d.replay(after, c.found...); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestBareIsWhatTheModelHadFound(t *testing.T) {
	a, b, c := thing("a", rect(0, 0, 20, 20)), thing("b", rect(20, 0, 20, 20)), thing("c", rect(40, 0, 20, 20))
	var d diary
	d.judge(d.judge(a, annotation.Rejected), annotation.Accepted)
	d.remove(b)
	d.draw("d", rect(90, 0, 20, 20))
	d.judge(c, annotation.Rejected)
	e, _ := annotation.Undo(d)
	d.add(e)
	now := annotation.Replay(annotation.Layer{Objects: []annotation.Object{a, b, c}}, d, nil)
	if got := ids(annotation.Bare(now, d)); got != "a:predicted c:predicted b:predicted " {
		t.Error(got)
	}
}
