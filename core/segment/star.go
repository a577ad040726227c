// Package segment turns a network's numbers into objects: star-convex polygons, label
// images, components, contours. It also says how well two label images agree.
package segment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
)

// Options say which polygons are kept.
type Options struct {
	Prob   float64 // a centre's probability must be above
	NMS    float64 // two polygons may share this part of the smaller one's area, 0…1
	Border int     // positions at the map's edge that are no centres
}

// Star is a star-convex object. X and Y are its centre and Outline its corners, one a
// ray, where the centre of the network's upper left pixel is (0.5, 0.5).
type Star struct {
	X, Y, Score float64
	Outline     []annotation.Point
}

// Maps are a network's outputs over a rectangle of W·H positions: the probability of
// being a centre, and the distance to the object's edge along each ray, in pixels of the
// network's input. Dist holds Rays planes of H·W.
type Maps struct {
	Prob, Dist []float32
	W, H, Rays int
}

// maxCandidates bounds what a network that sees objects everywhere can take: 8 million
// candidates of 32 rays are 1.1 GB.
const maxCandidates = 8 << 20

// maxRay bounds distances, in pixels: what a network answers to numbers of the wrong range
// would fill the memory with the squares it lies in.
const maxRay = 1 << 14

// Candidates are the possible centres of a map that may be given piece by piece. The
// order of the pieces does not matter.
type Candidates struct {
	grid, rays int
	at         []candidate
	dist       []float32 // rays a candidate
}

type candidate struct {
	x, y  int32 // position in the whole map
	score float32
	first int32 // number of its distances in dist, in units of rays
}

// ErrFar is a distance that no object has.
var ErrFar = errors.New("a distance")

// NewCandidates collects for stars of so many rays; grid is pixels of the network's input
// a position of its output.
func NewCandidates(rays, grid int) *Candidates { return &Candidates{rays: rays, grid: grid} }

// Len is how many there are.
func (c *Candidates) Len() int { return len(c.at) }

// Collect takes the positions in keep, a rectangle of m, with a probability above prob.
// at is where m's upper left position lies in the whole map.
func (c *Candidates) Collect(m Maps, keep image.Rectangle, at image.Point, prob float64) error {
	n := m.W * m.H
	if m.Rays != c.rays || len(m.Prob) != n || len(m.Dist) != n*m.Rays {
		return fault.New(fault.Invalid, "The model's outputs don't have the sizes that its description promises.",
			"Check n_rays and the order of the outputs in the model's description.",
			fmt.Errorf("%d positions, %d probabilities, %d distances of %d rays", n, len(m.Prob), len(m.Dist), c.rays))
	}
	keep = keep.Intersect(image.Rect(0, 0, m.W, m.H))
	for y := keep.Min.Y; y < keep.Max.Y; y++ {
		for x := keep.Min.X; x < keep.Max.X; x++ {
			i := y*m.W + x
			if !(float64(m.Prob[i]) > prob) { // also a NaN is no centre
				continue
			}
			if len(c.at) == maxCandidates {
				return fault.New(fault.Invalid, "The model sees objects nearly everywhere in this image.",
					"Check the channel and the diameter, raise the threshold, or analyse a part.", nil)
			}
			c.at = append(c.at, candidate{
				x: int32(x + at.X), y: int32(y + at.Y), score: m.Prob[i], first: int32(len(c.at)),
			})
			for k := range m.Rays {
				d := m.Dist[k*n+i]
				if !(d <= maxRay) { // also a NaN
					return fault.New(fault.Invalid, "The model answers with objects that are larger than any image.",
						"Check how its description normalises the image.", fmt.Errorf("%w of %v", ErrFar, d))
				}
				c.dist = append(c.dist, max(d, 1e-3)) // as the reference does
			}
		}
	}
	return nil
}

// Stars returns the stars that remain when of two that overlap too much the one with the
// lower score goes, in order of score; equal scores go by position. origin is the pixel of the
// network's input at which the map begins.
func (c *Candidates) Stars(ctx context.Context, nms float64, origin image.Point) ([]Star, error) {
	slices.SortFunc(c.at, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x))
	})
	s := newSuppressor(c.rays, nms)
	var out []Star
	for i, q := range c.at {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, fmt.Errorf("suppress: %w", ctx.Err())
		}
		px, py := float32(origin.X+int(q.x)*c.grid), float32(origin.Y+int(q.y)*c.grid)
		d := c.dist[int(q.first)*c.rays:][:c.rays]
		if s.add(px, py, d) {
			out = append(out, star(px, py, q.score, d))
		}
	}
	return out, nil
}

// Stars decodes one map in one go.
func Stars(ctx context.Context, m Maps, grid int, o Options) ([]Star, error) {
	c := NewCandidates(m.Rays, grid)
	keep := image.Rect(o.Border, o.Border, m.W-o.Border, m.H-o.Border)
	if keep.Min.X >= keep.Max.X || keep.Min.Y >= keep.Max.Y {
		keep = image.Rectangle{}
	}
	if err := c.Collect(m, keep, image.Point{}, o.Prob); err != nil {
		return nil, err
	}
	return c.Stars(ctx, o.NMS, image.Point{})
}

// star computes corners in the precision of the reference (stardist's dist_to_coord), so
// that the same pixels are inside.
func star(px, py, score float32, dist []float32) Star {
	s := Star{X: float64(px) + 0.5, Y: float64(py) + 0.5, Score: float64(score), Outline: make([]annotation.Point, len(dist))}
	for k, d := range dist {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(len(dist)))
		x := float32(float64(float32(float64(d)*cos)) + float64(px))
		y := float32(float64(float32(float64(d)*sin)) + float64(py))
		s.Outline[k] = annotation.Point{X: float64(x) + 0.5, Y: float64(y) + 0.5}
	}
	return s
}
