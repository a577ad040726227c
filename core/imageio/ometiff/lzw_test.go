package ometiff_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// plainLZW decodes as TIFF 6.0, section 13 has it: a list of strings. ok is false for a code
// before its string.
func plainLZW(src []byte, size int) (out []byte, ok bool) {
	var list [][]byte
	fresh := func() {
		list = list[:0]
		for i := range 258 {
			list = append(list, []byte{byte(i)})
		}
	}
	fresh()
	var prev []byte
	for bit, width := 0, 9; len(out) < size && bit+width <= 8*len(src); {
		code := 0
		for range width {
			code = code<<1 | int(src[bit/8]>>(7-bit%8)&1)
			bit++
		}
		if code == 257 {
			break
		}
		if code == 256 {
			fresh()
			prev, width = nil, 9
			continue
		}
		var s []byte
		switch {
		case code < len(list) && (prev != nil || code < 256):
			s = list[code]
		case code == len(list) && prev != nil:
			s = append(bytes.Clone(prev), prev[0])
		default:
			return out, false
		}
		out = append(out, s...)
		if prev != nil && len(list) < 4096 {
			list = append(list, append(bytes.Clone(prev), s[0]))
		}
		if prev != nil && len(list)+1 >= 1<<width && width < 12 {
			width++
		}
		prev = s
	}
	return out[:min(len(out), size)], true
}

// packLZW writes what plainLZW reads, with a clear after so many codes.
func packLZW(data []byte, clears int) []byte {
	var out []byte
	acc, have := 0, 0
	put := func(code, width int) {
		acc, have = acc<<width|code, have+width
		for ; have >= 8; have -= 8 {
			out = append(out, byte(acc>>(have-8)))
		}
		acc &= 1<<have - 1
	}
	codes, next, width := map[string]int{}, 258, 9
	put(256, 9)
	for first, sent := true, 0; len(data) > 0; sent++ {
		if sent == clears {
			put(256, width)
			codes, next, width, first, sent = map[string]int{}, 258, 9, true, 0
		}
		n, code := 1, int(data[0])
		for n < len(data) {
			c, ok := codes[string(data[:n+1])]
			if !ok {
				break
			}
			n, code = n+1, c
		}
		put(code, width)
		if !first && next < 4096 { // what the reader has made by now
			next++
		}
		if !first && next+1 >= 1<<width && width < 12 {
			width++
		}
		first = false
		if n < len(data) && next < 4096 {
			codes[string(data[:n+1])] = next
		}
		data = data[n:]
	}
	put(257, width)
	put(0, 7)
	return out
}

func sameLZW(t *testing.T, src []byte, size int) []byte {
	t.Helper()
	want, ok := plainLZW(src, size)
	room := make([]byte, size+16)
	n, err := ometiff.UnLZW(room[:size:size], src)
	if !bytes.Equal(room[:n], want) || (err == nil) != ok {
		t.Fatalf("%d bytes of %d: %d, %v, not %d, %v", len(src), size, n, err, len(want), ok)
	}
	if !bytes.Equal(room[size:], make([]byte, 16)) {
		t.Fatal("written beyond the end")
	}
	return want
}

func TestLZW(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		data := make([]byte, r.IntN(20_000))
		few := 1 + r.IntN(255)
		for i := range data {
			data[i] = byte(r.IntN(few))
			if i > 0 && r.IntN(256) < 256-few {
				data[i] = data[i-1]
			}
		}
		src := packLZW(data, 1+r.IntN(6000))
		if got := sameLZW(t, src, len(data)); !bytes.Equal(got, data) {
			t.Fatal("the reader of this test is wrong")
		}
		sameLZW(t, src, r.IntN(len(data)+1))
		sameLZW(t, src[:r.IntN(len(src))], len(data)+3)
		for range 5 {
			src[r.IntN(len(src))] ^= byte(1 + r.IntN(255))
			sameLZW(t, src, len(data))
		}
	}
}

func FuzzLZW(f *testing.F) {
	f.Add(packLZW(bytes.Repeat([]byte("abcabcabd"), 40), 100), uint16(360))
	f.Add(packLZW(bytes.Repeat([]byte{7}, 3000), 5000), uint16(2999))
	f.Fuzz(func(t *testing.T, src []byte, size uint16) { sameLZW(t, src, int(size)) })
}
