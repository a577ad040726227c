package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"os"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/measure"
)

// TestNoRoom: a disk that is full is no fault of who sends an image.
func TestNoRoom(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close() //nolint:errcheck // nothing was written
	g := &Gateway{opt: Options{MaxSpool: 1 << 20}}
	_, err = io.Copy(&spool{g: g, f: full}, bytes.NewReader(make([]byte, 5000)))
	if code := codeOf(broken(err)); code != http.StatusServiceUnavailable {
		t.Errorf("%d: %v", code, err)
	}
}

// TestWhatIsNoNumberIsLeftOut, as of an image with infinities.
func TestWhatIsNoNumberIsLeftOut(t *testing.T) {
	o := annotation.Object{ID: "a", Score: math.Inf(1)}
	a := answer{table: measure.Table{Rows: []measure.Row{{Object: o, X: 3, Area: math.NaN(), Nearest: math.Inf(1)}}}}
	var b bytes.Buffer
	if _, err := a.write(&b, "json"); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Objects []struct{ Measurements map[string]float64 }
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || len(got.Objects) != 1 {
		t.Fatalf("%s, %v", b.Bytes(), err)
	}
	m := got.Objects[0].Measurements
	_, area := m["Area px^2"]
	if _, nearest := m["Nearest neighbour px"]; m["Centroid X px"] != 3 || area || nearest {
		t.Errorf("%v", m)
	}
}

// TestAPanicLeavesItsTurn to the next answer.
func TestAPanicLeavesItsTurn(t *testing.T) {
	g := &Gateway{writing: make(chan struct{}, writers)}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_, _ = g.write(t.Context(), nil, answer{}, "json")
	}()
	if len(g.writing) > 0 {
		t.Error("its turn has not ended")
	}
}
