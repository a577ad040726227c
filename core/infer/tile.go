package infer

// piece is a tile's stretch of one axis, in pixels of the scaled image: it begins at
// start (before the image if there is a halo) and is size long, and its answers count
// for from ≤ x < to.
type piece struct{ start, size, from, to int }

// tiling is how an axis is cut. Sizes are min + n·step; starts are whole steps, so that
// a pooling network sees the same grid in every tile, and multiples of unit, so that they
// are pixels of outputs with another scale.
type tiling struct{ min, step, tile, overlap, halo, unit int }

// pieces cuts n pixels. What fits one tile stays whole, and with just its halo where the
// network takes that. Neighbours share at least overlap pixels and meet in the middle of
// that. At the image's edges only the halo is filled with what lies inside, mirrored:
// star-convex models learn to see real edges. fixed is the network's only size, or below
// 1. It returns nil if tiles are too small.
func (t tiling) pieces(n, fixed int) []piece {
	unit := max(t.unit, 1)
	align := lcm(max(t.step, 1), unit)
	up := func(x, step int) int { return (x + step - 1) / step * step }
	allowed := func(x int) int { return t.min + up(max(x-t.min, 0), t.step) }
	size := allowed(t.tile)
	if fixed > 0 {
		size = fixed
		allowed = func(int) int { return fixed }
	}
	if just := n + 2*t.halo; just <= size && allowed(just) == just && t.halo%unit == 0 && n%unit == 0 {
		return []piece{{start: -t.halo, size: just, to: n}}
	}
	halo, end := up(t.halo, align), up(n, unit) // an output's last pixel may reach beyond the image
	if whole := end + 2*halo; whole <= size && allowed(whole) <= size {
		return []piece{{start: -halo, size: allowed(whole), to: n}}
	}
	answered := size / unit * unit // of a tile: outputs have no part of a pixel
	stride := (size - max(t.overlap, 2*halo)) / align * align
	if stride <= 0 {
		return nil
	}
	var out []piece
	for start := -halo; ; start += stride {
		last := start+answered >= end+halo
		if last { // no further than needed
			start = min(start, -halo+up(end+2*halo-answered, align))
		}
		p := piece{start: start, size: size, to: n}
		if k := len(out) - 1; k >= 0 {
			shared := out[k].start + size - start
			p.from = start + shared/2/align*align
			out[k].to = p.from
		}
		out = append(out, p)
		if last {
			return out
		}
	}
}
