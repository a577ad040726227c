package czi

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// document is the part of the metadata that is read.
type document struct {
	Acquired    string    `xml:"Metadata>Information>Image>AcquisitionDateAndTime"`
	Created     string    `xml:"Metadata>Information>Document>CreationDate"`
	Channels    []channel `xml:"Metadata>Information>Image>Dimensions>Channels>Channel"`
	Scenes      []scene   `xml:"Metadata>Information>Image>Dimensions>S>Scenes>Scene"`
	Seconds     string    `xml:"Metadata>Information>Image>Dimensions>T>Positions>Interval>Increment"`
	Microscopes []struct {
		Name   string `xml:"Name,attr"`
		System string `xml:"System"`
	} `xml:"Metadata>Information>Instrument>Microscopes>Microscope"`
	Scaling []struct {
		Axis   string `xml:"Id,attr"`
		Meters string `xml:"Value"`
	} `xml:"Metadata>Scaling>Items>Distance"`
	Display []channel `xml:"Metadata>DisplaySetting>Channels>Channel"`
}

type channel struct {
	ID    string `xml:"Id,attr"`
	Name  string `xml:"Name,attr"`
	Color string `xml:"Color"` // #AARRGGBB
}

type scene struct {
	Index string `xml:"Index,attr"`
	Name  string `xml:"Name,attr"`
}

// number is a positive number of the metadata, 0 for anything else.
func number(text string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(v > 0) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// metadata reads what the file says in words. An image whose words can't be read goes without.
func (f *file) metadata(h header) (doc document, err error) {
	at, n, err := f.text(h)
	if err != nil || n == 0 || n > maxText {
		return doc, err
	}
	if err := xml.NewDecoder(io.NewSectionReader(f, at, n)).Decode(&doc); err != nil {
		return document{}, nil //nolint:nilerr // its pixels can be looked at all the same
	}
	return doc, nil
}

// describe fills what the metadata say of an image.
func (d *document) describe(i *imageio.Info) {
	for _, s := range d.Scaling {
		microns := number(strconv.FormatFloat(number(s.Meters)*1e6, 'g', 12, 64)) // 2e-7 m are 0.2 µm, not 0.19999999999999998
		switch s.Axis {
		case "X":
			i.Micron.X = microns
		case "Y":
			i.Micron.Y = microns
		case "Z":
			i.Micron.Z = microns
		}
	}
	if i.Acquired = when(d.Acquired); i.Acquired.IsZero() {
		i.Acquired = when(d.Created)
	}
	if s := number(d.Seconds); s < 1e9 && i.T > 1 {
		i.Interval = time.Duration(s * float64(time.Second))
	}
	if len(d.Microscopes) > 0 {
		i.Instrument = cmp.Or(d.Microscopes[0].Name, d.Microscopes[0].System)
	}
}

// when reads a time; one without a zone is of the instrument's clock.
func when(text string) time.Time {
	text = strings.TrimSpace(text)
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at
	}
	at, err := time.ParseInLocation("2006-01-02T15:04:05.999999999", text, time.Local) //nolint:gosmopolitan // see above
	if err != nil {
		return time.Time{}
	}
	return at
}

// channel returns what the c-th channel is called and the colour that it is shown in.
func (d *document) channel(c int) imageio.Channel {
	out := imageio.Channel{Color: [3]uint8{255, 255, 255}}
	shown, said := find(d.Display, c), find(d.Channels, c)
	out.Name = cmp.Or(said.Name, shown.Name, fmt.Sprintf("Channel %d", c+1))
	for _, text := range []string{said.Color, shown.Color} {
		if rgb, ok := color(text); ok {
			out.Color = rgb
		}
	}
	return out
}

// find returns the c-th channel of a list, which may leave some out.
func find(list []channel, c int) channel {
	id := "Channel:" + strconv.Itoa(c)
	for _, ch := range list {
		if ch.ID == id {
			return ch
		}
	}
	if c >= 0 && c < len(list) && !strings.HasPrefix(list[c].ID, "Channel:") {
		return list[c]
	}
	return channel{}
}

// color reads #AARRGGBB or #RRGGBB.
func color(text string) (rgb [3]uint8, ok bool) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "#")
	v, err := strconv.ParseUint(text, 16, 32)
	if err != nil || len(text) != 6 && len(text) != 8 {
		return rgb, false
	}
	return [3]uint8{uint8(v >> 16), uint8(v >> 8), uint8(v)}, true //nolint:gosec // its bytes
}

// names returns what images are called: scenes by their names, and what else they differ in.
func (d *document) names(all []series) []string {
	scenes := map[string]string{}
	for _, s := range d.Scenes {
		scenes[s.Index] = s.Name
	}
	var differ [len(ways)]bool
	for _, s := range all {
		for i := range s {
			differ[i] = differ[i] || s[i] != all[0][i]
		}
	}
	out := make([]string, len(all))
	for i, s := range all {
		var words []string
		for k, name := range [len(ways)]string{"Scene", "rotation", "illumination", "phase", "view", "block"} {
			switch {
			case s[k] < 0 || k > 0 && !differ[k]:
			case k == 0 && scenes[strconv.Itoa(int(s[k]))] != "":
				words = append(words, scenes[strconv.Itoa(int(s[k]))])
			default:
				words = append(words, fmt.Sprintf("%s %d", name, s[k]+1))
			}
		}
		if out[i] = strings.Join(words, ", "); out[i] == "" {
			out[i] = fmt.Sprintf("Image %d", i+1)
		}
	}
	return out
}
