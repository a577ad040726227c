//go:build amd64 || arm64

package inflate

import "unsafe"

// inMargin and outMargin are what the quick loop may read ahead, and write ahead.
const (
	inMargin  = 16
	outMargin = 3*2 + 258 + 63 // literals, the longest match, and what a period of it is stored beyond
)

// quickPlain decodes while there is room ahead in src and dst, so that it need not look at each
// step. It ends with the block, or where the room ends. The margins are what makes its
// unchecked reads and writes safe: from pos on it reads at most 16 bytes before it looks at
// pos again, from o on it writes at most outMargin, and a copy begins at 0 or later.
func (d *decoder) quickPlain() (done bool, err error) { //nolint:gocognit,funlen // one loop: a call costs as much as a step
	pos, o, buf, n := d.pos, d.o, d.buf, d.n
	in, lastIn := unsafe.Pointer(unsafe.SliceData(d.src)), len(d.src)-inMargin    //nolint:gosec // see above
	out, lastOut := unsafe.Pointer(unsafe.SliceData(d.dst)), len(d.dst)-outMargin //nolint:gosec // see above
	lit, dist := &d.lit, &d.dist
	for pos <= lastIn && o <= lastOut {
		buf |= *(*uint64)(unsafe.Add(in, pos)) << (n & 63)
		pos += int((63 - n) >> 3)
		n |= 56
		e := lit[buf&(1<<litBits-1)]
		if e&flagLit != 0 {
			*(*uint16)(unsafe.Add(out, o)) = uint16(e >> 8) //nolint:gosec // what bits 8…23 are
			o += int(e >> 24 & 3)
			buf >>= e & 63
			n -= uint(e & 63)
			if e = lit[buf&(1<<litBits-1)]; e&flagLit != 0 {
				*(*uint16)(unsafe.Add(out, o)) = uint16(e >> 8) //nolint:gosec // as above
				o += int(e >> 24 & 3)
				buf >>= e & 63
				n -= uint(e & 63)
				if e = lit[buf&(1<<litBits-1)]; e&flagLit != 0 {
					*(*uint16)(unsafe.Add(out, o)) = uint16(e >> 8) //nolint:gosec // as above
					o += int(e >> 24 & 3)
					buf >>= e & 63
					n -= uint(e & 63)
					continue
				}
			}
			buf |= *(*uint64)(unsafe.Add(in, pos)) << (n & 63)
			pos += int((63 - n) >> 3)
			n |= 56
		}
		if e&flagMore != 0 {
			if e&flagEnd == 0 {
				if e&63 == 0 {
					err = ErrCorrupt
					break
				}
				buf >>= litBits
				n -= litBits
				e = lit[(e>>12&0xfff+uint32(buf)&(1<<(e>>8&15)-1))&0xfff]
			}
			if e&flagLit != 0 {
				*(*byte)(unsafe.Add(out, o)) = byte(e >> 8) //nolint:gosec // the literal
				o++
				buf >>= e & 63
				n -= uint(e & 63)
				continue
			}
			if e&flagMore != 0 {
				if e&flagEnd == 0 {
					err = ErrCorrupt
					break
				}
				buf >>= e & 63
				n -= uint(e & 63)
				done = true
				break
			}
		}
		length := int(e>>16) + int(buf>>(e>>8&15)&(1<<((e-e>>8&15)&63)-1))
		buf >>= e & 63
		n -= uint(e & 63)
		e = dist[buf&(1<<distBits-1)]
		if e&flagMore != 0 {
			if e&63 == 0 {
				err = ErrCorrupt
				break
			}
			buf >>= distBits
			n -= distBits
			if e = dist[(e>>12&0xfff+uint32(buf)&(1<<(e>>8&15)-1))&0x3ff]; e&flagMore != 0 {
				err = ErrCorrupt
				break
			}
		}
		from := o - int(e>>16) - int(buf>>(e>>8&15)&(1<<((e-e>>8&15)&63)-1))
		buf >>= e & 63
		n -= uint(e & 63)
		if from < 0 {
			err = ErrCorrupt
			break
		}
		to := o
		o += length
		switch {
		case to-from >= 8 && length <= 16:
			*(*uint64)(unsafe.Add(out, to)) = *(*uint64)(unsafe.Add(out, from))
			*(*uint64)(unsafe.Add(out, to+8)) = *(*uint64)(unsafe.Add(out, from+8))
		case length > 40:
			for to < o { // what was copied can be copied again
				to += copy(d.dst[to:o], d.dst[from:to])
			}
		case to-from >= 8:
			for ; to < o; to, from = to+8, from+8 {
				*(*uint64)(unsafe.Add(out, to)) = *(*uint64)(unsafe.Add(out, from))
			}
		case to-from == 1:
			same := uint64(*(*byte)(unsafe.Add(out, from))) * 0x0101010101010101
			for ; to < o; to += 8 {
				*(*uint64)(unsafe.Add(out, to)) = same
			}
		default:
			for ; to < o; to, from = to+1, from+1 {
				*(*byte)(unsafe.Add(out, to)) = *(*byte)(unsafe.Add(out, from))
			}
		}
	}
	d.pos, d.o, d.buf, d.n = pos, o, buf, n
	return done, err
}
