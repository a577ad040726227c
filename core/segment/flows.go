package segment

import (
	"context"
	"fmt"
	"image"
	"math"

	"coverslip.dev/coverslip/core/fault"
)

// Flows are a network's outputs for flow dynamics over W·H pixels: where each pixel is
// drawn to (five times a unit vector), and the logit of being in a cell.
type Flows struct {
	Y, X, Prob []float32
	W, H       int
}

// FlowOptions say which pixels count and which cells are kept.
type FlowOptions struct {
	Prob    float64 // pixels above are of a cell
	Error   float64 // cells whose own flows differ more from the network's are dropped; 0: none is
	MinSize int     // pixels that a cell must have
}

// The numbers of cellpose.dynamics.
const (
	flowSteps   = 200
	flowPad     = 20  // positions around the image
	flowPeak    = 10  // more pixels than that must end at a seed
	flowMember  = 2   // and more than that at a place of the same cell
	flowSpread  = 5   // how far a cell's places may lie from its seed
	flowMaximum = 0.4 // of the image, which no cell covers
)

// FollowFlows lets every pixel of a cell drift along the flows and calls what ends at one
// place a cell: the labels that cellpose's own compute_masks gives (version 4, followed by
// its fill_holes_and_remove_small_masks). Cells are numbered from 1 in the order in which
// reading row by row meets them.
func FollowFlows(ctx context.Context, f Flows, o FlowOptions) (labels []uint32, n int, err error) {
	if len(f.Y) != f.W*f.H || len(f.X) != f.W*f.H || len(f.Prob) != f.W*f.H {
		return nil, 0, fault.New(fault.Invalid, "The model's flows don't have the sizes that its description promises.",
			"Check the outputs in the model's description.", fmt.Errorf("%d, %d and %d numbers for %d×%d", len(f.Y), len(f.X), len(f.Prob), f.W, f.H))
	}
	if f.W < 2 || f.H < 2 { // there is nowhere to flow
		return make([]uint32, f.W*f.H), 0, nil
	}
	cells := make([]int32, 0, len(f.Prob)/4)
	for i, p := range f.Prob {
		if float64(p) > o.Prob {
			cells = append(cells, int32(i))
		}
	}
	ends, err := drift(ctx, f, cells)
	if err != nil {
		return nil, 0, err
	}
	labels = make([]uint32, f.W*f.H)
	gather(labels, cells, ends, f.W, f.H)
	removeLarge(labels, flowMaximum*float64(f.W*f.H))
	n = renumber(labels)
	if o.Error > 0 && n > 0 {
		if n, err = dropBad(ctx, f, labels, n, o.Error); err != nil {
			return nil, 0, err
		}
	}
	n = fillHoles(labels, f.W, n, o.MinSize)
	return labels, n, nil
}

// drift returns where each cell pixel ends, as a position in the image padded by flowPad.
// It takes cellpose's steps in its float32 arithmetic (torch's grid_sample without aligned
// corners), so that a pixel at the edge of a place ends on the same side of it. A pixel that
// stands still, or goes to and fro, is followed no further: it ends where it would.
func drift(ctx context.Context, f Flows, cells []int32) ([]int32, error) {
	g := newSampler(f, cells)
	ends := make([]int32, len(cells))
	for k, i := range cells {
		if k%8192 == 0 && ctx.Err() != nil {
			return nil, fmt.Errorf("follow flows: %w", ctx.Err())
		}
		x, y := g.follow(int(i)%f.W, int(i)/f.W)
		ends[k] = int32((y+flowPad)*(f.W+2*flowPad) + x + flowPad)
	}
	return ends, nil
}

// sampler interpolates flows, which it holds in the units of torch: the image is 2 wide.
type sampler struct {
	flow       []float32 // x and y by turns, with a border of zeros around
	stride     int       // of a row, in pixels
	w, h       int
	halfW      float32
	halfH      float32
	maxX, maxY float32 // the last pixel's position
}

func newSampler(f Flows, cells []int32) *sampler {
	g := &sampler{
		stride: f.W + 2, w: f.W, h: f.H, halfW: float32(f.W) / 2, halfH: float32(f.H) / 2,
		maxX: float32(f.W - 1), maxY: float32(f.H - 1),
	}
	g.flow = make([]float32, 2*(f.W+2)*(f.H+2))
	sx, sy := float32(2/float64(f.W-1)), float32(2/float64(f.H-1))
	for _, i := range cells {
		at := 2 * ((int(i)/f.W+1)*g.stride + int(i)%f.W + 1)
		if x, y := f.X[i]/5*sx, f.Y[i]/5*sy; x-x == 0 && y-y == 0 { // else, where one is no finite number, there is none
			g.flow[at], g.flow[at+1] = x, y
		}
	}
	return g
}

