package tileview

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"slices"
	"strings"

	fynetheme "fyne.io/fyne/v2/theme"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"coverslip.dev/coverslip/core/annotation"
)

// Picture is what a view shows, to be kept.
type Picture struct {
	Image  *image.RGBA // with objects and the scale bar
	Half   bool        // a part was still being read or drawn: something else stands there
	plain  *image.RGBA // the pixels alone
	shapes []shape
	clear  float64 // of the objects, as Style.Clear
	bar    string  // the scale bar's length, "" without calibration
	length float64
	unit   float64 // pixels of a unit of the screen
}

// shape is an object's outline on the picture.
type shape struct {
	name  string
	lines [][]pt // the outer one first
	c     color.NRGBA
	dash  float64
	fill  bool
	rows  []string // its label
}

// Snapshot returns what the view shows now; false while nothing is open. Marks that only the
// person at the screen needs (what is selected or being drawn, the lens, the overview) are left out.
func (v *View) Snapshot() (Picture, bool) {
	w, h := v.pixels()
	if v.src == nil || w == 0 || h == 0 {
		return Picture{}, false
	}
	style, selected, track, hover, over, overview, tool, focused := v.style, v.selected, v.track, v.hover, v.over, v.overview, v.tool, v.focused
	drawing, mask := v.pen, v.brush.mask
	defer func() {
		v.style, v.selected, v.track, v.hover, v.over, v.overview, v.tool, v.focused = style, selected, track, hover, over, overview, tool, focused
		v.pen, v.brush.mask = drawing, mask
		v.redraw()
	}()
	v.selected, v.track, v.hover, v.over, v.overview, v.tool, v.focused = "", 0, "", false, false, Select, false
	v.pen, v.brush.mask = pen{}, nil
	shot := func() *image.RGBA {
		v.paint(w, h)
		out := image.NewRGBA(v.buf.Rect)
		copy(out.Pix, v.buf.Pix)
		return out
	}
	p := Picture{Image: shot(), unit: v.ratio}
	p.Half = v.Behind() || v.owes || !v.contrast
	v.style.Hidden = true
	p.plain = shot()
	if um := v.across(); um > 0 {
		p.bar, p.length = barOf(um/(v.at.scale/v.ratio), mostBar)
		p.length *= v.ratio
		p.drawBar()
	}
	if !style.Hidden && v.lies() {
		p.shapes, p.clear = v.shapes(w, h, style), style.Clear
	}
	return p, true
}

// shapes are the objects on a screen of w×h pixels.
func (v *View) shapes(w, h int, style Style) []shape {
	var out []shape
	for _, i := range v.objects.shown {
		o := &v.objects.all[i]
		s := shape{name: o.Class, fill: style.Fill}
		s.c, s.dash = style.colorOf(o)
		for _, ring := range annotation.Rings(o.Outline) {
			line := make([]pt, len(ring))
			for k, p := range ring {
				line[k].x, line[k].y = v.onScreen(p)
			}
			s.lines = append(s.lines, line)
		}
		if len(within(s.lines[0], image.Rect(0, 0, w, h))) == 0 {
			continue
		}
		if style.Labels {
			style.unit = v.ratio
			x0, _, x1, _ := boundsOfLine(s.lines[0])
			s.rows = labelRows(o, style, x1-x0)
		}
		out = append(out, s)
	}
	return out
}

const barMargin, barText = 14, 14 // units

// drawBar draws the scale bar into the image as the screen shows it.
func (p Picture) drawBar() {
	face, ground := p.barPlace()
	if face == nil {
		return
	}
	draw.Draw(p.Image, ground, image.NewUniform(color.RGBA{A: 0x90}), image.Point{}, draw.Over)
	mid := float64(ground.Min.X+ground.Max.X) / 2
	bar := image.Rect(int(mid-p.length/2+0.5), ground.Max.Y-int(11*p.unit), int(mid+p.length/2+0.5), ground.Max.Y-int(7*p.unit))
	draw.Draw(p.Image, bar, image.White, image.Point{}, draw.Src)
	d := font.Drawer{Dst: p.Image, Src: image.White, Face: face}
	d.Dot = fixed.P(int(mid)-font.MeasureString(face, p.bar).Ceil()/2, ground.Max.Y-int(17*p.unit))
	d.DrawString(p.bar)
}

// barPlace is where the scale bar stands on its dark ground, and the letters of its text; nil where
// the built-in font can't be read.
func (p Picture) barPlace() (font.Face, image.Rectangle) { //nolint:ireturn // what the drawer takes
	face, err := barFace(barText * p.unit)
	if err != nil {
		return nil, image.Rectangle{}
	}
	m, h := barMargin*p.unit, p.plain.Rect.Dy()
	wide := max(float64(font.MeasureString(face, p.bar).Ceil()), p.length)
	return face, image.Rect(int(m), h-int(m+38*p.unit), int(m+wide+20*p.unit), h-int(m))
}

