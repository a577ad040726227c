package j2k

import "image"

// number is a coefficient.
type number interface{ ~int32 | ~float32 }

// strip is how many columns are synthesised at once, for the sake of the processor's cache.
const strip = 32

// rows is where rows or columns are put together; each is kept for the next ones.
type rows struct {
	ints   []int32
	floats []float32
}

// synthesise is the inverse transform of all levels (F.3.1) with the filter 5/3.
func (d *Decoder) synthesise(p *plane, data []int32) {
	d.rows.ints = inverse(p, data, d.rows.ints, lift53)
}

// synthesise97 is the same with the filter 9/7.
func (d *Decoder) synthesise97(p *plane, data []float32) {
	d.rows.floats = inverse(p, data, d.rows.floats, lift97)
}

// inverse has lift work on the rows and columns of each resolution (F.3.2); tmp is memory that it may use.
// Lift takes rows of n samples and works on what lies one below the other; the first row is of the high-pass
// sub-band where odd is 1.
func inverse[T number](p *plane, data, tmp []T, lift func(a []T, n, odd int)) []T {
	w := p.area.Dx()
	for r := 1; r < len(p.resolutions); r++ {
		a, low := p.resolutions[r].area, p.resolutions[r-1].area.Size()
		if a.Empty() {
			continue
		}
		if n := max(min(strip, a.Dy())*a.Dx(), min(strip, a.Dx())*a.Dy()); cap(tmp) < n {
			tmp = make([]T, n)
		}
		for y := 0; y < a.Dy(); y += strip {
			across(data[y*w:], tmp, w, min(strip, a.Dy()-y), a, low.X, lift)
		}
		for x := 0; x < a.Dx(); x += strip {
			down(data[x:], tmp, w, min(strip, a.Dx()-x), a, low.Y, lift)
		}
	}
	return tmp
}

// interleaved is where the i-th sample comes, of which low are low-pass and stand before the others (F.3.3).
func interleaved(i, low, odd int) int {
	if i < low {
		return 2*i + odd
	}
	return 2*(i-low) + 1 - odd
}

// across synthesises n rows (F.3.4), turned by a right angle.
func across[T number](data, tmp []T, w, n int, a image.Rectangle, low int, lift func([]T, int, int)) {
	odd := a.Min.X & 1
	size := a.Dx()
	for y := range n {
		row := data[y*w : y*w+size]
		for i, v := range row[:low] {
			tmp[(2*i+odd)*n+y] = v
		}
		for i, v := range row[low:] {
			tmp[(2*i+1-odd)*n+y] = v
		}
	}
	lift(tmp[:n*size], n, odd)
	for y := range n {
		row := data[y*w : y*w+size]
		for i, at := 0, y; i < len(row); i, at = i+1, at+n {
			row[i] = tmp[at]
		}
	}
}

// down synthesises n columns (F.3.5).
func down[T number](data, tmp []T, w, n int, a image.Rectangle, low int, lift func([]T, int, int)) {
	odd := a.Min.Y & 1
	for y := range a.Dy() {
		to := interleaved(y, low, odd)
		copy(tmp[to*n:(to+1)*n], data[y*w:])
	}
	lift(tmp[:n*a.Dy()], n, odd)
	for y := range a.Dy() {
		copy(data[y*w:y*w+n], tmp[y*n:])
	}
}

// lift53 is the reversible filter (F-5, F-6), and the mirror at both ends (F.3.7).
func lift53(a []int32, n, odd int) {
	if len(a) == n { // a single sample
		if odd == 1 {
			for i := range a {
				a[i] >>= 1
			}
		}
		return
	}
	for at := odd * n; at < len(a); at += 2 * n {
		row, before, after := beside(a, at, n)
		for i := range row {
			row[i] -= (before[i] + after[i] + 2) >> 2
		}
	}
	for at := (1 - odd) * n; at < len(a); at += 2 * n {
		row, before, after := beside(a, at, n)
		for i := range row {
			row[i] += (before[i] + after[i]) >> 1
		}
	}
}

// beside returns the row at that place and those before and after it, mirrored where there is none.
func beside[T number](a []T, at, n int) (row, before, after []T) {
	from, to := at-n, at+n
	if from < 0 {
		from = to
	}
	if to >= len(a) {
		to = from
	}
	row = a[at : at+n]
	return row, a[from : from+n][:len(row)], a[to : to+n][:len(row)]
}

// The parameters of the filter 9/7 (table F.4). The scale of what is high-pass is not quite 1/K: it is what
// OpenJPEG takes, which tells on 16 bits.
const (
	alpha     = -1.586134342059924
	beta      = -0.052980118572961
	gamma     = 0.882911075530934
	delta     = 0.443506852043971
	scaleLow  = 1.230174104914001
	scaleHigh = 1.625732422 / 2
)

// scales are what the first two steps of the filter 9/7 (F.3.8.2) multiply low-pass and high-pass samples by,
// of which there are n in all. The quantisation steps have them already.
func scales(n int) (low, high float64) {
	if n == 1 {
		return 1, 1
	}
	return scaleLow, scaleHigh
}

// lift97 is the rest of the irreversible filter (F-7), and the mirror at both ends.
func lift97(a []float32, n, odd int) {
	if len(a) == n {
		if odd == 1 {
			for i := range a {
				a[i] *= 0.5
			}
		}
		return
	}
	for k, by := range [4]float32{delta, gamma, beta, alpha} {
		for at := (k&1 ^ odd) * n; at < len(a); at += 2 * n {
			row, before, after := beside(a, at, n)
			for i := range row {
				row[i] -= by * (before[i] + after[i])
			}
		}
	}
}
