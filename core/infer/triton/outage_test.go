package triton_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// TestOutage: the server dies in the middle of a question and comes back empty.
func TestOutage(t *testing.T) {
	s := servertest.StartTriton(t)
	engines := map[string]*triton.Engine{"gRPC": dial(t, triton.Options{Address: s.GRPC, Backend: "python"}), "HTTP": dial(t, triton.Options{Address: s.HTTP, Backend: "python"})}
	bundles := map[string]infer.Bundle{}
	asked := make(chan error, len(engines))
	for name, e := range engines {
		bundles[name] = infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "3"}, ONNX: infertest.Slow()}
		if err := e.Load(t.Context(), bundles[name]); err != nil {
			t.Fatalf("%s: load: %v", name, err)
		}
		ref := bundles[name].Ref
		go func() {
			_, err := e.Infer(t.Context(), ref, []infer.Tensor{infertest.Image(1, 1, 2048, 2048)})
			asked <- err
		}()
	}
	<-time.After(time.Second) // the questions are under way: each takes several
	s.Signal(t, syscall.SIGKILL)
	for range engines {
		if err := <-asked; fault.KindOf(err) != fault.Offline {
			t.Errorf("killed in the middle: %v", err)
		}
	}
	for name, e := range engines {
		for what, err := range everyCall(t, e, bundles[name]) {
			if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Offline || say == "" || hint == "" {
				t.Errorf("%s: %s without a server: %v", name, what, err)
			}
		}
	}
	s.Up(t)
	for name, e := range engines {
		waitReady(t, e)
		// The model is lost, not unknown: it only has to be loaded again.
		_, err := e.Infer(t.Context(), bundles[name].Ref, []infer.Tensor{infertest.Image(1, 1, 8, 8)})
		if fault.KindOf(err) != fault.Offline {
			t.Errorf("%s: after the restart: %v", name, err)
		}
		if err := e.Load(t.Context(), bundles[name]); err != nil {
			t.Errorf("%s: load again: %v", name, err)
		}
		if _, err := e.Infer(t.Context(), bundles[name].Ref, []infer.Tensor{infertest.Image(1, 1, 8, 8)}); err != nil {
			t.Errorf("%s: ask again: %v", name, err)
		}
	}
}

// everyCall returns what every method of e answers.
func everyCall(t *testing.T, e *triton.Engine, b infer.Bundle) map[string]error {
	t.Helper()
	out := map[string]error{"ready": e.Ready(t.Context()), "load": e.Load(t.Context(), b)}
	_, out["models"] = e.Models(t.Context())
	_, out["describe"] = e.Describe(t.Context(), b.Ref)
	_, out["infer"] = e.Infer(t.Context(), b.Ref, []infer.Tensor{infertest.Image(1, 1, 8, 8)})
	out["unload"] = e.Unload(t.Context(), b.Model)
	return out
}

// waitReady waits until e has found its server again.
func waitReady(t *testing.T, e *triton.Engine) {
	t.Helper()
	servertest.Succeeds(t, func() error { return e.Ready(t.Context()) })
}

func TestAccessKeys(t *testing.T) {
	s := servertest.StartTriton(t,
		"--grpc-restricted-protocol=metadata,inference,model-repository,statistics,model-config:triton-grpc-key=lab",
		"--http-restricted-api=metadata,inference,model-repository,statistics,model-config:lab-key=lab")
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
	for address, key := range map[string]string{s.GRPC: "triton-grpc-protocol-triton-grpc-key", s.HTTP: "lab-key"} {
		for what, err := range everyCall(t, dial(t, triton.Options{Address: address, Backend: "python"}), b) {
			if what == "ready" { // health is not restricted: triton-up asks for it
				continue
			}
			if fault.KindOf(err) != fault.Denied {
				t.Errorf("%s: %s without a key: %v", address, what, err)
			}
		}
		e := dial(t, triton.Options{Address: address, Backend: "python", Token: "lab", TokenHeader: key})
		if err := e.Load(t.Context(), b); err != nil {
			t.Errorf("%s: load with the key: %v", address, err)
		}
		if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 4, 4); err != nil {
			t.Errorf("%s: with the key: %v", address, err)
		}
	}
}

func TestNotUnderControl(t *testing.T) {
	s := servertest.StartTriton(t, "--model-control-mode=poll")
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
	for _, address := range []string{s.GRPC, s.HTTP} {
		if err := dial(t, triton.Options{Address: address, Backend: "python"}).Load(t.Context(), b); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s: load: %v", address, err)
		}
	}
}

// TestHungLoad: Triton waits for ever for a Python model that came without its program.
// Whoever waits with it is let go, and the other models go on.
func TestHungLoad(t *testing.T) {
	s := servertest.StartTriton(t)
	for _, address := range []string{s.GRPC, s.HTTP} {
		e := dial(t, triton.Options{Address: address, Backend: "python"})
		b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
		if err := e.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		name := infertest.UniqueName()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		err := e.LoadRaw(ctx, name, `{"name": "`+name+`", "backend": "python"}`, map[string][]byte{"file:1/model.onnx": infertest.Affine1()})
		cancel()
		if err == nil {
			t.Errorf("%s: a model without its program was loaded", e.Name())
		}
		t.Logf("%s: %v", e.Name(), err)
		if err := e.Ready(t.Context()); err != nil {
			t.Errorf("%s: ready: %v", e.Name(), err)
		}
		if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 8, 8); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
		b.Version, b.ONNX = "2", infertest.Affine2()
		if err := e.Load(t.Context(), b); err != nil {
			t.Errorf("%s: load beside it: %v", e.Name(), err)
		}
		if err := infertest.Ask(t.Context(), e, b.Ref, 3, -1, 1, 1, 8, 8); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
}

// TestStrangeNetwork: a whole network that the server can't run is refused, what is in use stays, and
// what comes next is taken. Triton drops what it has just loaded anew beside such a network, and
// now and then ends itself by that, as infertest's settle says: then it is started and asked again.
func TestStrangeNetwork(t *testing.T) {
	s := servertest.StartTriton(t)
	for _, address := range []string{s.GRPC, s.HTTP} {
		e := dial(t, triton.Options{Address: address, Backend: "python"})
		for try := 1; ; try++ {
			err := refusesStrange(t, e)
			if err == nil {
				break
			}
			if try == 5 || !s.Crashed(t) {
				t.Fatalf("%s: %v", e.Name(), err)
			}
			t.Logf("%s: Triton has ended itself: %v", e.Name(), err)
			s.Up(t)
			waitReady(t, e)
		}
	}
}

func refusesStrange(t *testing.T, e *triton.Engine) error {
	t.Helper()
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
	if err := e.Load(t.Context(), b); err != nil {
		return err
	}
	if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 8, 8); err != nil {
		return err
	}
	next := b
	next.Version = "2"
	next.ONNX = bytes.Replace(infertest.Affine1(), []byte("Conv"), []byte("Vnoc"), 1)
	if err := e.Load(t.Context(), next); fault.KindOf(err) != fault.Corrupt {
		return fmt.Errorf("of a node that nobody knows: %w", cmp.Or(err, errors.New("loaded")))
	}
	for _, version := range []string{"1", ""} {
		if err := infertest.Ask(t.Context(), e, infer.Ref{Model: b.Model, Version: version}, 2, 1, 1, 1, 8, 8); err != nil {
			return err
		}
	}
	next.ONNX = infertest.Affine2()
	if err := e.Load(t.Context(), next); err != nil {
		return err
	}
	return infertest.Ask(t.Context(), e, next.Ref, 3, -1, 1, 1, 8, 8)
}