func barFace(size float64) (font.Face, error) { //nolint:ireturn // what the drawer takes
	f, err := opentype.Parse(fynetheme.DefaultTextBoldFont().Content())
	if err != nil {
		return nil, fmt.Errorf("read the font: %w", err)
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72})
}

// WriteSVG writes the picture with its objects and the scale bar as shapes that a drawing
// program can change, over the pixels.
func (p Picture) WriteSVG(w io.Writer) error {
	var pixels bytes.Buffer
	if err := png.Encode(&pixels, p.plain); err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	b := p.plain.Rect
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d">`+"\n", b.Dx(), b.Dy())
	// href alone is of SVG 2, which many drawing programs don't read; it reads this one, too
	fmt.Fprintf(&s, `<image width="%d" height="%d" xlink:href="data:image/png;base64,%s"/>`+"\n", b.Dx(), b.Dy(), base64.StdEncoding.EncodeToString(pixels.Bytes()))
	fmt.Fprintf(&s, `<g id="objects" fill="none" stroke-width="%.1f" opacity="%.2f">`+"\n", 1.8*p.unit, 1-min(max(p.clear, 0), 1))
	for _, o := range p.shapes {
		hex := fmt.Sprintf("#%02x%02x%02x", o.c.R, o.c.G, o.c.B)
		name, points := o.outline()
		s.WriteString(`<` + name + ` stroke="` + hex + `"`)
		if o.fill {
			s.WriteString(` fill="` + hex + `" fill-opacity="0.32"`)
		}
		if o.dash > 0 {
			fmt.Fprintf(&s, ` stroke-dasharray="%.1f"`, o.dash*p.unit)
		}
		s.WriteString(points + "><title>" + html.EscapeString(o.name) + "</title></" + name + ">\n")
	}
	s.WriteString("</g>\n")
	p.writeLabels(&s)
	if p.bar != "" {
		_, g := p.barPlace()
		mid, y := float64(g.Min.X+g.Max.X)/2, float64(g.Max.Y)
		fmt.Fprintf(&s, `<g id="scale-bar" fill="#fff"><path fill="#000" fill-opacity="0.56" d="M%d,%dh%dv%dh-%dz"/>`, g.Min.X, g.Min.Y, g.Dx(), g.Dy(), g.Dx())
		fmt.Fprintf(&s, `<rect x="%.1f" y="%.1f" width="%.2f" height="%.1f"/>`, mid-p.length/2, y-11*p.unit, p.length, 4*p.unit)
		fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" font-family="sans-serif" font-weight="bold" font-size="%.1f" text-anchor="middle">%s</text></g>`+"\n",
			mid, y-17*p.unit, barText*p.unit, html.EscapeString(p.bar))
	}
	s.WriteString("</svg>\n")
	_, err := io.WriteString(w, s.String())
	return err
}

// outline is the SVG element for the shape and what says where it is.
func (o shape) outline() (name, points string) {
	var s strings.Builder
	for i, line := range o.lines {
		if len(o.lines) > 1 {
			s.WriteString([2]string{"M", "ZM"}[min(i, 1)])
		}
		for _, c := range line {
			fmt.Fprintf(&s, "%.1f,%.1f ", c.x, c.y)
		}
	}
	if len(o.lines) > 1 { // holes
		return "path", ` fill-rule="evenodd" d="` + s.String() + `Z"`
	}
	return "polygon", ` points="` + s.String() + `"`
}

// writeLabels writes what objects are on their middles, white with a dark rim.
func (p Picture) writeLabels(s *strings.Builder) {
	if !slices.ContainsFunc(p.shapes, func(o shape) bool { return o.rows != nil }) {
		return
	}
	high := labelText * p.unit
	fmt.Fprintf(s, `<g id="labels" fill="#fff" stroke="#000" stroke-width="%.1f" stroke-opacity="0.6" paint-order="stroke" opacity="%.2f" `+
		`font-family="sans-serif" font-weight="bold" font-size="%.1f" text-anchor="middle">`+"\n", 2*p.unit, 1-min(max(p.clear, 0), 1), high)
	for _, o := range p.shapes {
		x0, y0, x1, y1 := boundsOfLine(o.lines[0])
		for i, text := range o.rows {
			y := (y0+y1)/2 + 1.2*high*(float64(i)-float64(len(o.rows))/2) + high
			fmt.Fprintf(s, `<text x="%.1f" y="%.1f">%s</text>`+"\n", (x0+x1)/2, y, html.EscapeString(text))
		}
	}
	s.WriteString("</g>\n")
}
