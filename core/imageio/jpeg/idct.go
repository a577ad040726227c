package jpeg

import "encoding/binary"

// The transform is libjpeg's jidctint.c, the accurate integer method after Loeffler,
// Ligtenberg and Moschytz ("Practical fast 1-D DCT algorithms with 11 multiplications", ICASSP
// 1989): constants of 13 bits, 2 more bits kept between the passes.
const (
	constBits = 13
	passBits  = 2

	fix0298631336 = 2446
	fix0390180644 = 3196
	fix0541196100 = 4433
	fix0765366865 = 6270
	fix0899976223 = 7373
	fix1175875602 = 9633
	fix1501321110 = 12299
	fix1847759065 = 15137
	fix1961570560 = 16069
	fix2053119869 = 16819
	fix2562915447 = 20995
	fix3072711026 = 25172
)

// flat is transform for a block that has no other coefficient than the first.
func flat(to []byte, stride int, dc int32) {
	same := uint64(clamp((dc<<passBits+1<<(passBits+2))>>(passBits+3))) * 0x0101010101010101
	for y := range 8 {
		binary.LittleEndian.PutUint64(to[y*stride:], same)
	}
}

// clamp centres a sample on 128.
func clamp(v int32) byte { return byte(min(max(v+128, 0), 255)) }

// word is v, or the nearest number of 16 bits: more comes only of damaged streams, and
// libjpeg-turbo keeps no more between its passes.
func word(v int32) int32 { return min(max(v, -1<<15), 1<<15-1) }

// transform writes a block of dequantised coefficients as samples.
func transform(to []byte, stride int, co *[64]int16) {
	if vectors() {
		transformBlock(&to[:7*stride+8][0], stride, co)
		return
	}
	transformPlain(to, stride, co)
}

// transformPlain is transform for every machine.
func transformPlain(to []byte, stride int, co *[64]int16) {
	var mid [64]int32
	for x := range 8 {
		c, m := co[x:], mid[x:]
		_, _ = c[56], m[56]
		if c[8]|c[16]|c[24]|c[32]|c[40]|c[48]|c[56] == 0 {
			v := word(int32(c[0]) << passBits)
			m[0], m[8], m[16], m[24], m[32], m[40], m[48], m[56] = v, v, v, v, v, v, v, v
			continue
		}
		e0, e1, e2, e3, o0, o1, o2, o3 := eight(int32(c[0]), int32(c[8]), int32(c[16]), int32(c[24]),
			int32(c[32]), int32(c[40]), int32(c[48]), int32(c[56]))
		const shift, half = constBits - passBits, 1 << (constBits - passBits - 1)
		m[0], m[56] = word((e0+o3+half)>>shift), word((e0-o3+half)>>shift)
		m[8], m[48] = word((e1+o2+half)>>shift), word((e1-o2+half)>>shift)
		m[16], m[40] = word((e2+o1+half)>>shift), word((e2-o1+half)>>shift)
		m[24], m[32] = word((e3+o0+half)>>shift), word((e3-o0+half)>>shift)
	}
	for y := range 8 {
		c, row := mid[8*y:][:8], to[y*stride:][:8]
		const shift, half = constBits + passBits + 3, 1 << (constBits + passBits + 2)
		e0, e1, e2, e3, o0, o1, o2, o3 := eight(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7])
		row[0], row[7] = clamp((e0+o3+half)>>shift), clamp((e0-o3+half)>>shift)
		row[1], row[6] = clamp((e1+o2+half)>>shift), clamp((e1-o2+half)>>shift)
		row[2], row[5] = clamp((e2+o1+half)>>shift), clamp((e2-o1+half)>>shift)
		row[3], row[4] = clamp((e3+o0+half)>>shift), clamp((e3-o0+half)>>shift)
	}
}

// eight is the one-dimensional transform: the even part (tmp10 to tmp13) and the odd part
// (tmp0 to tmp3) of libjpeg's.
func eight(c0, c1, c2, c3, c4, c5, c6, c7 int32) (e0, e1, e2, e3, o0, o1, o2, o3 int32) {
	z1 := (c2 + c6) * fix0541196100
	t2, t3 := z1-c6*fix1847759065, z1+c2*fix0765366865
	t0, t1 := (c0+c4)<<constBits, (c0-c4)<<constBits

	z5 := (c7 + c3 + c5 + c1) * fix1175875602
	z3, z4 := z5-(c7+c3)*fix1961570560, z5-(c5+c1)*fix0390180644
	za, zb := (c7+c1)*-fix0899976223, (c5+c3)*-fix2562915447
	return t0 + t3, t1 + t2, t1 - t2, t0 - t3,
		c7*fix0298631336 + za + z3, c5*fix2053119869 + zb + z4, c3*fix3072711026 + zb + z3, c1*fix1501321110 + za + z4
}
