package ometiff

import (
	"fmt"
	"image"
)

// maxKinds is how many kinds of pages are told apart in a file; the pages of more are left out.
const maxKinds = 256

// kind is what pages have in common that can be planes of one image.
type kind struct {
	size          image.Point
	bits, samples int
	format        uint64
	tiled         bool
	colors        uint64 // what the samples stand for, if not for themselves
	aside         bool   // they call themselves reduced, or a mask
}

// kinds sorts pages. Those of the first kind that does not call itself reduced come first.
func kinds(pages []*page) (groups [][]*page) {
	at, main := map[kind]int{}, -1
	for _, p := range pages {
		k := kind{p.size, p.bits, p.samples, p.kind, p.tiled, p.encoded(), p.aside()}
		i, ok := at[k]
		if !ok {
			if len(groups) >= maxKinds {
				continue
			}
			i = len(groups)
			at[k], groups = i, append(groups, nil)
			if main < 0 && !k.aside {
				main = i
			}
		}
		groups[i] = append(groups[i], p)
	}
	if main > 0 {
		groups[0], groups[main] = groups[main], groups[0]
	}
	return groups
}

// encoded is the kind of colours that the samples of a page are made into, else 0.
func (p *page) encoded() uint64 {
	if p.painted() || p.printed() || p.isLab() {
		return p.photometric
	}
	return 0
}

// painted reports whether the samples of a page are numbers of colours.
func (p *page) painted() bool { return p.photometric == photometricPalette }

// aside reports whether a page is said to be of another one: a reduced version, or a mask.
func (p *page) aside() bool { return p.subfile&5 != 0 }

// images are the levels of each image that the pages make: planes that are alike, and below them smaller
// ones with their proportions, as many as those. What is left over is an image of its own, but for
// thumbnails and labels of slides, which are not tiled as those are.
func images(pages []*page) (all [][][]*page) {
	groups := kinds(pages)
	main, taken := groups[0][0], make([]bool, len(groups))
	for i, planes := range groups {
		first := planes[0]
		if taken[i] || i > 0 && (first.aside() || main.tiled && !first.tiled) {
			continue
		}
		levels := [][]*page{planes}
		for k := range groups[i+1:] {
			k += i + 1
			p, last := groups[k][0], levels[len(levels)-1][0]
			if !taken[k] && len(groups[k]) == len(planes) && p.alike(first) && p.tiled == first.tiled && p.encoded() == first.encoded() && p.size.X < last.size.X && shrunk(p.size, first.size) {
				levels, taken[k] = append(levels, groups[k]), true
			}
		}
		all = append(all, levels)
	}
	return all
}

// shrunk reports whether a is b scaled down, give or take a pixel. The longer side tells by how much.
func shrunk(a, b image.Point) bool {
	if a.X >= b.X || a.Y >= b.Y {
		return false
	}
	if b.Y > b.X {
		a, b = image.Pt(a.Y, a.X), image.Pt(b.Y, b.X)
	}
	f := float64(b.X) / float64(a.X)
	dy := float64(b.Y)/f - float64(a.Y)
	return dy > -1.5 && dy < 1.5 && f > 1.5
}

// plain takes pages that say nothing of their order for planes in depth, of the n-th image that they make.
func plain(pages []*page, n int) *layout {
	l := &layout{stacks: 1}
	l.info.Format = "TIFF"
	all := images(pages)
	n = max(n, 0)
	if len(all) > 1 {
		l.info.Image = n
		for i, levels := range all {
			size := levels[0][0].size
			l.info.Images = append(l.info.Images, fmt.Sprintf("Image %d: %d × %d", i+1, size.X, size.Y))
		}
	}
	if n >= len(all) {
		return l
	}
	l.planes = all[n]
	l.samples = l.planes[0][0].samples
	l.info.Z, l.info.T = len(l.planes[0]), 1
	for i := range l.planes[0] {
		l.index = append(l.index, i)
	}
	return l
}
