package triton

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// question is what a model is asked.
type question struct {
	model, version string // the version is Triton's number
	in             []infer.Tensor
	terms          infer.Terms
	patience       time.Duration // how long an answer is waited for; 0: for ever
	shared         *shared       // the memory that it goes through; nil: over the wire
	final          bool          // the last of several answers must be marked as such
}

// parameters are those of Triton's extensions: int64, uint64 or bool.
func (q *question) parameters() map[string]any {
	p := map[string]any{}
	if q.terms.Priority > 0 {
		p["priority"] = uint64(q.terms.Priority)
	}
	if q.patience > 0 {
		p["timeout"] = q.patience.Microseconds() // in the queue
	}
	if s := q.terms.Sequence; s.ID != 0 {
		p["sequence_id"], p["sequence_start"], p["sequence_end"] = int64(s.ID), s.Start, s.End //nolint:gosec // the same bits
	}
	if q.final {
		p["triton_enable_empty_final_response"] = true
	}
	return p
}

// streamer is a transport over which a model may give any number of answers.
type streamer interface {
	stream(ctx context.Context, q *question, each func([]infer.Tensor) error) error
}

// Infer asks m. The bytes of in are sent as they are: after a call that was stopped they
// may still be read for a moment.
func (e *Engine) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	var out []infer.Tensor
	err := e.ask(ctx, slow, m, func(ctx context.Context) (err error) {
		q, err := e.question(ctx, m, in)
		if err == nil {
			out, err = e.put(ctx, q)
		}
		return err
	})
	return out, err
}

func (e *Engine) question(ctx context.Context, m infer.Ref, in []infer.Tensor) (*question, error) {
	for _, t := range in {
		if slices.ContainsFunc(t.Shape, func(d int64) bool { return d < 0 }) {
			// The process that runs the model would die of it, for everybody.
			return nil, &refusal{code: codes.InvalidArgument, text: fmt.Sprintf("shape %v", t.Shape)}
		}
	}
	q := &question{model: m.Model, version: e.number(m), in: in, terms: infer.TermsOf(ctx)}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < slow-time.Second { // not just our own limit
		q.patience = max(time.Until(end), time.Microsecond)
	}
	return q, nil
}

// put asks q the way that suits model and server.
func (e *Engine) put(ctx context.Context, q *question) ([]infer.Tensor, error) {
	if e.streams(q.model) {
		return e.only(ctx, q)
	}
	out, err := e.exchange(ctx, q)
	r := asRefusal(err)
	if r == nil {
		return out, err
	}
	if n := r.atMost(); n > 0 && q.partible() {
		return e.inParts(ctx, q, n)
	}
	if r.says("decoupled transaction policy") {
		if _, ok := e.wire.(streamer); ok {
			e.mu.Lock()
			e.streaming[q.model] = true
			e.mu.Unlock()
			return e.only(ctx, q)
		}
	}
	return out, err
}

func (e *Engine) streams(model string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.streaming[model]
}

// exchange asks q through shared memory where there is some, else over the wire.
func (e *Engine) exchange(ctx context.Context, q *question) ([]infer.Tensor, error) {
	if e.memory == nil {
		return e.wire.ask(ctx, q)
	}
	s := e.memory.place(ctx, q)
	if s == nil {
		return e.wire.ask(ctx, q)
	}
	q.shared = s
	defer func() { q.shared = nil }() // the region is another's then, and q may be asked again
	out, err := e.wire.ask(ctx, q)
	if err == nil {
		err = s.outputs(out)
	}
	switch r := asRefusal(err); {
	case err == nil:
		if len(s.out) == 0 && q.terms.Sequence.ID == 0 {
			e.memory.learn(s.key, out)
		}
		e.memory.give(ctx, s.region)
		return out, nil
	case r != nil && tooSmall(r):
		e.memory.vary(s.key)
		e.memory.give(ctx, s.region)
		q.shared = nil
		return e.exchange(ctx, q)
	case r != nil && !aboutMemory(r) && r.code != codes.Unavailable && r.code != codes.DeadlineExceeded:
		e.memory.give(ctx, s.region)
		return nil, err
	case r == nil && ctx.Err() != nil || r != nil && !aboutMemory(r):
		e.memory.drop(ctx, s.region) // the server may still write there
		return nil, err
	}
	e.memory.drop(ctx, s.region)
	e.memory.forget(ctx, s.key)
	q.shared = nil
	return e.wire.ask(ctx, q)
}

// only asks a model that may give any number of answers, for one.
func (e *Engine) only(ctx context.Context, q *question) ([]infer.Tensor, error) {
	var out []infer.Tensor
	n := 0
	err := e.wire.(streamer).stream(ctx, q, func(t []infer.Tensor) error { //nolint:errcheck,forcetypeassert // put has looked
		out = t
		n++
		return nil
	})
	if err == nil && n != 1 {
		return nil, fault.New(fault.Invalid, fmt.Sprintf("The model %s on %s gave %d answers to one question.", q.model, e.name, n),
			"Only models that give one can be used here.", nil)
	}
	return out, err
}

// Stream asks a model that gives any number of answers, over gRPC; each gets them in order,
// and ends the call with its error.
func (e *Engine) Stream(ctx context.Context, m infer.Ref, in []infer.Tensor, each func([]infer.Tensor) error) error {
	return e.ask(ctx, slow, m, func(ctx context.Context) error {
		s, ok := e.wire.(streamer)
		if !ok {
			return &refusal{code: codes.Unimplemented, text: "decoupled transaction policy"}
		}
		q, err := e.question(ctx, m, in)
		if err != nil {
			return err
		}
		return s.stream(ctx, q, each)
	})
}
