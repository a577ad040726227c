package tileview_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"coverslip.dev/coverslip/ui/tileview"
)

// TestBlendKernel compares the kernel with the loop, bit by bit, on runs of any length and
// alignment, empty stretches and every strength.
func TestBlendKernel(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	for strength := range uint32(257) {
		n := r.IntN(70)
		src, dst := make([]uint32, n), make([]uint32, n)
		for i := range src {
			dst[i] = 0xff000000 | r.Uint32()
			if i/9%3 > 0 {
				a := []uint32{255, r.Uint32N(256)}[r.IntN(2)]
				src[i] = a<<24 | r.Uint32N(a+1)<<16 | r.Uint32N(a+1)<<8 | r.Uint32N(a+1)
			}
		}
		slow := slices.Clone(dst)
		tileview.Lay(dst, slow, src, strength)
		if !slices.Equal(dst, slow) {
			t.Fatalf("strength %d, %d pixels:\n%08x\n%08x", strength, n, dst, slow)
		}
		for i, c := range src {
			if c>>24 == 255 && strength == 256 && dst[i] != c {
				t.Fatalf("an opaque pixel %08x became %08x", c, dst[i])
			}
		}
	}
}
