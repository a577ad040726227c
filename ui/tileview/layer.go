package tileview

import (
	"context"
	"image"
	"math"
	"sync"

	"coverslip.dev/coverslip/core/annotation"
)

const (
	patchSize = 256 // pixels a side
	// atOnce is how many objects of usual size a frame may draw itself, about 3 ms; what goes
	// beyond is left to the worker and appears a frame later. corners is the usual size.
	atOnce      = 800
	corners     = 32
	mostPatches = 128 // 32 MB; a screen or two around
)

// patch is a piece of the overlay at one scale; pix is nil where it is empty.
type patch struct {
	pix []uint32
	gen int
}

// layer is the overlay in patches of screen pixels, so that a pan only copies.
type layer struct {
	mu      sync.Mutex // guards all below
	more    chan struct{}
	index   *index
	style   Style
	gen     int
	scale   float64
	patches map[[2]int]*patch
	wanted  [][2]int
	on      []laid // of the last frame, reused

	letters letters
}

func newLayer() *layer {
	return &layer{more: make(chan struct{}, 1), index: newIndex(), patches: map[[2]int]*patch{}}
}

func (l *layer) set(x *index, style Style) {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.style
	was.Clear, was.Hidden = style.Clear, style.Hidden // these don't change what is drawn
	if l.index != x || was != style {
		l.gen++
	}
	l.index, l.style = x, style
}

// clear drops all patches: they are of another image.
func (l *layer) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.patches, l.wanted, l.on = map[[2]int]*patch{}, nil, nil
}

// blit lays the patches that the camera sees over dst, and reports whether these were all.
func (l *layer) blit(dst []uint32, w, h int, at camera) (all bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.scale != at.scale {
		l.scale, l.patches = at.scale, map[[2]int]*patch{}
	}
	l.wanted = l.wanted[:0]
	if len(l.index.shown) == 0 {
		return true
	}
	ox, oy := int(math.Round(at.x*at.scale)), int(math.Round(at.y*at.scale))
	strength := uint32(math.Round((1 - min(max(l.style.Clear, 0), 1)) * 256))
	budget := atOnce
	seen := image.Rect(patchOf(ox), patchOf(oy), patchOf(ox+w-1)+1, patchOf(oy+h-1)+1)
	l.on = l.on[:0]
	for ty := seen.Min.Y; ty < seen.Max.Y; ty++ {
		for tx := seen.Min.X; tx < seen.Max.X; tx++ {
			if p := l.patchAt([2]int{tx, ty}, &budget); p != nil && p.pix != nil {
				l.on = append(l.on, laid{p.pix, tx*patchSize - ox, ty*patchSize - oy})
			}
		}
	}
	bands(h, func(y0, y1 int) {
		for _, p := range l.on {
			p.over(dst, w, y0, y1, strength)
		}
	})
	l.forget(seen)
	if len(l.wanted) == 0 {
		return true
	}
	select {
	case l.more <- struct{}{}:
	default:
	}
	return false
}

// forget drops patches out of sight once there are many; l.mu is held.
func (l *layer) forget(seen image.Rectangle) {
	if len(l.patches) <= mostPatches {
		return
	}
	for k := range l.patches {
		if !image.Pt(k[0], k[1]).In(seen) {
			delete(l.patches, k)
		}
	}
}

// patchAt returns the patch at k, drawn anew if budget, in usual objects, reaches; else the
// worker gets it and the one of before is returned, nil if there is none. l.mu is held.
func (l *layer) patchAt(k [2]int, budget *int) *patch {
	p := l.patches[k]
	if p != nil && p.gen == l.gen {
		return p
	}
	n := 0
	for _, i := range l.index.within(patchBox(k, l.scale)) {
		n += max(1, (len(l.index.all[i].Outline)+corners-1)/corners)
	}
	if n > *budget {
		l.wanted = append(l.wanted, k)
		return p
	}
	*budget -= n
	p = &patch{pix: drawPatch(l.index, l.style, k, l.scale, &l.letters), gen: l.gen}
	l.patches[k] = p
	return p
}

// patchOf is the column or row of patches that a pixel lies in.
func patchOf(pixel int) int { return int(math.Floor(float64(pixel) / patchSize)) }

// laid is a patch's place on the screen.
type laid struct {
	pix  []uint32
	x, y int
}

