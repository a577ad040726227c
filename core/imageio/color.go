package imageio

import "strings"

// Colored reports whether the image is a colour picture: its channels are the red, green and
// blue of one camera, and their ratios are its colours. A contrast of each on its own would
// falsify them.
func (i Info) Colored() bool {
	if len(i.Channels) != 3 || i.Type != Uint8 && i.Type != Uint16 {
		return false
	}
	for n, c := range i.Channels {
		pure := [3]uint8{}
		pure[n] = 255
		if c.Name != [...]string{"Red", "Green", "Blue"}[n] || c.Color != pure {
			return false
		}
	}
	return true
}

// DisplayColors returns what colours to show channels in: those of the file, or, where
// several channels are all white because the file does not say, the ones that stains are
// usually shown in: DAPI blue, GFP green, and so on.
func DisplayColors(channels []Channel) [][3]uint8 {
	out := make([][3]uint8, len(channels))
	said := len(channels) < 2
	for i, c := range channels {
		out[i] = c.Color
		said = said || c.Color != [3]uint8{255, 255, 255}
	}
	if said {
		return out
	}
	spare := [][3]uint8{{80, 220, 90}, {240, 80, 80}, {70, 130, 255}, {230, 80, 220}, {250, 210, 60}, {60, 220, 220}}
	for i, c := range channels {
		if rgb, ok := stainColor(c.Name); ok {
			out[i] = rgb
		} else {
			out[i] = spare[i%len(spare)]
		}
	}
	return out
}

// stainColor knows the usual stains by their names.
func stainColor(name string) ([3]uint8, bool) {
	name = strings.ToLower(name)
	for _, s := range []struct {
		words string
		rgb   [3]uint8
	}{
		{"dapi hoechst nuc dna 405", [3]uint8{70, 130, 255}},
		{"gfp fitc alexa488 488", [3]uint8{80, 220, 90}},
		{"rfp tritc mcherry cy3 texas 555 561 594", [3]uint8{240, 80, 80}},
		{"cy5 far 633 640 647", [3]uint8{230, 80, 220}},
		{"yfp 514", [3]uint8{250, 210, 60}},
		{"cfp 440", [3]uint8{60, 220, 220}},
	} {
		for w := range strings.FieldsSeq(s.words) {
			if strings.Contains(name, w) {
				return s.rgb, true
			}
		}
	}
	return [3]uint8{}, false
}
