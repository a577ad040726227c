package ometiff

import (
	"encoding/xml"
	"strconv"
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// The OME-XML that [Write] writes: schema 2016-06.
type (
	outOME struct {
		XMLName xml.Name `xml:"http://www.openmicroscopy.org/Schemas/OME/2016-06 OME"`
		Creator string   `xml:"Creator,attr"`
		Image   outImage `xml:"Image"`
	}
	outImage struct {
		ID       string    `xml:"ID,attr"`
		Name     string    `xml:"Name,attr,omitempty"`
		Acquired string    `xml:"AcquisitionDate,omitempty"`
		Pixels   outPixels `xml:"Pixels"`
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
		MicronY float64      `xml:"PhysicalSizeY,attr,omitempty"`
		MicronZ float64      `xml:"PhysicalSizeZ,attr,omitempty"`
		Channel []outChannel `xml:"Channel"`
		Data    outData      `xml:"TiffData"`
	}
	outChannel struct {
		ID      string `xml:"ID,attr"`
		Name    string `xml:"Name,attr,omitempty"`
		Color   int32  `xml:"Color,attr"`
		Samples int    `xml:"SamplesPerPixel,attr"`
	}
	outData struct {
		IFD   int `xml:"IFD,attr"`
		Count int `xml:"PlaneCount,attr"`
	}
)

// describe returns the OME-XML of an image whose planes are written channel first.
func describe(info imageio.Info) []byte {
	size := info.Levels[0].Size
	px := outPixels{
		ID: "Pixels:0", Order: "XYCZT", Type: omeType(info.Type), X: size.X, Y: size.Y,
		C: len(info.Channels), Z: info.Z, T: info.T,
		MicronX: info.Micron.X, MicronY: info.Micron.Y, MicronZ: info.Micron.Z,
		Data: outData{Count: len(info.Channels) * info.Z * info.T},
	}
	for i, c := range info.Channels {
		rgba := uint32(c.Color[0])<<24 | uint32(c.Color[1])<<16 | uint32(c.Color[2])<<8 | 255
		px.Channel = append(px.Channel, outChannel{ID: "Channel:0:" + strconv.Itoa(i), Name: c.Name, Color: int32(rgba), Samples: 1}) //nolint:gosec // the schema's signed RGBA
	}
	img := outImage{ID: "Image:0", Name: info.Name, Pixels: px}
	if !info.Acquired.IsZero() {
		img.Acquired = info.Acquired.Format(time.RFC3339)
	}
	text, err := xml.Marshal(outOME{Creator: "Coverslip", Image: img})
	if err != nil {
		return nil // there is nothing in it that has no XML
	}
	return append([]byte(`<?xml version="1.0" encoding="UTF-8"?>`), text...)
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
