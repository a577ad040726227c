package triton

import (
	"context"
	"maps"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/servertest"
)

// TestHashedOnce: what lies on a shelf is not hashed again when the same bytes are brought again,
// and is when others are.
func TestHashedOnce(t *testing.T) {
	b := infer.Bundle{Ref: infer.Ref{Model: "m", Version: "1"}, ONNX: infertest.Affine1()}
	s := (*shelf)(nil).with(b)
	first := s.parameters()
	other := b
	other.ONNX = infertest.Affine2()
	if maps.Equal(s.with(other).parameters(), first) {
		t.Error("another network passes for the one before")
	}
	b.ONNX[0]++ // nobody does that: it shows who looks
	if !maps.Equal(s.with(b).parameters(), first) {
		t.Error("hashed again")
	}
}

// deadline is a transport that notes by when a model must be loaded, and loads none.
type deadline struct {
	transport

	at time.Time
}

func (d *deadline) load(ctx context.Context, _, _ string, _ map[string][]byte) error {
	d.at, _ = ctx.Deadline()
	return &refusal{text: "not now"}
}

// TestLargeModelsMayTakeLonger: to be sent, with the versions that stay beside them.
func TestLargeModelsMayTakeLonger(t *testing.T) {
	e, err := Dial(t.Context(), Options{Address: servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"), Backend: "python"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // the test's end
	d := &deadline{transport: e.wire}
	e.wire = d
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "2"}, ONNX: protowire.AppendTag(infertest.Affine1(), 99, protowire.BytesType)}
	b.ONNX = protowire.AppendBytes(b.ONNX, make([]byte, 60*pace))
	for versions, s := range []*shelf{nil, (*shelf)(nil).with(infer.Bundle{Ref: infer.Ref{Model: b.Model, Version: "1"}, ONNX: b.ONNX})} {
		if s != nil {
			e.shelf[b.Model] = s
		}
		begun := time.Now()
		if err := e.Load(t.Context(), b); err == nil {
			t.Fatal("loaded")
		}
		if more := d.at.Sub(begun) - slow; more < time.Duration(versions+1)*time.Minute {
			t.Errorf("beside %d versions only %v more", versions, more)
		}
	}
}
