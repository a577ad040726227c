package ometiff

import (
	"bytes"
	"math"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// fromFluoView tells channels, depths and times of Olympus FluoView apart by its list of dimensions, the fastest one first,
// and takes the scale from there.
func (f *file) fromFluoView(l *layout, header field) error {
	const list, each, most = 284, 100, 10 // where it is, and what each takes: a name, a size, an origin, a step and its unit
	if header.count < list+each*most {
		return nil
	}
	says, err := f.bytes(header)
	if fault.KindOf(err) == fault.Corrupt { // they are not in the file: the pages are what they are without
		return nil
	}
	if err != nil {
		return err
	}
	word := func(b []byte) string {
		b, _, _ = bytes.Cut(b, []byte{0})
		return strings.ToUpper(strings.TrimSpace(unicoded(string(b))))
	}
	var s shape
	for i := most - 1; i >= 0; i-- {
		d := says[list+each*i:][:each]
		size, unit := int(int32(f.order.Uint32(d[16:]))), word(d[36:])
		step := math.Abs(math.Float64frombits(f.order.Uint64(d[28:])))
		length := positive(step * imageio.MicronsPer(unit))
		letter := ""
		switch word(d[:16]) {
		case "X":
			l.info.Micron.X = length
		case "Y":
			l.info.Micron.Y = length
		case "Z":
			letter, l.info.Micron.Z = "Z", length
		case "T", "TIME":
			letter, l.info.Interval = "T", seconds(step*imageio.SecondsPer(strings.ToLower(unit)))
		case "CH", "WAVELENGTH":
			letter = "C"
		}
		if letter != "" && size > 1 {
			s.Axes, s.Shape = s.Axes+letter, append(s.Shape, size)
		}
	}
	l.info.Format = "FluoView TIFF"
	size := l.planes[0][0].size
	s.Axes, s.Shape = s.Axes+"YX", append(s.Shape, size.Y, size.X)
	s.order(l)
	if l.info.T < 2 {
		l.info.Interval = 0
	}
	return nil
}
