package viewer

import (
	"fmt"
	"math"
	"strconv"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
)

// objectFacts is the class, and how large an object is that lies at a place: micrometres where the image is
// calibrated, pixels where not.
func objectFacts(o annotation.Object, at Place, m imageio.Micron) []kit.Fact {
	unit, kx, ky := unitOf(m)
	area := at.Area * kx * ky
	facts := []kit.Fact{
		{Name: "Class", Value: o.Class},
		{Name: "State", Value: string(o.State)},
		{Name: "By", Value: o.By},
		{Name: "Area", Value: fmt.Sprintf("%.4g %s²", area, unit)},
		{Name: "Diameter", Value: fmt.Sprintf("%.3g %s", 2*math.Sqrt(area/math.Pi), unit)},
	}
	if o.State != annotation.Drawn {
		facts = append(facts, kit.Fact{Name: "Score", Value: fmt.Sprintf("%.2f", o.Score)})
	}
	return facts
}

// unitOf is what lengths are told in, and how many of it a pixel is across and down.
func unitOf(m imageio.Micron) (unit string, kx, ky float64) {
	if m.X > 0 && m.Y > 0 {
		return "µm", m.X, m.Y
	}
	return "px", 1, 1
}

// pixelWord is how large a pixel is: across and down where it is oblong.
func pixelWord(m imageio.Micron) string {
	unit, kx, ky := unitOf(m)
	x, y := strconv.FormatFloat(kx, 'g', 4, 64), strconv.FormatFloat(ky, 'g', 4, 64)
	switch {
	case unit == "px":
		return "not calibrated"
	case x == y:
		return x + " " + unit
	}
	return x + " × " + y + " " + unit
}
