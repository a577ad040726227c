package viewer

import (
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// Preset is contrast and colours under a name, for all images of the same channels.
type Preset struct {
	Name     string
	Channels []tileview.Channel
}

// fits reports whether the preset is for an image with these channels.
func (p Preset) fits(cs []tileview.Channel) bool { return alike(p.Channels, cs) }

// Same reports whether a preset takes the place of another.
func (p Preset) Same(o Preset) bool { return p.Name == o.Name && alike(p.Channels, o.Channels) }

// alike reports whether two images have the same channels: as many, of the same names.
func alike(a, b []tileview.Channel) bool { return kindOf(a) == kindOf(b) }

// kindOf is the same for images that are alike.
func kindOf(cs []tileview.Channel) string {
	names := make([]string, len(cs))
	for i, c := range cs {
		names[i] = strconv.Quote(strings.ToLower(c.Name))
	}
	return strings.Join(names, " ")
}

// autos are the ways to set contrast by the samples: the percentage of samples that is cut
// off at either end.
func autos() []struct {
	name string
	cut  float64
} {
	return []struct {
		name string
		cut  float64
	}{{"Auto 0.1 %", 0.1}, {"Auto 0.2 %", 0.2}, {"Auto 0.5 %", 0.5}, {"Auto 1 %", 1}, {"Auto 5 %", 5}, {"Min – max", 0}}
}

// palette are the colours that a channel can have: those that the file says, and the usual ones.
func palette(c imageio.Channel) []struct {
	name string
	rgb  [3]uint8
} {
	return []struct {
		name string
		rgb  [3]uint8
	}{
		{"As in the file", c.Color},
		{"Blue", [3]uint8{70, 130, 255}},
		{"Green", [3]uint8{80, 220, 90}},
		{"Red", [3]uint8{240, 80, 80}},
		{"Magenta", [3]uint8{230, 80, 220}},
		{"Yellow", [3]uint8{250, 210, 60}},
		{"Cyan", [3]uint8{60, 220, 220}},
		{"White", [3]uint8{255, 255, 255}},
	}
}
