//go:build unix

package inflate_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"coverslip.dev/coverslip/core/imageio/inflate"
)

// fenced is memory between such as nobody may read or write.
type fenced []byte

const fence = 1 << 16

func newFenced(tb testing.TB, most int) fenced {
	tb.Helper()
	most = (most + fence - 1) &^ (fence - 1)
	m, err := unix.Mmap(-1, 0, fence+most+fence, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := unix.Munmap(m); err != nil {
			tb.Error(err)
		}
	})
	for _, p := range [][]byte{m[:fence], m[fence+most:]} {
		if err := unix.Mprotect(p, unix.PROT_NONE); err != nil {
			tb.Fatal(err)
		}
	}
	return m[fence : fence+most]
}

// bytes returns the last n bytes, or the first.
func (f fenced) bytes(n int, first bool) []byte {
	if first {
		return f[:n:n]
	}
	return f[len(f)-n:]
}

// loops decodes with the loop in Go and with that in assembly, this one in memory with fences.
type loops struct{ in, out fenced }

func newLoops(tb testing.TB, mostIn, mostOut int) *loops {
	tb.Helper()
	return &loops{newFenced(tb, mostIn), newFenced(tb, mostOut)}
}

// both decodes src into size bytes and wants the same bytes and the same error of both loops.
func (l *loops) both(t *testing.T, src []byte, size int) ([]byte, error) {
	t.Helper()
	var d, plain inflate.Decoder
	plain.Plain()
	want := make([]byte, size)
	n, werr := plain.Zlib(want, src)
	for _, first := range []bool{false, true} {
		in, got := l.in.bytes(len(src), first), l.out.bytes(size, first)
		copy(in, src)
		if m, err := d.Zlib(got, in); !errors.Is(err, werr) || !bytes.Equal(got[:m], want[:n]) {
			t.Fatalf("%d bytes, %v; the loop in assembly has %d, %v", n, werr, m, err)
		}
	}
	return want[:n], werr
}

// TestBothLoops cuts streams, flips bytes of them and repeats matches of all short distances.
func TestBothLoops(t *testing.T) {
	l, r, all := newLoops(t, 1<<18, 1<<18), rand.New(rand.NewPCG(1, 2)), samples(t)
	for distance := 1; distance < 70; distance++ {
		unit := make([]byte, distance)
		for i := range unit {
			unit[i] = byte(r.Uint32())
		}
		var data []byte
		for length := range 300 {
			data = append(data, bytes.Repeat(unit, 1+length/distance+1)[:distance+length]...)
			data = append(data, byte(r.Uint32()))
		}
		all[strconv.Itoa(distance)+" apart"] = data
	}
	for name, data := range all {
		data = data[:min(len(data), 100_000)]
		for _, level := range []int{flate.HuffmanOnly, 1, 6, 9} {
			src := packed(t, data, level)
			if got, err := l.both(t, src, len(data)); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%s, level %d: %v", name, level, err)
			}
			for range 8 {
				l.both(t, src, r.IntN(len(data)+300))
				l.both(t, src[:r.IntN(len(src))], len(data))
				bad := bytes.Clone(src)
				for range 1 + r.IntN(4) {
					bad[r.IntN(len(bad))] = byte(r.Uint32())
				}
				l.both(t, bad, len(data)+r.IntN(300))
			}
		}
	}
}

// FuzzBothLoops compares the loops with one another and with the standard library. What comes
// before damage both have alike; of a stream that is cut off either may leave the last word.
func FuzzBothLoops(f *testing.F) {
	for _, data := range samples(f) {
		for _, level := range []int{flate.HuffmanOnly, 1, 9} {
			f.Add(packed(f, data[:min(len(data), 3000)], level)[2:], uint8(0), uint16(3000))
		}
	}
	l := newLoops(f, 1<<24, 1<<16)
	f.Fuzz(func(t *testing.T, src []byte, often uint8, size uint16) {
		if len(src) > 1<<20 {
			return
		}
		// The quick loops want room ahead: src comes several times, and nothing behind it.
		src = append([]byte("x\x9c"), bytes.Repeat(src, 1+int(often&7))...)
		src = append(src, make([]byte, often>>3)...)
		got, err := l.both(t, src, int(size))
		want := make([]byte, size)
		n, werr := io.ReadFull(flate.NewReader(bytes.NewReader(src[2:])), want)
		if errors.Is(err, inflate.ErrChecksum) {
			err = nil
		}
		cut := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(werr, io.ErrUnexpectedEOF) || errors.Is(werr, io.EOF)
		if (err == nil) != (werr == nil) && !cut {
			t.Fatalf("%v, the library says %v", err, werr)
		}
		if !cut && err == nil && len(got) != n {
			t.Fatalf("%d bytes, the library has %d", len(got), n)
		}
		if k := min(n, len(got)); !bytes.Equal(got[:k], want[:k]) {
			t.Fatalf("other bytes, %v, %v", err, werr)
		}
	})
}
