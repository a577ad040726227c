package imageio_test

import (
	"testing"

	"coverslip.dev/coverslip/core/imageio"
)

func TestUnits(t *testing.T) {
	for unit, want := range map[string]float64{
		"µm": 1, "Microns": 1, "micrometers": 1, " Micrometres": 1, "um": 1, "nanometers": 1e-3, "mm": 1e3, "inches": 25400, "inch": 25400, "s": 0, "pixels": 0, "": 0,
	} {
		if got := imageio.MicronsPer(unit); got != want {
			t.Errorf("%q is %g µm, want %g", unit, got, want)
		}
	}
	for unit, want := range map[string]float64{
		"s": 1, "Seconds": 1, "secs": 1, "Sec": 1, "ms": 1e-3, "Ms": 0, "milliseconds": 1e-3, "μs": 1e-6, "min": 60, "Minutes": 60, "hours": 3600, "h": 3600,
		"days": 86400, "frames": 0, "": 0,
	} {
		if got := imageio.SecondsPer(unit); got != want {
			t.Errorf("%q is %g s, want %g", unit, got, want)
		}
	}
}
