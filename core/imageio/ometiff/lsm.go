package ometiff

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"coverslip.dev/coverslip/core/imageio"
)

// Where Zeiss's description of an LSM says what, by bytes; the last ones are where in the file other words are.
const (
	lsmDims   = 16  // Z, channels and time
	lsmVoxel  = 40  // three metres
	lsmEvery  = 112 // seconds
	lsmPlaces = 264 // positions, and tiles of a mosaic
	lsmColors = 108
	lsmStamps = 132
)

// withoutThumbnails are an LSM's pages but for those beside them.
func withoutThumbnails(pages []*page) (planes []*page) {
	for _, p := range pages {
		p.loose = p.compression != none
		if !p.aside() {
			planes = append(planes, p)
		}
	}
	return planes
}

// fromZeiss lays out the n-th image of an LSM: depths, and around them times, around those positions and tiles of a
// mosaic, each of which is an image. The thumbnail beside each page, in the colours of the screen, is left out.
func (f *file) fromZeiss(pages []*page, n int) (*layout, error) {
	says, err := f.bytes(pages[0].zeiss)
	if err != nil {
		return nil, err
	}
	if len(says) < lsmVoxel+24 {
		return nil, f.broken(fmt.Errorf("%d bytes of CZ_LSMINFO", len(says)))
	}
	word := func(at int) uint64 {
		if at+4 > len(says) {
			return 0
		}
		return uint64(f.order.Uint32(says[at:]))
	}
	float := func(at int) float64 {
		if at+8 > len(says) {
			return 0
		}
		return positive(math.Float64frombits(f.order.Uint64(says[at:])))
	}
	planes := withoutThumbnails(pages)
	z, t := word(lsmDims), word(lsmDims+8)
	places := max(1, word(lsmPlaces)) * max(1, word(lsmPlaces+4))
	if max(z, t, places) > maxPages || z*t*places != uint64(len(planes)) || len(planes) == 0 {
		return nil, f.unread(fmt.Sprintf("%d pages for the %d planes and %d times of a Zeiss LSM", len(planes), z, t))
	}
	l := &layout{stacks: 1, samples: planes[0].samples}
	l.info.Format, l.info.Z, l.info.T, l.info.Image = "Zeiss LSM", int(z), int(t), max(n, 0)
	for i := range places {
		if places > 1 {
			l.info.Images = append(l.info.Images, fmt.Sprintf("Position %d", i+1))
		}
	}
	each := len(planes) / int(places)
	if l.info.Image >= int(places) {
		return l, nil
	}
	l.planes = [][]*page{planes[l.info.Image*each:][:each]}
	for i := range each {
		l.index = append(l.index, i)
	}
	l.info.Micron = imageio.Micron{X: 1e6 * float(lsmVoxel), Y: 1e6 * float(lsmVoxel+8), Z: 1e6 * float(lsmVoxel+16)}
	if z == 1 {
		l.info.Micron.Z = 0
	}
	if t > 1 {
		l.info.Interval = seconds(float(lsmEvery))
		f.lsmTimes(l, word(lsmStamps))
	}
	f.lsmChannels(l, word(lsmColors))
	return l, nil
}

// lsmTimes takes the seconds of all time points that are written down at at, if they are.
func (f *file) lsmTimes(l *layout, at uint64) {
	off := f.offset(at)
	n, err := f.number(field{typ: 4, count: 2, at: off}, 1)
	if at == 0 || err != nil || n != uint64(l.info.T) {
		return
	}
	stamps, err := f.bytes(field{typ: 12, count: n, at: off + 8})
	if err != nil {
		return
	}
	known := map[int]float64{}
	for i := range l.info.T {
		known[i] = math.Float64frombits(f.order.Uint64(stamps[8*i:]))
	}
	if every, times := clock(known, l.info.T); every > 0 {
		l.info.Interval, l.info.Times = every, times
	}
}

// lsmChannels takes the names and colours that are written down at at. Those of three samples are no red, green and
// blue, though each page says so.
func (f *file) lsmChannels(l *layout, at uint64) {
	for c := range l.samples {
		l.info.Channels = append(l.info.Channels, channel(c, 1, l.samples, photometricBlack))
	}
	const head = 24
	start := f.offset(at)
	size, err := f.number(field{typ: 4, count: 1, at: start}, 0)
	if at == 0 || err != nil || size < head || size > 1<<16 {
		return
	}
	block, err := f.bytes(field{typ: 1, count: size, at: start})
	if err != nil {
		return
	}
	from := func(at int) []byte { return block[min(uint64(f.order.Uint32(block[at:])), size):] }
	if n := f.order.Uint32(block[4:]); n != uint32(l.samples) || n != f.order.Uint32(block[8:]) { //nolint:gosec // some thousand at most
		return
	}
	colors, names := from(12), from(16)
	for c := range l.info.Channels {
		ch := &l.info.Channels[c]
		if len(colors) >= 4*(c+1) {
			if rgb := [3]uint8(colors[4*c:]); rgb != [3]uint8{} {
				ch.Color = rgb
			}
		}
		if len(names) < 4 {
			return
		}
		n := min(uint64(f.order.Uint32(names)), uint64(len(names)-4))
		name, _, _ := bytes.Cut(names[4:4+n], []byte{0})
		if name := strings.TrimSpace(unicoded(string(name))); name != "" {
			ch.Name = name
		}
		names = names[4+n:]
	}
}
