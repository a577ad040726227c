package dataset

import (
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

func TestADamagedFileIsNamed(t *testing.T) {
	for _, text := range []string{"<<<<<<< HEAD\nouts:\n", "", "outs:\n- path: ../../../out\n"} {
		r := plates(t)
		put(t, r, "captures/sp8/a.tif.dvc", text)
		_, err := r.Outputs(t.Context())
		if err == nil {
			t.Errorf("%q: no error", text)
			continue
		}
		if say, _ := fault.Explain(err); !strings.Contains(say, "captures/sp8/a.tif.dvc") {
			t.Errorf("%q: %s", text, say)
		}
	}
}
