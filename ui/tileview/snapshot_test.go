package tileview_test

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

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
				Href string `xml:"href,attr"`
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
