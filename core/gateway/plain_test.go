package gateway

import (
	"encoding/json"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/measure"
)

// TestPlainHoles: the outline of a ring is the outer one, and what it encloses is beside it.
func TestPlainHoles(t *testing.T) {
	square := func(x0, x1 float64) []annotation.Point {
		return []annotation.Point{{X: x0, Y: x0}, {X: x1, Y: x0}, {X: x1, Y: x1}, {X: x0, Y: x1}}
	}
	ring := annotation.Object{ID: "a", Outline: annotation.Join(square(0, 9), [][]annotation.Point{square(3, 6)})}
	full := annotation.Object{ID: "b", Outline: square(3, 6)}
	b, err := json.Marshal(answer{table: measure.Table{Rows: []measure.Row{{Object: ring}, {Object: full}}}}.plain())
	const want = `"outline":[[0,0],[3,0],[9,0],[9,9],[0,9]],"holes":[[[3,3],[3,6],[6,6],[6,3]]]`
	if err != nil || !strings.Contains(string(b), want) || strings.Count(string(b), "holes") != 1 {
		t.Errorf("%s, %v", b, err)
	}
}
