package gateway

import (
	"bytes"
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
	var out bytes.Buffer
	err := answer{table: measure.Table{Rows: []measure.Row{{Object: ring}, {Object: full}}}}.writePlain(&out)
	b := out.Bytes()
	const want = `"outline":[[0,0],[3,0],[9,0],[9,9],[0,9]],"holes":[[[3,3],[3,6],[6,6],[6,3]]]`
	if err != nil || !json.Valid(b) || !strings.Contains(string(b), want) || strings.Count(string(b), "holes") != 1 {
		t.Errorf("%s, %v", b, err)
	}
}

// widest counts what it is given, and remembers the most at a time.
type widest struct{ all, most int }

func (w *widest) Write(b []byte) (int, error) {
	w.all, w.most = w.all+len(b), max(w.most, len(b))
	return len(b), nil
}

// TestPlainByAndBy: JSON is written as it comes, however many objects there are.
func TestPlainByAndBy(t *testing.T) {
	for _, n := range []int{0, 1, 2000} {
		a := answer{name: "a.tif", table: measure.Table{Rows: make([]measure.Row, n)}}
		var w widest
		if _, err := a.write(&w, "json"); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := a.write(&b, "json"); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Image   string
			Objects []struct{}
		}
		if err := json.Unmarshal(b.Bytes(), &got); err != nil || got.Image != "a.tif" || got.Objects == nil || len(got.Objects) != n {
			t.Errorf("%d: %v", n, err)
		}
		if w.most > 64<<10 {
			t.Errorf("%d of %d bytes at once", w.most, w.all)
		}
	}
}
