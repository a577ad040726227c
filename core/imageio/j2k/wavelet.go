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
// Lift takes samples of which every n-th make a row, n rows one beside the other; the first
// is of the high-pass sub-band where odd is 1.
func inverse[T number](p *plane, data, tmp []T, lift func(a []T, n, odd int)) []T {
	w := p.area.Dx()
	for r := 1; r < len(p.resolutions); r++ {
		a, low := p.resolutions[r].area, p.resolutions[r-1].area.Size()
		if a.Empty() {
			continue
		}
		n := max(a.Dx(), strip*a.Dy())
		if cap(tmp) < n {
			tmp = make([]T, n)
		}
		across(data, tmp[:a.Dx()], w, a, low.X, lift)
		for x := 0; x < a.Dx(); x += strip {
			down(data[x:], tmp, w, min(strip, a.Dx()-x), a, low.Y, lift)
		}
	}
	return tmp
}

// across synthesises the rows (F.3.4).
func across[T number](data, tmp []T, w int, a image.Rectangle, low int, lift func([]T, int, int)) {
	odd := a.Min.X & 1
	for y := range a.Dy() {
		row := data[y*w : y*w+a.Dx()]
		for i, v := range row[:low] {
			tmp[2*i+odd] = v
		}
		for i, v := range row[low:] {
			tmp[2*i+1-odd] = v
		}
		lift(tmp, 1, odd)
		copy(row, tmp)
	}
}

// down synthesises n columns (F.3.5).
func down[T number](data, tmp []T, w, n int, a image.Rectangle, low int, lift func([]T, int, int)) {
	odd := a.Min.Y & 1
	for y := range a.Dy() {
		to := 2*y + odd
		if y >= low {
			to = 2*(y-low) + 1 - odd
		}
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
		before, after := beside(a, at, n)
		for i, v := range a[at : at+n] {
			a[at+i] = v - (before[i]+after[i]+2)>>2
		}
	}
	for at := (1 - odd) * n; at < len(a); at += 2 * n {
		before, after := beside(a, at, n)
		for i, v := range a[at : at+n] {
			a[at+i] = v + (before[i]+after[i])>>1
		}
	}
}

// beside returns the n samples before and those after the n at that place, mirrored where there are none.
func beside[T number](a []T, at, n int) (before, after []T) {
	from, to := at-n, at+n
	if from < 0 {
		from = to
	}
	if to >= len(a) {
		to = from
	}
	return a[from : from+n], a[to : to+n]
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

// lift97 is the irreversible filter (F-7), and the mirror at both ends.
func lift97(a []float32, n, odd int) {
	if len(a) == n {
		if odd == 1 {
			for i := range a {
				a[i] *= 0.5
			}
		}
		return
	}
	for at := 0; at < len(a); at += n {
		by := float32(scaleLow)
		if at/n&1 != odd {
			by = scaleHigh
		}
		for i := range a[at : at+n] {
			a[at+i] *= by
		}
	}
	for k, by := range [4]float32{delta, gamma, beta, alpha} {
		for at := (k&1 ^ odd) * n; at < len(a); at += 2 * n {
			before, after := beside(a, at, n)
			for i, v := range a[at : at+n] {
				a[at+i] = v - by*(before[i]+after[i])
			}
		}
	}
}
