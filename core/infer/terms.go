package infer

import "context"

// Terms are how a question is put, besides what it asks. Engines that know no such thing
// leave them aside, unless it says otherwise.
type Terms struct {
	// Priority 1 is answered before 2 and so on; 0 is the engine's own, about 2.
	Priority int
	// Sequence is for models that remember: the questions of one sequence go to one engine,
	// in order, and are never asked twice.
	Sequence Sequence
	// Outputs are the names of those that are wanted, which every engine keeps to; none: all.
	Outputs []string
}

// Sequence is a place in a sequence of questions; ID 0 is none.
type Sequence struct {
	ID         uint64
	Start, End bool
}

type termsKey struct{}

// WithTerms returns a context whose questions are put on those terms.
func WithTerms(ctx context.Context, t Terms) context.Context {
	return context.WithValue(ctx, termsKey{}, t)
}

// TermsOf returns the terms that ctx carries, or the zero value.
func TermsOf(ctx context.Context) Terms {
	t, _ := ctx.Value(termsKey{}).(Terms)
	return t
}
