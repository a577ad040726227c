package ometiff

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// stains takes the planes of a slide of Akoya or PerkinElmer (QPTIFF) for its channels, each of which its page describes.
func (f *file) stains(l *layout) error {
	planes := l.planes[0]
	const root = "<PerkinElmer-QPI-ImageDescription"
	for c, p := range planes {
		text, err := f.aside(p.texts[0])
		if err != nil {
			return err
		}
		at := strings.Index(text, root) // behind a word on how it is encoded, which is not so
		if at < 0 || l.samples > 1 || len(planes) < 2 {
			l.info.Channels = nil
			return nil
		}
		var says struct {
			Name  string `xml:"Name"`
			Color string `xml:"Color"`
		}
		ch := channel(c, len(planes), 1, p.photometric)
		if xml.Unmarshal([]byte(text[at:]), &says) == nil {
			if says.Name != "" {
				ch.Name = says.Name
			}
			var rgb [3]uint8
			if n, err := fmt.Sscanf(says.Color, "%d,%d,%d", &rgb[0], &rgb[1], &rgb[2]); n == 3 && err == nil && rgb != [3]uint8{} {
				ch.Color = rgb
			}
		}
		l.info.Channels = append(l.info.Channels, ch)
	}
	l.info.Format, l.stacks, l.info.Z = "QPTIFF", len(planes), 1
	return nil
}
