package imageio

import "strings"

// MicronsPer returns how many micrometres a unit of length is, by the names of OME-XML,
// ImageJ, TIFF and OME-Zarr; 0 for one that is no length.
func MicronsPer(unit string) float64 {
	switch singular(strings.ToLower(strings.TrimSpace(unit))) {
	case "µm", "μm", "um", "micron", "micrometer", "micrometre", `\u00b5m`: // micro sign, Greek mu
		return 1
	case "nm", "nanometer", "nanometre":
		return 1e-3
	case "pm", "picometer", "picometre":
		return 1e-6
	case "å", "angstrom":
		return 1e-4
	case "mm", "millimeter", "millimetre":
		return 1e3
	case "cm", "centimeter", "centimetre":
		return 1e4
	case "m", "meter", "metre":
		return 1e6
	case "in", "inch", "inche":
		return 25400
	}
	return 0
}

// SecondsPer is MicronsPer for times.
func SecondsPer(unit string) float64 {
	unit = strings.TrimSpace(unit)
	if len(unit) > 2 { // Ms is no ms
		unit = strings.ToLower(unit)
	}
	switch singular(unit) {
	case "s", "sec", "second":
		return 1
	case "ms", "msec", "millisecond":
		return 1e-3
	case "µs", "μs", "us", "usec", "microsecond": // micro sign, Greek mu
		return 1e-6
	case "ns", "nanosecond":
		return 1e-9
	case "min", "minute":
		return 60
	case "h", "hr", "hour":
		return 3600
	case "d", "day":
		return 86400
	}
	return 0
}

// singular is a word without the s of its plural.
func singular(word string) string {
	if len(word) < 4 {
		return word
	}
	return strings.TrimSuffix(word, "s")
}
