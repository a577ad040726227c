package ometiff

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/imageio"
)

// fromImageJ reads ImageJ's description: lines of key=value, planes in the order channel,
// slice, frame. Above 4 GB ImageJ writes one directory and all planes behind each other.
func (f *file) fromImageJ(pages []*page, text string) (*layout, error) {
	says := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			says[key] = value
		}
	}
	first := pages[0]
	count := func(key string) int {
		n, err := strconv.Atoi(says[key])
		if err != nil || n < 1 || n > maxPages {
			return 1
		}
		return n
	}
	l := &layout{samples: first.samples, stacks: count("channels")}
	l.info.Format = "ImageJ TIFF"
	l.info.Z, l.info.T = count("slices"), count("frames")
	if n := count("images"); n > 1 && len(pages) == 1 && first.contiguous() {
		more, err := f.behind(first, n)
		if err != nil {
			return nil, err
		}
		pages = more
	}
	l.planes = images(pages)[0][:1]
	if first.samples > 1 && l.stacks*l.info.Z*l.info.T != len(l.planes[0]) {
		l.stacks = max(1, l.stacks/first.samples) // RGB, which ImageJ also counts as channels
	}
	want := l.stacks * l.info.Z * l.info.T
	if l.stacks > maxPages || l.info.Z > maxPages || want > maxPages || want != len(l.planes[0]) {
		l.stacks, l.info.Z, l.info.T = 1, len(l.planes[0]), 1 // it does not add up: one after the other
	}
	for i := range l.stacks * l.info.Z * l.info.T {
		l.index = append(l.index, i)
	}
	if err := f.imageJColors(l, first, says["mode"]); err != nil {
		return nil, err
	}
	l.info.Micron = f.imageJMicron(first, says)
	l.info.Interval = interval(says["finterval"], says["tunit"]) // fps is how fast it is played
	return l, nil
}

// imageJColors takes the colour that the brightest pixels of each channel have.
func (f *file) imageJColors(l *layout, first *page, mode string) error {
	sizes, says := first.imageJ[0], first.imageJ[1]
	if mode == "grayscale" || l.samples > 1 || sizes.count < 2 || says.count > maxText {
		return nil
	}
	data, err := f.bytes(says)
	if err != nil {
		return err
	}
	rest, err := f.number(sizes, 0)
	if err != nil {
		return err
	}
	at, block := rest, uint64(1)
	for kind := uint64(4); kind+8 <= rest && rest <= uint64(len(data)); kind += 8 { // its name, and how many blocks it has
		for n := f.order.Uint32(data[kind+4:]); n > 0 && block < sizes.count && len(l.info.Channels) < l.stacks; n-- {
			size, err := f.number(sizes, block)
			if err != nil {
				return err
			}
			if at > uint64(len(data)) || size > uint64(len(data))-at {
				return nil
			}
			if lut := data[at : at+size]; f.order.Uint32(data[kind:]) == 0x6c757473 && size == 3*256 { // "luts": reds, greens, blues
				ch := channel(len(l.info.Channels), l.stacks, 1, photometricBlack)
				ch.Color = [3]uint8{lut[255], lut[511], lut[767]}
				l.info.Channels = append(l.info.Channels, ch)
			}
			at, block = at+size, block+1
		}
	}
	return nil
}

// behind makes the pages of planes that have no directory.
func (f *file) behind(first *page, n int) ([]*page, error) {
	start, _, err := f.place(first, 0)
	if err != nil {
		return nil, err
	}
	whole := first.row() * int64(first.size.Y)
	if whole > (f.size-start)/int64(n) {
		return nil, f.cut(fmt.Errorf("%d planes of %d bytes", n, whole))
	}
	one := *first
	one.chunk = one.size // one strip
	pages := make([]*page, n)
	for i := range pages {
		p := one
		p.shift = int64(i) * whole
		pages[i] = &p
	}
	return pages, nil
}

func (f *file) imageJMicron(p *page, says map[string]string) imageio.Micron {
	size := func(key string) float64 {
		unit := says[key]
		if unit == "" {
			unit = says["unit"]
		}
		return imageio.MicronsPer(unit)
	}
	var m imageio.Micron
	if per, err := f.rational(p.resolution[0]); err == nil && per > 0 {
		m.X = size("unit") / per
	}
	if per, err := f.rational(p.resolution[1]); err == nil && per > 0 {
		m.Y = size("yunit") / per
	}
	if step, err := strconv.ParseFloat(says["spacing"], 64); err == nil && !math.IsInf(step, 0) && !math.IsNaN(step) {
		m.Z = math.Abs(step) * size("zunit") // a stack taken downwards has a negative step
	}
	return m
}
