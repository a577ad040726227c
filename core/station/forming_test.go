package station_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
)

// nuclei paints n × n bright discs, 64 pixels apart.
func nuclei(t *testing.T, n int) []byte {
	t.Helper()
	const apart, radius = 64, 11
	img := image.NewGray(image.Rect(0, 0, n*apart, n*apart))
	for y := range n * apart {
		for x := range n * apart {
			d := math.Hypot(float64(x%apart-apart/2), float64(y%apart-apart/2))
			img.SetGray(x, y, color.Gray{Y: uint8(20 + 180/(1+math.Exp(d-radius)) + float64((x*7+y*13)%9))})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestObjectsFormOnScreen: of the capture that is looked at they are shown while tiles are
// answered, and of no other one.
func TestObjectsFormOnScreen(t *testing.T) {
	ws := t.TempDir()
	b := open(t, ws, nil)
	b.until(func() bool { return len(b.Serving()) > 0 }, func() string { return "served" })
	if err := b.HoldPredictions(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	const many, few = "many.png", "few.png"
	for name, n := range map[string]int{many: 28, few: 12} {
		if err := os.WriteFile(filepath.Join(ws, "scope", name), nuclei(t, n), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	captured := func(it flow.Item) bool { return it.Behind("capture") }
	b.capture(few, captured)
	b.LookingAt(b.capture(many, captured).ID)

	var mu sync.Mutex
	seen := map[string][]int{}
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan error)
	go func() {
		watched <- b.Forming().Watch(ctx, func(all []event.Change[string, []annotation.Object]) error {
			mu.Lock()
			defer mu.Unlock()
			for _, c := range all {
				if !c.Gone {
					seen[c.Key] = append(seen[c.Key], len(c.Value))
				}
			}
			return nil
		})
	}()
	if err := b.HoldPredictions(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	it := b.capture(many, predicted)
	b.capture(few, predicted)
	cancel()
	if err := <-watched; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	var p intake.Predicted
	it.Out("infer", &p)
	var s intake.Stored
	it.Out("capture", &s)
	got := seen[s.MD5] // not of each tile: who watches may come late
	if p.Objects < 28*28*9/10 || len(seen) != 1 || len(got) == 0 || !slices.IsSorted(got) || got[0] == 0 || len(b.Forming().All()) > 0 {
		t.Errorf("%d objects, seen %v, left %d", p.Objects, seen, len(b.Forming().All()))
	}
}
