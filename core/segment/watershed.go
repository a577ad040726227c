package segment

import "math"

// Watershed floods an image w pixels wide from markers: each pixel for which mask is true
// gets the label of the marker whose flood reaches it first, where lower heights flood
// before higher ones and equal heights in the order in which they were met. It is
// skimage.segmentation.watershed with connectivity 1, pixel for pixel: its heap orders
// markers of equal height in its own way, so this one is the same.
func Watershed(height []uint32, markers []uint32, mask []bool, w int) []uint32 {
	out := make([]uint32, len(markers))
	var q heap
	for i, m := range markers {
		if m != 0 && mask[i] {
			out[i] = m
			q.push(flood{uint64(height[i]) << 32, int32(i)})
		}
	}
	age := uint64(0)
	for len(q) > 0 {
		f := q.pop()
		i := int(f.at)
		x := i % w
		for _, n := range [4]struct {
			to int
			ok bool
		}{{i - w, i >= w}, {i - 1, x > 0}, {i + 1, x+1 < w}, {i + w, i+w < len(out)}} {
			if !n.ok || !mask[n.to] || out[n.to] != 0 {
				continue
			}
			age++
			out[n.to] = out[i]
			q.push(flood{max(uint64(height[n.to]), f.key>>32)<<32 | age, int32(n.to)}) // water stands where it came from
		}
	}
	return out
}

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

// flood is a pixel in the queue: height in the upper half of key, age in the lower one.
type flood struct {
	key uint64
	at  int32
}

// heap is a binary heap that moves elements as scikit-image's does.
type heap []flood

func (h *heap) push(f flood) {
	q := append(*h, f)
	i := len(q) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if q[parent].key <= f.key {
			break
		}
		q[i] = q[parent]
		i = parent
	}
	q[i] = f
	*h = q
}

func (h *heap) pop() flood {
	q := *h
	top := q[0]
	last := len(q) - 1
	f := q[last]
	q = q[:last]
	*h = q
	if last == 0 {
		return top
	}
	i := 0
	for {
		l := 2*i + 1
		if l >= last {
			break
		}
		least := i
		key := f.key
		if q[l].key < key {
			least, key = l, q[l].key
		}
		if r := l + 1; r < last && q[r].key < key {
			least = r
		}
		if least == i {
			break
		}
		q[i] = q[least]
		i = least
	}
	q[i] = f
	return top
}

// Split separates touching things: markers are the pixels deepest inside, at least reach
// apart, and floods from them meet where the distance to the background is least. It is
// what a script does with distance_transform_edt, peak_local_max, label and watershed.
func Split(inside []bool, w, reach int) (labels []uint32, n int) {
	d := SquaredDistance(inside, w)
	peak := make([]bool, len(inside))
	for _, i := range Peaks(d, w, reach, 0) {
		peak[i] = true
	}
	markers, n := Components(func(i int) bool { return peak[i] }, w, len(inside)/max(w, 1), false)
	height := make([]uint32, len(d))
	for i, x := range d {
		height[i] = uint32(Unbounded - x)
	}
	return Watershed(height, markers, inside, w), n
}

// SplitAt separates things by a map that is high at their boundaries: markers are the
// components of seeds.
func SplitAt(boundary []float32, seeds, inside []bool, w int) (labels []uint32, n int) {
	markers, n := Components(func(i int) bool { return seeds[i] && inside[i] }, w, len(inside)/max(w, 1), false)
	return Watershed(Heights(boundary), markers, inside, w), n
}
