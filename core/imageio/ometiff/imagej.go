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
	if err := f.imageJChannels(l, first, says); err != nil {
		return nil, err
	}
	l.info.Micron = f.imageJMicron(first, says)
	l.info.Interval = interval(says["finterval"], says["tunit"]) // fps is how fast it is played
	return l, nil
}

// imageJChannels takes the colour that the brightest pixels of each channel have, and the samples between
// which it is shown.
func (f *file) imageJChannels(l *layout, first *page, says map[string]string) error {
	if l.samples > 1 {
		return nil
	}
	colors, ranges, err := f.imageJShown(first, l.stacks)
	if err != nil {
		return err
	}
	if len(ranges) == 0 && l.stacks == 1 {
		ranges = imageJRange(says)
	}
	switch mode := says["mode"]; {
	case mode == "grayscale":
		colors = nil
	case len(colors) == 0 && l.stacks > 1 && (mode == "composite" || mode == "color"): // those that ImageJ gives them
		colors = [][3]uint8{{255}, {0, 255}, {0, 0, 255}, {255, 255, 255}, {0, 255, 255}, {255, 0, 255}, {255, 255}}
	}
	typ, _ := first.sampleType()
	for c := range min(l.stacks, max(len(colors), len(ranges))) {
		ch := channel(c, l.stacks, 1, photometricBlack)
		if c < len(colors) {
			ch.Color = colors[c]
		}
		if c < len(ranges) {
			ch.Window(ranges[c][0], ranges[c][1], typ)
		}
		l.info.Channels = append(l.info.Channels, ch)
	}
	return nil
}

// imageJShown are the colours of so many channels, and the samples between which they are shown, as far as
// they are kept.
func (f *file) imageJShown(first *page, channels int) (colors [][3]uint8, ranges [][2]float64, err error) {
	const tables, limits = 0x6c757473, 0x72616e67 // "luts": reds, greens, blues; "rang": two numbers for each channel
	err = f.imageJBlocks(first, func(kind uint32, data []byte) {
		if kind == tables && len(data) == 3*256 && len(colors) < channels {
			colors = append(colors, [3]uint8{data[255], data[511], data[767]})
		}
		for ; kind == limits && len(data) >= 16 && len(ranges) < channels; data = data[16:] {
			ranges = append(ranges, [2]float64{math.Float64frombits(f.order.Uint64(data)), math.Float64frombits(f.order.Uint64(data[8:]))})
		}
	})
	return colors, ranges, err
}

// imageJRange is that of a lone channel, which stands in the description.
func imageJRange(says map[string]string) [][2]float64 {
	low, err := strconv.ParseFloat(says["min"], 64)
	if err != nil {
		return nil
	}
	high, err := strconv.ParseFloat(says["max"], 64)
	if err != nil {
		return nil
	}
	return [][2]float64{{low, high}}
}

// imageJBlocks hands out what ImageJ keeps beside its description, by what it is.
func (f *file) imageJBlocks(first *page, each func(kind uint32, data []byte)) error {
	sizes, says := first.imageJ[0], first.imageJ[1]
	if sizes.count < 2 || says.count > maxText {
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
		for n := f.order.Uint32(data[kind+4:]); n > 0 && block < sizes.count; n-- {
			size, err := f.number(sizes, block)
			if err != nil {
				return err
			}
			if at > uint64(len(data)) || size > uint64(len(data))-at {
				return nil
			}
			each(f.order.Uint32(data[kind:]), data[at:at+size])
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
