package jpeg_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"coverslip.dev/coverslip/core/imageio/jpeg"
)

// sameBlock transforms a block with and without the kernel, into rows of 8 + wider bytes.
func sameBlock(t *testing.T, co *[64]int16, wider int) {
	t.Helper()
	stride := 8 + wider
	got, want := make([]byte, 7*stride+8), make([]byte, 7*stride+8)
	for i := range got { // what is between the rows stays
		got[i], want[i] = byte(i), byte(i)
	}
	given := *co
	jpeg.Transform(got, stride, co)
	jpeg.TransformPlain(want, stride, &given)
	if !bytes.Equal(got, want) {
		t.Fatalf("%v, rows of %d:\n%v, not\n%v", given, stride, got, want)
	}
}

func TestTransform(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{1, 3, 100, 2000, 1 << 15} { // the last two overflow
		for range 5000 {
			var co [64]int16
			for range 1 + r.IntN(64) {
				co[r.IntN(64)] = int16(r.IntN(2*most) - most)
			}
			sameBlock(t, &co, r.IntN(30))
		}
	}
}

func FuzzTransform(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0x80, 0}, 64), uint8(0))
	f.Add([]byte{200, 1, 7, 0, 0xff, 0x7f}, uint8(9))
	f.Fuzz(func(t *testing.T, data []byte, wider uint8) {
		var co [64]int16
		for i := 0; i < 64 && 2*i+2 <= len(data); i++ {
			co[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
		}
		sameBlock(t, &co, int(wider))
	})
}

// sameRow doubles a row and turns it into RGB, with and without the kernels.
func sameRow(t *testing.T, luma, blue, red []byte) {
	t.Helper()
	d, n := jpeg.NewDecoder(), len(luma)
	got, want := make([]byte, 3*n), make([]byte, 3*n)
	d.RGB(got, luma, blue, red)
	d.RGBPlain(want, luma, blue, red)
	if !bytes.Equal(got, want) {
		t.Fatalf("RGB of %v, %v, %v:\n%v, not\n%v", luma, blue, red, got, want)
	}
	if n < 3 { // is not doubled this way
		return
	}
	for _, round := range [][2]uint16{{8, 7}, {4, 8}} {
		jpeg.Wider(got[:2*n], luma, blue, round[0], round[1])
		jpeg.WiderPlain(want[:2*n], luma, blue, round[0], round[1], 0, n)
		if !bytes.Equal(got, want) {
			t.Fatalf("%v beside %v, twice as wide:\n%v, not\n%v", luma, blue, got[:2*n], want[:2*n])
		}
	}
}

func TestRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 150; n++ {
		for range 10 {
			var rows [3][]byte
			for i := range rows {
				rows[i] = make([]byte, n)
				for x := range rows[i] {
					rows[i][x] = byte(r.Uint32())
				}
			}
			sameRow(t, rows[0], rows[1], rows[2])
		}
	}
	luma, blue, red := make([]byte, 1<<16), make([]byte, 1<<16), make([]byte, 1<<16)
	for l := range 256 { // every colour
		for i := range luma {
			luma[i], blue[i], red[i] = byte(l), byte(i), byte(i>>8)
		}
		if l%15 == 0 {
			sameRow(t, luma, blue, red)
		}
	}
}

func FuzzRows(f *testing.F) {
	f.Add(bytes.Repeat([]byte{0, 1, 128, 254, 255}, 40))
	f.Fuzz(func(t *testing.T, data []byte) {
		if n := len(data) / 3; n > 0 {
			sameRow(t, data[:n], data[n:2*n], data[2*n:3*n])
		}
	})
}
