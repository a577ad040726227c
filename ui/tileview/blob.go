package tileview

import (
	"cmp"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
)

// blob is cells of a mask that touch by their sides.
type blob struct {
	had, cells int              // how many were in before the stroke, and how many are
	first      annotation.Point // the middle of one
	outer      []annotation.Point
	holes      [][]annotation.Point
}

// blobs are those of the mask with their borders: first what has most of what was in before, then the largest.
func (m *mask) blobs() []blob {
	of, all := m.label()
	seen := make([]bool, len(m.in))
	for i, n := range of {
		if n == 0 || seen[i] || i >= m.w && m.in[i-m.w] {
			continue
		}
		p := &all[n-1]
		if ring := m.border(i, seen); p.outer == nil { // what comes first lies outside
			p.outer, p.first = ring, m.corner(i%m.w, i/m.w)
			p.first.X, p.first.Y = p.first.X+m.cell/2, p.first.Y+m.cell/2
		} else {
			p.holes = append(p.holes, ring)
		}
	}
	slices.SortStableFunc(all, func(a, b blob) int { return cmp.Or(b.had-a.had, b.cells-a.cells) })
	return all
}

// label says of each cell which blob it is of, counted from 1 on, 0 for none.
func (m *mask) label() (of []int32, all []blob) {
	of = make([]int32, len(m.in))
	var stack []int
	for i, in := range m.in {
		if !in || of[i] != 0 {
			continue
		}
		n := int32(len(all) + 1)
		var p blob
		of[i] = n
		stack = append(stack[:0], i)
		for len(stack) > 0 {
			c := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			p.cells++
			if m.was != nil && m.was[c] {
				p.had++
			}
			x := c % m.w
			for _, k := range [4]struct {
				to int
				ok bool
			}{{c - 1, x > 0}, {c + 1, x < m.w-1}, {c - m.w, c >= m.w}, {c + m.w, c < len(m.in)-m.w}} {
				if k.ok && m.in[k.to] && of[k.to] == 0 {
					of[k.to] = n
					stack = append(stack, k.to)
				}
			}
		}
		all = append(all, p)
	}
	return of, all
}

func (m *mask) at(x, y int) bool {
	return x >= 0 && y >= 0 && x < m.w && y < m.h && m.in[y*m.w+x]
}

// corner is the upper left one of a cell.
func (m *mask) corner(x, y int) annotation.Point {
	return annotation.Point{X: m.x0 + float64(x)*m.cell, Y: m.y0 + float64(y)*m.cell}
}

// border follows a border along the cells' sides, with the inside at the right hand, from the upper side of a cell
// on that has none on its left, and notes the cells whose upper sides it has seen.
func (m *mask) border(from int, seen []bool) []annotation.Point {
	const east, south, west, north = 0, 1, 2, 3
	sx, sy := from%m.w, from/m.w
	x, y, d := sx, sy, east
	var ring []annotation.Point
	for {
		var left, right bool
		switch d {
		case east:
			left, right = m.at(x, y-1), m.at(x, y)
		case south:
			left, right = m.at(x, y), m.at(x-1, y)
		case west:
			left, right = m.at(x-1, y), m.at(x-1, y-1)
		case north:
			left, right = m.at(x-1, y-1), m.at(x, y-1)
		}
		turn := 0
		if !right {
			turn = 1
		} else if left {
			turn = 3
		}
		if turn != 0 {
			d = (d + turn) % 4
			ring = append(ring, m.corner(x, y))
		}
		if d == east {
			if seen[y*m.w+x] {
				return ring
			}
			seen[y*m.w+x] = true
		}
		x, y = x+[4]int{1, 0, -1, 0}[d], y+[4]int{0, 1, 0, -1}[d]
	}
}

// smooth is a border with the corners left out that only cells have.
func (m *mask) smooth(ring []annotation.Point) []annotation.Point {
	if s := simplify(ring, 0.75*m.cell); len(s) > 2 {
		return s
	}
	return ring
}

// fillHoles fills those holes of blobs that no other one lies in.
func fillHoles(all []blob) {
	for i := range all {
		all[i].holes = slices.DeleteFunc(all[i].holes, func(h []annotation.Point) bool {
			return !slices.ContainsFunc(all, func(q blob) bool { return inside(h, q.first) })
		})
	}
}

// outline is that of a blob.
func (m *mask) outline(p blob) []annotation.Point {
	holes := make([][]annotation.Point, len(p.holes))
	for i, h := range p.holes {
		holes[i] = m.smooth(h)
	}
	return annotation.Join(m.smooth(p.outer), holes)
}
