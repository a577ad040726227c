package imageio

import (
	"errors"
	"fmt"
	"image"

	"coverslip.dev/coverslip/core/fault"
)

// ErrNotRecorded is what the error of a plane wraps that the instrument never wrote, as its
// recording was stopped.
var ErrNotRecorded = errors.New("the plane was never recorded")

// Bounds returns the rectangle of pixels, clipped to its level, that t covers. A tile
// outside the image is fault.NotFound.
func (i Info) Bounds(t Tile) (image.Rectangle, error) {
	if err := i.plane(t.Level, t.C, t.Z, t.T); err != nil {
		return image.Rectangle{}, err
	}
	n := i.Tiles(t.Level)
	if t.Col < 0 || t.Row < 0 || t.Col >= n.X || t.Row >= n.Y {
		return image.Rectangle{}, outside(fmt.Errorf("tile %d,%d of %d×%d at level %d", t.Col, t.Row, n.X, n.Y, t.Level))
	}
	at := image.Pt(t.Col*i.TileSize.X, t.Row*i.TileSize.Y)
	return image.Rectangle{Min: at, Max: at.Add(i.TileSize)}.Intersect(image.Rectangle{Max: i.Levels[t.Level].Size}), nil
}

// Tiles returns how many columns and rows of tiles a level has.
func (i Info) Tiles(level int) image.Point {
	s := i.Levels[level].Size
	return image.Pt((s.X+i.TileSize.X-1)/i.TileSize.X, (s.Y+i.TileSize.Y-1)/i.TileSize.Y)
}

// plane checks that there is such a plane.
func (i Info) plane(level, c, z, t int) error {
	if level < 0 || level >= len(i.Levels) || c < 0 || c >= len(i.Channels) || z < 0 || z >= i.Z || t < 0 || t >= i.T {
		return outside(fmt.Errorf("level %d of %d, channel %d of %d, z %d of %d, t %d of %d",
			level, len(i.Levels), c, len(i.Channels), z, i.Z, t, i.T))
	}
	return nil
}

func outside(cause error) error {
	return fault.New(fault.NotFound, "The image has nothing there.", "Choose a place, plane or channel inside the image.", cause)
}
