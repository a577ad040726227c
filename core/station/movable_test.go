package station

import (
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// TestTheThresholdOfAServersOwnModelStays: nobody is told to run it again for that.
func TestTheThresholdOfAServersOwnModelStays(t *testing.T) {
	if err := movable(infer.Bundle{ONNX: []byte("a network")}); err != nil {
		t.Error(err)
	}
	err := movable(infer.Bundle{Recipe: []byte("a description")})
	if say, hint := fault.Explain(err); fault.KindOf(err) != fault.NotFound || strings.Contains(say+hint, "again") {
		t.Errorf("%s %s", say, hint)
	}
}
