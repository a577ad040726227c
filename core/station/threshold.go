package station

import (
	"context"
	"encoding/json"
	"path/filepath"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/recipe"
)

// answersBytes is how much disk the answers of networks may take, so that thresholds move
// without a request. What was not used for longest goes.
const answersBytes = 4 << 30

func (s *Station) answers(b infer.Bundle) infer.Keep {
	k := keep(s.answersDir(), answersBytes, b)
	k.Spare = true
	return k
}

func (s *Station) answersDir() string { return filepath.Join(s.opt.Workspace, "answers") }

// leastFree is how much of a disk is left to what can't be had again, as answers can.
const leastFree = 1 << 30

// room is how many bytes of answers may be kept in dir, at most so many.
func room(dir string, most int64) int64 {
	free, ok := disk.Free(dir)
	if !ok { // it is not there yet
		free, ok = disk.Free(filepath.Dir(dir))
	}
	if !ok {
		return most
	}
	return min(most, max(0, infer.Keep{Dir: dir}.Size()+free-leastFree))
}

// Threshold is the probability that the objects of a capture were asked to have: the one
// that a person set, or the model's own; 0 where the model has none.
func (s *Station) Threshold(ctx context.Context, it flow.Item) (float64, error) {
	md5, ok := Image(it)
	b, err := s.predictedBy(ctx, it)
	if !ok || err != nil {
		return 0, err
	}
	l, err := s.corrections.layer(ctx, md5)
	if err != nil || l.Threshold > 0 {
		return l.Threshold, err
	}
	r, err := recipe.Read(b.Recipe)
	if err != nil {
		return 0, err
	}
	return r.Decode.Threshold(), nil
}

// SetThreshold makes a capture's objects anew of what its model has answered, with another
// threshold. No server is asked. Corrections stay; a review that was finished is to be finished
// again. NotFound is the error when the answers are not kept, or not any more. When ctx ends before, all
// is as it was.
func (s *Station) SetThreshold(ctx context.Context, it flow.Item, threshold float64) error {
	var c intake.Capture
	if err := it.Read(&c); err != nil {
		return err
	}
	md5, ok := Image(it)
	p, seen := Prediction(it)
	if !ok || !seen {
		return fault.New(fault.Invalid, "No model has looked at this capture yet.", "Wait a moment.", nil)
	}
	if st := it.Passes["infer"].State; st == flow.Waiting || st == flow.Running {
		return anew()
	}
	b, err := s.predictedBy(ctx, it)
	if err != nil {
		return err
	}
	if err := movable(b); err != nil {
		return err
	}
	r, err := recipe.Read(b.Recipe)
	if err != nil {
		return err
	}
	src, err := s.openCapture(ctx, c, md5)
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // read only
	opt := plane(src.Info())
	opt.Channel, opt.Z, opt.T, opt.Diameter, opt.Region = p.Channel, p.Z, p.T, p.Diameter, p.Region
	opt.Threshold, opt.Keep = threshold, s.answers(b)
	layer, err := infer.Recall(ctx, b.Ref, r, src, opt, nil)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	now, _ := s.flow.Items.Row(it.ID)
	if !samePrediction(it, now) {
		return anew()
	}
	if now.Behind("review") { // before, or what was committed passes for what is there if the power goes
		if err := s.flow.Redo(ctx, it.ID, "review", json.RawMessage(now.Passes["review"].Out)); err != nil {
			return err
		}
	}
	return s.corrections.keepLayer(ctx, md5, layer)
}

// movable refuses to move the threshold of a model that only a server has: nothing of its answers is
// kept, as it may be another one by then.
func movable(b infer.Bundle) error {
	if len(b.ONNX) > 0 {
		return nil
	}
	return fault.New(fault.NotFound, "Answers of a model that only the server has are not kept, so its threshold can't be moved.",
		"Move the score slider instead.", nil)
}

// anew is why a threshold can't be moved while a prediction is under way.
func anew() error {
	return fault.New(fault.Busy, "The capture is predicted anew.", "Move the threshold when its objects are there.", nil)
}

// samePrediction reports whether an item was not predicted anew, and is not being so.
func samePrediction(was, now flow.Item) bool {
	a, b := was.Passes["infer"], now.Passes["infer"]
	return a.State == b.State && a.At.Equal(b.At)
}

// predictedBy is the version that a capture's objects are of.
func (s *Station) predictedBy(ctx context.Context, it flow.Item) (infer.Bundle, error) {
	p, ok := Prediction(it)
	if !ok {
		return infer.Bundle{}, fault.New(fault.NotFound, "No model has looked at this capture yet.", "Wait a moment.", nil)
	}
	if b, ok := s.engines.wantedBundle(p.Model); ok && b.Version == p.Version { // also one of the workspace's own registry
		return b, nil
	}
	return s.bundle(ctx, s.shelves.platform(), infer.Ref{Model: p.Model, Version: p.Version})
}
