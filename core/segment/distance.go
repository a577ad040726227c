package segment

import "math"

// SquaredDistance returns, for each pixel of a mask, the square of the distance to the
// centre of the nearest pixel outside, 0 there, and [Unbounded] if there is none. What lies
// beyond the image counts for nothing, as in scipy.ndimage.distance_transform_edt.
//
// It is the method of Meijster, Roerdink and Hesselink (2000), in whole numbers: distances
// along the columns first, then the lower envelope of parabolas along each row.
func SquaredDistance(m Mask) []int32 {
	g := columnDistance(m)
	s := make([]int32, m.w) // the column whose parabola is lowest from t on
	t := make([]int32, m.w)
	f := make([]int64, m.w)
	m.runs(func(y, from, to int) { // what lies beyond a pixel outside is hidden by it
		envelope(g[y*m.w:][max(from-1, 0):min(to+1, m.w)], s, t, f)
	})
	return g
}

// Unbounded is the squared distance in an image that has nothing outside.
const Unbounded = math.MaxInt32

// columnDistance returns distances along columns, far where a column has nothing outside.
func columnDistance(m Mask) []int32 {
	g := make([]int32, m.w*m.h)
	m.runs(func(y, from, to int) {
		row := g[y*m.w:][from:to]
		if y == 0 {
			for x := range row {
				row[x] = far
			}
			return
		}
		for x, d := range g[(y-1)*m.w:][from:to] {
			row[x] = min(d+1, far)
		}
	})
	for i := m.w*(m.h-1) - 1; i >= 0; i-- {
		g[i] = min(g[i], g[i+m.w]+1)
	}
	return g
}

// far is larger than any distance in an image of 2³⁰ pixels a side.
const far = 1 << 30

// envelope turns distances along columns into squared distances, in place.
func envelope(row, s, t []int32, f []int64) {
	some := false
	for x, d := range row {
		f[x] = int64(d) * int64(d)
		some = some || d < far
	}
	if !some {
		for x := range row {
			row[x] = Unbounded
		}
		return
	}
	q := 0
	s[0], t[0] = 0, 0
	at := func(x, i int64) int64 { return (x-i)*(x-i) + f[i] }
	for u := int64(1); u < int64(len(row)); u++ {
		for q >= 0 && at(int64(t[q]), int64(s[q])) > at(int64(t[q]), u) {
			q--
		}
		if q < 0 {
			q, s[0] = 0, int32(u)
			continue
		}
		i := int64(s[q])
		// From this position on u is nearer than i.
		from := floorDiv(u*u-i*i+f[u]-f[i], 2*(u-i)) + 1
		if from < int64(len(row)) {
			q++
			s[q], t[q] = int32(u), int32(from)
		}
	}
	for u := len(row) - 1; u >= 0; u-- {
		row[u] = int32(min(at(int64(u), int64(s[q])), Unbounded))
		if u == int(t[q]) {
			q--
		}
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
