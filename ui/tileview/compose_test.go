package tileview_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// asMeant is what a channel means, in floating point: the yardstick of kernel and tables.
func asMeant(planes [][]uint16, i int, cs []tileview.Channel, tint tileview.Tint) [3]float64 {
	var out [3]float64
	for c, ch := range cs {
		if !ch.On {
			continue
		}
		f := min(max((float64(planes[c][i])-ch.Min)/(ch.Max-ch.Min), 0), 1)
		if ch.Gamma != 0 {
			f = math.Pow(f, ch.Gamma)
		}
		for k := range out {
			v := float64(ch.Color[k])
			if tint.Inverted {
				v = float64(slices.Min(ch.Color[:])) + float64(slices.Max(ch.Color[:])) - v
			}
			if tint.Gray {
				v = 255
			}
			out[k] += f * v
		}
	}
	for k := range out {
		out[k] = min(out[k], 255)
		if tint.Inverted {
			out[k] = 255 - out[k]
		}
	}
	return out
}

// check colours n samples of up to five channels by the kernel and by the tables.
func check(t *testing.T, r *rand.Rand, n, channels int, gamma bool, tint tileview.Tint) {
	t.Helper()
	var cs []tileview.Channel
	var planes [][]uint16
	for range channels {
		lo := float64(r.IntN(65000))
		c := tileview.Channel{On: r.IntN(6) > 0, Min: lo, Max: lo + 1 + float64(r.IntN(65535-int(lo)))}
		c.Color = [3]uint8{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256))}
		if gamma {
			c.Gamma = 0.2 + 2*r.Float64()
		}
		p := make([]uint16, n)
		for i := range p {
			p[i] = uint16(r.IntN(65536))
			if i%3 == 0 { // the ends of the window
				p[i] = uint16(min(65535, max(0, []int{int(c.Min), int(c.Max)}[i%2]+r.IntN(5)-2)))
			}
		}
		cs, planes = append(cs, c), append(planes, p)
	}
	fast, slow := make([]uint32, n), make([]uint32, n)
	tileview.Compose(fast, planes, cs, tint, false)
	tileview.Compose(slow, planes, cs, tint, true)
	for i := range fast {
		if fast[i] != slow[i] {
			t.Fatalf("pixel %d of %d: the kernel has %08x, the tables %08x; %+v", i, n, fast[i], slow[i], cs)
		}
		want := asMeant(planes, i, cs, tint)
		for k, v := range want {
			if got := float64(fast[i] >> (8 * k) & 255); math.Abs(got-v) > 1+float64(channels)/16 {
				t.Fatalf("pixel %d, colour %d is %.0f, not %.2f; %+v", i, k, got, v, cs)
			}
		}
	}
}

func tints() []tileview.Tint {
	return []tileview.Tint{{}, {Gray: true}, {Inverted: true}, {Gray: true, Inverted: true}}
}

// TestKernelAndTablesAreBitExact holds both to each other, and to what the settings mean.
func TestKernelAndTablesAreBitExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 15, 16, 17, 333, 4096} {
		for channels := range 6 {
			for _, tint := range tints() {
				check(t, r, n, channels, false, tint)
				check(t, r, n, channels, true, tint)
			}
		}
	}
}

func FuzzCompose(f *testing.F) {
	f.Add(uint64(1), uint16(17), uint8(4), false, uint8(0))
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, channels uint8, gamma bool, tint uint8) {
		check(t, rand.New(rand.NewPCG(seed, 0)), 1+int(n)%600, int(channels)%7, gamma, tints()[tint%4])
	})
}

// BenchmarkCompose colours what a 1920×1080 window shows of four channels.
func BenchmarkCompose(b *testing.B) {
	for _, name := range []string{"linear", "tables", "gamma"} {
		b.Run(name, func(b *testing.B) {
			const n = 1920 * 1080
			r := rand.New(rand.NewPCG(1, 2))
			var planes [][]uint16
			var cs []tileview.Channel
			for i := range 4 {
				p := make([]uint16, n)
				for k := range p {
					p[k] = uint16(200 + r.IntN(3000))
				}
				c := tileview.Channel{On: true, Min: 150, Max: 3000, Color: [3]uint8{uint8(80 * i), 200, 90}}
				if name == "gamma" {
					c.Gamma = 0.8
				}
				planes, cs = append(planes, p), append(cs, c)
			}
			pix := make([]uint32, n)
			for b.Loop() {
				tileview.Compose(pix, planes, cs, tileview.Tint{}, name == "tables")
			}
		})
	}
}

// TestContrastIsOnTheScreenInTheSameFrame changes it and paints once, with no worker in between.
func TestContrastIsOnTheScreenInTheSameFrame(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		only(v, 0)
		v.OneToOne()
		s.settle(c)
		at := v.At(fyne.NewPos(400.5, 300.5))
		sample := int(value(0, int(at.X), int(at.Y)))
		for _, top := range []int{1500, 6000} {
			cs := v.Channels()
			cs[0].Max = float64(top)
			v.SetChannels(cs)
			want := min((sample-200)*255/(top-200), 255)
			if got := gray(c.Capture(), 400, 300); abs(got-want) > 1 {
				t.Errorf("up to %d: the screen shows %d, not %d", top, got, want)
			}
		}
		cs := v.Channels()
		cs[0].Color = [3]uint8{255, 255, 255}
		v.SetChannels(cs)
		for _, grey := range []bool{true, false} { // a white channel is black on white
			v.SetTint(tileview.Tint{Inverted: true, Gray: grey})
			if got, want := gray(c.Capture(), 400, 300), 255-(sample-200)*255/5800; abs(got-want) > 1 {
				t.Errorf("inverted, grey %t: the screen shows %d, not %d", grey, got, want)
			}
		}
	})
}

// negative is an image whose 0 is white.
type negative struct{ *field }

func (n negative) Info() imageio.Info {
	i := n.field.Info()
	i.Negative = true
	return i
}

// TestZeroIsWhite: what an image says so of is shown so, and inverted the other way.
func TestZeroIsWhite(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(negative{&field{size: 2048, typ: imageio.Uint16}})
		s.settle(c)
		only(v, 0)
		v.OneToOne()
		s.settle(c)
		at := v.At(fyne.NewPos(400.5, 300.5))
		shade := (int(value(0, int(at.X), int(at.Y))) - 200) * 255 / 5800
		cs := v.Channels()
		cs[0].Max = 6000
		v.SetChannels(cs)
		for inverted, want := range map[bool]int{false: 255 - shade, true: shade} {
			v.SetTint(tileview.Tint{Inverted: inverted, Gray: true})
			if got := gray(c.Capture(), 400, 300); abs(got-want) > 1 {
				t.Errorf("inverted %t: the screen shows %d, not %d", inverted, got, want)
			}
		}
	})
}
