package ometiff

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// isOME reports whether a description is OME-XML, with or without a declaration or a
// comment before it, and with or without a prefix to its names.
func isOME(text string) bool {
	return strings.HasPrefix(text, "<") && (strings.Contains(text, "<OME") || strings.Contains(text, ":OME")) && strings.HasSuffix(text, "OME>")
}

// The part of the OME schema (2016-06 and those before) that is read.
type (
	omeXML struct {
		UUID   string `xml:"UUID,attr"`
		Binary struct {
			File string `xml:"MetadataFile,attr"`
			UUID string `xml:"UUID,attr"`
		} `xml:"BinaryOnly"`
		Instrument []struct {
			ID         string `xml:"ID,attr"`
			Microscope struct {
				Manufacturer string `xml:"Manufacturer,attr"`
				Model        string `xml:"Model,attr"`
			} `xml:"Microscope"`
			Objective []struct {
				ID       string `xml:"ID,attr"`
				Power    string `xml:"NominalMagnification,attr"`
				Aperture string `xml:"LensNA,attr"`
			} `xml:"Objective"`
		} `xml:"Instrument"`
		Image omeImages `xml:"Image"`
	}
	omeImage struct {
		Name     string `xml:"Name,attr"`
		Acquired string `xml:"AcquisitionDate"`
		Older    string `xml:"AcquiredDate"` // its name in older schemas
		By       struct {
			ID string `xml:"ID,attr"`
		} `xml:"InstrumentRef"`
		Through struct {
			ID string `xml:"ID,attr"`
		} `xml:"ObjectiveSettings"`
		Pixels omePixels `xml:"Pixels"`
	}
	omePixels struct {
		Order   string       `xml:"DimensionOrder,attr"`
		SizeC   int          `xml:"SizeC,attr"`
		SizeZ   int          `xml:"SizeZ,attr"`
		SizeT   int          `xml:"SizeT,attr"`
		X       string       `xml:"PhysicalSizeX,attr"`
		Y       string       `xml:"PhysicalSizeY,attr"`
		Z       string       `xml:"PhysicalSizeZ,attr"`
		XUnit   string       `xml:"PhysicalSizeXUnit,attr"`
		YUnit   string       `xml:"PhysicalSizeYUnit,attr"`
		ZUnit   string       `xml:"PhysicalSizeZUnit,attr"`
		Step    string       `xml:"TimeIncrement,attr"`
		StepIn  string       `xml:"TimeIncrementUnit,attr"`
		Channel []omeChannel `xml:"Channel"`
		Data    omeBlocks    `xml:"TiffData"`
		Plane   omePlane     `xml:"Plane"`
	}
	// omePlane is the first plane, how long those of each channel were exposed, and when it was taken at each time: the others would be read for nothing.
	omePlane struct {
		c, z  string
		at    map[int]float64 // seconds; nil before the first
		Stage imageio.Micron
		light map[int]time.Duration // how long each channel was exposed, the first time
	}
	omeChannel struct {
		Name    string `xml:"Name,attr"`
		Color   string `xml:"Color,attr"` // RGBA, as a signed number of 32 bits
		Samples int    `xml:"SamplesPerPixel,attr"`
	}
	omeImages []omeImage
	omeBlocks []omeData
	omeData   struct {
		IFD    *int `xml:"IFD,attr"`
		Count  *int `xml:"PlaneCount,attr"`
		FirstC int  `xml:"FirstC,attr"`
		FirstZ int  `xml:"FirstZ,attr"`
		FirstT int  `xml:"FirstT,attr"`
		UUID   struct {
			FileName string `xml:"FileName,attr"`
			Value    string `xml:",chardata"`
		} `xml:"UUID"`
	}
)

// UnmarshalXML reads one more.
func (s *omeImages) UnmarshalXML(dec *xml.Decoder, at xml.StartElement) error {
	return more(dec, at, (*[]omeImage)(s), 1<<16)
}

// UnmarshalXML reads one more.
func (s *omeBlocks) UnmarshalXML(dec *xml.Decoder, at xml.StartElement) error {
	return more(dec, at, (*[]omeData)(s), maxPages)
}

// more reads one more of up to most elements: an empty one takes a hundred times its letters.
func more[T any](dec *xml.Decoder, at xml.StartElement, to *[]T, most int) error {
	if len(*to) >= most {
		return fmt.Errorf("more than %d of %s", most, at.Name.Local)
	}
	var one T
	err := dec.DecodeElement(&one, &at)
	*to = append(*to, one)
	return err
}

