package segment

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

func square(x, y, side float64) []vec {
	return []vec{{x, y}, {x + side, y}, {x + side, y + side}, {x, y + side}}
}

// TestOverlapByHand has the edges and corners that lie on one another.
func TestOverlapByHand(t *testing.T) {
	star := []vec{{0, 0}, {10, 0}, {10, 10}, {5, 4}, {0, 10}}
	for name, c := range map[string]struct {
		a, b []vec
		want float64
	}{
		"the same":      {square(0, 0, 10), square(0, 0, 10), 100},
		"a half":        {square(0, 0, 10), square(5, 0, 10), 50},
		"shared edge":   {square(0, 0, 10), square(10, 0, 10), 0},
		"shared corner": {square(0, 0, 10), square(10, 10, 10), 0},
		"inside":        {square(0, 0, 10), square(2, 3, 4), 16},
		"inside, edge":  {square(0, 0, 10), square(0, 3, 4), 16},
		"not convex":    {star, square(0, 0, 10), 70},
		"in two parts":  {star, square(0, 4, 10), 30},
		"far away":      {square(0, 0, 10), square(50, 50, 10), 0},
	} {
		for _, turned := range []bool{false, true} {
			a, b := newPoly(vec{1, 1}, c.a), newPoly(vec{1, 1}, c.b)
			if turned {
				a, b = b, a
			}
			if got, _ := overlap(&a, &b, nil); math.Abs(got-c.want) > 1e-3 {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
}

func TestOverlapAsClipper(t *testing.T) {
	b, err := os.ReadFile("testdata/pairs.json")
	if err != nil {
		t.Fatal(err)
	}
	var pairs []struct {
		A, B [][2]float64
		Area float64
	}
	if err := json.Unmarshal(b, &pairs); err != nil || len(pairs) < 100 {
		t.Fatal(err)
	}
	toPoly := func(a [][2]float64) poly {
		var v []vec
		var c vec
		for _, q := range a {
			v = append(v, vec{q[0], q[1]})
			c = vec{c.x + q[0]/float64(len(a)), c.y + q[1]/float64(len(a))}
		}
		return newPoly(c, v)
	}
	var equal int
	var bias float64
	for i, c := range pairs {
		p, q := toPoly(c.A), toPoly(c.B)
		got, _ := overlap(&p, &q, nil)
		rel := (got - c.Area) / min(p.area, q.area)
		if math.Abs(rel) > 0.04 {
			t.Errorf("pair %d: %v, Clipper %v", i, got, c.Area)
		}
		if got == c.Area {
			equal++
		}
		bias += rel / float64(len(pairs))
		if l := lens(p.inner, q.inner, math.Hypot(p.centre.x-q.centre.x, p.centre.y-q.centre.y)); l > got*1.02 {
			t.Errorf("pair %d: circles share %v of %v", i, l, got)
		}
	}
	if equal < len(pairs)*6/10 || math.Abs(bias) > 0.002 {
		t.Errorf("%d of %d equal, bias %v", equal, len(pairs), bias)
	}
}
