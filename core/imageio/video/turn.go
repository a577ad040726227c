package video

import (
	"encoding/binary"

	"coverslip.dev/coverslip/core/imageio"
)

// turnOf reads the matrix of a track's header; one that does more than turn by quarters and mirror is
// left out.
func turnOf(tkhd []byte) imageio.Turn {
	off := 40
	if len(tkhd) > 0 && tkhd[0] == 1 { // its times are longer
		off = 52
	}
	if len(tkhd) < off+36 {
		return imageio.Turn{}
	}
	at := func(i int) int { return int(int32(binary.BigEndian.Uint32(tkhd[off+4*i:]))) }
	t := imageio.Turn{XX: at(0), XY: at(1), YX: at(3), YY: at(4)}
	const one = 1 << 16
	for _, v := range []*int{&t.XX, &t.XY, &t.YX, &t.YY} {
		if *v != 0 && *v != one && *v != -one {
			return imageio.Turn{}
		}
		*v /= one
	}
	if t == (imageio.Turn{XX: 1, YY: 1}) || t.XX*t.XX+t.XY*t.XY != 1 || t.XX*t.YX+t.XY*t.YY != 0 || t.YX*t.YX+t.YY*t.YY != 1 {
		return imageio.Turn{}
	}
	return t
}
