package segment

// Classes returns, for each of n pixels, which of the planes of scores is highest there;
// the first of equals. A plane holds n numbers.
func Classes(scores []float32, n int) []uint8 {
	out := make([]uint8, n)
	if n == 0 {
		return out
	}
	best := make([]float32, n)
	for c := range len(scores) / n {
		Higher(out, best, scores[c*n:][:n], c)
	}
	return out
}

// Higher gives pixels the class c where its score is higher than that of the classes before.
// The class 0 comes first; a pixel has one of the first 256.
func Higher(class []uint8, best, score []float32, c int) {
	switch {
	case c == 0:
		clear(class)
		copy(best, score)
	case c < 256:
		for i, s := range score {
			if s > best[i] {
				best[i], class[i] = s, uint8(c)
			}
		}
	}
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
