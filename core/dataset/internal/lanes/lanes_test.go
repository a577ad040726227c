package lanes_test

import (
	"crypto/md5"
	"math/rand/v2"
	"testing"

	"coverslip.dev/coverslip/core/dataset/internal/lanes"
)

func check(t *testing.T, inputs [][]byte) {
	t.Helper()
	sums := make([][md5.Size]byte, len(inputs))
	lanes.Sums(inputs, sums)
	for i, in := range inputs {
		if want := md5.Sum(in); sums[i] != want {
			t.Errorf("input %d of %d, %d bytes: %x, not %x", i, len(inputs), len(in), sums[i], want)
		}
	}
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestSums(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	check(t, nil)
	for n := range 20 { // inputs
		inputs := make([][]byte, n)
		for _, most := range []int{1, 64, 200, 5000} {
			for i := range inputs {
				inputs[i] = random(r, r.IntN(most))
			}
			check(t, inputs)
		}
	}
	for size := range 200 { // all of one length
		inputs := make([][]byte, 8)
		for i := range inputs {
			inputs[i] = random(r, size)
		}
		check(t, inputs)
	}
}

func FuzzSums(f *testing.F) {
	f.Add([]byte("one two three four five six seven eight"), uint8(8), uint16(3))
	f.Fuzz(func(t *testing.T, all []byte, n uint8, step uint16) {
		var inputs [][]byte
		for range n % 40 {
			inputs = append(inputs, all)
			all = all[min(len(all), int(step)):]
		}
		check(t, inputs)
	})
}

// BenchmarkSums beside BenchmarkOne: bytes a second of 64 inputs of 100 KB.
func BenchmarkSums(b *testing.B) {
	inputs, sums := benchmark(b)
	for b.Loop() {
		lanes.Sums(inputs, sums)
	}
}

func BenchmarkOne(b *testing.B) {
	inputs, sums := benchmark(b)
	for b.Loop() {
		for i := range inputs {
			sums[i] = md5.Sum(inputs[i])
		}
	}
}

func benchmark(b *testing.B) ([][]byte, [][md5.Size]byte) {
	b.Helper()
	inputs := make([][]byte, 64)
	for i := range inputs {
		inputs[i] = random(rand.New(rand.NewPCG(1, uint64(i))), 100_000)
	}
	b.SetBytes(int64(len(inputs)) * 100_000)
	return inputs, make([][md5.Size]byte, len(inputs))
}
