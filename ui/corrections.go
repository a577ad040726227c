package ui

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/flow"
)

// object returns an open object by its ID, nil if it is not there, or not yet.
func (w *window) object(id string) *annotation.Object {
	for _, o := range w.desk.objects {
		if o.ID == id {
			return &o
		}
	}
	if slices.ContainsFunc(w.desk.forming, func(o annotation.Object) bool { return o.ID == id }) {
		w.viewer.Note("What forms can be corrected when the prediction has ended.")
	}
	return nil
}

func (w *window) judge(id string, s annotation.State) {
	before := w.object(id)
	if before == nil || before.State == s {
		return
	}
	after := *before
	after.State, after.By = s, w.station.Settings().Person.Name
	w.correct(annotation.Edit{Kind: annotation.Change, Before: before, After: &after})
}

// reshape gives an object another outline. What broke off of it are objects of their own, drawn by a person, that
// come and go with that.
func (w *window) reshape(id string, ring []annotation.Point, off [][]annotation.Point) {
	before := w.object(id)
	if before == nil {
		return
	}
	after := *before
	after.Outline = ring
	var with []annotation.Edit
	for _, piece := range off {
		o := w.byHand(before.Class, piece)
		with = append(with, annotation.Edit{Kind: annotation.Add, After: &o})
	}
	w.amend(before, after, with...)
}

// classify gives an object another class, which what is drawn from then on has, too; "" is no object.
func (w *window) classify(id, class string) {
	w.class = class
	if before := w.object(id); before != nil && before.Class != class {
		after := *before
		after.Class = class
		w.amend(before, after)
		return
	}
	w.fillViewer()
}

// amend makes one object another, and does what stands and falls with that. Who corrects a prediction has accepted it.
func (w *window) amend(before *annotation.Object, after annotation.Object, with ...annotation.Edit) {
	after.By = w.station.Settings().Person.Name
	if after.State == annotation.Predicted || after.State == annotation.Rejected {
		after.State = annotation.Accepted
	}
	w.correct(annotation.Edit{Kind: annotation.Change, Before: before, After: &after, With: with})
}

func (w *window) remove(id string) {
	if before := w.object(id); before != nil {
		w.correct(annotation.Edit{Kind: annotation.Remove, Before: before})
	}
}

func (w *window) draw(ring []annotation.Point) {
	o := w.byHand(w.drawnAs(), ring)
	w.correct(annotation.Edit{Kind: annotation.Add, After: &o})
}

// byHand is a new object of a person.
func (w *window) byHand(class string, ring []annotation.Point) annotation.Object {
	return annotation.Object{
		ID: "d-" + rand.Text()[:12], Class: class, Outline: ring, Score: 1, State: annotation.Drawn,
		By: w.station.Settings().Person.Name,
	}
}

// drawnAs is the class of what is drawn: the one that was chosen last, if there is such a thing here.
func (w *window) drawnAs() string {
	d := &w.desk
	switch all := d.classes(); {
	case slices.Contains(all, w.class):
		return w.class
	case len(d.objects) > 0:
		return d.objects[0].Class
	case len(all) > 0:
		return all[0]
	}
	return "nucleus"
}

// classes are those that an object of the open capture may have: the model's, and what is there.
func (d *desk) classes() []string {
	all, seen := slices.Clone(d.known), map[string]bool{}
	for _, c := range all {
		seen[c] = true
	}
	for _, o := range d.objects {
		if !seen[o.Class] {
			seen[o.Class] = true
			all = append(all, o.Class)
		}
	}
	return all
}

// edit changes what is shown. Until it is kept, its number is below 0.
func (d *desk) edit(e annotation.Edit) {
	d.edits++
	e.At = time.Now()
	d.lay(annotation.Lay(d.objects, e), append(d.log, annotation.Entry{Seq: -int64(d.edits), Edit: e}))
}

// correct shows an edit and keeps it, then shows what is kept. The next edit may be of the same
// object and must find what this one has made of it.
func (w *window) correct(e annotation.Edit) {
	it, ok := w.station.Items().Row(w.desk.id)
	if !ok {
		w.viewer.Note("This image is only looked at: what is drawn here is not kept.")
		return
	}
	w.change(e, func(ctx context.Context) error { return w.station.Correct(ctx, it, e) })
}

// step shows a step back or forth in the log, and takes it if it is the next one also in what is kept.
func (w *window) step(pick func([]annotation.Entry) (annotation.Edit, bool), take func(context.Context, flow.Item, annotation.Edit) (bool, error)) {
	it, ok := w.station.Items().Row(w.desk.id)
	e, can := pick(w.desk.log)
	if !ok || !can {
		return
	}
	w.change(e, func(ctx context.Context) error {
		_, err := take(ctx, it, e)
		return err
	})
}

// change shows an edit and keeps it.
func (w *window) change(e annotation.Edit, keep func(context.Context) error) {
	w.desk.edit(e)
	w.measure()
	w.fillViewer()
	w.decisions.do(keep)
	w.reread()
}
