package ometiff_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// sameSums undoes predictor 2 in a row of bytes and of words, and compares with sums made one by one.
func sameSums(t *testing.T, row []byte) {
	t.Helper()
	words, single := bytes.Clone(row), bytes.Clone(row)
	ometiff.Undiff(words, 2, 1)
	ometiff.Undiff(single, 1, 1)
	var word uint16
	var one byte
	for i := range row {
		if one += row[i]; single[i] != one {
			t.Fatalf("byte %d of %v: %d, not %d", i, row, single[i], one)
		}
		if i%2 == 1 {
			if word += binary.LittleEndian.Uint16(row[i-1:]); binary.LittleEndian.Uint16(words[i-1:]) != word {
				t.Fatalf("word %d of %v: %d, not %d", i/2, row, binary.LittleEndian.Uint16(words[i-1:]), word)
			}
		}
	}
}

func TestUndiff(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		row := make([]byte, n)
		for i := range row {
			row[i] = byte(r.Uint32())
		}
		sameSums(t, row)
	}
}

func FuzzUndiff(f *testing.F) {
	f.Add(bytes.Repeat([]byte{255, 1, 0}, 50))
	f.Fuzz(func(t *testing.T, row []byte) { sameSums(t, row) })
}

// samePick takes each colour out of RGB.
func samePick(t *testing.T, rgb []byte) {
	t.Helper()
	n := len(rgb) / 3
	for k := range 3 {
		got := make([]byte, n+5)
		ometiff.Pick(got, rgb[:3*n], 1, n, 3, k)
		for i := range got {
			want := byte(0) // behind the last pixel
			if i < n {
				want = rgb[3*i+k]
			}
			if got[i] != want {
				t.Fatalf("sample %d of pixel %d of %d, %v: %d", k, i, n, rgb, got[i])
			}
		}
	}
}

func TestPick(t *testing.T) {
	rgb := make([]byte, 300)
	for i := range rgb {
		rgb[i] = byte(i*i/7 + i)
	}
	for n := 3; n <= len(rgb); n++ {
		samePick(t, rgb[:n])
	}
}

func FuzzPick(f *testing.F) {
	f.Add(bytes.Repeat([]byte{1, 2, 3}, 50))
	f.Fuzz(func(t *testing.T, rgb []byte) {
		if len(rgb) >= 3 {
			samePick(t, rgb)
		}
	})
}
