package tileview_test

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"image/color"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// TestSnapshotIsWhatIsShown takes one picture and reads it again as PNG and as SVG.
func TestSnapshotIsWhatIsShown(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		if _, ok := v.Snapshot(); ok {
			t.Error("there is a snapshot of nothing")
		}
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		only(v, 0)
		v.OneToOne()
		v.SetOverview(false)
		v.SetObjects(discs("a", 6, 20))
		v.Center("ab")
		v.OneToOne()
		v.Select("ab")
		s.settle(c)
		p, ok := v.Snapshot()
		if !ok || p.Image.Rect.Dx() != 800 || p.Image.Rect.Dy() != 600 {
			t.Errorf("the snapshot is %v", p.Image.Rect)
			return
		}
		m := s.settle(c)
		if a, b := gray(m, 600, 420), gray(p.Image, 600, 420); a != b {
			t.Errorf("the screen shows %d, the snapshot %d", a, b)
		}
		var svg bytes.Buffer
		if err := p.WriteSVG(&svg); err != nil {
			t.Error(err)
			return
		}
		var doc struct {
			Image struct {
				Href string `xml:"http://www.w3.org/1999/xlink href,attr"` // as SVG 1.1 has it
			} `xml:"image"`
			Groups []struct {
				ID       string     `xml:"id,attr"`
				Polygons []struct{} `xml:"polygon"`
				Text     string     `xml:"text"`
				Rect     struct {
					Width float64 `xml:"width,attr"`
				} `xml:"rect"`
			} `xml:"g"`
		}
		if err := xml.Unmarshal(svg.Bytes(), &doc); err != nil || len(doc.Groups) != 2 {
			t.Errorf("%v; groups %+v", err, doc.Groups)
			return
		}
		if n := len(doc.Groups[0].Polygons); n != 5 { // the sixth is beyond the right edge
			t.Errorf("%d objects are in the SVG", n)
		}
		// at one pixel to one a pixel is 0.325 µm
		if bar := doc.Groups[1]; bar.Text != "20 µm" || math.Abs(bar.Rect.Width-20/0.325) > 0.01 {
			t.Errorf("the bar of %q is %.2f pixels long", bar.Text, bar.Rect.Width)
		}
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(doc.Image.Href, "data:image/png;base64,"))
		if err != nil {
			t.Error(err)
			return
		}
		pixels, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Error(err)
			return
		}
		white := 0 // the bar: as many white pixels in its row as it is long
		for x := range 200 {
			if p.Image.RGBAAt(x, 600-14-9) == (color.RGBA{255, 255, 255, 255}) {
				white++
			}
		}
		if white < 60 || white > 63 || gray(pixels, 60, 600-14-9) == 255 {
			t.Errorf("the bar in the picture is %d pixels long", white)
		}
	})
}