// over lays the patch's part in the rows y0…y1 over dst, with a strength of 0…256.
func (p laid) over(dst []uint32, w, y0, y1 int, strength uint32) {
	from, to := max(0, -p.x), min(patchSize, w-p.x)
	if from >= to {
		return
	}
	for y := max(y0, p.y); y < min(y1, p.y+patchSize); y++ {
		row := p.pix[(y-p.y)*patchSize:]
		lay(dst[y*w+p.x+from:y*w+p.x+to], row[from:to], strength)
	}
}

// lay blends premultiplied pixels over dst, with a strength of 0…256. The kernel and this
// compute the same bits.
func lay(dst, src []uint32, strength uint32) {
	n := blendVectors(dst, src, strength)
	dst = dst[n:]
	for i, c := range src[n:] {
		if c == 0 {
			continue
		}
		if strength < 256 {
			c = (c&0xff00ff)*strength>>8&0xff00ff | (c>>8&0xff00ff)*strength&0xff00ff00
		}
		ia := 256 - c>>24
		rb := (dst[i] & 0xff00ff) * ia >> 8 & 0xff00ff
		g := (dst[i] >> 8 & 0xff) * ia & 0xff00
		dst[i] = (c + rb + g) | 0xff000000
	}
}

// drawLayer draws the patches that a frame could not, until ctx ends.
func (v *View) drawLayer(ctx context.Context, l *layer) {
	for {
		k, x, style, gen, scale, ok := l.next()
		if !ok {
			select {
			case <-ctx.Done():
				return
			case <-l.more:
			}
			continue
		}
		if ctx.Err() != nil {
			return
		}
		l.keep(k, &patch{pix: drawPatch(x, style, k, scale, &l.letters), gen: gen}, scale)
		v.wake()
	}
}

func (l *layer) next() (k [2]int, x *index, style Style, gen int, scale float64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.wanted) == 0 {
		return k, nil, Style{}, 0, 0, false
	}
	k = l.wanted[0]
	l.wanted = l.wanted[1:]
	return k, l.index, l.style, l.gen, l.scale, true
}

func (l *layer) keep(k [2]int, p *patch, scale float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.scale == scale && p.gen == l.gen {
		l.patches[k] = p
	}
}

// patchAir is by how many pixels what belongs to an object may reach beyond it: half a line's
// width, and a label a little.
const patchAir = 3

// patchBox is what of the image a patch covers, with that air.
func patchBox(k [2]int, scale float64) box {
	return box{
		(float64(k[0]*patchSize) - patchAir) / scale, (float64(k[1]*patchSize) - patchAir) / scale,
		(float64((k[0]+1)*patchSize) + patchAir) / scale, (float64((k[1]+1)*patchSize) + patchAir) / scale,
	}
}

func drawPatch(x *index, style Style, k [2]int, scale float64, l *letters) []uint32 {
	on := x.within(patchBox(k, scale))
	if len(on) == 0 {
		return nil
	}
	s := sheet{make([]uint32, patchSize*patchSize), patchSize, patchSize}
	at := camera{x: float64(k[0]*patchSize) / scale, y: float64(k[1]*patchSize) / scale, scale: scale}
	if style.Tails && x.tails != nil {
		for _, i := range on {
			drawTail(s, x.tails[i], &x.all[i], style, at)
		}
	}
	for _, i := range on {
		drawObject(s, &x.all[i], x.screenLines(&x.all[i], at), style, l)
	}
	return s.pix
}

// screenLines puts the rings of one of the objects on the screen, the outer one first.
func (x *index) screenLines(o *annotation.Object, at camera) [][]pt {
	rings := x.ringsOf(o)
	lines := make([][]pt, len(rings))
	for i, r := range rings {
		lines[i] = screenLine(r, at)
	}
	return lines
}

// screenLine puts a ring on the screen, without corners nearer than a pixel and
// a half to the one before.
func screenLine(ring []annotation.Point, at camera) []pt {
	line := make([]pt, 0, len(ring))
	for _, p := range ring {
		x, y := at.toScreen(p)
		if n := len(line); n > 0 && math.Abs(line[n-1].x-x) < 1.5 && math.Abs(line[n-1].y-y) < 1.5 {
			continue
		}
		line = append(line, pt{x, y})
	}
	if len(line) == 1 {
		line = append(line, pt{line[0].x + 1, line[0].y})
	}
	return line
}
