// Package imageio reads microscope images tile by tile.
package imageio

import (
	"context"
	"image"
	"io"
	"math"
	"time"
)

// Reading counts how pixels have been decoded: raise it whenever those of some file become other ones,
// such as turned, of another palette or other means of the levels below. What is kept of an image's
// pixels has it in its name, so that what was kept before is made anew.
const Reading = 5

// Source is one open image: a pyramid of levels, each cut into tiles. All its
// methods may be called from any goroutine.
type Source interface {
	// ID names the pixels: equal for equal content, wherever the file lies.
	ID() string
	Info() Info
	// ReadTile returns a tile; tiles at the right and lower edge are smaller.
	// Nobody may write to what it returns: it may be shared. A tile outside the
	// image is fault.NotFound, one that can't be decoded fault.Corrupt; a hole in
	// a sparse image is a tile of zeros.
	ReadTile(ctx context.Context, t Tile) (*Pixels, error)
	io.Closer
}

// Tile names a tile exactly: columns and rows count tiles of that level; C, Z
// and T count from 0. A rectangle for people is a [Region].
type Tile struct{ Level, Col, Row, C, Z, T int }

// Info is what an image says of itself.
type Info struct {
	Name       string
	Format     string  // "OME-TIFF", "TIFF", "PNG", …
	Levels     []Level // Levels[0] is the whole image
	TileSize   image.Point
	Channels   []Channel
	Z, T       int // planes and time points, at least 1
	Type       PixelType
	Negative   bool // 0 is white, as of scanned pages and gels: samples are as stored
	Micron     Micron
	Aspect     float64   // of a pixel, width by height, of a film that says no more of it; 0: nobody says
	Acquired   time.Time // zero if the file does not say
	Instrument string
	Lens       Lens            // the objective
	Interval   time.Duration   // from one time point to the next, on average; zero if the file does not say
	Times      []time.Duration // of all time points, the first of which is at zero, if the file says they are uneven
	Stage      Micron          // where the stage stood; zero if the file does not say
	Title      string          // what the file calls this image; empty if it does not say
	Images     []string        // names of all images of a file that holds several, else nil
	Image      int             // which of them this is
}

// At is how long after the first a time point is; zero if the file does not say.
func (i Info) At(t int) time.Duration {
	if t >= 0 && t < len(i.Times) {
		return i.Times[t]
	}
	return time.Duration(t) * i.Interval
}

// Clock returns the interval and the times of an [Info] for frames that were taken at these, the first
// of which is zero. They are even where they are an interval apart but for what is rounded.
func Clock(at []time.Duration) (every time.Duration, times []time.Duration) {
	n := len(at) - 1
	if n < 1 {
		return 0, nil
	}
	every = at[n] / time.Duration(n)
	for i, t := range at {
		if (t - time.Duration(i)*every).Abs() > every/20+time.Millisecond {
			return every, at
		}
	}
	return every, nil
}

// Level is one resolution of an image. It has as many planes as the image; those of a coarser one may
// be means of several.
type Level struct {
	Size       image.Point
	Downsample float64 // pixels of level 0 a pixel of this level, 1 for level 0
	Merged     bool    // a plane stands for several of level 0
}

// Channel is one colour or stain.
type Channel struct {
	Name      string
	Color     [3]uint8 // RGB; white when the file does not say
	Low, High float64  // samples that are to be shown dark and bright; both 0 where the file does not say
	Off       bool     // it is not to be shown at first
	Exposure  time.Duration
}

// Lens is an objective by its nominal magnification and its numerical aperture; zero where the file does not say.
type Lens struct{ Power, Aperture float64 }

// Window takes between which samples of type t a channel is to be shown, as a file says, unless that makes no
// sense. All that 16 bits or more can hold is what programs write that did not look at the samples.
func (c *Channel) Window(low, high float64, t PixelType) {
	least, most, whole := t.limits()
	if !(low < high) || math.IsInf(low, 0) || math.IsInf(high, 0) {
		return
	}
	if whole && (low < least || high > most || t.Bytes() > 1 && low == least && high == most) {
		return
	}
	c.Low, c.High = low, high
}

// Micron is the size of a pixel (X, Y) and the distance of planes (Z) in
// micrometres; zero where the file does not say.
type Micron struct{ X, Y, Z float64 }

// PixelType is the type of a sample.
type PixelType uint8

// The sample types.
const (
	Uint8 PixelType = iota
	Uint16
	Uint32
	Int8
	Int16
	Int32
	Float32
	Float64
)

// Bytes returns the size of one sample.
func (t PixelType) Bytes() int {
	return [...]int{Uint8: 1, Uint16: 2, Uint32: 4, Int8: 1, Int16: 2, Int32: 4, Float32: 4, Float64: 8}[t]
}

func (t PixelType) String() string {
	return [...]string{
		Uint8: "uint8", Uint16: "uint16", Uint32: "uint32", Int8: "int8", Int16: "int16",
		Int32: "int32", Float32: "float32", Float64: "float64",
	}[t]
}

// limits are the least and the greatest sample of a type of whole numbers.
func (t PixelType) limits() (least, most float64, whole bool) {
	all := math.Exp2(float64(8 * t.Bytes()))
	switch t {
	case Uint8, Uint16, Uint32:
		return 0, all - 1, true
	case Int8, Int16, Int32:
		return -all / 2, all/2 - 1, true
	case Float32, Float64:
	}
	return 0, 0, false
}

// None reports whether a sample stands for nothing, as programs write it around a mosaic, where they
// divide by 0 and where a detector is masked.
func (t PixelType) None(v float64) bool {
	const most = 1e300 // so that differences of samples are numbers, too
	a := math.Abs(v)
	return !(a < most) || a == math.MaxFloat32 || t == Uint32 && v == math.MaxUint32
}

// Pixels are the samples of one channel over a rectangle, row by row, little-endian,
// without padding: len(Data) = Size.X·Size.Y·Type.Bytes().
type Pixels struct {
	Size image.Point
	Type PixelType
	Data []byte
}

// Format opens the files of one format. The formats are a list that station
// hands to [NewOpener].
type Format interface {
	Name() string
	// Match reports whether a file of this name with these first bytes (up to
	// 4096) is of the format. The bytes decide before the name.
	Match(name string, head []byte) bool
	// Open returns the image at path. A file that is cut short or broken is
	// fault.Corrupt; one of a kind that can't be read is fault.Invalid.
	Open(ctx context.Context, path string) (Source, error)
}

// AddressFormat is a [Format] whose images may lie on a server: its Open takes their address.
type AddressFormat interface {
	// MatchAddress reports whether an address, which has :// in it, is for the format.
	MatchAddress(address string) bool
}

// FolderFormat is a [Format] whose images are folders.
type FolderFormat interface {
	// MatchFolder reports whether the folder at path is such an image.
	MatchFolder(path string) bool
}

// Multiple is a [Format] whose files can hold several images: positions of a stage, wells
// of a plate, scenes of a slide. [Info].Images names them.
type Multiple interface {
	// OpenImage returns the n-th image of the file at path, counted from 0; one that
	// is not there is fault.NotFound.
	OpenImage(ctx context.Context, path string, n int) (Source, error)
}

// Region is a rectangle of one plane: Rect is in pixels of Level.
type Region struct {
	Level   int
	Rect    image.Rectangle
	C, Z, T int
}
