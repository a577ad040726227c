package tileview_test

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// odd is a field of one channel whose tiles are read by read.
type odd struct {
	field

	t    int
	read func(imageio.Tile) (*imageio.Pixels, error)
}

func (s *odd) Info() imageio.Info {
	i := s.field.Info()
	i.Levels, i.Channels, i.T = i.Levels[:1], i.Channels[:1], max(s.t, 1)
	return i
}

func (s *odd) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	if px, err := s.read(t); px != nil || err != nil {
		return px, err
	}
	return s.field.ReadTile(ctx, t)
}

// TestNoDataPlane: instruments write the lowest float where there is nothing.
func TestNoDataPlane(t *testing.T) {
	all := make([]float64, 100)
	for i := range all {
		all[i] = -math.MaxFloat32
	}
	if r := tileview.NewRange(all); !(r.Low < r.High) {
		t.Errorf("from %g to %g", r.Low, r.High)
	}
}

// TestImageBefore: an image that is closed while it is still read is no trouble of the next, and a
// stroke that began on it ends with it.
func TestImageBefore(t *testing.T) {
	told, drawn := 0, 0
	act := tileview.Actions{Trouble: func(error) { told++ }, Drawn: func([]annotation.Point) { drawn++ }}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		gone := make(chan struct{})
		v.Set(&odd{field: field{size: 512, typ: imageio.Uint16}, read: func(imageio.Tile) (*imageio.Pixels, error) {
			<-gone
			return nil, errors.New("file already closed")
		}})
		s.settle(c)
		v.SetTool(tileview.Brush)
		at := fyne.NewPos(200, 200)
		v.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}})
		v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: at}, Dragged: fyne.NewDelta(20, 0)})
		v.Set(&field{size: 1024, typ: imageio.Uint16})
		close(gone)
		s.settle(c)
		v.DragEnd()
	})
	if told > 0 || drawn > 0 {
		t.Errorf("%d troubles, %d strokes of the image before", told, drawn)
	}
}

// TestOneTileBroken: the contrast is that of the others.
func TestOneTileBroken(t *testing.T) {
	var got []tileview.Range
	show(t, tileview.Actions{Ranged: func(r []tileview.Range) { got = r }}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&odd{field: field{size: 1024, typ: imageio.Uint16}, read: func(t imageio.Tile) (*imageio.Pixels, error) {
			if t.Col == 3 && t.Row == 3 {
				return nil, errors.New("cut off")
			}
			return nil, nil
		}})
		s.settle(c)
	})
	if len(got) == 0 || got[0].High < 1000 {
		t.Errorf("contrast %+v", got)
	}
}

// TestBrighterLater: of a series in float32 that gets ten times brighter, samples are read out right.
func TestBrighterLater(t *testing.T) {
	var got tileview.Readout
	show(t, tileview.Actions{Moved: func(r tileview.Readout) { got = r }}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&odd{field: field{size: 256, typ: imageio.Float32}, t: 2, read: func(t imageio.Tile) (*imageio.Pixels, error) {
			p := &imageio.Pixels{Size: image.Pt(256, 256), Type: imageio.Float32}
			for i := range 256 * 256 {
				p.Data = binary.NativeEndian.AppendUint32(p.Data, math.Float32bits(float32(i%100*(1+9*t.T))))
			}
			return p, nil
		}})
		v.SetChannels(v.Channels())
		v.SetPlane(0, 1)
		s.settle(c)
		for x := 100; x < 400; x += 3 {
			v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(float32(x), 200)}})
			if want := float64((int(got.Y)*256 + int(got.X)) % 100 * 10); got.Inside && math.Abs(got.Values[0]-want) > 1 {
				t.Fatalf("%g instead of %g", got.Values[0], want)
			}
		}
	})
}

// TestTheReadoutTellsSamplesOfTheImage, of 32 bits: what they are, also where 16 bits don't tell them
// apart.
func TestTheReadoutTellsSamplesOfTheImage(t *testing.T) {
	for _, c := range []struct{ times, off uint32 }{{1, 0}, {7, 1000}, {90000, 5}} {
		sample := func(x, y int) float64 { return float64(uint32((y*256+x)%100)*c.times + c.off) }
		var got tileview.Readout
		show(t, tileview.Actions{Moved: func(r tileview.Readout) { got = r }}, func(v *tileview.View, cv fyne.Canvas, s *screen) {
			v.Set(&odd{field: field{size: 256, typ: imageio.Uint32}, read: func(imageio.Tile) (*imageio.Pixels, error) {
				p := &imageio.Pixels{Size: image.Pt(256, 256), Type: imageio.Uint32}
				for i := range 256 * 256 {
					p.Data = binary.NativeEndian.AppendUint32(p.Data, uint32(sample(i%256, i/256)))
				}
				return p, nil
			}})
			v.SetChannels(v.Channels())
			s.settle(cv)
			for x := 200; x < 600; x += 3 {
				v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(float32(x), 200)}})
				if !got.Inside {
					continue
				}
				if want := sample(int(got.X), int(got.Y)); got.Values[0] != want {
					t.Errorf("%.9g instead of %g", got.Values[0], want)
					return
				}
			}
		})
	}
}

// TestSnapshotOfATrack: what is selected is not marked in it, nor is what is being drawn.
func TestSnapshotOfATrack(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 512, typ: imageio.Uint16})
		v.SetChannels(v.Channels())
		v.SetObjects([]annotation.Object{{ID: "a", Track: 1, State: annotation.Predicted, Outline: []annotation.Point{{X: 100, Y: 100}, {X: 300, Y: 100}, {X: 300, Y: 300}}}})
		s.settle(c)
		plain, _ := v.Snapshot()
		v.Select("a")
		s.settle(c)
		if marked, _ := v.Snapshot(); string(marked.Image.Pix) != string(plain.Image.Pix) {
			t.Error("the selection is in the picture")
		}
		v.SetTool(tileview.Polygon)
		v.Tapped(&fyne.PointEvent{Position: fyne.NewPos(300, 200)})
		v.Tapped(&fyne.PointEvent{Position: fyne.NewPos(400, 400)})
		if half, _ := v.Snapshot(); string(half.Image.Pix) != string(plain.Image.Pix) {
			t.Error("half an outline is in the picture")
		}
	})
}
