package tileview

import (
	"cmp"
	"image/color"
	"math"
	"slices"
)

func sortFloats(s []float64) { slices.Sort(s) }

// sheet is RGBA pixels, little-endian and premultiplied, that shapes are drawn on.
type sheet struct {
	pix  []uint32
	w, h int
}

func canvasOf(pix []uint32, w, h int) sheet { return sheet{pix, w, h} }

// ink is a colour with its strength in 0…255.
type ink struct{ r, g, b, a uint32 }

func inkOf(c color.NRGBA, strength float64) ink {
	return ink{uint32(c.R), uint32(c.G), uint32(c.B), uint32(strength*float64(c.A) + 0.5)}
}

// over lays ink of that coverage (0…255) over a pixel.
func (k ink) over(d, cover uint32) uint32 {
	a := k.a * cover / 255
	if a == 0 {
		return d
	}
	ia := 255 - a
	r := (k.r*a + d&0xff*ia) / 255
	g := (k.g*a + d>>8&0xff*ia) / 255
	b := (k.b*a + d>>16&0xff*ia) / 255
	q := a + d>>24*ia/255
	return r | g<<8 | b<<16 | q<<24
}

// pt is a place on a sheet.
type pt struct{ x, y float64 }

// stroke draws a closed or open line of that width; dash, if above 0, is the
// length of a dash and, nearly, of the gap after it.
func (s sheet) stroke(line []pt, closed bool, k ink, width, dash float64) {
	n := len(line)
	if n < 2 {
		return
	}
	last := n - 1
	if closed {
		last = n
	}
	var run float64
	for i := range last {
		a, b := line[i], line[(i+1)%n]
		if dash <= 0 {
			s.segment(a, b, k, width)
			continue
		}
		l := math.Hypot(b.x-a.x, b.y-a.y)
		s.dashes(a, b, l, run, k, width, dash)
		run += l
	}
}

func (s sheet) dashes(a, b pt, l, run float64, k ink, width, dash float64) {
	if l == 0 {
		return
	}
	period := dash * 1.8
	for from := 0.0; from < l; {
		phase := math.Mod(run+from, period)
		on := phase < dash
		to := from + period - phase
		if on {
			to = from + dash - phase
		}
		to = min(to, l)
		if on {
			s.segment(pt{a.x + (b.x-a.x)*from/l, a.y + (b.y-a.y)*from/l}, pt{a.x + (b.x-a.x)*to/l, a.y + (b.y-a.y)*to/l}, k, width)
		}
		from = to + 1e-9
	}
}

// segment draws one straight piece, softened by the distance to its axis.
func (s sheet) segment(a, b pt, k ink, width float64) {
	r := width/2 + 0.5
	x0, x1 := max(0, int(min(a.x, b.x)-r)), min(s.w-1, int(max(a.x, b.x)+r))
	y0, y1 := max(0, int(min(a.y, b.y)-r)), min(s.h-1, int(max(a.y, b.y)+r))
	if x0 > x1 || y0 > y1 {
		return
	}
	dx, dy := b.x-a.x, b.y-a.y
	ll := dx*dx + dy*dy
	for y := y0; y <= y1; y++ {
		py := float64(y) + 0.5 - a.y
		lo, hi := x0, x1
		if dy != 0 && x1-x0 > 8 { // only the pixels near the axis in this row
			c := a.x + dx*py/dy
			e := r * math.Sqrt(ll) / math.Abs(dy)
			if c-e > float64(lo) {
				lo = int(min(c-e, float64(hi)+1))
			}
			if c+e < float64(hi) {
				hi = int(max(c+e, float64(lo)-1))
			}
		}
		row := s.pix[y*s.w : (y+1)*s.w]
		for x := lo; x <= hi; x++ {
			px := float64(x) + 0.5 - a.x
			t := 0.0
			if ll > 0 {
				t = min(max((px*dx+py*dy)/ll, 0), 1)
			}
			ex, ey := px-t*dx, py-t*dy
			if d := ex*ex + ey*ey; d < r*r {
				row[x] = k.over(row[x], uint32(min(r-math.Sqrt(d), 1)*255))
			}
		}
	}
}

// fill paints the inside of closed lines by the even-odd rule. Each corner is looked at once, however
// high the sheet: a large outline has many.
func (s sheet) fill(lines [][]pt, k ink) {
	var cuts []cut
	for _, line := range lines {
		cuts = s.crossings(line, cuts)
	}
	slices.SortFunc(cuts, func(a, b cut) int {
		if a.y != b.y {
			return a.y - b.y
		}
		return cmp.Compare(a.x, b.x)
	})
	for len(cuts) > 1 {
		from, to := cuts[0], cuts[1]
		if from.y != to.y {
			cuts = cuts[1:]
			continue
		}
		for x := max(0, int(from.x+0.5)); x < min(s.w, int(to.x+0.5)); x++ {
			s.pix[from.y*s.w+x] = k.over(s.pix[from.y*s.w+x], 255)
		}
		cuts = cuts[2:]
	}
}

// cut is where a line crosses the middle of a row of pixels.
type cut struct {
	y int
	x float64
}

// crossings appends where a closed line crosses the rows of the sheet.
func (s sheet) crossings(line []pt, cuts []cut) []cut {
	for i, a := range line {
		b := line[(i+1)%len(line)]
		from, to := max(math.Ceil(min(a.y, b.y)-0.5), 0), min(math.Ceil(max(a.y, b.y)-0.5), float64(s.h))
		for y := from; y < to; y++ {
			cuts = append(cuts, cut{int(y), a.x + (b.x-a.x)*(y+0.5-a.y)/(b.y-a.y)})
		}
	}
	return cuts
}

// disc paints a small filled circle, as handles are.
func (s sheet) disc(c pt, r float64, k ink) { s.segment(c, c, k, 2*r) }
