package video

import (
	"encoding/binary"
	"image"
)

// turn is how a film that was taken sideways or in a mirror is shown: where a step to the right and one
// downwards lead, as a QuickTime matrix has them. The zero value is as it is stored.
type turn struct{ xx, xy, yx, yy int }

// turnOf reads the matrix of a track's header; one that does more than turn by quarters and mirror is
// left out.
func turnOf(tkhd []byte) turn {
	off := 40
	if len(tkhd) > 0 && tkhd[0] == 1 { // its times are longer
		off = 52
	}
	if len(tkhd) < off+36 {
		return turn{}
	}
	at := func(i int) int { return int(int32(binary.BigEndian.Uint32(tkhd[off+4*i:]))) }
	t := turn{at(0), at(1), at(3), at(4)}
	const one = 1 << 16
	for _, v := range []*int{&t.xx, &t.xy, &t.yx, &t.yy} {
		if *v != 0 && *v != one && *v != -one {
			return turn{}
		}
		*v /= one
	}
	if t == (turn{1, 0, 0, 1}) || t.xx*t.xx+t.xy*t.xy != 1 || t.xx*t.yx+t.xy*t.yy != 0 || t.yx*t.yx+t.yy*t.yy != 1 {
		return turn{}
	}
	return t
}

// apply turns a picture.
func (t turn) apply(p *still) *still {
	if t == (turn{}) {
		return p
	}
	w, h, n := p.size.X, p.size.Y, p.typ.Bytes()
	out := &still{size: p.size, planes: p.planes, typ: p.typ, data: make([]byte, 0, len(p.data))}
	right, down := n*t.xx, n*w*t.yy // in what is stored, for a step in what is shown
	if t.xx == 0 {
		out.size = image.Pt(h, w)
		right, down = n*w*t.yx, n*t.xy
	}
	first := max(0, -right)*(out.size.X-1) + max(0, -down)*(out.size.Y-1)
	for c := range p.planes {
		for y := range out.size.Y {
			from := c*w*h*n + first + y*down
			for range out.size.X {
				out.data = append(out.data, p.data[from:from+n]...)
				from += right
			}
		}
	}
	return out
}
