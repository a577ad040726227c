package measure

import (
	"image"
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/segment"
)

// mostPixels bounds the rectangle of an object that is looked at pixel by pixel, which takes
// some ten bytes each; tissue that someone has outlined on a slide may have billions.
const mostPixels = 1 << 25

// large measures what the runs of an outline tell in little memory, within rect. All else is
// not known: NaN.
func (r *Row) large(outline []annotation.Point, rect image.Rectangle, um imageio.Micron) {
	nan := math.NaN()
	r.Perimeter, r.Circularity, r.Feret, r.Neighbours = nan, nan, nan, nan
	r.Micron.Perimeter, r.Micron.Feret = nan, nan
	for i := range r.Channels {
		r.Channels[i] = unknown()
	}
	// From the middle of the rectangle, so that little is lost by rounding.
	mx, my := float64(rect.Min.X+rect.Max.X)/2, float64(rect.Min.Y+rect.Max.Y)/2
	var n, sx, sy, sxx, syy, sxy float64
	add := func(s run) {
		k, dx, dy := float64(s.to-s.from), float64(s.from+s.to)/2-mx, float64(s.y)+0.5-my
		n, sx, sy = n+k, sx+k*dx, sy+k*dy
		sxx, syy, sxy = sxx+k*dx*dx+k*(k*k-1)/12, syy+k*dy*dy, sxy+k*dx*dy
	}
	var row []run
	last := 0
	end := func() {
		slices.SortFunc(row, func(a, b run) int { return a.from - b.from })
		seen := rect.Min.X
		for _, s := range row {
			if s.from = max(s.from, seen); s.from < s.to {
				add(s)
				seen = s.to
			}
		}
		row = row[:0]
	}
	segment.Fill(outline, rect, func(y, x0, x1 int) {
		if y != last {
			end()
			last = y
		}
		row = append(row, run{y, x0, x1})
	})
	end()
	if n == 0 {
		return
	}
	r.X, r.Y = mx+sx/n, my+sy/n
	r.ellipse(n, sxx/n-sx/n*sx/n, syy/n-sy/n*sy/n, sxy/n-sx/n*sy/n, um)
}

// portions parts objects that lie close together, so that what is under way at a time takes
// little more memory than one object may.
func (s *surroundings) portions(objects []int) [][]int {
	var out [][]int
	var window image.Rectangle
	pixels := 0
	for _, i := range objects {
		b := s.bounds[i]
		window = window.Union(b)
		pixels += area(b)
		if len(out) == 0 || pixels > 2*mostPixels || area(window) > 2*mostPixels {
			out, window, pixels = append(out, nil), b, area(b)
		}
		out[len(out)-1] = append(out[len(out)-1], i)
	}
	return out
}

func area(r image.Rectangle) int { return r.Dx() * r.Dy() }
