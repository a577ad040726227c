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

// OpenFile opens any image for the screen, without capturing it, and the objects of the
// GeoJSON beside it (its name with .geojson behind), if there is one. The caller closes it.
func (s *Station) OpenFile(ctx context.Context, path string) (imageio.Source, []annotation.Object, error) {
	src, err := s.opener.Open(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	objects, err := beside(path)
	if err != nil {
		return nil, nil, errors.Join(err, src.Close())
	}
	return imageio.Pyramid(imageio.Cached(src, s.tiles)), objects, nil
}

func beside(path string) ([]annotation.Object, error) {
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
