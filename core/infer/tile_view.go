package infer

import (
	"context"
	"image"
	"math"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
)

// view is a plane as the network is to see it: one level of the pyramid, scaled to size.
type view struct {
	full  image.Point // pixels of level 0
	level int
	from  image.Point // pixels of that level
	size  image.Point // pixels of the network
}

// newView scales by scale, from the smallest level that is still at least as large and has the planes
// of the image.
func newView(info imageio.Info, scale float64) view {
	full := info.Levels[0].Size
	v := view{full: full, from: full}
	v.size.X = max(int(math.Round(float64(full.X)*scale)), 1)
	v.size.Y = max(int(math.Round(float64(full.Y)*scale)), 1)
	for i, l := range info.Levels {
		if l.Size.X >= v.size.X && l.Size.Y >= v.size.Y && l.Size.X <= v.from.X && !l.Merged {
			v.level, v.from = i, l.Size
		}
	}
	return v
}

// read returns the pixels of r, which is in pixels of the network, of the channel, plane
// and time point of at, as ready makes them. What lies outside the image is what lies
// inside, as pad says.
func (v view) read(ctx context.Context, src imageio.Source, at imageio.Tile, r image.Rectangle, pad string, ready lookup) ([]float32, error) {
	if v.from == v.size && r.In(image.Rectangle{Max: v.size}) { // nearly always
		return v.plain(ctx, src, at, r, ready)
	}
	xs, ys := beyond(pad, r.Min.X, r.Max.X, v.size.X), beyond(pad, r.Min.Y, r.Max.Y, v.size.Y)
	need := image.Rect(least(xs), least(ys), most(xs)+1, most(ys)+1)
	x, err := v.scaled(ctx, src, at, need, ready)
	if err != nil {
		return nil, err
	}
	out := make([]float32, 0, len(xs)*len(ys))
	for _, yy := range ys {
		row := x[(yy-need.Min.Y)*need.Dx():][:need.Dx()]
		for _, xx := range xs {
			out = append(out, row[xx-need.Min.X])
		}
	}
	return out, nil
}

// plain reads pixels that are not scaled.
func (v view) plain(ctx context.Context, src imageio.Source, at imageio.Tile, r image.Rectangle, ready lookup) ([]float32, error) {
	px, err := imageio.ReadRegion(ctx, src, imageio.Region{Level: v.level, Rect: r, C: at.C, Z: at.Z, T: at.T})
	if err != nil {
		return nil, err
	}
	return ready.numbers(px), nil
}

// scaled reads what lies inside the image.
func (v view) scaled(ctx context.Context, src imageio.Source, at imageio.Tile, need image.Rectangle, ready lookup) ([]float32, error) {
	if v.from == v.size {
		return v.plain(ctx, src, at, need, ready)
	}
	wx, wy := newKernel(need.Min.X, need.Max.X, v.from.X, v.size.X), newKernel(need.Min.Y, need.Max.Y, v.from.Y, v.size.Y)
	rect := image.Rect(wx.lo, wy.lo, wx.hi, wy.hi)
	x, err := v.plain(ctx, src, at, rect, lookup{})
	if err != nil {
		return nil, err
	}
	x = wy.columns(wx.rows(x, rect.Dy()), need.Dx())
	ready.takes.hold(x) // a cubic goes beyond where an edge is
	ready.pipe.Apply(x)
	return x, nil
}

// lookup is what is done with pixels: operations, and for images of few values what they
// make of each. The zero value does nothing.
type lookup struct {
	pipe  recipe.Pipeline
	table []float32 // by value; nil: there is none
	takes limits    // of what goes in, if it is of whole numbers
}

// newLookup makes a table where that is less work than n pixels.
func newLookup(p recipe.Pipeline, t imageio.PixelType, n int) lookup {
	l := lookup{pipe: p}
	size := map[imageio.PixelType]int{imageio.Uint8: 1 << 8, imageio.Uint16: 1 << 16}[t]
	if size == 0 || n < size {
		return l
	}
	l.table = make([]float32, size)
	for i := range l.table {
		l.table[i] = float32(i)
	}
	p.Apply(l.table)
	return l
}

