package ui

import (
	"cmp"
	"fmt"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/viewer"
)

// fillViewer shows what is open.
func (w *window) fillViewer() {
	d := &w.desk
	it, ok := w.station.Items().Row(d.id)
	if d.src != nil && d.id == "" {
		w.viewer.Set(w.onlyLooked())
		return
	}
	if !ok || d.src == nil {
		w.viewer.Set(viewer.Values{})
		return
	}
	v := viewer.Values{
		ID: d.id, Title: it.Title, Source: d.src, Objects: d.followed(), Film: d.course(),
		Measured: d.measured.facts, Table: d.measured.table, Measuring: d.measured.waiting, Presets: w.presets(),
	}
	v.Place, v.Classes, v.Class = w.place(d.id), d.classes(), w.drawnAs()
	v.Counts, v.CountedBy, v.Counting = counted(d.frames.Frames), d.frames.Model, w.counting[d.id]
	v.Z, v.T = station.Lying(it, d.src.Info())
	if p, ok := station.Prediction(it); ok {
		v.Model = p.Model + "@" + p.Version
		v.Diameter = p.Diameter * micron(d.src)
		v.Part, v.Chosen, v.Note = p.Region, p.At != nil, p.Note
	}
	v.Threshold, v.Files = d.limit(), d.files
	pass := it.Passes["infer"]
	if pass.State != flow.Running && !it.Behind("infer") { // it was stopped
		d.forming = nil
	}
	if len(d.forming) > 0 { // else the objects are those of before, which the viewer knows by where they lie
		v.Objects, v.Forming = slices.Concat(v.Objects, d.forming), true
	}
	d.says(&v, pass)
	v.Names, v.Other = [2]string{"Now", "before"}, d.before
	if d.before == nil && len(d.log) > 0 {
		v.Names, v.Other = [2]string{"Corrected", "model"}, d.model()
	}
	d.offer(&v, w.station.Registered())
	_, v.CanUndo = annotation.Undo(d.log)
	_, v.CanRedo = annotation.Redo(d.log)
	v.Saved, v.SavedTone = saved(it, d.log)
	v.CanReview = it.Passes["review"].State == flow.Yours || it.Behind("infer") && it.Behind("record") && v.SavedTone == kit.Held
	w.viewer.Set(v)
}

// says fills in what is said of the prediction, or of the image.
func (d *desk) says(v *viewer.Values, pass flow.Pass) {
	switch {
	case pass.State == flow.Running && len(d.forming) > 0:
		v.Running = fmt.Sprintf("Predicting, %d objects so far", len(d.forming))
	case pass.State == flow.Running:
		v.Running = "Predicting"
	case pass.Say != "":
		v.Say, v.Hint = pass.Say, pass.Hint
	case d.preparing != "":
		v.Say, v.Hint = d.preparing, "Until then it appears slowly; afterwards it opens at once."
	default:
		v.Say, v.Hint = d.measured.say, d.measured.hint
	}
}

// offer fills in what the capture may be compared with, and what it is compared with.
func (d *desk) offer(v *viewer.Values, all []infer.Ref) {
	for _, m := range all {
		if m.String() != v.Model {
			v.Versions = append(v.Versions, m.String())
		}
	}
	switch {
	case d.rival != "" && d.second == nil:
		v.Rival, v.Running, v.Other = d.rival, "Asking "+d.rival, nil
	case d.rival != "":
		v.Rival, v.Other, v.Names = d.rival, d.second, [2]string{cmp.Or(v.Model, "Now"), d.rival}
	}
}
