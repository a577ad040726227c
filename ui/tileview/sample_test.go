package tileview_test

import (
	"context"
	"encoding/binary"
	"image"
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// dots is an image of 2048² pixels whose coarser levels are means.
type dots struct {
	field

	at func(x, y int) int
}

func (d *dots) Info() imageio.Info {
	info := d.field.Info()
	info.Channels = info.Channels[:1]
	return info
}

func (d *dots) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	p := &imageio.Pixels{Size: image.Pt(256, 256), Type: imageio.Uint16}
	k := 1 << t.Level
	for y := range 256 {
		for x := range 256 {
			sum := 0
			for i := range k * k {
				sum += d.at((256*t.Col+x)*k+i%k, (256*t.Row+y)*k+i/k)
			}
			p.Data = binary.LittleEndian.AppendUint16(p.Data, uint16(sum/(k*k)))
		}
	}
	return p, nil
}

// TestContrastIsOfTheSamples, not of the means that the coarser levels have: where one pixel of a hundred is bright,
// and where all that is bright lies in a sixteenth of a tile of 64. So it is when an image is opened, and by Auto.
func TestContrastIsOfTheSamples(t *testing.T) {
	for name, at := range map[string]func(x, y int) int{
		"single pixels": func(x, y int) int {
			if (37*x+59*y)%100 == 0 {
				return 10000
			}
			return 100
		},
		"a single place": func(x, y int) int {
			if x >= 1100 && x < 1164 && y >= 1500 && y < 1564 && (x+y)%2 == 0 {
				return 10000
			}
			return 100 + x%5
		},
	} {
		t.Run(name, func(t *testing.T) {
			var opened, asked []tileview.Range
			act := tileview.Actions{Ranged: func(r []tileview.Range) { opened = r }, Measured: func(r []tileview.Range) { asked = r }}
			show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
				v.Set(&dots{field{size: 2048, typ: imageio.Uint16}, at})
				s.settle(c)
				v.SetChannels(v.Channels())
				s.settle(c)
				v.Measure()
				s.settle(c)
			})
			for _, rs := range [][]tileview.Range{opened, asked} {
				if len(rs) != 1 {
					t.Fatalf("%d channels", len(rs))
				}
				if r := rs[0]; r.Max != 10000 || r.Min != 100 || r.Percentile(50) > 104 || r.To < 9000 && name == "single pixels" || r.High != 10000 && name == "single pixels" {
					t.Errorf("from %g over %g and %g to %g, the histogram to %g", r.Min, r.Percentile(50), r.High, r.Max, r.To)
				}
				if n := rs[0].Bins[tileview.Bins-1]; name == "single pixels" && (n < 400 || n > 2000) {
					t.Errorf("%d of the last column", n)
				}
			}
		})
	}
}

// TestTilesAreSpread from end to end, a few at the ends for themselves.
func TestTilesAreSpread(t *testing.T) {
	for n := 1; n < 5000; n += 1 + n/50 {
		for most := 6; most <= 14; most++ {
			ends := tileview.Spread(n, most)
			for i := range ends[1:] {
				if ends[i+1] <= ends[i] {
					t.Fatalf("%d in %d: %v", n, most, ends)
				}
			}
			last := len(ends) - 1
			if ends[0] != 0 || ends[last] != n || last > most || !slices.IsSorted(ends) || ends[1] != n-ends[last-1] || ends[1] > max(1, n/100) || n <= most && last != n {
				t.Fatalf("%d in %d: %v", n, most, ends)
			}
		}
	}
}
