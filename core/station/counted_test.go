package station

import (
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/measure"
	"coverslip.dev/coverslip/core/session"
)

// TestAFilmCountedAnewIsLinkedAnew, also by a version of the same name, which may have another
// network: its objects are others.
func TestAFilmCountedAnewIsLinkedAnew(t *testing.T) {
	ctx := t.Context()
	store, err := session.Open(ctx, filepath.Join(t.TempDir(), "session.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close() //nolint:errcheck // a test's
	f := films{store}
	by := config.Linking{Reach: 20}
	b := infer.Bundle{Ref: infer.Ref{Model: "nuclei", Version: "1"}, ONNX: []byte("one"), Recipe: []byte("r")}
	var was Frames
	for _, objects := range []int{2, 3} {
		seen := countedBy(b, intake.Predicted{}, 0)
		seen.Seen = 2
		if seen.Model != "nuclei@1" || seen.Run == was.Run {
			t.Errorf("%+v after %+v", seen, was)
		}
		frame := make([]measure.Row, objects)
		for i := range frame {
			frame[i] = measure.Row{Object: annotation.Object{ID: string(rune('a' + i))}, X: float64(100 * i), Area: 9}
		}
		if err := f.keep(ctx, "md5", 2, [][]measure.Row{frame, frame}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // made, and kept
			tracks, err := f.links(ctx, "md5", seen, by)
			if err != nil || len(tracks) != 2 || len(tracks[0]) != objects || len(tracks[1]) != objects {
				t.Errorf("of %d objects each: %v, %v", objects, tracks, err)
			}
		}
		was = seen
	}
	for _, other := range []infer.Bundle{{Ref: b.Ref, ONNX: []byte("two"), Recipe: b.Recipe}, {Ref: b.Ref, ONNX: b.ONNX, Recipe: []byte("s")}} {
		if by := countedBy(other, intake.Predicted{}, 0); by.Model != was.Model || by.like(was) {
			t.Errorf("%s of %s passes for the same", other.ONNX, other.Recipe)
		}
	}
	if by := countedBy(b, intake.Predicted{}, 0); !by.like(was) {
		t.Error("the same network is taken for another")
	}
}
