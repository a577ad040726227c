package station

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/czi"
	"coverslip.dev/coverslip/core/imageio/foreign"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/imageio/raster"
	"coverslip.dev/coverslip/core/imageio/video"
	"coverslip.dev/coverslip/core/imageio/zarr"
	"coverslip.dev/coverslip/core/job"
)

// images opens files of all formats that are read here.
func images() []imageio.Format {
	return []imageio.Format{ometiff.Format{}, raster.Format{}, czi.Format{}, video.Format{}, zarr.Format{Bucket: openBucket}}
}

// allImages opens those, and by other what is to be converted.
func allImages(other foreign.Format) *imageio.Opener {
	return imageio.NewOpener(slices.Concat([]imageio.Format{foreign.First{Format: other}}, images(), []imageio.Format{other})...)
}

// DescribeImage returns what the n-th image of the file at path says of itself, or a person has said
// of it in its dataset; n < 0 is the one that the window shows. One that is converted first takes a while.
func DescribeImage(ctx context.Context, path string, n int, p *job.Progress) (info imageio.Info, err error) {
	src, err := openGiven(ctx, path, n, p)
	if err != nil {
		return info, err
	}
	return src.Info(), src.Close()
}

// Conversion is an image to be written as OME-TIFF.
type Conversion struct {
	In, Out     string
	Image       int    // of the file In; -1: the one that the window shows
	Compression string // deflate, zstd or none; empty: deflate
	Replace     bool   // a file that is at Out already
}

// Convert writes an image as a tiled OME-TIFF with a pyramid, in little memory.
func Convert(ctx context.Context, c Conversion, p *job.Progress) (err error) {
	src, err := openGiven(ctx, c.In, c.Image, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if err := c.free(); err != nil {
		return err
	}
	return ometiff.Save(ctx, c.Out, src, ometiff.Options{Compression: c.Compression, Progress: rows(src.Info(), p), Keep: !c.Replace})
}

// openGiven opens the n-th image of the file at path, outside any workspace.
func openGiven(ctx context.Context, path string, n int, p *job.Progress) (imageio.Source, error) {
	return openBy(ctx, allImages(foreign.Format{Shelf: givenShelf(), Progress: written(p)}), path, "", n)
}

// openUpload is openGiven of what a stranger sends, whose pixels are called id: no converter is run on it.
func openUpload(ctx context.Context, path, id string, n int) (imageio.Source, error) {
	return openBy(ctx, imageio.NewOpener(images()...), path, id, n)
}

func openBy(ctx context.Context, o *imageio.Opener, path, id string, n int) (imageio.Source, error) {
	src, err := openNth(ctx, o, path, id, n)
	if err != nil {
		return nil, err
	}
	size, err := givenAt(ctx, path)
	if err != nil {
		return nil, errors.Join(err, src.Close())
	}
	return imageio.Calibrated(src, size), nil
}

// free reports whether the result may be written where it is wanted.
func (c Conversion) free() error {
	out, err := os.Stat(c.Out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if in, err := os.Stat(c.In); err == nil && os.SameFile(in, out) {
		return fault.New(fault.Invalid, "An image can't be converted onto itself.", "Choose another name for the result.", nil)
	}
	if !c.Replace || !out.Mode().IsRegular() {
		return fault.New(fault.Exists, "“"+c.Out+"” is there already.", "Choose another name, or say that it is to be replaced.", nil)
	}
	return nil
}

// own is the image that a file is opened for, of several that it may hold.
const own = -1

// openNth opens the n-th image of a file, or its own one, and calls its pixels by id.
func openNth(ctx context.Context, o *imageio.Opener, path, id string, n int) (imageio.Source, error) {
	if n < 0 {
		return o.OpenAs(ctx, path, id)
	}
	return o.OpenImage(ctx, path, id, n)
}
