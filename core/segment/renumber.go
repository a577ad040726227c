package segment

import (
	"cmp"
	"slices"
)

// renumber gives labels the numbers from 1 in the order in which reading row by row meets
// them, and returns how many there are.
func renumber(labels []uint32) int {
	next := uint32(0)
	to := make([]uint32, highestLabel(labels)+1)
	for i, l := range labels {
		if l == 0 {
			continue
		}
		if to[l] == 0 {
			next++
			to[l] = next
		}
		labels[i] = to[l]
	}
	return int(next)
}

func highestLabel(labels []uint32) (top uint32) {
	for _, l := range labels {
		top = max(top, l)
	}
	return top
}

// sizes returns how many pixels each label has; the background has none.
func sizes(labels []uint32, n int) []int {
	out := make([]int, n+1)
	for _, l := range labels {
		out[l]++
	}
	out[0] = 0
	return out
}

// erase removes the labels for which gone is true, and numbers the rest anew.
func erase(labels []uint32, gone []bool) int {
	if !slices.Contains(gone, true) {
		return renumber(labels)
	}
	for i, l := range labels {
		if gone[l] {
			labels[i] = 0
		}
	}
	return renumber(labels)
}

// RemoveSmall removes labels of fewer than least pixels and numbers the rest from 1, in
// the order in which reading row by row meets them. n is the highest label.
func RemoveSmall(labels []uint32, n, least int) int {
	gone := make([]bool, n+1)
	for l, size := range sizes(labels, n) {
		gone[l] = l > 0 && size < least
	}
	return erase(labels, gone)
}

// removeLarge removes labels of more than most pixels.
func removeLarge(labels []uint32, most float64) {
	n := int(highestLabel(labels))
	gone := make([]bool, n+1)
	for l, size := range sizes(labels, n) {
		gone[l] = l > 0 && float64(size) > most
	}
	erase(labels, gone)
}

// byCount sorts places by how many end there, few first; equals stay in order.
func byCount(places, count []int32) {
	slices.SortStableFunc(places, func(a, b int32) int { return cmp.Compare(count[a], count[b]) })
}
