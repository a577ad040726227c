package zarr

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"

	"coverslip.dev/coverslip/core/fault"
)

// fields lists those of a plate's wells. A plate may have hundreds: where it says how many fields a
// well has at most, and one that can be asked counts its own from 0 on, each has so many, and what
// it calls them is looked up when one is opened. Else all wells are asked.
func (s *source) fields(ctx context.Context, plate *node) ([]picture, error) {
	most := plate.Plate.Fields
	if most < 0 || most > maxImages/max(1, len(plate.Plate.Wells)) {
		most = 0
	}
	counted, err := s.counted(ctx, plate, most)
	if err != nil {
		return nil, err
	}
	var out []picture
	for _, w := range plate.Plate.Wells {
		for i := 0; counted && i < most; i++ {
			at := path.Join(w.Path, strconv.Itoa(i))
			out = append(out, picture{path: at, name: at, well: w.Path, field: i})
		}
		if counted {
			continue
		}
		names, err := s.wellFields(ctx, w.Path)
		if errors.Is(err, errNothing) {
			names, err = []string{"0"}, nil
		}
		if err != nil {
			return nil, err
		}
		for _, f := range names {
			at := path.Join(w.Path, f)
			if out = append(out, picture{path: at, name: at}); len(out) > maxImages {
				return nil, fmt.Errorf("more than %d images", maxImages)
			}
		}
	}
	return out, nil
}

// counted reports whether the first well that says anything calls its fields 0, 1, 2 and so on, up to
// most.
func (s *source) counted(ctx context.Context, plate *node, most int) (bool, error) {
	for i := 0; most > 0 && i < len(plate.Plate.Wells); i++ {
		names, err := s.wellFields(ctx, plate.Plate.Wells[i].Path)
		if errors.Is(err, errNothing) {
			continue
		}
		if err != nil {
			return false, err
		}
		for k, name := range names {
			if name != strconv.Itoa(k) || k >= most {
				return false, nil
			}
		}
		if len(names) > 0 {
			break
		}
	}
	return most > 0, nil
}

// wellFields are those that a well names.
func (s *source) wellFields(ctx context.Context, at string) (names []string, err error) {
	well, err := s.node(ctx, at)
	if err != nil {
		return nil, err
	}
	for _, i := range well.Well.Images {
		names = append(names, i.Path)
	}
	return names, nil
}

// show reads the n-th picture, or for n < 0 the first that is there.
func (s *source) show(ctx context.Context, all []picture, n int) error {
	if n >= 0 {
		return s.showOne(ctx, all, n)
	}
	var first error
	for i := range all {
		err := s.showOne(ctx, all, i)
		if fault.KindOf(err) != fault.NotFound {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

func (s *source) showOne(ctx context.Context, all []picture, n int) error {
	p := all[n]
	if p.well != "" {
		names, err := s.wellFields(ctx, p.well)
		switch {
		case errors.Is(err, errNothing):
		case err != nil:
			return err
		case p.field >= len(names):
			return s.gone(p, fmt.Errorf("%d fields", len(names)))
		default:
			p.path = path.Join(p.well, names[p.field])
			p.name = p.path
		}
	}
	if len(all) > 1 {
		s.info.Image, s.info.Images[n] = n, p.name
	}
	return s.pyramid(ctx, p)
}

// gone is the fault of a picture that is listed and not there.
func (s *source) gone(p picture, cause error) error {
	return fault.New(fault.NotFound, "“"+p.name+"” is not in “"+s.name+"”.", "It was never recorded, or not copied: choose another one.", cause)
}
