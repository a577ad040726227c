// Package infer asks models what is in an image.
package infer

import (
	"context"
	"io"
)

// Engine runs models: a Triton server, or this process. Its methods may be called
// from any goroutine and return when ctx ends. The contract is package infertest.
// Errors are faults: Offline when nobody answers, Busy when a queue is full,
// NotFound for an unknown model, Invalid for a wrong tensor, Corrupt for a model
// that can't be loaded.
type Engine interface {
	// Name is for people, such as "this computer" or "gpu-1:8001 (gRPC)".
	Name() string
	// Ready returns nil, or why no question would be answered now.
	Ready(ctx context.Context) error
	Models(ctx context.Context) ([]Status, error)
	Describe(ctx context.Context, m Ref) (Spec, error)
	Infer(ctx context.Context, m Ref, in []Tensor) ([]Tensor, error)
	io.Closer
}

// Loader is what an engine can do besides when its models are under explicit
// control. Ask with a type assertion.
type Loader interface {
	// Load brings b into the engine and returns when it answers requests. Other
	// versions of the model go on beside it, of which the engine keeps at least the two
	// that were used last; the version that was loaded last is the one in force. Loading
	// what is loaded already replaces it; a bundle that can't be loaded changes nothing.
	Load(ctx context.Context, b Bundle) error
	// Unload takes all versions of model out of the engine.
	Unload(ctx context.Context, model string) error
}

// Paced is what an engine can do besides that knows how many questions at a time keep it
// busy and no more. Ask with a type assertion, again and again: it learns.
type Paced interface{ Window() int }

// Bundle is a model ready to be loaded: its network and its description.
type Bundle struct {
	Ref
	ONNX   []byte            // the network
	Recipe []byte            // coverslip.yaml or rdf.yaml
	Tests  map[string][]byte // test tensors, by the names that the description has for them
}

// Ref names a model and one version of it; an empty Version is the one in force.
type Ref struct{ Model, Version string }

// broken is what is said of a model whose description brings down who goes by it.
func (r Ref) broken() string {
	return "The description of the model " + r.String() + " can't be followed."
}

func (r Ref) String() string {
	if r.Version == "" {
		return r.Model
	}
	return r.Model + "@" + r.Version
}

// Status is how a model stands on its engine.
type Status struct {
	Ref
	Ready   bool
	Why     string // why not, if not
	Loading bool   // going on now
	Failed  bool   // it was tried, and can't be loaded
}

// Spec is what goes into a model and what comes out.
type Spec struct{ In, Out []Port }

// Port is one input or output; -1 in Shape is free. Type is Triton's word: UINT8,
// UINT16, INT64, FP32 and so on.
type Port struct {
	Name, Type string
	Shape      []int64
}

// Tensor is numbers with a shape, C order, little-endian. Whoever gets a tensor
// owns its Data.
type Tensor struct {
	Port
	Data []byte
}
