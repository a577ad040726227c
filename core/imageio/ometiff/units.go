package ometiff

import (
	"math"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// resolution is the pixel size by the tags. Programs that know none write that of a
// screen or a printer: what is above 20 µm is taken for that.
func (f *file) resolution(p *page) imageio.Micron {
	var unit float64
	switch p.unit {
	case 2:
		unit = imageio.MicronsPer("inch")
	case 3:
		unit = imageio.MicronsPer("cm")
	}
	var m [2]float64
	for i, d := range p.resolution {
		if per, err := f.rational(d); err == nil && per > 0 && unit/per <= 20 {
			m[i] = unit / per
		}
	}
	return imageio.Micron{X: m[0], Y: m[1]}
}

// electronMicron is the pixel size by the settings of an electron microscope: of FEI in metres, of Zeiss with a unit.
func (f *file) electronMicron(p *page) (m imageio.Micron) {
	text, err := f.text(p.fei)
	if err != nil {
		return m
	}
	for line := range strings.Lines(text) {
		switch key, value, _ := strings.Cut(line, "="); key {
		case "PixelWidth":
			m.X = positive(1e6 * number(value))
		case "PixelHeight":
			m.Y = positive(1e6 * number(value))
		}
	}
	if text, err = f.text(p.zeissSEM); err != nil {
		return m
	}
	for _, key := range []string{"AP_PIXEL_SIZE", "AP_IMAGE_PIXEL_SIZE"} { // of the scan, and of what was stored of it
		if _, rest, ok := strings.Cut(text, "\n"+key); ok {
			_, rest, _ = strings.Cut(rest, "=")
			line, _, _ := strings.Cut(rest, "\n")
			if words := strings.Fields(line); len(words) == 2 {
				size := positive(number(words[0]) * imageio.MicronsPer(words[1]))
				m.X, m.Y = size, size
			}
		}
	}
	return m
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
	if unit == "" {
		unit = "s"
	}
	return seconds(number(value) * imageio.SecondsPer(unit))
}
