package measure

import (
	"context"
	"math"

	"coverslip.dev/coverslip/core/annotation"
)

// Linking says which objects of different time points may be the same.
type Linking struct {
	Reach float64 // pixels that an object moves at most from one time point to the next
	Gap   int     // time points at most in which it may be missing
}

// Linker gives objects of one time point after the other the numbers of their tracks, by the
// method of Jaqaman et al. (2008): of all ways to link objects to the tracks so far it takes
// the one with the least sum of squared distances, where a track that ends and one that begins
// cost more than any link. A track whose object is missing goes on for Gap time points. Objects
// neither part nor merge.
type Linker struct {
	Linking
	tracks []track // that may go on
	last   int     // number of the newest
}

type track struct {
	number, missing int
	x, y            float64
}

// Next returns the track of each object of the next time point, numbered from 1. Where ctx
// ends before that it is as if it had not been asked.
func (l *Linker) Next(ctx context.Context, objects []Row) ([]int, error) {
	out := make([]int, len(objects))
	at := make([]annotation.Point, len(objects))
	for i, o := range objects {
		at[i] = annotation.Point{X: o.X, Y: o.Y}
	}
	links := l.links(at)
	end := apart(links)
	for _, g := range parts(links, len(l.tracks), len(at)) {
		columns, err := g.solve(ctx, links, end)
		if err != nil {
			return nil, err
		}
		for k, j := range columns {
			if j >= 0 {
				out[j] = l.tracks[g.rows[k]].number
			}
		}
	}
	l.move(out, at)
	return out, nil
}

// move brings the tracks to where their objects are, and begins new ones.
func (l *Linker) move(of []int, at []annotation.Point) {
	seen := map[int]bool{}
	var now []track
	for j, p := range at {
		if of[j] == 0 {
			l.last++
			of[j] = l.last
		}
		seen[of[j]] = true
		now = append(now, track{number: of[j], x: p.X, y: p.Y})
	}
	for _, t := range l.tracks {
		if t.missing++; !seen[t.number] && t.missing <= l.Gap {
			now = append(now, t)
		}
	}
	l.tracks = now
}

// link is one that may be made: an object, and the squared distance.
type link struct {
	to   int
	cost float64
}

// links returns those of each track. Who was missing may have gone further: as far as a random
// walk of so many steps.
func (l *Linker) links(at []annotation.Point) [][]link {
	out := make([][]link, len(l.tracks))
	far := math.Max(l.Reach, 1) * math.Sqrt(float64(l.Gap+1))
	cells := map[[2]int][]int{}
	cell := func(x, y float64) (int, int) { return int(math.Floor(x / far)), int(math.Floor(y / far)) }
	for j, p := range at {
		cx, cy := cell(p.X, p.Y)
		cells[[2]int{cx, cy}] = append(cells[[2]int{cx, cy}], j)
	}
	for i, t := range l.tracks {
		cx, cy := cell(t.x, t.y)
		most := l.Reach * l.Reach * float64(t.missing+1)
		for k := range 9 {
			for _, j := range cells[[2]int{cx + k%3 - 1, cy + k/3 - 1}] {
				if d := (at[j].X-t.x)*(at[j].X-t.x) + (at[j].Y-t.y)*(at[j].Y-t.y); d <= most {
					out[i] = append(out[i], link{j, d})
				}
			}
		}
	}
	return out
}
