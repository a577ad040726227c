package tileview

import (
	"context"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
)

// Projection is how the planes of a stack are shown.
type Projection int

// The projections.
const (
	Slice Projection = iota // one plane
	Max                     // the brightest sample of all planes
	Mean
)

// plane returns what of the stack is shown, as tiles name it: a projection has a z below 0.
func (v *View) plane() (z, t int) {
	if v.projection != Slice && v.info.Z > 1 {
		return -int(v.projection), v.t
	}
	return v.z, v.t
}

// SetPlane shows plane z at time t; both are held inside the image.
func (v *View) SetPlane(z, t int) {
	z, t = min(max(z, 0), max(v.info.Z-1, 0)), min(max(t, 0), max(v.info.T-1, 0))
	if z != v.z || t != v.t {
		v.step, v.stepped = [2]int{z - v.z, t - v.t}, v.at
	}
	v.z, v.t = z, t
	v.turnPage()
}

// ahead returns the plane and the time that are likely to be asked for next, while v plays or is
// gone through one by one; ok is false where none is. A film is decoded forwards: back in time
// nothing is read ahead.
func (v *View) ahead() (z, t int, ok bool) {
	step := v.step
	if v.Playing() {
		step = [2]int{0, v.player.jump}
	} else if v.at != v.stepped || step != [2]int{1, 0} && step != [2]int{-1, 0} && step != [2]int{0, 1} {
		return 0, 0, false
	}
	if z, t = v.plane(); z < 0 {
		return 0, 0, false
	}
	z, t = z+step[0], t+step[1]
	return z, t, z >= 0 && z < v.info.Z && t < v.info.T
}

// Plane returns the plane and the time that are shown.
func (v *View) Plane() (z, t int) { return v.z, v.t }

// SetProjection shows all planes at once, or one; a projection is made tile by tile by the
// workers, and kept like any other tile.
func (v *View) SetProjection(p Projection) {
	v.projection = p
	v.turnPage()
}

// Projection returns how the planes are shown.
func (v *View) Projection() Projection { return v.projection }

// SetObjectsAt says which time point the objects were found in: they are shown there only.
func (v *View) SetObjectsAt(t int) {
	v.objectsAt = t
	v.redraw()
}

// Lying returns what lies on the image at a time point, as [View.SetFollowed] takes it; false
// where nothing is known.
type Lying func(t int) (objs []annotation.Object, tails [][]annotation.Point, ok bool)

// SetSeries has the objects follow the picture: they change with it, and not while the time
// point that is asked for is still being read. It goes on from those of [View.SetFollowed]. f is
// called on the screen's thread; nil where objects were found at one time point only.
func (v *View) SetSeries(f Lying) {
	v.series = f
	v.redraw()
}

// pictured is the time point that is on the screen: the one before as long as a part of the new
// one is missing.
func (v *View) pictured() int {
	if !v.whole && v.was[1] >= 0 {
		return v.was[1]
	}
	return v.t
}

// lies reports whether the objects are those of the time point that is on the screen.
func (v *View) lies() bool { return v.pictured() == v.objectsAt }

// lying returns the object that is seen at p, or nil.
func (v *View) lying(p annotation.Point) *annotation.Object {
	if v.style.Hidden || !v.lies() {
		return nil
	}
	return v.objects.at(p)
}

// follow lays the objects of the time point that is on the screen over it, and reports whether
// there are any.
func (v *View) follow() bool {
	t := v.pictured()
	if t != v.objectsAt && v.series != nil {
		if objs, tails, ok := v.series(t); ok {
			v.objects, v.objectsAt = newTailed(objs, tails, v.filter.lets), t
			v.restyle()
		}
	}
	return t == v.objectsAt
}

func (v *View) turnPage() {
	v.work.reach()
	v.stir()
	v.redraw()
	if v.act.Planed != nil {
		v.act.Planed()
	}
}

// readPlane reads one channel of a tile, or a projection of it, as 16 bits; with it come the pixels
// of the plane, or of the first one. Until it is known what wide samples span there are no 16 bits.
func (w *work) readPlane(ctx context.Context, t task, c int) ([]uint16, *imageio.Pixels, error) {
	k := t.key
	read := func(z int) ([]uint16, *imageio.Pixels, error) {
		p, err := t.src.ReadTile(ctx, imageio.Tile{Level: k.level, Col: k.col, Row: k.row, C: c, Z: z, T: k.t})
		if err != nil || t.spans == nil {
			return nil, p, err
		}
		return samples16(p, t.spans[c]), p, nil
	}
	if k.z >= 0 {
		return read(k.z)
	}
	first, px, err := read(0)
	if err != nil {
		return nil, px, err
	}
	all := newProjected(first, t.spans[c].wide)
	for z := 1; z < t.info.Z; z++ {
		if !w.needs(t) {
			return nil, px, context.Canceled
		}
		p, _, err := read(z)
		if err != nil {
			return nil, px, err
		}
		all.add(p)
	}
	if Projection(-k.z) == Mean {
		all.mean(t.info.Z)
	}
	return all.most, px, nil
}

// projected is what planes come to, pixel by pixel.
type projected struct {
	most []uint16
	sums []uint32
	held []uint16 // planes that have a sample there; nil: all have one
}

func newProjected(first []uint16, holes bool) *projected {
	p := &projected{most: make([]uint16, len(first)), sums: make([]uint32, len(first))}
	if holes {
		p.held = make([]uint16, len(first))
	}
	p.add(first)
	return p
}

func (p *projected) add(plane []uint16) {
	for i, s := range plane[:len(p.most)] {
		p.most[i] = max(p.most[i], s)
		p.sums[i] += uint32(s)
	}
	for i := range p.held {
		if plane[i] != 0 {
			p.held[i]++
		}
	}
}

// mean puts the mean of n planes in the place of the most; what stands for nothing does not count.
func (p *projected) mean(n int) {
	for i, sum := range p.sums {
		of := uint32(n)
		if p.held != nil {
			of = max(uint32(p.held[i]), 1)
		}
		p.most[i] = uint16((sum + of/2) / of)
	}
}

// needs reports whether the screen still shows what a task is for.
func (w *work) needs(t task) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.opened == t.opened && w.shown == [2]int{t.key.z, t.key.t}
}