// follow returns the pixel where the one at x, y ends.
func (g *sampler) follow(x, y int) (int, int) {
	px, py := float32(x)/g.maxX*2-1, float32(y)/g.maxY*2-1
	lastX, lastY := float32(math.NaN()), float32(math.NaN()) // two steps before
	for step := range flowSteps {
		dx, dy := g.at(px, py)
		nx, ny := min(max(px+dx, -1), 1), min(max(py+dy, -1), 1)
		if nx == px && ny == py {
			break
		}
		if nx == lastX && ny == lastY { // to and fro from here on
			if (flowSteps-step)%2 == 1 {
				px, py = nx, ny
			}
			break
		}
		lastX, lastY, px, py = px, py, nx, ny
	}
	return int((px + 1) * 0.5 * g.maxX), int((py + 1) * 0.5 * g.maxY)
}

// at interpolates the flow at a position; beyond the image it is zero.
func (g *sampler) at(px, py float32) (dx, dy float32) {
	x, y := float32((px+1)*g.halfW)-0.5, float32((py+1)*g.halfH)-0.5
	xi, yi := floor(x), floor(y)
	w, n := x-float32(xi), y-float32(yi)
	e, s := 1-w, 1-n
	i := 2 * ((yi+1)*g.stride + xi + 1)
	a, b := g.flow[i:i+4], g.flow[i+2*g.stride:i+2*g.stride+4]
	nw, ne, sw, se := e*s, w*s, e*n, w*n
	dx = float32(float32(float32(a[0]*nw)+float32(a[2]*ne))+float32(b[0]*sw)) + float32(b[2]*se)
	dy = float32(float32(float32(a[1]*nw)+float32(a[3]*ne))+float32(b[1]*sw)) + float32(b[3]*se)
	return dx, dy
}

// floor of a number that is not below -1.
func floor(x float32) int {
	if x < 0 {
		return -1
	}
	return int(x)
}

// gather makes cells of the places where pixels end: a place where most of its
// neighbourhood end is a seed, and what lies around it and is reached by enough pixels
// belongs to it. Where two seeds claim a place, the one with more pixels has it.
func gather(labels []uint32, cells, ends []int32, w, h int) {
	pw, ph := w+2*flowPad, h+2*flowPad
	count := make([]int32, pw*ph)
	for _, e := range ends {
		count[e]++
	}
	var seeds []int32
	for i, c := range count {
		if c > flowPeak && isMost(count, pw, i) {
			seeds = append(seeds, int32(i))
		}
	}
	byCount(seeds, count)
	owner := make([]uint32, len(count))
	for k, s := range seeds {
		for _, at := range place(count, pw, int(s)) {
			owner[at] = uint32(k + 1)
		}
	}
	for k, i := range cells {
		labels[i] = owner[ends[k]]
	}
}

// isMost reports whether none of the 24 places around has more.
func isMost(count []int32, w, i int) bool {
	for dy := -2; dy <= 2; dy++ {
		for _, c := range count[i+dy*w-2 : i+dy*w+3] {
			if c > count[i] {
				return false
			}
		}
	}
	return true
}

// place returns the places of the cell with a seed at i: what a walk of five steps reaches.
func place(count []int32, w, i int) []int {
	const side = 2*flowSpread + 1
	var seen [side * side]bool
	seen[side*flowSpread+flowSpread] = true
	found := []int{}
	front := []image.Point{{X: flowSpread, Y: flowSpread}}
	at := func(p image.Point) int { return i + (p.Y-flowSpread)*w + p.X - flowSpread }
	if count[i] > flowMember {
		found = append(found, i)
	}
	for range flowSpread {
		var next []image.Point
		for _, p := range front {
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					q := p.Add(image.Pt(dx, dy))
					if q.X < 0 || q.Y < 0 || q.X >= side || q.Y >= side || seen[q.Y*side+q.X] || count[at(q)] <= flowMember {
						continue
					}
					seen[q.Y*side+q.X] = true
					found, next = append(found, at(q)), append(next, q)
				}
			}
		}
		front = next
	}
	return found
}
