package gateway_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/gateway"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// TestSchemathesis has schemathesis ask what the document allows, and what it does not.
func TestSchemathesis(t *testing.T) {
	at, _ := open(t, func(o *gateway.Options) { o.Dataset, o.Grace = t.TempDir(), short })
	schemathesis(t, at, "60")
}

// TestSchemathesisOfTriton does so less often where a real server answers.
func TestSchemathesisOfTriton(t *testing.T) {
	at, _ := open(t, func(o *gateway.Options) {
		en, ref, err := affine(t.Context(), servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := en.Unload(context.WithoutCancel(t.Context()), ref.Model); err != nil {
				t.Error(err)
			}
			if err := en.Close(); err != nil {
				t.Error(err)
			}
		})
		if err := o.Engine.Close(); err != nil {
			t.Error(err)
		}
		o.Engine, o.Models[0].Ref, o.Dataset, o.Grace = lent{en}, ref, t.TempDir(), short
	})
	schemathesis(t, at, "15")
}

// lent is an engine that outlives its gateway.
type lent struct{ infer.Engine }

func (lent) Close() error { return nil }

// affine is a model that answers 2x + 1, on the Triton server at an address.
func affine(ctx context.Context, address string) (en *triton.Engine, ref infer.Ref, err error) {
	if en, err = triton.Dial(ctx, triton.Options{Address: address, Backend: "python"}); err != nil {
		return nil, ref, err
	}
	ref = infer.Ref{Model: infertest.UniqueName(), Version: "1"}
	return en, ref, en.Load(ctx, infer.Bundle{Ref: ref, ONNX: infertest.Affine1()})
}

func schemathesis(t *testing.T, at, examples string) {
	t.Helper()
	tool := filepath.Join(filepath.Dir(servertest.Need(t, "COVERSLIP_TEST_RECIPES_PYTHON")), "schemathesis")
	cmd := exec.CommandContext(t.Context(), tool, "--config-file", "testdata/schemathesis.toml", "run", at+"/openapi.json",
		"-H", "Authorization: Bearer "+token, "--max-examples", examples, "--generation-database", "none")
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	t.Logf("%s", said[max(0, len(said)-600):])
}
