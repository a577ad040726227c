package ometiff

import (
	"math"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// micron returns how many micrometres a unit of OME's or ImageJ's list is, 0 for one that
// is no length.
func micron(unit string) float64 {
	switch strings.ToLower(strings.TrimSpace(unit)) {
	case "µm", "μm", "um", "micron", "microns", "micrometer", "micrometre", `\u00b5m`: // micro sign, Greek mu
		return 1
	case "nm", "nanometer", "nanometre":
		return 1e-3
	case "pm":
		return 1e-6
	case "å", "angstrom":
		return 1e-4
	case "mm", "millimeter", "millimetre":
		return 1e3
	case "cm", "centimeter", "centimetre":
		return 1e4
	case "m":
		return 1e6
	case "in", "inch":
		return 25400
	}
	return 0
}

// resolution is the pixel size by the tags. Programs that know none write that of a
// screen or a printer: what is above 20 µm is taken for that.
func (f *file) resolution(p *page) imageio.Micron {
	var unit float64
	switch p.unit {
	case 2:
		unit = micron("inch")
	case 3:
		unit = micron("cm")
	}
	var m [2]float64
	for i, d := range p.resolution {
		if per, err := f.rational(d); err == nil && per > 0 && unit/per <= 20 {
			m[i] = unit / per
		}
	}
	return imageio.Micron{X: m[0], Y: m[1]}
}

// aperioMicron finds "|MPP = 0.2500|" in a slide scanner's description.
func aperioMicron(text string) float64 {
	if !strings.HasPrefix(text, "Aperio") {
		return 0
	}
	for part := range strings.SplitSeq(text, "|") {
		if key, value, ok := strings.Cut(part, "="); ok && strings.TrimSpace(key) == "MPP" {
			return number(value)
		}
	}
	return 0
}

// number is a positive finite number, 0 for anything else.
func number(s string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// interval is a time in a unit of OME's list; seconds if none is named.
func interval(value, unit string) time.Duration {
	scale := map[string]float64{"": 1, "s": 1, "sec": 1, "ms": 1e-3, "msec": 1e-3, "µs": 1e-6, "min": 60, "h": 3600, "d": 86400}[strings.TrimSpace(unit)]
	s := number(value) * scale
	if s > 1e9 {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}
