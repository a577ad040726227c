package inflate_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"io"
	"math/rand/v2"
	"testing"

	kzlib "github.com/klauspost/compress/zlib"

	"coverslip.dev/coverslip/core/imageio/inflate"
)

// samples are data of different kinds: noise, camera noise of 16 bits, runs, text, nothing.
func samples(tb testing.TB) map[string][]byte {
	tb.Helper()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not for secrets
	noise, camera, mixed := make([]byte, 300_000), []byte(nil), []byte(nil)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for range 262_144 {
		camera = binary.LittleEndian.AppendUint16(camera, uint16(300+r.NormFloat64()*9))
	}
	for len(mixed) < 200_000 {
		switch r.IntN(4) {
		case 0:
			mixed = append(mixed, bytes.Repeat([]byte{byte(r.IntN(4))}, r.IntN(700))...)
		case 1:
			mixed = append(mixed, noise[:r.IntN(50)]...)
		default:
			at := r.IntN(max(len(mixed), 1))
			mixed = append(mixed, mixed[at:min(len(mixed), at+r.IntN(400))]...)
		}
	}
	return map[string][]byte{
		"nothing": nil, "a byte": {7}, "noise": noise, "camera": camera, "mixed": mixed, "zeros": make([]byte, 400_000),
		"text": bytes.Repeat([]byte("the quick brown fox; "), 5000), "alternating": bytes.Repeat([]byte{1, 2, 3}, 50_000),
	}
}

func packed(tb testing.TB, data []byte, level int) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatWasDeflatedComesBack(t *testing.T) {
	var d inflate.Decoder
	for name, data := range samples(t) {
		for level := flate.HuffmanOnly; level <= 9; level++ {
			src := packed(t, data, level)
			got := make([]byte, len(data))
			if n, err := d.Zlib(got, src); err != nil || n != len(data) || !bytes.Equal(got, data) {
				t.Fatalf("%s, level %d: %d of %d, %v", name, level, n, len(data), err)
			}
			part := make([]byte, len(data)/2)
			if n, err := d.Zlib(part, src); err != nil || n != len(part) || !bytes.Equal(part, data[:len(part)]) {
				t.Errorf("%s, level %d: half of it: %d, %v", name, level, n, err)
			}
			if n, err := d.Zlib(make([]byte, len(data)+1), src); !errors.Is(err, io.ErrUnexpectedEOF) || n != len(data) {
				t.Errorf("%s, level %d: a byte more: %d, %v", name, level, n, err)
			}
			bad := bytes.Clone(src)
			bad[len(bad)-1] ^= 1
			if _, err := d.Zlib(got, bad); !errors.Is(err, inflate.ErrChecksum) && len(data) > 0 {
				t.Errorf("%s, level %d: another checksum: %v", name, level, err)
			}
			if _, err := d.Zlib(got, src[:len(src)/2]); err == nil && len(data) > 1 {
				t.Errorf("%s, level %d: half a stream was taken", name, level)
			}
		}
	}
}

func TestAdler32(t *testing.T) {
	data := bytes.Repeat([]byte{255}, 6000)
	for n := range 400 {
		if got, want := inflate.Adler32(data[:n]), adler32.Checksum(data[:n]); got != want {
			t.Fatalf("of %d bytes: %08x, want %08x", n, got, want)
		}
	}
	large := bytes.Repeat([]byte{255}, 3<<20+7)
	if inflate.Adler32(large) != adler32.Checksum(large) {
		t.Error("of 3 MiB")
	}
	for name, data := range samples(t) {
		for _, at := range []int{0, 1, 5} {
			if p := data[min(at, len(data)):]; inflate.Adler32(p) != adler32.Checksum(p) {
				t.Errorf("%s from %d on", name, at)
			}
		}
	}
}

func TestWhatIsNoStream(t *testing.T) {
	var d inflate.Decoder
	for text, want := range map[string]error{
		"": io.ErrUnexpectedEOF, "x": io.ErrUnexpectedEOF, "xx": inflate.ErrHeader, "x\x9c": io.ErrUnexpectedEOF,
		"x\x9c\x07": inflate.ErrCorrupt, "x\x9c\x01\x01\x00\x00\x00x": inflate.ErrCorrupt, "\x78\xbb\x00": inflate.ErrHeader,
	} {
		if _, err := d.Zlib(make([]byte, 9), []byte(text)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func FuzzAdler32(f *testing.F) {
	f.Add(bytes.Repeat([]byte{255, 3}, 50), uint8(20))
	f.Fuzz(func(t *testing.T, p []byte, often uint8) {
		p = bytes.Repeat(p, 1+int(often))
		if got, want := inflate.Adler32(p), adler32.Checksum(p); got != want {
			t.Fatalf("of %d bytes: %08x, want %08x", len(p), got, want)
		}
	})
}

// FuzzZlib compares what any bytes are with what the standard library makes of them.
func FuzzZlib(f *testing.F) {
	for _, data := range samples(f) {
		for _, level := range []int{flate.HuffmanOnly, 0, 1, 9} {
			src := packed(f, data[:min(len(data), 3000)], level)
			f.Add(src, uint16(min(len(data), 3000)))
			f.Add(src[:len(src)*2/3], uint16(min(len(data), 3000)))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte, size uint16) {
		if len(src) > 1 && src[1]&32 != 0 {
			return // a dictionary, of which the library takes an empty one
		}
		var d inflate.Decoder
		got, want := make([]byte, size), make([]byte, size)
		n, err := d.Zlib(got, src)
		r, werr := zlib.NewReader(bytes.NewReader(src))
		m := 0
		if werr == nil {
			if m, werr = io.ReadFull(r, want); werr == nil {
				var more [1]byte
				if k, last := r.Read(more[:]); k == 0 && errors.Is(last, zlib.ErrChecksum) {
					werr = last
				}
			}
		}
		// Of a stream that is cut off either may read a last word that the other leaves.
		cut := errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(werr, io.ErrUnexpectedEOF)
		if (err == nil) != (werr == nil) && !cut {
			t.Fatalf("%v, the library says %v", err, werr)
		}
		if !cut && err == nil && n != m {
			t.Fatalf("%d bytes, the library has %d", n, m)
		}
		if k := min(n, m); !bytes.Equal(got[:k], want[:k]) {
			t.Fatalf("other bytes, %v, %v", err, werr)
		}
	})
}

func BenchmarkAdler32(b *testing.B) {
	data := samples(b)["camera"]
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		inflate.Adler32(data)
	}
}

func BenchmarkZlib(b *testing.B) {
	for _, name := range []string{"camera", "mixed", "text"} {
		data := samples(b)[name]
		src := packed(b, data, 6)
		dst := make([]byte, len(data))
		b.Run(name+"/ours", func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			var d inflate.Decoder
			for b.Loop() {
				if _, err := d.Zlib(dst, src); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/klauspost", func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			r, err := kzlib.NewReader(bytes.NewReader(src))
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				again, ok := r.(kzlib.Resetter)
				if !ok || again.Reset(bytes.NewReader(src), nil) != nil {
					b.Fatal("no reset")
				}
				if _, err := io.ReadFull(r, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
