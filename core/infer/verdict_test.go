package infer

import (
	"testing"

	"coverslip.dev/coverslip/core/annotation"
)

// TestRoundingIsNoOtherObject: a pixel of a small object and one object in many may differ, all
// objects by a quarter or several of them may not.
func TestRoundingIsNoOtherObject(t *testing.T) {
	const side = 100
	squares := func(n, size int) (labels []uint32, found []object) {
		labels = make([]uint32, side*side)
		for k := range n {
			x, y := k%10*10, k/10*10
			for i := range size * size {
				labels[(y+i/size)*side+x+i%size] = uint32(k + 1)
			}
			l, t, r, b := float64(x), float64(y), float64(x+size), float64(y+size)
			found = append(found, object{score: 1, outline: []annotation.Point{{X: l, Y: t}, {X: r, Y: t}, {X: r, Y: b}, {X: l, Y: b}}})
		}
		return labels, found
	}
	for name, c := range map[string]struct {
		n, size     int
		off         func(labels []uint32, found []object) []object
		good, wrong string
	}{
		"the same": {n: 10, size: 4, good: "It finds its maker's objects, all 10."},
		"none":     {good: "It finds its maker's objects, all 0."},
		"a pixel of a small one": {n: 10, size: 3, off: func(labels []uint32, found []object) []object {
			labels[0] = 0
			return found
		}, good: "It finds its maker's objects, all 10."},
		"all of another shape": {n: 10, size: 4, off: func(labels []uint32, found []object) []object {
			for i := range labels {
				if i%10 == 3 {
					labels[i] = 0
				}
			}
			return found
		}, wrong: "It finds its maker's objects, but they share 75.0 % of their pixels with its maker's, on average."},
		"one of fifty": {n: 50, size: 4, off: func(_ []uint32, found []object) []object {
			return found[1:]
		}, good: "It finds 49 of its maker's 50 objects, and 0 others."},
		"one of less": {n: 49, size: 4, off: func(_ []uint32, found []object) []object {
			return found[1:]
		}, wrong: "It finds 48 of its maker's 49 objects, and 0 others."},
		"one elsewhere": {n: 50, size: 3, off: func(_ []uint32, found []object) []object {
			for i := range found[0].outline {
				found[0].outline[i].Y += 5
			}
			return found
		}, wrong: "It finds 49 of its maker's 50 objects, and 1 others."},
	} {
		labels, found := squares(c.n, c.size)
		if c.off != nil {
			found = c.off(labels, found)
		}
		good, wrong, err := (&labelled{labels: labels, w: side, h: side}).judge(found)
		if err != nil || good != c.good || wrong != c.wrong {
			t.Errorf("%s: %q, %q, %v", name, good, wrong, err)
		}
	}
}
