// Package embedded runs models in this process, with the ONNX Runtime library.
package embedded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"sync"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// Options say how models run. The zero value is a good choice.
type Options struct {
	Threads int // that one question may use; 0: a thread per core
}

// Engine is the built-in engine: an [infer.Engine] and an [infer.Loader]. A model may
// be loaded in several versions at once; what is loaded beyond [Versions] of one model
// takes the place of the version that was not used for longest.
type Engine struct {
	library string
	threads int

	mu     sync.Mutex // guards all below
	models map[string]*shelf
	closed bool
}

// Versions of one model that stay loaded side by side: the one in force, the one that
// wants to be, and the one to go back to.
const Versions = 3

var (
	_ infer.Engine = (*Engine)(nil)
	_ infer.Loader = (*Engine)(nil)
)

// Open returns an engine that uses the ONNX Runtime library at path. The library is
// opened at the first use, so a missing one is told by every call, not here; once it is
// there, the calls work.
func Open(path string, opt Options) *Engine {
	return &Engine{library: path, threads: opt.Threads, models: map[string]*shelf{}}
}

// DefaultLibrary returns where the ONNX Runtime library lies: in a package's place
// beside the program, or else where packaging/stack/onnxruntime-fetch puts it, whether it
// is there or not.
func DefaultLibrary() string {
	name := "libonnxruntime.so"
	switch goruntime.GOOS {
	case "windows":
		name = "onnxruntime.dll"
	case "darwin":
		name = "libonnxruntime.dylib"
	}
	if exe, err := os.Executable(); err == nil {
		dir := filepath.Dir(exe)
		for _, p := range []string{filepath.Join(dir, name), filepath.Join(dir, "..", "lib", "coverslip", name)} {
			if _, err := os.Stat(p); err == nil {
				return p
			}
		}
	}
	cache := os.Getenv("COVERSLIP_CACHE") // the scripts of packaging/ go by it
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return name
		}
		cache = filepath.Join(home, ".cache", "coverslip")
	}
	return filepath.Join(cache, "onnxruntime", "current", name)
}

// Name is for people.
func (e *Engine) Name() string { return "this computer" }

// Ready tells whether the library is there and works.
func (e *Engine) Ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	closed := e.closed
	e.mu.Unlock()
	if closed {
		return errClosed()
	}
	return useLibrary(e.library)
}

// Models lists what is loaded, by name and version.
func (e *Engine) Models(ctx context.Context) ([]infer.Status, error) {
	if err := e.Ready(ctx); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []infer.Status
	for _, s := range e.models {
		for _, n := range s.versions {
			out = append(out, infer.Status{Ref: n.ref, Ready: true})
		}
	}
	slices.SortStableFunc(out, func(a, b infer.Status) int { return compare(a.Ref, b.Ref) })
	return out, nil
}

// Describe returns what goes into m and what comes out.
func (e *Engine) Describe(ctx context.Context, m infer.Ref) (infer.Spec, error) {
	if err := e.Ready(ctx); err != nil {
		return infer.Spec{}, err
	}
	n, err := e.take(m)
	if err != nil {
		return infer.Spec{}, err
	}
	defer n.release()
	return n.describe(), nil
}

// Infer asks m. When ctx ends in the middle, the network stops after the node that it
// is working on.
func (e *Engine) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	if err := e.Ready(ctx); err != nil {
		return nil, err
	}
	n, err := e.take(m)
	if err != nil {
		return nil, err
	}
	defer n.release()
	return n.run(ctx, in)
}

// Load opens b's network beside the other versions of its model.
func (e *Engine) Load(ctx context.Context, b infer.Bundle) error {
	if err := e.Ready(ctx); err != nil {
		return err
	}
	if b.Model == "" {
		return fault.New(fault.Invalid, "The model has no name.", "Give it one in the registry.", nil)
	}
	n, err := open(b, e.threads)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		n.release()
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		n.release()
		return errClosed()
	}
	s := e.models[b.Model]
	if s == nil {
		s = &shelf{}
		e.models[b.Model] = s
	}
	s.put(n)
	return nil
}

// Unload frees all versions of model as soon as the questions under way are answered.
func (e *Engine) Unload(ctx context.Context, model string) error {
	if err := e.Ready(ctx); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.models[model]
	if s == nil {
		return unknown(infer.Ref{Model: model})
	}
	delete(e.models, model)
	s.clear()
	return nil
}

// Close frees all models; questions under way are still answered.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, s := range e.models {
		s.clear()
	}
	clear(e.models)
	return nil
}

// take returns the network of m, to be released by the caller.
func (e *Engine) take(m infer.Ref) (*network, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.models[m.Model]
	if s == nil {
		return nil, unknown(m)
	}
	n := s.take(m.Version)
	if n == nil {
		return nil, unknown(m)
	}
	return n, nil
}

func unknown(m infer.Ref) error {
	return fault.New(fault.NotFound, "The model "+m.String()+" is not loaded on this computer.", "Load it on the Models screen.", nil)
}

func errClosed() error {
	return fault.New(fault.Offline, "The built-in inference engine has ended.", "Start the program again.", errors.New("engine is closed"))
}
