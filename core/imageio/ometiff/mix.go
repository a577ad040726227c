package ometiff

import (
	"encoding/binary"
	"fmt"
	"math"

	"coverslip.dev/coverslip/core/imageio"
)

// printed reports whether the first samples of a page are cyan, magenta, yellow and black.
func (p *page) printed() bool {
	return p.photometric == photometricCMYK && p.samples > 3 && p.inks < 2
}

// isLab reports whether the first samples of a page are CIE L*a*b*.
func (p *page) isLab() bool {
	return p.photometric >= photometricLab && p.photometric <= photometricITULab && p.samples > 2
}

// mixable reports whether red, green and blue can be made of such samples.
func (p *page) mixable() bool {
	return (p.printed() || p.isLab()) && (p.bits == 8 || p.bits == 16) && p.kind != 2 && p.kind != 3
}

// depthName says what the samples of a page are.
func (p *page) depthName() string {
	t, _ := p.sampleType()
	if p.bits == 8*t.Bytes() {
		return t.String()
	}
	return fmt.Sprintf("%d bits", p.bits)
}

// mixed makes red, green and blue of the samples of a page that are other colours, nil for one whose
// aren't.
func (p *page) mixed() mix {
	switch {
	case !p.mixable():
		return nil
	case p.printed():
		return fromCMYK
	}
	toLab := p.lab
	return func(c int, read func(int) (*imageio.Pixels, error)) (*imageio.Pixels, error) {
		return fromLab(c, read, toLab)
	}
}

// fromCMYK mixes inks as programs do that have no profile of the printer.
func fromCMYK(c int, read func(int) (*imageio.Pixels, error)) (*imageio.Pixels, error) {
	ink, err := read(c)
	if err != nil {
		return nil, err
	}
	black, err := read(3)
	if err != nil {
		return nil, err
	}
	return imageio.Printed(ink, black), nil
}

// lab makes L* from 0 to 100, a* and b* of samples, which TIFF 6.0 (section 23), ICC.1 and ITU-T T.42 write each
// in its own way.
func (p *page) lab(l, a, b uint16) (ll, aa, bb float64) {
	most := float64(int(1)<<p.bits - 1)
	byte0 := float64(int(1) << (p.bits - 8)) // of samples, in units of 8 bits
	switch p.photometric {
	case photometricICCLab:
		white := 255 * byte0 // 0xff00 of 16 bits
		return 100 * float64(l) / white, float64(a)/byte0 - 128, float64(b)/byte0 - 128
	case photometricITULab:
		return 100 * float64(l) / most, (float64(a)/byte0 - 128) * 170 / 255, (float64(b)/byte0 - 96) * 200 / 255
	}
	if p.bits == 8 {
		return 100 * float64(l) / most, float64(int8(a)), float64(int8(b)) //nolint:gosec // they are signed
	}
	return 100 * float64(l) / most, float64(int16(a)) / byte0, float64(int16(b)) / byte0 //nolint:gosec // they are signed
}

// fromLab makes red, green or blue of sRGB of what lab makes of the samples.
func fromLab(c int, read func(int) (*imageio.Pixels, error), lab func(l, a, b uint16) (ll, aa, bb float64)) (*imageio.Pixels, error) {
	var of [3]*imageio.Pixels
	for i := range of {
		var err error
		if of[i], err = read(i); err != nil {
			return nil, err
		}
	}
	out := &imageio.Pixels{Size: of[0].Size, Type: of[0].Type, Data: make([]byte, len(of[0].Data))}
	n, le, rgb := out.Size.X*out.Size.Y, binary.LittleEndian, srgb(c)
	if out.Type == imageio.Uint16 {
		for i := range n {
			v := rgb(lab(le.Uint16(of[0].Data[2*i:]), le.Uint16(of[1].Data[2*i:]), le.Uint16(of[2].Data[2*i:])))
			le.PutUint16(out.Data[2*i:], uint16(v*math.MaxUint16+0.5))
		}
		return out, nil
	}
	for i := range n {
		out.Data[i] = byte(rgb(lab(uint16(of[0].Data[i]), uint16(of[1].Data[i]), uint16(of[2].Data[i])))*math.MaxUint8 + 0.5)
	}
	return out, nil
}

// srgb makes red, green or blue of sRGB (IEC 61966-2-1), 0 to 1, of CIE L*a*b*: both have white in common, so that
// the white of D50, which L*a*b* is written for, becomes that of D65 by Bradford's way.
func srgb(c int) func(l, a, b float64) float64 {
	row := [3][3]float64{ // times the X, Y and Z of D50
		{3.1338561 * 0.96422, -1.6168667, -0.4906146 * 0.82521},
		{-0.9787684 * 0.96422, 1.9161415, 0.0334540 * 0.82521},
		{0.0719453 * 0.96422, -0.2289914, 1.4052427 * 0.82521},
	}[c]
	return func(l, a, b float64) float64 {
		y := (l + 16) / 116
		v := row[0]*linear(y+a/500) + row[1]*linear(y) + row[2]*linear(y-b/200)
		if v <= 0.0031308 {
			return max(0, 12.92*v)
		}
		return min(1, 1.055*math.Pow(v, 1/2.4)-0.055)
	}
}

// linear undoes the root of CIE L*a*b* (CIE 15).
func linear(f float64) float64 {
	const knee = 6.0 / 29
	if f > knee {
		return f * f * f
	}
	return 3 * knee * knee * (f - 4.0/29)
}
