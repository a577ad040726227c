package triton

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"

	"coverslip.dev/coverslip/core/infer"
)

// atMost is how many images a model takes in one question, if r is about that; else 0.
func (r *refusal) atMost() int64 {
	_, said, _ := strings.Cut(r.text, "batch-size must be <= ")
	var n int64
	if _, err := fmt.Sscan(said, &n); err != nil || n < 1 {
		return 0
	}
	return n
}

// inParts asks q of at most n images at a time, and joins the answers.
func (e *Engine) inParts(ctx context.Context, q *question, n int64) ([]infer.Tensor, error) {
	var out []infer.Tensor
	all := q.in[0].Shape[0]
	for from := int64(0); from < all; from += n {
		part := *q
		part.in, part.shared = nil, nil
		for _, t := range q.in {
			size := int64(len(t.Data)) / all
			to := min(from+n, all)
			t.Shape, t.Data = slices.Clone(t.Shape), t.Data[from*size:to*size]
			t.Shape[0] = to - from
			part.in = append(part.in, t)
		}
		got, err := e.exchange(ctx, &part)
		if err != nil {
			return nil, err
		}
		if out, err = appendImages(out, got); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// partible reports whether the first axis of all that goes into q counts the same images.
func (q *question) partible() bool {
	for _, t := range q.in {
		if len(t.Shape) == 0 || t.Shape[0] != q.in[0].Shape[0] || t.Shape[0] == 0 || int64(len(t.Data))%t.Shape[0] != 0 {
			return false
		}
	}
	return len(q.in) > 0 && q.terms.Sequence.ID == 0
}

// appendImages lays an answer behind those to the images before.
func appendImages(out, got []infer.Tensor) ([]infer.Tensor, error) {
	if out == nil {
		return got, nil
	}
	for i := range out {
		o := &out[i]
		k := slices.IndexFunc(got, func(t infer.Tensor) bool {
			return t.Name == o.Name && t.Type == o.Type && len(t.Shape) > 0 && len(t.Shape) == len(o.Shape) && slices.Equal(t.Shape[1:], o.Shape[1:])
		})
		if k < 0 {
			return nil, &refusal{code: codes.InvalidArgument, text: "the answers to several images do not fit together at output " + o.Name}
		}
		o.Shape = slices.Clone(o.Shape)
		o.Shape[0] += got[k].Shape[0]
		o.Data = append(o.Data, got[k].Data...)
	}
	return out, nil
}