// fromOME lays the pages out as the OME-XML says.
func (f *file) fromOME(pages []*page, text string, n int) (*layout, error) {
	doc, err := f.parse(text)
	if err != nil {
		return nil, err
	}
	f.settle(&doc, len(pages))
	n, ok := f.wanted(doc, n)
	if !ok {
		if other := elsewhere(doc); other != "" {
			return nil, fault.New(fault.NotFound, "“"+f.name+"” holds none of the planes that it describes.",
				"Its description says that they are in “"+other+"”: open that, or give the file this name back.", nil)
		}
		// metadata alone: the pages speak for themselves
		l := plain(pages, n)
		l.info.Format = "OME-TIFF"
		return l, nil
	}
	l := &layout{away: map[int]place{}}
	if len(doc.Image) > 1 {
		l.info.Image = n
		for i, img := range doc.Image {
			l.info.Images = append(l.info.Images, cmp.Or(img.Name, fmt.Sprintf("Image %d", i+1)))
		}
	}
	if n >= len(doc.Image) {
		return l, nil
	}
	img := doc.Image[n]
	px := img.Pixels
	if l.other = f.otherFile(px, doc.UUID); l.other != "" {
		return l, nil
	}
	if err := f.shape(l, pages, px); err != nil {
		return nil, err
	}
	if err := f.assign(l, doc.UUID, px); err != nil {
		return nil, err
	}
	l.info.Channels = channels(px, l)
	l.info.Micron = imageio.Micron{X: length(px.X, px.XUnit), Y: length(px.Y, px.YUnit), Z: length(px.Z, px.ZUnit)}
	if px.Y == "" { // pixels are square, unless it is said
		l.info.Micron.Y = l.info.Micron.X
	}
	every, times := clock(px.Plane.at, l.info.T)
	l.info.Interval, l.info.Times = cmp.Or(interval(px.Step, px.StepIn), every), times
	l.info.Stage = px.Plane.Stage
	l.info.Acquired = acquired(cmp.Or(img.Acquired, img.Older))
	l.info.Instrument, l.info.Lens, l.info.Title = doc.microscope(img.By.ID), doc.lens(img.Through.ID), img.Name
	for c := range l.info.Channels[:min(len(l.info.Channels), l.stacks)] {
		if l.samples == 1 {
			l.info.Channels[c].Exposure = px.Plane.light[c]
		}
	}
	return l, nil
}

// shape sets how many channels, planes and times there are.
func (f *file) shape(l *layout, pages []*page, px omePixels) error {
	samples := pages[0].samples
	for _, d := range px.Data { // images of one file may differ
		if d.IFD != nil && *d.IFD >= 0 && *d.IFD < len(pages) {
			samples = pages[*d.IFD].samples
			break
		}
	}
	l.samples, l.stacks = samples, px.SizeC/samples
	all := px.SizeC
	if px.SizeC > 0 && px.SizeC%samples != 0 && px.SizeC <= len(px.Channel) { // it counts a page in colour once
		l.stacks, all = px.SizeC, px.SizeC*samples
	}
	l.info.Format = "OME-TIFF"
	l.info.Z, l.info.T = px.SizeZ, px.SizeT
	if px.SizeC < 1 || px.SizeZ < 1 || px.SizeT < 1 || px.SizeC > 1<<14 || px.SizeZ > maxPages || px.SizeT > maxPages ||
		px.SizeC*px.SizeZ > maxPages || px.SizeC*px.SizeZ*px.SizeT > maxPages || l.stacks*l.samples != all {
		return f.unread(fmt.Sprintf("OME-XML that does not fit its pages (%d channels, %d planes, %d times in pages of %d samples)",
			px.SizeC, px.SizeZ, px.SizeT, samples))
	}
	l.planes = [][]*page{pages}
	return nil
}

// microscope names the instrument of that ID, the first one if there is none.
func (doc omeXML) microscope(id string) (name string) {
	for i, by := range doc.Instrument {
		if m := by.Microscope; i == 0 || by.ID == id {
			name = strings.TrimSpace(m.Manufacturer + " " + m.Model)
		}
	}
	return name
}

// lens is the objective of that ID.
func (doc omeXML) lens(id string) imageio.Lens {
	for _, by := range doc.Instrument {
		for _, o := range by.Objective {
			if id != "" && o.ID == id {
				return imageio.Lens{Power: number(o.Power), Aperture: number(o.Aperture)}
			}
		}
	}
	return imageio.Lens{}
}

// acquired reads OME's time; one without a zone is of the instrument's clock.
func acquired(text string) time.Time {
	if at, err := time.Parse("2006-01-02T15:04:05.999999999Z07:00", text); err == nil {
		return at
	}
	at, err := time.ParseInLocation("2006-01-02T15:04:05.999999999", text, time.Local) //nolint:gosmopolitan // see above
	if err != nil {
		return time.Time{}
	}
	return at
}

