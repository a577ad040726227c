package infer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
)

// Recall makes objects of what the model had answered when [Detect] was called with the same
// options and a Keep, at opt.Threshold. No engine is asked or needed. If an answer is not
// kept any more the error is NotFound.
func Recall(ctx context.Context, ref Ref, m *recipe.Model, src imageio.Source, opt Options, p Progress) (annotation.Layer, error) {
	spec, err := opt.Keep.recall(ref)
	if err != nil {
		return annotation.Layer{}, forgotten(err)
	}
	return Detect(ctx, memory{spec}, ref, m, src, opt, p)
}

func forgotten(err error) error {
	return fault.New(fault.NotFound, "What the model had answered about this image is not kept any more.", "Run the model again.", err)
}

// memory is an engine that knows what goes into a model and comes out, and answers nothing.
type memory struct{ spec Spec }

func (memory) Name() string                                           { return "what is kept" }
func (memory) Ready(context.Context) error                            { return nil }
func (memory) Models(context.Context) ([]Status, error)               { return nil, nil }
func (m memory) Describe(context.Context, Ref) (Spec, error)          { return m.spec, nil }
func (memory) Infer(context.Context, Ref, []Tensor) ([]Tensor, error) { return nil, forgotten(nil) }
func (memory) Close() error                                           { return nil }

// nothing supplies an engine that answers nothing: the image need not be read for it.
type nothing struct{}

func (nothing) cut(context.Context, *recipe.Tensor, block) (*recipe.Array, error) {
	return nil, forgotten(nil)
}

func (nothing) of(*detection, *plan) supply { return nothing{} } //nolint:ireturn // one of three

// about is the file that says what goes into a model and comes out.
func (k Keep) about(ref Ref) string {
	sum := sha256.Sum256([]byte(k.Of + "\n" + ref.String()))
	return filepath.Join(k.Dir, hex.EncodeToString(sum[:16])+".spec")
}

// remember keeps that; what goes wrong is noticed by recall.
func (k Keep) remember(ref Ref, s Spec) {
	if k.Dir == "" {
		return
	}
	b, err := json.Marshal(s)
	if err != nil {
		return
	}
	path := k.about(ref)
	if have, err := os.ReadFile(path); err == nil && string(have) == string(b) {
		return
	}
	_ = os.WriteFile(path, b, 0o600)
}

func (k Keep) recall(ref Ref) (s Spec, err error) {
	b, err := os.ReadFile(k.about(ref))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(b, &s)
}
