package segment

// Classes returns, for each of n pixels, which of the planes of scores is highest there;
// the first of equals. A plane holds n numbers.
func Classes(scores []float32, n int) []uint8 {
	out := make([]uint8, n)
	if n == 0 {
		return out
	}
	best := append([]float32(nil), scores[:n]...)
	for c := 1; c < min(len(scores)/n, 256); c++ {
		for i, s := range scores[c*n:][:n] {
			if s > best[i] {
				best[i], out[i] = s, uint8(c)
			}
		}
	}
	return out
}

// ClassComponents numbers the connected pixels of each class but 0, the background, class
// by class. It also returns the class of each label; that of label 0 is 0.
func ClassComponents(classes []uint8, w int) (labels []uint32, of []int) {
	h := len(classes) / max(w, 1)
	var there [256]bool
	for _, c := range classes {
		there[c] = true
	}
	labels, of = make([]uint32, len(classes)), []int{0}
	for c := 1; c < len(there); c++ {
		if !there[c] {
			continue
		}
		some, n := Components(Where(w, h, func(i int) bool { return classes[i] == uint8(c) }), false)
		for i, l := range some {
			if l != 0 {
				labels[i] = l + uint32(len(of)-1)
			}
		}
		for range n {
			of = append(of, c)
		}
	}
	return labels, of
}
