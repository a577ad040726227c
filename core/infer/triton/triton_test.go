package triton_test

import (
	"fmt"
	"testing"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

func dial(t *testing.T, opt triton.Options) *triton.Engine {
	t.Helper()
	e, err := triton.Dial(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// TestContractGRPC goes over the wire only, and then through shared memory where tensors
// are not too small, with models that may be asked several questions as one.
func TestContractGRPC(t *testing.T) {
	a := servertest.StartTriton(t).GRPC
	for _, apart := range []bool{true, false} {
		t.Run(fmt.Sprintf("apart %v", apart), func(t *testing.T) {
			infertest.Run(t, infertest.Traits{FreesStopped: true, Described: !apart}, func(t *testing.T) infer.Engine {
				t.Helper()
				return dial(t, triton.Options{Address: a, Backend: "python", Apart: apart})
			})
		})
	}
}

// TestContractHTTP: Triton works on after the connection of a question was closed.
func TestContractHTTP(t *testing.T) {
	a := servertest.StartTriton(t).HTTP
	for _, apart := range []bool{true, false} {
		t.Run(fmt.Sprintf("apart %v", apart), func(t *testing.T) {
			infertest.Run(t, infertest.Traits{Described: !apart}, func(t *testing.T) infer.Engine {
				t.Helper()
				return dial(t, triton.Options{Address: a, Backend: "python", Apart: apart})
			})
		})
	}
}
