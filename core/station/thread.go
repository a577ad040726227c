package station

import (
	"context"
	"fmt"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
)

// Thread is the chain of identity of one object, from the instrument's file to the person.
type Thread struct {
	Object      annotation.Object
	Capture     intake.Capture
	Stored      intake.Stored
	Versioned   intake.Versioned
	Predicted   intake.Predicted
	Prediction  *annotation.Object // as the model had it; nil for a drawn one
	Corrections []annotation.Entry // of this object, the oldest first
	Review      intake.Review
	Recorded    intake.Recorded
	Run         string // the training run that made the model
	Promoted    string // who promoted it, and why
}

// Thread returns the chain of an object, by its ID or the beginning of it.
func (s *Station) Thread(ctx context.Context, id string) (Thread, error) {
	for _, it := range s.flow.Items.All() {
		var st intake.Stored
		if it.Line != intake.LineName || !it.Out("capture", &st) {
			continue
		}
		objects, log, err := s.corrections.Current(ctx, st.MD5)
		if err != nil {
			return Thread{}, err
		}
		o, ok := find(objects, log, id)
		if !ok {
			continue
		}
		return s.thread(ctx, it, st, o, log)
	}
	return Thread{}, fault.New(fault.NotFound, "No object has the name "+id+".", "The viewer shows an object's name when it is selected.", nil)
}

// find looks among what stands, then among what was taken away.
func find(objects []annotation.Object, log []annotation.Entry, id string) (annotation.Object, bool) {
	for _, o := range objects {
		if strings.HasPrefix(o.ID, id) {
			return o, true
		}
	}
	for _, entry := range log {
		for _, e := range entry.All() {
			if e.Before != nil && strings.HasPrefix(e.Before.ID, id) {
				return *e.Before, true
			}
		}
	}
	return annotation.Object{}, false
}

func (s *Station) thread(ctx context.Context, it flow.Item, st intake.Stored, o annotation.Object, log []annotation.Entry) (Thread, error) {
	t := Thread{Object: o, Stored: st}
	if err := it.Read(&t.Capture); err != nil {
		return t, err
	}
	it.Out("version", &t.Versioned)
	t.Predicted, _ = Prediction(it)
	it.Out("review", &t.Review)
	it.Out("record", &t.Recorded)
	layer, err := s.corrections.layer(ctx, st.MD5)
	if err != nil {
		return t, err
	}
	if p, ok := find(layer.Objects, nil, o.ID); ok {
		t.Prediction = &p
	}
	for _, e := range log {
		for _, one := range e.All() {
			if one.Before != nil && one.Before.ID == o.ID || one.After != nil && one.After.ID == o.ID {
				one.At, one.By, one.With = e.At, e.By, nil
				t.Corrections = append(t.Corrections, annotation.Entry{Seq: e.Seq, Edit: one})
			}
		}
	}
	sh, _ := s.shelves.shelf()
	for _, v := range sh.Versions[t.Predicted.Model] {
		if v.Version == t.Predicted.Version {
			t.Run = v.Run
		}
	}
	for _, p := range sh.History[t.Predicted.Model] {
		if p.Version == t.Predicted.Version {
			t.Promoted = p.Who + ": " + p.Why
			break
		}
	}
	return t, nil
}

// Lines prints the chain, a link a line.
func (t Thread) Lines() []string {
	out := []string{
		fmt.Sprintf("object      %s (%s, %s)", t.Object.ID, t.Object.Class, t.Object.State),
		fmt.Sprintf("instrument  %s: %s", t.Capture.Instrument, t.Capture.Path),
		fmt.Sprintf("content     md5 %s, %d bytes, captured %s", t.Stored.MD5, t.Stored.Size, t.Stored.At.Local().Format(time.DateTime)),
		fmt.Sprintf("dataset     %s in commit %s", t.Capture.Rel, t.Versioned.Commit),
	}
	if t.Capture.Lead != "" {
		out = append(out, fmt.Sprintf("image       %s, of %d files", t.Capture.Lead, t.Capture.Count))
	}
	if t.Predicted.Model != "" {
		out = append(out, fmt.Sprintf("model       %s version %s on %s", t.Predicted.Model, t.Predicted.Version, t.Predicted.Engine))
	}
	if at := t.Predicted.At; at != nil {
		out = append(out, fmt.Sprintf("plane       %d, time point %d, counted from 0: a person's choice", at.Z, at.T))
	}
	if t.Predicted.Note != "" {
		out = append(out, "channels    "+t.Predicted.Note)
	}
	if t.Run != "" {
		out = append(out, "trained     in run "+t.Run)
	}
	if t.Promoted != "" {
		out = append(out, "promoted    by "+t.Promoted)
	}
	if t.Prediction != nil {
		out = append(out, fmt.Sprintf("prediction  %s with probability %.3f", t.Prediction.Class, t.Prediction.Score))
	}
	for _, e := range t.Corrections {
		out = append(out, fmt.Sprintf("correction  %s %s by %s, %s", e.Kind, change(e.Edit), e.By, e.At.Local().Format(time.DateTime)))
	}
	if t.Recorded.Commit != "" {
		out = append(out, fmt.Sprintf("recorded    by %s in commit %s", t.Review.Who, t.Recorded.Commit))
	}
	return out
}

func change(e annotation.Edit) string {
	switch {
	case e.Before == nil && e.After != nil:
		return "→ " + string(e.After.State)
	case e.After == nil && e.Before != nil:
		return string(e.Before.State) + " →"
	case e.Before != nil:
		return string(e.Before.State) + " → " + string(e.After.State)
	}
	return ""
}
