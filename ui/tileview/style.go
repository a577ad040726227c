package tileview

import (
	"fmt"
	"hash/fnv"
	"image/color"
	"math"
	"strconv"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/theme"
)

// Coloring is what the colour of an object says.
type Coloring int

// What colours say.
const (
	ByState Coloring = iota
	ByClass
	ByScore // the probability, from violet over green to yellow
	ByTrack // what it is over time
)

// Style is how objects are shown.
type Style struct {
	Hidden bool
	Fill   bool
	Labels bool // class and probability are written on objects that are large enough
	By     Coloring
	Tails  bool    // where an object was before
	Clear  float64 // 0 is opaque, 1 is not seen

	unit float64 // pixels of a unit of the screen: how wide lines are; 0 counts as 1
}

// units are that many units of the screen in pixels.
func (s Style) units(n float64) float64 { return n * max(s.unit, 1) }

// colorOf returns an object's colour, and the length of a dash or 0.
func (s Style) colorOf(o *annotation.Object) (c color.NRGBA, dash float64) {
	c, dash = stateColor(o.State)
	switch s.By {
	case ByClass:
		c = classColor(o.Class)
	case ByScore:
		c = scoreColor(o.Score)
	case ByTrack:
		if o.Track > 0 {
			c = trackColor(o.Track)
		}
	case ByState:
	}
	return c, dash
}

// classColor is the same for a class wherever it appears.
func classColor(class string) color.NRGBA {
	h := fnv.New32a()
	h.Write([]byte(class)) //nolint:errcheck,gosec // a hash never fails
	all := [...]color.NRGBA{
		{0x4f, 0xb6, 0xd6, 255},
		{0xf5, 0xb8, 0x3d, 255},
		{0x46, 0xd1, 0x7f, 255},
		{0xe6, 0x5b, 0xd0, 255},
		{0xd4, 0x62, 0x6c, 255},
		{0xa0, 0x8c, 0xff, 255},
		{0xc8, 0xd6, 0x4b, 255},
		{0xff, 0x8a, 0x50, 255},
	}
	return all[h.Sum32()%uint32(len(all))]
}

// scoreColor runs through the hues of the map viridis, lightened to be seen on black.
func scoreColor(score float64) color.NRGBA {
	stops := [...][3]float64{{130, 70, 190}, {80, 120, 200}, {50, 180, 160}, {130, 215, 80}, {253, 231, 60}}
	x := min(max(score, 0), 1) * float64(len(stops)-1)
	i := min(int(x), len(stops)-2)
	f := x - float64(i)
	mix := func(k int) uint8 { return uint8(math.Round(stops[i][k]*(1-f) + stops[i+1][k]*f)) }
	return color.NRGBA{R: mix(0), G: mix(1), B: mix(2), A: 255}
}

// trackColor keeps numbers that follow each other apart: hues a golden angle from one another.
func trackColor(n int) color.NRGBA {
	_, turn := math.Modf(float64(n) * (math.Sqrt(5) - 1) / 2)
	part := func(shift float64) uint8 { // of a hue, light enough to be seen on black
		_, h := math.Modf(turn + shift)
		return uint8(90 + 165*min(max(math.Abs(6*h-3)-1, 0), 1))
	}
	return color.NRGBA{R: part(0), G: part(2.0 / 3), B: part(1.0 / 3), A: 255}
}

// drawTail draws where an object was, from the oldest place on: the older, the fainter.
func drawTail(s sheet, tail []annotation.Point, o *annotation.Object, style Style, at camera) {
	c, _ := style.colorOf(o)
	for i := 1; i < len(tail); i++ {
		ax, ay := at.toScreen(tail[i-1])
		bx, by := at.toScreen(tail[i])
		s.stroke([]pt{{ax, ay}, {bx, by}}, false, inkOf(c, 0.25+0.7*float64(i)/float64(len(tail)-1)), style.units(1.6), 0)
	}
}

// drawObject draws one object, whose rings are those lines on the sheet.
func drawObject(s sheet, o *annotation.Object, lines [][]pt, style Style, l *letters) {
	c, dash := style.colorOf(o)
	if style.Fill {
		s.fill(lines, inkOf(c, 0.32))
	}
	for _, line := range lines {
		width := style.units(1.8)
		if len(line) < 4 {
			width = style.units(1.2)
		} else if dash == 0 { // a dark rim, so that it is seen on bright pixels, too
			s.stroke(line, true, inkOf(color.NRGBA{A: 255}, 0.4), width+style.units(1.6), 0)
		}
		s.stroke(line, true, inkOf(c, 0.95), width, style.units(dash))
	}
	if style.Labels {
		label(s, o, lines[0], style, l)
	}
}

// Units that an object must be wide to have its label, and the number of its track.
const labelRoom, trackRoom = 46, 18

const labelText = 11 // units

// label writes what an object is on its middle, as far as there is room.
func label(s sheet, o *annotation.Object, line []pt, style Style, l *letters) {
	x0, y0, x1, y1 := boundsOfLine(line)
	rows := labelRows(o, style, x1-x0)
	for i, text := range rows {
		m := l.fitting(text, style.units(labelText), int(x1-x0)+2*patchAir)
		wide, high := m.Rect.Dx(), m.Rect.Dy()
		x, y := int((x0+x1)/2)-wide/2, int((y0+y1)/2)+high*(2*i-len(rows))/2
		s.block(x-1, y, wide+2, high, ink{0, 0, 0, 150})
		s.print(m, x, y)
	}
}

// labelRows are the lines of an object's label, nil where it is not that wide on the screen.
func labelRows(o *annotation.Object, style Style, wide float64) (rows []string) {
	room := labelRoom
	if style.By == ByTrack && o.Track > 0 {
		rows, room = append(rows, strconv.Itoa(o.Track)), trackRoom
	} else {
		if o.Class != "" {
			rows = append(rows, o.Class)
		}
		if o.State != annotation.Drawn {
			rows = append(rows, fmt.Sprintf("%.2f", o.Score))
		}
	}
	if wide < style.units(float64(room)) {
		return nil
	}
	return rows
}

// boundsOfLine is the box around a line.
func boundsOfLine(line []pt) (x0, y0, x1, y1 float64) {
	x0, y0, x1, y1 = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range line {
		x0, y0, x1, y1 = min(x0, p.x), min(y0, p.y), max(x1, p.x), max(y1, p.y)
	}
	return x0, y0, x1, y1
}

// block paints a rectangle.
func (s sheet) block(x, y, w, h int, k ink) {
	for py := max(y, 0); py < min(y+h, s.h); py++ {
		for px := max(x, 0); px < min(x+w, s.w); px++ {
			s.pix[py*s.w+px] = k.over(s.pix[py*s.w+px], 255)
		}
	}
}

func stateColor(st annotation.State) (c color.NRGBA, dash float64) {
	of := theme.Objects()
	switch st {
	case annotation.Accepted:
		return of.Accepted, 0
	case annotation.Rejected:
		return of.Rejected, 4
	case annotation.Drawn:
		return of.Drawn, 0
	case annotation.Predicted:
	}
	return of.Predicted, 0
}
