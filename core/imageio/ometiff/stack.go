package ometiff

import (
	"encoding/json"
	"slices"
	"strings"
)

// stack is plain for pages that may not be all planes, or not all be planes in depth: of those that
// are known for it, what is not understood is refused rather than shown in part.
func (f *file) stack(pages []*page, n int) (*layout, error) {
	first := pages[0]
	if len(pages) == 1 && first.metaMorph.count > 1 {
		return f.fromMetaMorph(first)
	}
	if first.zeiss.count > 0 {
		return f.fromZeiss(pages, n)
	}
	l := plain(pages, n)
	if len(l.planes) == 0 { // there is no such image
		return l, nil
	}
	text, err := f.text(l.planes[0][0].texts[0])
	if err != nil {
		return nil, err
	}
	says := shapeOf(text)
	if n := says.planes(first); len(pages) == 1 && n > 1 {
		if !first.contiguous() || first.planar {
			return nil, f.unread("several planes behind one page (“shape” in its description)")
		}
		more, err := f.behind(first, n)
		if err != nil {
			return nil, err
		}
		l = plain(more, 0)
	}
	says.order(l)
	if err := f.fromFluoView(l, first.fluoView); err != nil {
		return nil, err
	}
	return l, f.stains(l)
}

// shape is what tifffile writes down of an array, the slowest axis first.
type shape struct {
	Shape []int  `json:"shape"`
	Axes  string `json:"axes"` // a letter each; may be left out
}

func shapeOf(text string) (s shape) {
	if json.Unmarshal([]byte(text), &s) != nil {
		return shape{}
	}
	return s
}

// planes is how many planes like first the file has by the shape, 0 where it says none.
func (s shape) planes(first *page) int {
	if len(s.Shape) == 0 {
		return 0
	}
	all := 1
	for _, n := range s.Shape {
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

// order tells channels, depths and times apart by the axes, where they name all planes there are.
func (s shape) order(l *layout) {
	outer, ok := strings.CutSuffix(strings.TrimSuffix(s.Axes, "S"), "YX")
	if !ok || len(s.Axes) != len(s.Shape) {
		return
	}
	size, stride := map[byte]int{'C': 1, 'Z': 1, 'T': 1}, map[byte]int{}
	all := 1
	for i, n := range slices.Backward(s.Shape[:len(outer)]) {
		letter := outer[i]
		if size[letter] != 1 || stride[letter] != 0 || n < 1 || n > maxPages {
			return // an axis of another kind, or one twice
		}
		size[letter], stride[letter] = n, all
		if all *= n; all > maxPages {
			return
		}
	}
	if all != len(l.index) {
		return
	}
	l.stacks, l.info.Z, l.info.T = size['C'], size['Z'], size['T']
	l.index = l.index[:0]
	for t := range l.info.T {
		for z := range l.info.Z {
			for c := range l.stacks {
				l.index = append(l.index, t*stride['T']+z*stride['Z']+c*stride['C'])
			}
		}
	}
}
