package station

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/segment"
	"coverslip.dev/coverslip/core/session"
)

// corrections are what people change on images: an append-only log an image. What is added is on
// disk when that returns.
type corrections struct{ store *session.Store }

// Current implements intake.Bench: the newest layer with the log laid over it.
func (c corrections) Current(ctx context.Context, md5 string) ([]annotation.Object, []annotation.Entry, error) {
	layer, err := c.layer(ctx, md5)
	if err != nil {
		return nil, nil, err
	}
	log, err := c.log(ctx, md5)
	if err != nil {
		return nil, nil, err
	}
	return annotation.Replay(layer, log, segment.Overlap), log, nil
}

// layer returns the newest prediction, empty if nothing predicted yet.
func (c corrections) layer(ctx context.Context, md5 string) (annotation.Layer, error) {
	var l annotation.Layer
	rows, err := c.store.Layers(ctx, md5)
	if err != nil || len(rows) == 0 {
		return l, err
	}
	if err := json.Unmarshal(rows[0], &l); err != nil {
		return l, fmt.Errorf("layer of %s: %w", md5, err)
	}
	return l, nil
}

func (c corrections) log(ctx context.Context, md5 string) ([]annotation.Entry, error) {
	rows, err := c.store.Edits(ctx, md5)
	if err != nil {
		return nil, err
	}
	out := make([]annotation.Entry, len(rows))
	for i, r := range rows {
		out[i].Seq = r.Seq
		if err := json.Unmarshal(r.Data, &out[i].Edit); err != nil {
			return nil, fmt.Errorf("edit %d: %w", r.Seq, err)
		}
	}
	return out, nil
}

// add appends edits by a person to the log.
func (c corrections) add(ctx context.Context, md5, who string, edits ...annotation.Edit) error {
	if who == "" {
		return fault.New(fault.Invalid, "Nobody is named for this correction.", "Write your name under Settings, Person.", nil)
	}
	for _, e := range edits {
		e.By, e.At = who, time.Now()
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := c.store.AddEdit(ctx, md5, b); err != nil {
			return err
		}
	}
	return nil
}

// step undoes or redoes one edit: the one that a person sees and means. False if that is not the next one, as
// where what came before was not kept.
func (c corrections) step(ctx context.Context, md5, who string, pick func([]annotation.Entry) (annotation.Edit, bool), meant annotation.Edit) (bool, error) {
	log, err := c.log(ctx, md5)
	if err != nil {
		return false, err
	}
	e, ok := pick(log)
	if !ok || !slices.EqualFunc(e.All(), meant.All(), sameEdit) {
		return false, nil
	}
	return true, c.add(ctx, md5, who, e)
}

// sameEdit reports whether two edits do the same to the same object.
func sameEdit(a, b annotation.Edit) bool {
	return a.Kind == b.Kind && alike(a.Before, b.Before) && alike(a.After, b.After)
}

// alike reports whether two sides of edits are the same object in the same state, or none.
func alike(a, b *annotation.Object) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.ID == b.ID && a.State == b.State && a.Class == b.Class && slices.Equal(a.Outline, b.Outline)
}

// keepLayer keeps a prediction in place of the model's last. The order in which it and edits came
// is told by their numbers: a clock may be set back.
func (c corrections) keepLayer(ctx context.Context, md5 string, l annotation.Layer) error {
	last, err := c.store.LastEdit(ctx, md5)
	if err != nil {
		return err
	}
	l.Since = last + 1
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return c.store.PutLayer(ctx, md5, l.By, l.Made, b)
}
