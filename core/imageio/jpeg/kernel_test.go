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
	if !jpeg.Vectors() {
		t.Skip("This machine has no kernel.")
	}
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
