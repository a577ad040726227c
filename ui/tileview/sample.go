package tileview

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"

	"coverslip.dev/coverslip/core/imageio"
)

const (
	mostSamples = 1 << 17 // enough for a percentile, and sorted in 10 ms
	mostRead    = 1 << 22 // pixels of the whole image that are read for it, of all channels and planes, before it is shown
	mostAsked   = 1 << 25 // and where a person asks
	fewestTiles = 6       // of a larger image, for a spread of them
	mostTiles   = 14
	outermost   = 0.005 // of all tiles stand the darkest and the brightest that are read for: a contrast cuts off less
	readAtOnce  = 2     // tiles
)

// rangeOf is of a plane, and of what its samples are stored in. Where that are 16 bits of wide
// samples, what lies far beside the range is lost: when an image is opened, the ends of the stack and
// of time are looked at, too. So they are where nothing of the plane can be read.
func (w *work) rangeOf(ctx context.Context, t task, c int) (Range, span, error) {
	all, tiles, err := w.roughly(ctx, t, c, t.key)
	var more []float64
	var others []Range
	if !t.asked && (len(all) == 0 || wide(t.info.Type)) {
		mid, last := t.key.z, t.info.T-1
		for _, k := range []tileKey{{}, {z: t.info.Z - 1}, {z: mid, t: last / 2}, {z: mid, t: last}} {
			if s, _, _ := w.roughly(ctx, t, c, k); len(s) > 0 { // the first error is told
				more, others = append(more, s...), append(others, NewRange(s))
			}
		}
	}
	if len(all) == 0 {
		all = more
	} else if fine := w.finely(ctx, t, c, tiles); len(fine) > 0 {
		if wide(t.info.Type) {
			others = append(others, NewRange(all)) // the screen shows that level, too
		}
		all = fine
	}
	r := NewRange(all)
	if t.info.Colored() && t.info.Type == imageio.Uint8 {
		r.span(all, 0, 255) // as it is shown
	}
	s := spanOf(t.info.Type, append(others, r)...)
	if t.asked && t.spans[c].serves(r) {
		s = t.spans[c] // with which tiles are in memory
	}
	if r.Least, r.Most = s.ends(); !s.wide {
		r.Least, r.Most = reach(t.info.Type)
	}
	return r, s, err
}

// roughly reads some samples of the coarsest level of the plane of k, and lists the tiles of the whole image where
// there are any, from the darkest to the brightest. What can't be read, and what stands for nothing, is left out, and
// err is the first reason.
func (w *work) roughly(ctx context.Context, t task, c int, k tileKey) (all []float64, tiles []tileKey, err error) {
	l := len(t.info.Levels) - 1
	size, ts := t.info.Levels[l].Size, t.info.TileSize
	step := float64(max(1, size.X*size.Y/mostSamples))
	light := newLight(t.info)
	for row := 0; row*ts.Y < size.Y; row++ {
		for col := 0; col*ts.X < size.X; col++ {
			t.key = tileKey{l, col, row, k.z, k.t}
			e := w.everyOf(ctx, t, c, step, func(x, y int, v float64) {
				all = append(all, v)
				light.add(col*ts.X+x, row*ts.Y+y, v)
			})
			if err = cmp.Or(err, e); ctx.Err() != nil {
				return all, nil, err
			}
		}
	}
	return all, light.tiles(k), err
}

// everyOf gives one of every step samples of a tile to f, each time another one: else they would all lie in a few columns.
func (w *work) everyOf(ctx context.Context, t task, c int, step float64, f func(x, y int, v float64)) error {
	plane, px, err := w.readPlane(ctx, t, c)
	if err != nil {
		return err
	}
	n := px.Size.X * px.Size.Y
	for j := 0; ; j++ {
		_, shift := math.Modf(float64(j) * (math.Phi - 1)) // as evenly as can be
		i := int((float64(j) + shift) * step)
		if i >= n {
			return nil
		}
		v := px.Sample(i)
		if t.key.z < 0 {
			v = t.spans[c].value(plane[i])
		}
		if !t.info.Type.None(v) {
			f(i%px.Size.X, i/px.Size.X, v)
		}
	}
}

