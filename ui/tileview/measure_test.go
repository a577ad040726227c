package tileview_test

import (
	"context"
	"encoding/binary"
	"image"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// plain is one tile of 256² samples of one channel a plane: what at says.
type plain struct {
	stack

	typ imageio.PixelType
	at  func(x, y, z, t int) float64
}

func (p *plain) Info() imageio.Info {
	i := p.stack.Info()
	i.Type = p.typ
	return i
}

func (p *plain) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	px := &imageio.Pixels{Size: image.Pt(256, 256), Type: p.typ}
	for i := range 256 * 256 {
		v := p.at(i%256, i/256, t.Z, t.T)
		switch p.typ {
		case imageio.Float32:
			px.Data = binary.LittleEndian.AppendUint32(px.Data, math.Float32bits(float32(v)))
		case imageio.Uint32:
			px.Data = binary.LittleEndian.AppendUint32(px.Data, uint32(v))
		case imageio.Uint16:
			px.Data = binary.LittleEndian.AppendUint16(px.Data, uint16(v))
		case imageio.Uint8, imageio.Int8, imageio.Int16, imageio.Int32, imageio.Float64:
		}
	}
	return px, nil
}

// grays counts the greys from column x0 to x1 of the image, across the middle of the screen.
func grays(v *tileview.View, m image.Image, x0, x1 float64) (n, least, most int) {
	seen := map[int]bool{}
	least, most = 255, 0
	for x := 100; x < 700; x++ {
		if p := v.At(fyne.NewPos(float32(x)+0.5, 300.5)); p.X >= x0 && p.X < x1 {
			g := gray(m, x, 300)
			seen[g] = true
			least, most = min(least, g), max(most, g)
		}
	}
	return len(seen), least, most
}

// TestSamplesFarOutLeaveTheOthersTheirGreys: a hot pixel, what is masked and what is no number, of 32
// bits. Beyond what is shown the contrast goes on as it says.
func TestSamplesFarOutLeaveTheOthersTheirGreys(t *testing.T) {
	ramp := func(x int, lo, hi float64) float64 { return lo + (hi-lo)*float64(x)/255 }
	for name, src := range map[string]*plain{
		"one hot pixel": {typ: imageio.Float32, at: func(x, y, _, _ int) float64 {
			if x == 7 && y == 9 {
				return 1e6
			}
			return ramp(x, 0.5, 2.5)
		}},
		"a mosaic": {typ: imageio.Float32, at: func(x, y, _, _ int) float64 {
			if y < 60 {
				return math.NaN()
			}
			return ramp(x, 30000, 30510)
		}},
		"division by 0": {typ: imageio.Float32, at: func(x, y, _, _ int) float64 {
			if y < 60 {
				return math.Inf(1)
			}
			return ramp(x, 0.5, 2.5)
		}},
		"a mask": {typ: imageio.Uint32, at: func(x, y, _, _ int) float64 {
			if y < 60 {
				return math.MaxUint32
			}
			return math.Round(ramp(x, 100, 900))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			src.z, src.t = 1, 1
			var got []tileview.Range
			show(t, tileview.Actions{Ranged: func(r []tileview.Range) { got = r }}, func(v *tileview.View, c fyne.Canvas, s *screen) {
				v.Set(src)
				s.settle(c)
				cs := v.Channels()
				cs[0].Min, cs[0].Max = got[0].Low, got[0].High
				v.SetChannels(cs)
				m := s.settle(c)
				if n, least, most := grays(v, m, 0, 256); n < 200 || least > 2 || most < 253 {
					t.Errorf("%d greys from %d to %d, contrast %g to %g", n, least, most, got[0].Low, got[0].High)
				}
				y := float32(0)
				for v.At(fyne.NewPos(400, y)).Y < 20 {
					y++
				}
				if name != "one hot pixel" {
					if g := gray(m, 400, int(y)); g != 0 {
						t.Errorf("where there is nothing it is %d", g)
					}
				}
				cs[0].Max = cs[0].Min + 1000*(got[0].High-got[0].Low)
				v.SetChannels(cs)
				if _, _, most := grays(v, s.settle(c), 0, 256); most > 1 {
					t.Errorf("with a contrast a thousand times as wide it is as bright as %d", most)
				}
			})
		})
	}
}

