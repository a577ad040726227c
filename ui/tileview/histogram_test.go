package tileview_test

import (
	"context"
	"image"
	"testing"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// photo is a dark colour picture: no sample is above 40.
type photo struct{ field }

func (p *photo) Info() imageio.Info {
	i := p.field.Info()
	i.Type = imageio.Uint8
	i.Levels = []imageio.Level{{Size: image.Pt(256, 256), Downsample: 1}}
	i.Channels = []imageio.Channel{
		{Name: "Red", Color: [3]uint8{255, 0, 0}}, {Name: "Green", Color: [3]uint8{0, 255, 0}}, {Name: "Blue", Color: [3]uint8{0, 0, 255}},
	}
	return i
}

func (p *photo) ReadTile(context.Context, imageio.Tile) (*imageio.Pixels, error) {
	px := &imageio.Pixels{Size: image.Pt(256, 256), Type: imageio.Uint8, Data: make([]byte, 256*256)}
	for i := range px.Data {
		px.Data[i] = byte(i % 41)
	}
	return px, nil
}

// TestTheHistogramOfAPhotographGoesAsFarAsItIsShown: from 0 to 255, with its samples at the left.
func TestTheHistogramOfAPhotographGoesAsFarAsItIsShown(t *testing.T) {
	var got []tileview.Range
	show(t, tileview.Actions{Ranged: func(r []tileview.Range) { got = r }}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&photo{field{size: 256, typ: imageio.Uint8}})
		s.settle(c)
	})
	if len(got) != 3 {
		t.Fatalf("%d histograms", len(got))
	}
	for _, r := range got {
		n, last := 0, 0
		for i, k := range r.Bins {
			n += k
			if k > 0 {
				last = i
			}
		}
		if r.From != 0 || r.To != 255 || n != 256*256 || last != 40*tileview.Bins/255 {
			t.Errorf("from %v to %v, %d samples, the last in column %d", r.From, r.To, n, last)
		}
	}
}
