package embedded

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	ort "github.com/yalue/onnxruntime_go"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// network is one version of a model, ready to run from several goroutines at once. Who
// has it counts as a user; the last one frees it.
type network struct {
	ref     infer.Ref
	spec    infer.Spec
	session *ort.DynamicAdvancedSession
	users   atomic.Int32
}

// open reads b's network; its first user is the caller.
func open(b infer.Bundle, threads int) (*network, error) {
	if len(b.ONNX) == 0 {
		return nil, unreadable(b.Ref, errors.New("no bytes"))
	}
	in, out, err := ort.GetInputOutputInfoWithONNXData(b.ONNX)
	if err != nil {
		return nil, unreadable(b.Ref, err)
	}
	n := &network{ref: b.Ref}
	whole, given, wide := widened(b.ONNX, out, true)
	if n.spec.In, err = ports(in); err != nil {
		return nil, unreadable(b.Ref, err)
	}
	if n.spec.Out, err = ports(wide); err != nil {
		return nil, unreadable(b.Ref, err)
	}
	opt, err := options(threads)
	if err != nil {
		return nil, err
	}
	defer opt.Destroy() //nolint:errcheck // frees memory only
	n.session, err = ort.NewDynamicAdvancedSessionWithONNXData(whole, names(n.spec.In), given, opt)
	if err != nil { // maybe for Expand, which an opset below 8 does not have
		whole, given, _ = widened(b.ONNX, out, false)
		n.session, err = ort.NewDynamicAdvancedSessionWithONNXData(whole, names(n.spec.In), given, opt)
	}
	if err != nil {
		return nil, unreadable(b.Ref, err)
	}
	n.users.Store(1)
	return n, nil
}

func options(threads int) (*ort.SessionOptions, error) {
	opt, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("session options: %w", err)
	}
	err = opt.SetIntraOpNumThreads(threads) // 0: a thread per core
	// Threads that wait for work must not burn a core that the window needs.
	err = errors.Join(err, opt.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"))
	if err != nil {
		return nil, errors.Join(err, opt.Destroy())
	}
	return opt, nil
}

func (n *network) release() {
	if n.users.Add(-1) == 0 {
		_ = n.session.Destroy() // frees memory only
	}
}

// describe returns a copy of the spec, for the caller to keep.
func (n *network) describe() infer.Spec {
	clone := func(list []infer.Port) []infer.Port {
		out := slices.Clone(list)
		for i := range out {
			out[i].Shape = slices.Clone(out[i].Shape)
		}
		return out
	}
	return infer.Spec{In: clone(n.spec.In), Out: clone(n.spec.Out)}
}

func (n *network) run(ctx context.Context, given []infer.Tensor) ([]infer.Tensor, error) {
	wanted := infer.TermsOf(ctx).Outputs
	for _, name := range wanted {
		if !slices.ContainsFunc(n.spec.Out, func(p infer.Port) bool { return p.Name == name }) {
			return nil, n.wrong("it has no output " + name)
		}
	}
	in, err := n.inputs(given)
	defer free(in)
	if err != nil {
		return nil, err
	}
	opt, err := ort.NewRunOptions()
	if err != nil {
		return nil, fmt.Errorf("run options: %w", err)
	}
	defer opt.Destroy() //nolint:errcheck // frees memory only
	told := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(told)
		_ = opt.Terminate() // fails only on options that were freed
	})
	out := make([]ort.Value, len(n.spec.Out))
	defer func() { free(out) }()
	err = n.session.RunWithOptions(in, out, opt)
	if !stop() {
		<-told // opt may be freed only after Terminate has returned
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, n.refused(err)
	}
	return outputs(n.spec.Out, out, wanted)
}

// inputs brings what was given into the order of the network.
func (n *network) inputs(given []infer.Tensor) ([]ort.Value, error) {
	if len(given) != len(n.spec.In) {
		return nil, n.wrong(fmt.Sprintf("it takes %d inputs, not %d", len(n.spec.In), len(given)))
	}
	var in []ort.Value
	for _, p := range n.spec.In {
		i := slices.IndexFunc(given, func(t infer.Tensor) bool { return t.Name == p.Name })
		if i < 0 {
			return in, n.wrong("its input " + p.Name + " is missing")
		}
		v, err := value(p, given[i])
		if err != nil {
			return in, n.wrong(err.Error())
		}
		in = append(in, v)
	}
	return in, nil
}

func (n *network) wrong(why string) error {
	return fault.New(fault.Invalid, "The model "+n.ref.String()+" does not fit what it was asked: "+why+".",
		"Check that the model's description belongs to the model.", nil)
}

// refused tells what ONNX Runtime says of a run.
func (n *network) refused(err error) error {
	text := err.Error()
	for _, word := range []string{"Failed to allocate memory", "bad_alloc", "out of memory"} {
		if strings.Contains(text, word) {
			return fault.New(fault.Full, "There is not enough memory to run "+n.ref.String()+" on an image of this size.",
				"Choose smaller tiles, or connect an inference server.", err)
		}
	}
	return fault.New(fault.Invalid, "The model "+n.ref.String()+" can't work on an image of this size or type.",
		"Check that the model's description belongs to the model.", err)
}

func unreadable(m infer.Ref, err error) error {
	return fault.New(fault.Corrupt, "The model "+m.String()+" can't be loaded on this computer.",
		"Fetch it again from the registry, or ask whoever made it for an ONNX file of opset 17.", err)
}
