package ometiff

import (
	"encoding/json"
	"fmt"
	"math"
)

// stack is plain for pages that may not be all planes, or not all be planes in depth: of those that
// are known for it, what is not understood is refused rather than shown in part.
func (f *file) stack(pages []*page, text string) (*layout, error) {
	first := pages[0]
	if len(pages) == 1 && first.metaMorph.count > 1 {
		return nil, f.unread("the planes of a MetaMorph stack (STK) behind one page")
	}
	n := shaped(text, first)
	if len(pages) == 1 && n > 1 {
		if !first.contiguous() || first.planar {
			return nil, f.unread("several planes behind one page (“shape” in its description)")
		}
		more, err := f.behind(first, n)
		if err != nil {
			return nil, err
		}
		pages = more
	}
	l := plain(pages)
	if first.zeiss.count > 0 {
		return l, f.fromZeiss(l, first)
	}
	return l, nil
}

// fromZeiss tells the depths of an LSM from its times, the slower ones, and takes its scale.
func (f *file) fromZeiss(l *layout, first *page) error {
	says, err := f.bytes(first.zeiss)
	if err != nil {
		return err
	}
	const dims, voxel = 16, 40 // Z, channels and time of 32 bits; three metres
	if len(says) < voxel+24 {
		return f.broken(fmt.Errorf("%d bytes of CZ_LSMINFO", len(says)))
	}
	z, t := f.order.Uint32(says[dims:]), f.order.Uint32(says[dims+8:])
	if uint64(z)*uint64(t) != uint64(len(l.index)) { //nolint:gosec // a length is not negative
		return f.unread(fmt.Sprintf("%d pages for the %d planes and %d times of a Zeiss LSM", len(l.index), z, t))
	}
	l.info.Z, l.info.T = int(z), int(t)
	for i, to := range []*float64{&l.info.Micron.X, &l.info.Micron.Y, &l.info.Micron.Z} {
		*to = positive(1e6 * math.Float64frombits(f.order.Uint64(says[voxel+8*i:])))
	}
	return nil
}

// shaped is how many planes like first the file has by the shape that tifffile writes down, 0 where
// it says none.
func shaped(text string, first *page) int {
	var says struct {
		Shape []int `json:"shape"`
	}
	if json.Unmarshal([]byte(text), &says) != nil || len(says.Shape) == 0 {
		return 0
	}
	all := 1
	for _, n := range says.Shape {
		if n < 1 || all > (1<<50)/n {
			return 0
		}
		all *= n
	}
	plane := first.size.X * first.size.Y * first.samples
	if all%plane != 0 || all/plane > maxPages {
		return 0
	}
	return all / plane
}
