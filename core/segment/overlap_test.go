package segment

import (
	"encoding/json"
	"math"
	"math/rand/v2"
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
			a, b := newPoly(c.a), newPoly(c.b)
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
		for _, q := range a {
			v = append(v, vec{q[0], q[1]})
		}
		return newPoly(v)
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
		if lo, hi := shared(&p, &q); lo > c.Area || hi < c.Area {
			t.Errorf("pair %d: %v, not between %v and %v", i, c.Area, lo, hi)
		}
	}
	if equal < len(pairs)*6/10 || math.Abs(bias) > 0.002 {
		t.Errorf("%d of %d equal, bias %v", equal, len(pairs), bias)
	}
}

// TestSharedBounds has pairs of stars of all sizes, smooth and jagged.
func TestSharedBounds(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8)) //nolint:gosec // a test's
	random := func(rays int, radius, jag float64, x, y float64) poly {
		var v []vec
		for k := range rays {
			sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(rays))
			d := radius * math.Exp(jag*rng.NormFloat64())
			v = append(v, vec{math.Trunc(x + d*cos), math.Trunc(y + d*sin)})
		}
		return newPoly(v)
	}
	worst, sure := 0.0, 0
	const pairs = 5_000
	for range pairs {
		rays, jag := 8<<rng.IntN(4), 0.15*rng.Float64()
		r := math.Exp(1 + 3.5*rng.Float64())
		far := 2 * r * rng.Float64()
		turn := 2 * math.Pi * rng.Float64()
		a := random(rays, r, jag, 300, 300)
		b := random(rays, r*(0.6+0.8*rng.Float64()), jag, 300+far*math.Cos(turn), 300+far*math.Sin(turn))
		area, _ := overlap(&a, &b, nil)
		lo, hi := shared(&a, &b)
		if lo > area || hi < area {
			t.Fatalf("%v is not between %v and %v", area, lo, hi)
		}
		if edges := a.longest + b.longest; hi > 0 {
			worst = max(worst, (lo-area)/edges+crossingSlack, (area-hi)/edges+crossingSlack)
		}
		if limit := 0.4 * min(a.area, b.area); lo > limit || hi <= limit {
			sure++
		}
	}
	t.Logf("%.2f of a longest edge off; %d of %d decided", worst, sure, pairs)
	if sure < pairs*3/4 {
		t.Errorf("%d of %d decided", sure, pairs)
	}
}
