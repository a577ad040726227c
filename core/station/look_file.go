package station

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/exchange"
	"coverslip.dev/coverslip/core/imageio"
)

// OpenFile opens any image for the screen, without capturing it. The caller closes it.
func (s *Station) OpenFile(ctx context.Context, path string) (imageio.Source, error) {
	if st, err := os.Stat(path); err == nil {
		s.conversions.shelf.Forget(imageio.FileID(path, st)) // it has no Try again but this
	}
	return s.openFile(ctx, path, own)
}

// OpenFileNth is [Station.OpenFile] for the n-th image, counted from 0, of a file that holds
// several.
func (s *Station) OpenFileNth(ctx context.Context, path string, n int) (imageio.Source, error) {
	return s.openFile(ctx, path, n)
}

func (s *Station) openFile(ctx context.Context, path string, n int) (imageio.Source, error) {
	src, err := openNth(ctx, s.opener, path, "", n)
	if err != nil {
		return nil, err
	}
	return imageio.Pyramid(imageio.Cached(src, s.tiles)), nil
}

// ObjectsBeside reads the objects of the GeoJSON beside an image, whose name is the image's
// with .geojson behind; none where there is no such file.
func ObjectsBeside(path string) ([]annotation.Object, error) {
	f, err := os.Open(path + ".geojson")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	l, _, err := exchange.ReadGeoJSON(f)
	return l.Objects, err
}
