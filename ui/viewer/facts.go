package viewer

import (
	"fmt"
	"math"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/tileview"
)

// objectFacts is what an outline alone tells: micrometres where the image is
// calibrated, pixels where not.
func objectFacts(o annotation.Object, m imageio.Micron) []kit.Fact {
	unit, k := "px", 1.0
	ring := o.Outline
	if m.X > 0 && m.Y > 0 {
		unit = "µm"
		ring = make([]annotation.Point, len(o.Outline))
		for i, p := range o.Outline {
			ring[i] = annotation.Point{X: p.X * m.X, Y: p.Y * m.Y}
		}
	}
	area := tileview.Area(ring) * k
	facts := []kit.Fact{
		{Name: "Class", Value: o.Class},
		{Name: "State", Value: string(o.State)},
		{Name: "By", Value: o.By},
		{Name: "Area", Value: fmt.Sprintf("%.4g %s²", area, unit)},
		{Name: "Diameter", Value: fmt.Sprintf("%.3g %s", 2*math.Sqrt(area/math.Pi), unit)},
		{Name: "Perimeter", Value: fmt.Sprintf("%.4g %s", tileview.Perimeter(ring), unit)},
	}
	if o.State != annotation.Drawn {
		facts = append(facts, kit.Fact{Name: "Score", Value: fmt.Sprintf("%.2f", o.Score)})
	}
	return facts
}
