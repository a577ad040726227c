package ometiff

import (
	"fmt"

	"coverslip.dev/coverslip/core/imageio"
)

// Kinds of samples that are looked at.
const (
	photometricWhite   = 0 // 0 is white
	photometricBlack   = 1
	photometricRGB     = 2
	photometricPalette = 3
	photometricCMYK    = 5
	photometricYCbCr   = 6
	photometricLab     = 8  // CIE L*a*b*
	photometricICCLab  = 9  // the same in the numbers of a colour profile
	photometricITULab  = 10 // the same in those of fax
)

// inColor reports whether the samples of a page are red, green and blue, once they are decoded.
func inColor(photometric uint64) bool {
	return photometric == photometricRGB || photometric == photometricYCbCr
}

// strangeColors names the colours of a page that are never made red, green and blue of.
func (p *page) strangeColors() string {
	switch {
	case p.photometric == photometricYCbCr && !p.pictured():
		return "YCbCr without JPEG compression"
	case p.printed() && !p.mixable():
		return "those of print (CMYK) in samples of " + p.depthName()
	case p.isLab() && !p.mixable():
		return "CIE L*a*b* in samples of " + p.depthName()
	}
	return ""
}

// channel is what to call a channel that the file does not name.
func channel(c, stacks, samples int, photometric uint64) imageio.Channel {
	if stacks == 1 && samples >= 3 && inColor(photometric) && c < 3 {
		return [...]imageio.Channel{
			{Name: "Red", Color: [3]uint8{255, 0, 0}},
			{Name: "Green", Color: [3]uint8{0, 255, 0}},
			{Name: "Blue", Color: [3]uint8{0, 0, 255}},
		}[c]
	}
	return imageio.Channel{Name: fmt.Sprintf("Channel %d", c+1), Color: [3]uint8{255, 255, 255}}
}

// table gives each value of a sample another one.
type table [256]byte

// of returns the values that px stands for; px is shared and stays as it is.
func (t *table) of(px *imageio.Pixels) *imageio.Pixels {
	out := &imageio.Pixels{Size: px.Size, Type: px.Type, Data: make([]byte, len(px.Data))}
	for i, v := range px.Data {
		out.Data[i] = t[v]
	}
	return out
}

// mix makes channel c of a plane of colours out of what read returns of its samples.
type mix func(c int, read func(sample int) (*imageio.Pixels, error)) (*imageio.Pixels, error)

// dyed makes the channels of a palette.
func dyed(of []table) mix {
	return func(c int, read func(int) (*imageio.Pixels, error)) (*imageio.Pixels, error) {
		px, err := read(0)
		if err != nil {
			return nil, err
		}
		return of[c].of(px), nil
	}
}

// asRGB has the image shown in red, green and blue that are made by m.
func (l *layout) asRGB(m mix) {
	l.mix, l.samples, l.info.Channels = m, 3, nil
	for c := range 3 {
		l.info.Channels = append(l.info.Channels, channel(c, 1, 3, photometricRGB))
	}
}

// palette takes the colours of samples that are numbers of colours. A ramp from black to one colour is
// how an instrument shows grey samples: they stay as they are, and the channel has that colour.
func (f *file) palette(l *layout) error {
	p := l.planes[0][0]
	n := 1 << min(p.bits, 8)
	if !p.painted() || p.samples != 1 || p.bits > 8 || p.kind == 2 || p.colors.width() != 2 || p.colors.count < uint64(3*n) { //nolint:gosec // at most 256
		return nil
	}
	data, err := f.bytes(p.colors)
	if err != nil {
		return err
	}
	of := f.tables(data, n)
	switch last := n - 1; {
	case of[0].ramp(n) && of[1].ramp(n) && of[2].ramp(n) && max(of[0][last], of[1][last], of[2][last]) > 127:
		l.info.Channels = []imageio.Channel{channel(0, 1, 1, p.photometric)}
		l.info.Channels[0].Color = [3]uint8{of[0][last], of[1][last], of[2][last]}
	case of[0] == of[1] && of[1] == of[2]:
		l.mix = dyed(of[:1])
	default:
		l.asRGB(dyed(of[:]))
	}
	return nil
}

// tables are the reds, greens and blues of n colours of 16 bits; some programs write those of 8 bits.
func (f *file) tables(data []byte, n int) (of [3]table) {
	shift := 0
	for i := range 3 * n {
		if f.order.Uint16(data[2*i:]) > 255 {
			shift = 8
		}
	}
	for i := range 3 * n {
		of[i/n][i%n] = byte(f.order.Uint16(data[2*i:]) >> shift) //nolint:gosec // 8 bits are left
	}
	return of
}

// ramp reports whether n values rise evenly from 0, give or take a rounding.
func (t *table) ramp(n int) bool {
	for i := range n {
		if d := int(t[i])*(n-1) - int(t[n-1])*i; max(d, -d) > 2*(n-1) {
			return false
		}
	}
	return true
}
