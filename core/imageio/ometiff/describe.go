package ometiff

import (
	"cmp"
	"encoding/xml"
	"slices"
	"strconv"
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// The OME-XML that [Write] writes: schema 2016-06.
type (
	outOME struct {
		XMLName    xml.Name `xml:"http://www.openmicroscopy.org/Schemas/OME/2016-06 OME"`
		Creator    string   `xml:"Creator,attr"`
		Instrument *outInstrument
		Image      outImage `xml:"Image"`
	}
	outInstrument struct {
		ID         string `xml:"ID,attr"`
		Microscope *outMicroscope
		Objective  *outObjective
	}
	outMicroscope struct {
		Model string `xml:"Model,attr"`
	}
	outObjective struct {
		ID       string  `xml:"ID,attr"`
		Aperture float64 `xml:"LensNA,attr,omitempty"`
		Power    float64 `xml:"NominalMagnification,attr,omitempty"`
	}
	outRef struct {
		ID string `xml:"ID,attr"`
	}
	outImage struct {
		ID            string `xml:"ID,attr"`
		Name          string `xml:"Name,attr,omitempty"`
		Acquired      string `xml:"AcquisitionDate,omitempty"`
		InstrumentRef *outRef
		Through       *outRef   `xml:"ObjectiveSettings"`
		Pixels        outPixels `xml:"Pixels"`
	}
	outPixels struct {
		ID      string       `xml:"ID,attr"`
		Order   string       `xml:"DimensionOrder,attr"`
		Type    string       `xml:"Type,attr"`
		X       int          `xml:"SizeX,attr"`
		Y       int          `xml:"SizeY,attr"`
		C       int          `xml:"SizeC,attr"`
		Z       int          `xml:"SizeZ,attr"`
		T       int          `xml:"SizeT,attr"`
		MicronX float64      `xml:"PhysicalSizeX,attr,omitempty"`
		UnitX   string       `xml:"PhysicalSizeXUnit,attr,omitempty"`
		MicronY float64      `xml:"PhysicalSizeY,attr,omitempty"`
		UnitY   string       `xml:"PhysicalSizeYUnit,attr,omitempty"`
		MicronZ float64      `xml:"PhysicalSizeZ,attr,omitempty"`
		UnitZ   string       `xml:"PhysicalSizeZUnit,attr,omitempty"`
		Seconds float64      `xml:"TimeIncrement,attr,omitempty"`
		UnitT   string       `xml:"TimeIncrementUnit,attr,omitempty"`
		Channel []outChannel `xml:"Channel"`
		Data    outData      `xml:"TiffData"`
		Plane   []outPlane
	}
	outPlane struct {
		C          int      `xml:"TheC,attr"`
		Z          int      `xml:"TheZ,attr"`
		T          int      `xml:"TheT,attr"`
		After      *float64 `xml:"DeltaT,attr"`
		AfterUnit  string   `xml:"DeltaTUnit,attr,omitempty"`
		Light      float64  `xml:"ExposureTime,attr,omitempty"`
		LightUnit  string   `xml:"ExposureTimeUnit,attr,omitempty"`
		X          *float64 `xml:"PositionX,attr"`
		XUnit      string   `xml:"PositionXUnit,attr,omitempty"`
		Y          *float64 `xml:"PositionY,attr"`
		YUnit      string   `xml:"PositionYUnit,attr,omitempty"`
		Height     *float64 `xml:"PositionZ,attr"`
		HeightUnit string   `xml:"PositionZUnit,attr,omitempty"`
	}
	outChannel struct {
		ID      string `xml:"ID,attr"`
		Name    string `xml:"Name,attr,omitempty"`
		Color   *int32 `xml:"Color,attr"`
		Samples int    `xml:"SamplesPerPixel,attr"`
	}
	outData struct {
		IFD   int `xml:"IFD,attr"`
		Count int `xml:"PlaneCount,attr"`
	}
)

// describe returns the OME-XML of an image whose planes are written channel first, samples
// channels in each page.
func describe(info imageio.Info, samples int) []byte {
	size := info.Levels[0].Size
	px := outPixels{
		ID: "Pixels:0", Order: "XYCZT", Type: omeType(info.Type), X: size.X, Y: size.Y,
		C: len(info.Channels), Z: info.Z, T: info.T,
		MicronX: info.Micron.X, MicronY: info.Micron.Y, MicronZ: info.Micron.Z,
		Seconds: info.Interval.Seconds(),
		Data:    outData{Count: len(info.Channels) / samples * info.Z * info.T},
	}
	if len(info.Times) > 0 { // each says its own: no step would be true
		px.Seconds = 0
	}
	px.UnitX, px.UnitY, px.UnitZ, px.UnitT = unit(px.MicronX, "µm"), unit(px.MicronY, "µm"), unit(px.MicronZ, "µm"), unit(px.Seconds, "s")
	for i := 0; i < len(info.Channels); i += samples {
		c := outChannel{ID: "Channel:0:" + strconv.Itoa(i/samples), Samples: samples}
		if samples == 1 {
			rgb := info.Channels[i].Color
			rgba := int32(uint32(rgb[0])<<24 | uint32(rgb[1])<<16 | uint32(rgb[2])<<8 | 255) // the schema's signed RGBA
			c.Name, c.Color = info.Channels[i].Name, &rgba
		}
		px.Channel = append(px.Channel, c)
	}
	px.Plane = outPlanes(info, samples)
	img := outImage{ID: "Image:0", Name: cmp.Or(info.Title, info.Name), Pixels: px}
	if info.Image < len(info.Images) { // one of several: its own name tells it from the others
		img.Name = info.Images[info.Image]
	}
	if !info.Acquired.IsZero() {
		img.Acquired = info.Acquired.Format(time.RFC3339Nano)
	}
	doc := outOME{Creator: "Coverslip"}
	if info.Instrument != "" || info.Lens != (imageio.Lens{}) {
		doc.Instrument = &outInstrument{ID: "Instrument:0"}
		img.InstrumentRef = &outRef{ID: "Instrument:0"}
	}
	if info.Instrument != "" {
		doc.Instrument.Microscope = &outMicroscope{info.Instrument}
	}
	if l := info.Lens; l != (imageio.Lens{}) {
		doc.Instrument.Objective = &outObjective{"Objective:0:0", l.Aperture, l.Power}
		img.Through = &outRef{ID: "Objective:0:0"}
	}
	doc.Image = img
	text, err := xml.Marshal(doc)
	if err != nil {
		return nil // there is nothing in it that has no XML
	}
	return append([]byte(`<?xml version="1.0" encoding="UTF-8"?>`), text...)
}

// outPlanes are the first one, with where the stage stood, the same one of each time, where those are uneven,
// and that of each channel, where it is known how long it was exposed.
func outPlanes(info imageio.Info, samples int) (planes []outPlane) {
	for t, at := range info.Times {
		after := at.Seconds()
		planes = append(planes, outPlane{T: t, After: &after, AfterUnit: "s"})
	}
	lit := slices.ContainsFunc(info.Channels, func(c imageio.Channel) bool { return c.Exposure > 0 })
	if planes == nil && (lit || info.Stage != (imageio.Micron{})) {
		planes = []outPlane{{}}
	}
	for c, ch := range info.Channels {
		if ch.Exposure == 0 || c%samples > 0 { // those of a page have one
			continue
		}
		at := 0
		if c > 0 {
			at, planes = len(planes), append(planes, outPlane{C: c / samples})
		}
		planes[at].Light, planes[at].LightUnit = ch.Exposure.Seconds(), "s"
	}
	if s := info.Stage; s != (imageio.Micron{}) {
		p := &planes[0]
		p.X, p.Y, p.Height = &s.X, &s.Y, &s.Z
		p.XUnit, p.YUnit, p.HeightUnit = "µm", "µm", "µm"
	}
	return planes
}

// unit is that of a size, none of one that is not said.
func unit(size float64, of string) string {
	if size == 0 {
		return ""
	}
	return of
}

// omeType is OME's name of a type.
func omeType(t imageio.PixelType) string {
	switch t {
	case imageio.Float32:
		return "float"
	case imageio.Float64:
		return "double"
	case imageio.Uint8, imageio.Uint16, imageio.Uint32, imageio.Int8, imageio.Int16, imageio.Int32:
	}
	return t.String()
}