// assign fills the index: where each plane is.
func (f *file) assign(l *layout, uuid string, px omePixels) error {
	order, ok := strides(px.Order, l)
	if !ok {
		return f.unread(fmt.Sprintf("OME-XML with the dimension order %q", px.Order))
	}
	n := l.stacks * l.info.Z * l.info.T
	l.index = make([]int, n)
	for i := range l.index {
		l.index[i] = -1
	}
	data := px.Data
	if len(data) == 0 {
		data = []omeData{{}}
	}
	per := l.countsSamples(data)
	left := 4 * maxPages // planes that all blocks together may name
	for _, d := range data {
		here := f.here(d, uuid)
		most := n
		if here && len(data) > 1 { // no more than its file has pages
			most = min(n, len(l.planes[0]))
		}
		ifd, count := d.pages(most)
		at := order.at(d.FirstC/per, d.FirstZ, d.FirstT)
		if d.FirstC < 0 || d.FirstZ < 0 || d.FirstT < 0 || ifd < 0 || count < 0 || at > n {
			return f.unread(fmt.Sprintf("OME-XML with planes at %d, %d, %d", d.FirstC, d.FirstZ, d.FirstT))
		}
		count = min(count, n-at)
		if left -= count; left < 0 {
			return f.unread(fmt.Sprintf("OME-XML with more than %d planes", 4*maxPages))
		}
		for i := range count {
			c, z, t := order.plane(at + i)
			if k := (t*l.info.Z+z)*l.stacks + c; here {
				l.index[k] = ifd + i
				delete(l.away, k)
			} else if l.index[k] < 0 {
				l.away[k] = place{d.UUID.FileName, ifd + i}
			}
		}
	}
	return nil
}

// countsSamples is by how much FirstC is too large: it counts channels, which have a page each, but some
// programs count their samples.
func (l *layout) countsSamples(data []omeData) (per int) {
	for _, d := range data {
		if d.FirstC >= l.stacks {
			return l.samples
		}
	}
	return 1
}

// pages are the first and how many d names, most if it does not say.
func (d omeData) pages(most int) (ifd, count int) {
	count = most
	if d.IFD != nil {
		ifd, count = *d.IFD, 1
	}
	if d.Count != nil {
		count = *d.Count
	}
	return ifd, count
}

// dims are the three dimensions of planes, the fastest first: letter and size.
type dims [3]struct {
	name byte
	size int
}

// strides reads a dimension order such as XYCZT.
func strides(order string, l *layout) (dims, bool) {
	var d dims
	if len(order) != 5 || !strings.HasPrefix(order, "XY") {
		return d, false
	}
	for i := range d {
		d[i].name = order[2+i]
		switch d[i].name {
		case 'C':
			d[i].size = l.stacks
		case 'Z':
			d[i].size = l.info.Z
		case 'T':
			d[i].size = l.info.T
		}
	}
	return d, strings.Contains(order, "C") && strings.Contains(order, "Z") && strings.Contains(order, "T")
}

// at counts planes in this order.
func (d dims) at(c, z, t int) int {
	at, stride := 0, 1
	for _, dim := range d {
		i := map[byte]int{'C': c, 'Z': z, 'T': t}[dim.name]
		at += min(i, dim.size) * stride
		stride *= dim.size
	}
	return at
}

// plane is the reverse of at.
func (d dims) plane(i int) (c, z, t int) {
	for _, dim := range d {
		switch dim.name {
		case 'C':
			c = i % dim.size
		case 'Z':
			z = i % dim.size
		case 'T':
			t = i % dim.size
		}
		i /= dim.size
	}
	return c, z, t
}

// channels are those of the OME-XML; one of several samples counts so many times.
func channels(px omePixels, l *layout) []imageio.Channel {
	var out []imageio.Channel
	kind := uint64(photometricRGB)
	if p := l.firstPage(); p != nil {
		kind = p.photometric
	}
	for _, c := range px.Channel {
		n := min(max(c.Samples, 1), l.samples)
		if px.SizeC == l.stacks {
			n = l.samples
		}
		for k := range n {
			if len(out) >= l.stacks*l.samples {
				return out
			}
			ch := channel(len(out), l.stacks, l.samples, kind)
			switch {
			case c.Name == "":
			case n == 1:
				ch.Name = c.Name
			case !inColor(kind): // samples that are no colours
				ch.Name = fmt.Sprintf("%s %d", c.Name, k+1)
			}
			if v, err := strconv.ParseFloat(c.Color, 64); err == nil && n == 1 && math.Abs(v) <= math.MaxUint32 {
				rgba := uint32(int64(v)) //nolint:gosec // the schema's signed RGBA
				ch.Color = [3]uint8{uint8(rgba >> 24), uint8(rgba >> 16), uint8(rgba >> 8)}
			}
			out = append(out, ch)
		}
	}
	return out
}

func length(value, unit string) float64 {
	if unit == "" {
		unit = "µm"
	}
	return number(value) * imageio.MicronsPer(unit)
}
