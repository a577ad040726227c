package segment

import (
	"math"
	"math/bits"
)

// Watershed floods an image from markers: each pixel of the mask gets the label of the
// marker whose flood reaches it first, where lower heights flood before higher ones and
// equal heights in the order in which they were met. It is skimage.segmentation.watershed
// with connectivity 1, pixel for pixel: its heap orders markers of equal height in its own
// way, so this one is the same.
func Watershed(height []uint32, markers []uint32, mask Mask) []uint32 {
	var q heap
	pix := basin(height, markers, mask, &q)
	w, age := uint32(mask.w), uint64(0) //nolint:gosec // pixels
	beyond := uint32(len(markers))      //nolint:gosec // pixels
	for len(q.keys) > 0 {
		i := q.at[0]
		x := i % w
		next := [4]uint32{beyond, beyond, beyond, beyond}
		if i >= w {
			next[0] = i - w
		}
		if x > 0 {
			next[1] = i - 1
		}
		if x+1 < w {
			next[2] = i + 1
		}
		if i+w < beyond {
			next[3] = i + w
		}
		label := pix[i] & dry
		there := [4]uint64{pix[next[0]], pix[next[1]], pix[next[2]], pix[next[3]]} // comes while the heap is put in order
		level := q.pop() >> 32
		for k, p := range there {
			if p&dry != 0 {
				continue
			}
			age++
			pix[next[k]] = p | label
			q.push(max(p>>32, level)<<32|age, next[k]) // water stands where it came from
		}
	}
	out := make([]uint32, len(markers))
	mask.runs(func(y, from, to int) {
		for i := y*mask.w + from; i < y*mask.w+to; i++ {
			out[i] = uint32(pix[i] & dry) //nolint:gosec // a label
		}
	})
	return out
}

// basin is the image before the flood: the height in the upper half of a pixel, the label in
// the lower one, and behind the last pixel a dry one. Markers go into q.
func basin(height []uint32, markers []uint32, mask Mask, q *heap) []uint64 {
	pix := make([]uint64, len(markers)+1)
	for i := range pix {
		pix[i] = dry
	}
	mask.runs(func(y, from, to int) {
		for i := y*mask.w + from; i < y*mask.w+to; i++ {
			pix[i] = uint64(height[i])<<32 | uint64(markers[i])
			if markers[i] != 0 {
				q.push(uint64(height[i])<<32, uint32(i)) //nolint:gosec // pixels
			}
		}
	})
	return pix
}

// dry is the label of what no flood may reach.
const dry = math.MaxUint32

// Heights orders numbers as Watershed wants them: a lower number floods first.
func Heights(v []float32) []uint32 {
	out := make([]uint32, len(v))
	for i, x := range v {
		b := math.Float32bits(x + 0) // there is one zero
		if b>>31 != 0 {
			b = ^b
		} else {
			b |= 1 << 31
		}
		out[i] = b
	}
	return out
}

// heap is a binary heap that moves elements as scikit-image's does. The height is the upper
// half of a key, the age the lower one.
type heap struct {
	keys []uint64
	at   []uint32 // the pixels of the keys
}

func (h *heap) push(key uint64, at uint32) {
	h.keys, h.at = append(h.keys, key), append(h.at, at)
	i := len(h.keys) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if h.keys[parent] <= key {
			break
		}
		h.keys[i], h.at[i] = h.keys[parent], h.at[parent]
		i = parent
	}
	h.keys[i], h.at[i] = key, at
}

// pop removes the least key.
func (h *heap) pop() uint64 {
	key := h.keys[0]
	last := len(h.keys) - 1
	f, fat := h.keys[last], h.at[last]
	h.keys, h.at = h.keys[:last], h.at[:last]
	if last == 0 {
		return key
	}
	keys, ats := h.keys, h.at[:len(h.keys)]
	i := 0
	for {
		child := 2*i + 1
		if child+1 < len(keys) {
			child += int(less(keys[child+1], keys[child])) // no branch, as nobody can guess it
		} else if child >= len(keys) {
			break
		}
		if keys[child] >= f {
			break
		}
		keys[i], ats[i] = keys[child], ats[child]
		i = child
	}
	keys[i], ats[i] = f, fat
	return key
}

// less is 1 if a < b, and 0 else.
func less(a, b uint64) uint64 {
	_, borrow := bits.Sub64(a, b, 0)
	return borrow
}

// Split separates touching things: markers are the pixels deepest inside, at least reach
// apart, and floods from them meet where the distance to the background is least. It is
// what a script does with distance_transform_edt, peak_local_max, label and watershed.
func Split(inside Mask, reach int) (labels []uint32, n int) {
	d := SquaredDistance(inside)
	peak := NewMask(inside.w, inside.h)
	for _, i := range Peaks(d, inside.w, reach, 0) {
		peak.Set(i)
	}
	markers, n := Components(peak, false)
	height := make([]uint32, len(d))
	for i, x := range d {
		height[i] = uint32(Unbounded - x)
	}
	return Watershed(height, markers, inside), n
}

// SplitAt separates things by a map that is high at their boundaries: markers are the
// components of seeds, which lie inside.
func SplitAt(boundary []float32, seeds, inside Mask) (labels []uint32, n int) {
	markers, n := Components(seeds, false)
	return Watershed(Heights(boundary), markers, inside), n
}