// TestProjectionsLeaveOutWhatIsNoNumber, of samples below 0: what is nothing on one plane is what the
// others have there, and nothing where it is nothing on all.
func TestProjectionsLeaveOutWhatIsNoNumber(t *testing.T) {
	src := &plain{stack: stack{z: 3, t: 1}, typ: imageio.Float32, at: func(x, y, z, _ int) float64 {
		if y < 60 || y < 120 && z == 1 {
			return math.NaN()
		}
		return float64(-100 + 20*z + x%2)
	}}
	var got tileview.Readout
	show(t, tileview.Actions{Moved: func(r tileview.Readout) { got = r }}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(src)
		v.SetChannels(v.Channels())
		s.settle(c)
		for _, p := range []struct {
			how  tileview.Projection
			z    int
			want [3]float64 // where nothing is, where it is on two planes, where it is on all
		}{
			{tileview.Slice, 0, [3]float64{math.NaN(), -100, -100}},
			{tileview.Slice, 1, [3]float64{math.NaN(), math.NaN(), -80}},
			{tileview.Max, 0, [3]float64{math.NaN(), -60, -60}},
			{tileview.Mean, 0, [3]float64{math.NaN(), -80, -80}},
		} {
			v.SetProjection(p.how)
			v.SetPlane(p.z, 0)
			s.settle(c)
			for i, row := range []float64{30, 90, 200} {
				at := fyne.NewPos(400, 0)
				for v.At(at).Y < row {
					at.Y++
				}
				for int(v.At(at).X)%2 != 0 {
					at.X++
				}
				v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}})
				if w := p.want[i]; !(math.Abs(got.Values[0]-w) < 0.1) && !(math.IsNaN(w) && math.IsNaN(got.Values[0])) {
					t.Errorf("projection %d, plane %d, row %g: %g instead of %g", p.how, p.z, row, got.Values[0], w)
				}
			}
		}
	})
}

// TestThePlaneThatIsShownIsMeasured: of a series that gets brighter and brighter, of 16 and of 32 bits;
// what is shown then has its greys, too.
func TestThePlaneThatIsShownIsMeasured(t *testing.T) {
	for _, typ := range []imageio.PixelType{imageio.Uint16, imageio.Float32} {
		src := &plain{stack: stack{z: 3, t: 7}, typ: typ, at: func(x, _, z, t int) float64 { return float64(x * (1 + z/2) * [7]int{2: 60}[t]) }}
		if typ == imageio.Float32 {
			src.at = func(x, _, z, t int) float64 { return float64(x*(1+z/2)) * [7]float64{1, 1, 60000, 1, 1, 1, 1}[t] }
		}
		var ranged, got []tileview.Range
		act := tileview.Actions{Ranged: func(r []tileview.Range) { ranged = r }, Measured: func(r []tileview.Range) { got = r }}
		show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
			v.Set(src)
			s.settle(c)
			v.SetChannels(v.Channels())
			if typ == imageio.Uint16 && (ranged[0].Least != 0 || ranged[0].Most != math.MaxUint16) {
				t.Errorf("contrast goes from %g to %g", ranged[0].Least, ranged[0].Most)
			}
			for _, p := range []struct {
				z, t int
				how  tileview.Projection
				most float64
			}{{0, 2, tileview.Slice, src.at(255, 0, 0, 2)}, {2, 2, tileview.Slice, src.at(255, 0, 2, 2)}, {0, 2, tileview.Max, src.at(255, 0, 2, 2)}, {0, 3, tileview.Slice, src.at(255, 0, 0, 3)}} {
				v.SetProjection(p.how)
				v.SetPlane(p.z, p.t)
				s.settle(c)
				got = nil
				v.Measure()
				s.settle(c)
				if got == nil || math.Abs(got[0].Max-p.most) > 0.01*p.most {
					t.Errorf("%s: plane %d at %d, projection %d: %+v, not to %g", typ, p.z, p.t, p.how, got, p.most)
					return
				}
				cs := v.Channels()
				cs[0].Color, cs[0].Min, cs[0].Max = [3]uint8{255, 255, 255}, got[0].Min, max(got[0].Max, 1)
				v.SetChannels(cs)
				if n, _, _ := grays(v, s.settle(c), 0, 256); p.most > 0 && n < 200 {
					t.Errorf("%s: plane %d at %d, projection %d: %d greys", typ, p.z, p.t, p.how, n)
				}
			}
		})
	}
}
