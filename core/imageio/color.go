package imageio

import (
	"encoding/binary"
	"strings"
)

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

// Printed returns how much light is left of red, green or blue where so much of its ink, cyan, magenta or
// yellow, and of black is printed, of samples of 8 or 16 bits.
func Printed(ink, black *Pixels) *Pixels {
	out := &Pixels{Size: ink.Size, Type: ink.Type, Data: make([]byte, len(ink.Data))}
	left := func(ink, black, most uint32) uint32 {
		paper := most - black
		return paper - (ink*paper+most/2)/most
	}
	if ink.Type == Uint8 {
		for i, v := range ink.Data {
			out.Data[i] = byte(left(uint32(v), uint32(black.Data[i]), 0xff)) //nolint:gosec // at most 0xff
		}
		return out
	}
	le := binary.LittleEndian
	for i := 0; i < len(ink.Data); i += 2 {
		le.PutUint16(out.Data[i:], uint16(left(uint32(le.Uint16(ink.Data[i:])), uint32(le.Uint16(black.Data[i:])), 0xffff))) //nolint:gosec // at most 0xffff
	}
	return out
}