// light is how bright the tiles of the whole image are, by the coarsest level.
type light struct {
	info imageio.Info
	down float64
	wide int // tiles in a row
	sum  []float64
	n    []int
}

func newLight(info imageio.Info) *light {
	n := info.Tiles(0)
	return &light{info, info.Levels[len(info.Levels)-1].Downsample, n.X, make([]float64, n.X*n.Y), make([]int, n.X*n.Y)}
}

// add counts a sample at a place of the coarsest level.
func (l *light) add(x, y int, v float64) {
	at := func(p, tile, size int) int { return min(int((float64(p)+0.5)*l.down), size-1) / tile }
	size, ts := l.info.Levels[0].Size, l.info.TileSize
	i := at(y, ts.Y, size.Y)*l.wide + at(x, ts.X, size.X)
	l.sum[i] += v
	l.n[i]++
}

// tiles are those of the plane of k, from the darkest to the brightest; without those that have nothing.
func (l *light) tiles(k tileKey) []tileKey {
	if len(l.info.Levels) == 1 {
		return nil // they have been read
	}
	var some []int
	for i, n := range l.n {
		if n > 0 {
			some = append(some, i)
		}
	}
	slices.SortStableFunc(some, func(a, b int) int {
		return cmp.Compare(l.sum[a]/float64(l.n[a]), l.sum[b]/float64(l.n[b]))
	})
	out := make([]tileKey, len(some))
	for j, i := range some {
		out[j] = tileKey{0, i % l.wide, i / l.wide, k.z, k.t}
	}
	return out
}

// finely reads samples of the whole image: the levels below have means, in which single bright pixels are lost. tiles
// are from the darkest to the brightest. A few are read, each for those as bright, with as many of its samples as there
// are of these: the further out, the fewer, so that little that is bright is not missed. None are where that were too
// many pixels, or where one can't be read.
func (w *work) finely(ctx context.Context, t task, c int, tiles []tileKey) []float64 {
	planes := 1
	if t.key.z < 0 {
		planes = t.info.Z
	}
	most := mostRead
	if t.asked {
		most = mostAsked
	}
	one := t.info.TileSize.X * t.info.TileSize.Y
	each := most / max(one*planes*len(t.info.Channels), 1)
	if len(tiles) == 0 || each < min(fewestTiles, len(tiles)) || !t.asked && t.info.Colored() && t.info.Type == imageio.Uint8 {
		return nil // a photograph is shown first as it is
	}
	ends := spread(len(tiles), min(each, mostTiles))
	widest := 0
	for i := range len(ends) - 1 {
		widest = max(widest, ends[i+1]-ends[i])
	}
	total := min(mostSamples, one*len(tiles)/widest)
	got := make([][]float64, len(ends)-1)
	errs := make([]error, len(got))
	free := make(chan struct{}, readAtOnce)
	var wg sync.WaitGroup
	for i := range got {
		of := t
		of.key = tiles[(ends[i]+ends[i+1])/2]
		step := max(1, float64(one)*float64(len(tiles))/float64(total*(ends[i+1]-ends[i])))
		free <- struct{}{}
		wg.Go(func() {
			errs[i] = w.everyOf(ctx, of, c, step, func(_, _ int, v float64) { got[i] = append(got[i], v) })
			<-free
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil
		}
	}
	return slices.Concat(got...)
}

// spread cuts n things in a row into most pieces at most, and says where they begin and where the last one ends: the
// outermost are the smallest, each further in is larger by as much. If there are no more, each is one for itself.
func spread(n, most int) []int {
	if n <= most {
		ends := make([]int, n+1)
		for i := range ends {
			ends[i] = i
		}
		return ends
	}
	k := most / 2
	ends := make([]int, 2*k+1)
	for i := 1; i <= k; i++ {
		at := outermost * math.Pow(0.5/outermost, float64(i-1)/float64(k-1))
		ends[i] = min(max(int(math.Round(at*float64(n))), i), n/2-(k-i))
		ends[2*k-i] = n - ends[i]
	}
	ends[k], ends[2*k] = n/2, n
	return ends
}