// numbers are the pixels, ready.
func (l lookup) numbers(px *imageio.Pixels) []float32 {
	out := make([]float32, px.Size.X*px.Size.Y)
	switch v := px.Uint16s(); {
	case l.table != nil && v != nil:
		table := (*[1 << 16]float32)(l.table)
		for i, s := range v[:len(out)] {
			out[i] = table[s]
		}
	case l.table != nil && px.Type == imageio.Uint8:
		table := (*[1 << 8]float32)(l.table)
		for i, s := range px.Data[:len(out)] {
			out[i] = table[s]
		}
	default:
		out = px.Float32s(out[:0])
		l.pipe.Apply(out)
	}
	return out
}

// beyond returns, for from ≤ i < to, which of n pixels is seen there: mirrored at the
// centres of the outermost pixels (reflect) or at their edges (symmetric), or else the
// outermost one.
func beyond(pad string, from, to, n int) []int {
	out := make([]int, 0, to-from)
	period, edge := max(2*(n-1), 1), 0
	if pad == "symmetric" {
		period, edge = 2*n, 1
	}
	for i := from; i < to; i++ {
		j := ((i % period) + period) % period
		if pad != "symmetric" && pad != "reflect" {
			j = min(max(i, 0), n-1)
		}
		if j >= n {
			j = period - edge - j
		}
		out = append(out, j)
	}
	return out
}

func least(x []int) int {
	m := x[0]
	for _, v := range x {
		m = min(m, v)
	}
	return m
}

func most(x []int) int {
	m := x[0]
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

// kernel holds the weights that make some pixels of a scaled axis of the pixels lo…hi-1
// of the axis before: Keys' cubic (a = -½), widened when it shrinks, as in Pillow.
type kernel struct {
	lo, hi int
	first  []int       // of the pixels before, for each pixel
	weight [][]float32 // sums to 1
}

func newKernel(from, to, before, after int) kernel {
	scale := float64(before) / float64(after)
	wide := max(scale, 1)
	k := kernel{lo: before}
	for i := from; i < to; i++ {
		centre := (float64(i) + 0.5) * scale
		a, b := max(int(centre-2*wide+0.5), 0), min(int(centre+2*wide+0.5), before)
		if before == after {
			a, b = i, i+1
		}
		w, sum := make([]float64, b-a), 0.0
		for j := range w {
			w[j] = cubic((float64(a+j) + 0.5 - centre) / wide)
			sum += w[j]
		}
		w32 := make([]float32, len(w))
		for j := range w {
			w32[j] = float32(w[j] / sum)
		}
		k.first, k.weight = append(k.first, a), append(k.weight, w32)
		k.lo, k.hi = min(k.lo, a), max(k.hi, b)
	}
	return k
}

func cubic(x float64) float64 {
	const a = -0.5
	switch x = math.Abs(x); {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}

// rows scales along x; src holds h rows of hi-lo pixels.
func (k kernel) rows(src []float32, h int) []float32 {
	out := make([]float32, 0, h*len(k.first))
	w := k.hi - k.lo
	for y := range h {
		row := src[y*w : (y+1)*w]
		for i, f := range k.first {
			var s float64
			for j, c := range k.weight[i] {
				s += float64(row[f-k.lo+j]) * float64(c)
			}
			out = append(out, float32(s))
		}
	}
	return out
}

// columns scales along y; src holds hi-lo rows of w pixels.
func (k kernel) columns(src []float32, w int) []float32 {
	out := make([]float32, len(k.first)*w)
	sum := make([]float64, w)
	for i, f := range k.first {
		clear(sum)
		for j, c := range k.weight[i] {
			for x, v := range src[(f-k.lo+j)*w:][:w] {
				sum[x] += float64(v) * float64(c)
			}
		}
		for x, s := range sum {
			out[i*w+x] = float32(s)
		}
	}
	return out
}