// TestTheSVGHasAllThatIsSeen: an outline that only crosses the screen, one that lies around it, and the
// labels; none beside it.
func TestTheSVGHasAllThatIsSeen(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		only(v, 0)
		object := func(id string, ring ...annotation.Point) annotation.Object {
			return annotation.Object{ID: id, Class: "a<b", State: annotation.Predicted, Score: 0.5, Outline: ring}
		}
		v.SetObjects([]annotation.Object{
			object("across", annotation.Point{X: 10, Y: 1000}, annotation.Point{X: 2000, Y: 1000}, annotation.Point{X: 2000, Y: 1010}, annotation.Point{X: 10, Y: 1010}),
			object("around", annotation.Point{X: 5, Y: 5}, annotation.Point{X: 2040, Y: 5}, annotation.Point{X: 2040, Y: 2040}, annotation.Point{X: 5, Y: 2040}),
			object("its box only", annotation.Point{X: 5, Y: 5}, annotation.Point{X: 2040, Y: 5}, annotation.Point{X: 5, Y: 30}),
			object("beside", annotation.Point{X: 5, Y: 5}, annotation.Point{X: 90, Y: 5}, annotation.Point{X: 90, Y: 90}),
			object("middle", annotation.Point{X: 1000, Y: 1000}, annotation.Point{X: 1100, Y: 1000}, annotation.Point{X: 1100, Y: 1100}),
			object("small", annotation.Point{X: 1000, Y: 1000}, annotation.Point{X: 1010, Y: 1000}, annotation.Point{X: 1010, Y: 1010}),
		})
		v.OneToOne()
		s.settle(c)
		write := func() string {
			p, _ := v.Snapshot()
			var svg bytes.Buffer
			if err := p.WriteSVG(&svg); err != nil {
				t.Error(err)
			}
			if err := xml.Unmarshal(svg.Bytes(), &struct{}{}); err != nil {
				t.Error(err)
			}
			return svg.String()
		}
		svg := write()
		if n := strings.Count(svg, "<polygon"); n != 4 || strings.Contains(svg, `id="labels"`) {
			t.Errorf("%d outlines are in the SVG, or labels that are not on the screen", n)
		}
		v.SetStyle(tileview.Style{Labels: true})
		s.settle(c)
		svg = write()
		if a, b := strings.Count(svg, ">a&lt;b</text>"), strings.Count(svg, ">0.50</text>"); a != 3 || b != 3 {
			t.Errorf("%d classes and %d probabilities are in the SVG", a, b)
		}
	})
}

// tall is a field whose pixels are twice as high as wide.
type tall struct{ field }

func (f *tall) Info() imageio.Info {
	i := f.field.Info()
	i.Micron = imageio.Micron{X: 0.5, Y: 1}
	return i
}

// TestTheBarIsAsLongAsItSays, also of pixels that are not square, on a turned view, and in a snapshot.
func TestTheBarIsAsLongAsItSays(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&tall{field{size: 2048, typ: imageio.Uint16}})
		s.settle(c)
		only(v, 0)
		v.OneToOne()
		for _, step := range []float64{0, 90, 45, 50} {
			v.Turn(step)
			s.settle(c)
			text, units := v.Bar()
			var um float64
			if _, err := fmt.Sscanf(text, "%g µm", &um); err != nil {
				t.Error(err)
			}
			a, b := v.At(fyne.NewPos(300, 300)), v.At(fyne.NewPos(300+units, 300))
			if is := math.Hypot((b.X-a.X)*0.5, b.Y-a.Y); math.Abs(is-um) > 0.01*um {
				t.Errorf("turned by %g°, a bar of %s spans %.2f µm", v.Angle(), text, is)
			}
			p, _ := v.Snapshot()
			var svg bytes.Buffer
			if err := p.WriteSVG(&svg); err != nil || !strings.Contains(svg.String(), fmt.Sprintf(`width="%.2f" height="4.0"`, units)) || !strings.Contains(svg.String(), ">"+text+"<") {
				t.Errorf("turned by %g°, the snapshot has another bar than %s; %v", v.Angle(), text, err)
			}
		}
	})
}

// TestASnapshotSaysWhatItLacks: another plane that is still being read, and objects that are still
// being drawn.
func TestASnapshotSaysWhatItLacks(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		src := &stack{z: 3, t: 1}
		v.Set(src)
		s.settle(c)
		only(v, 0)
		s.settle(c)
		half := func() bool {
			p, _ := v.Snapshot()
			return p.Half
		}
		if half() {
			t.Error("a whole picture lacks something")
		}
		src.pace(time.Second)
		v.SetPlane(2, 0)
		if !half() {
			t.Error("another plane is not there yet, and the picture is called whole")
		}
		s.settle(c)
		time.Sleep(2 * time.Second)
		s.settle(c)
		if half() {
			t.Error("the plane is there, and the picture lacks something")
		}
		v.SetObjects(slices.Repeat(discs("a", 1, 20), 3000)) // more than a frame draws itself
		if !half() {
			t.Error("objects are not drawn yet, and the picture is called whole")
		}
		s.settle(c)
		if half() {
			t.Error("the objects are drawn, and the picture lacks something")
		}
	})
}
