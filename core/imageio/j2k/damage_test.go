package j2k_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"runtime/metrics"
	"testing"

	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/j2k"
)

// TestBroken cuts and flips vectors: it ends, without a picture where the rest is missing.
func TestBroken(t *testing.T) {
	d := j2k.NewDecoder()
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, e := range entries(t, filepath.Join("testdata", "vectors.json")) {
		whole := file(t, "testdata", e.Name+".j2k")
		for n := rnd.IntN(50); n < len(whole)-2; n += 50 { // without its end marker it is whole
			if _, err := d.DecodePlanes(nil, whole[:n], 0); err == nil {
				t.Fatalf("%s: %d of %d bytes were decoded", e.Name, n, len(whole))
			}
		}
		for i := range 60 {
			bad := bytes.Clone(whole)
			for range 1 + rnd.IntN(5) {
				bad[rnd.IntN(len(bad))] = byte(rnd.IntN(256))
			}
			if i%2 == 0 {
				bad[rnd.IntN(200)] = byte(rnd.IntN(256)) // in the headers
			}
			survives(t, d, bad)
		}
	}
}

// survives decodes anything, if it does not claim to be large.
func survives(t *testing.T, d *j2k.Decoder, src []byte) {
	t.Helper()
	conf, err := j2k.Header(src)
	if err != nil || conf.Size.X*conf.Size.Y*conf.Components > 1<<20 {
		return
	}
	if pic, err := d.DecodePlanes(nil, src, 0); err == nil && len(pic.Data) != conf.Size.X*conf.Size.Y*conf.Components*conf.Bytes() {
		t.Fatalf("%d bytes of %+v", len(pic.Data), conf)
	}
}

// TestClaims are of streams that say what they don't hold.
func TestClaims(t *testing.T) {
	whole := file(t, "testdata", "sop.j2k")
	cod, qcd := bytes.Index(whole, []byte("\xff\x52")), bytes.Index(whole, []byte("\xff\x5c"))
	for _, c := range []struct {
		name        string
		at          int
		to          string
		unsupported bool
	}{
		{"high throughput", cod + 12, "\x40", true},
		{"another transform", cod + 8, "\x02", true},
		{"39 bits", 42, "\x26", true},
		{"4 billion tiles", 24, "\x00\x00\x00\x01\x00\x00\x00\x01", false},
		{"a 12-bit step", qcd + 4, "\x23", false},
		{"no layer", cod + 6, "\x00\x00", false},
		{"33 levels", cod + 9, "\x21", false},
		{"code-blocks of 2^20", cod + 10, "\x08\x08", false},
	} {
		bad := bytes.Clone(whole)
		copy(bad[c.at:], c.to)
		before := allocated()
		if _, err := j2k.NewDecoder().DecodePlanes(nil, bad, 0); err == nil || errors.Is(err, j2k.ErrUnsupported) != c.unsupported {
			t.Errorf("%s: %v", c.name, err)
		}
		if n := allocated() - before; n > 4<<20 {
			t.Errorf("%s: allocated %d MB", c.name, n>>20)
		}
	}
	if _, err := j2k.NewDecoder().DecodePlanes(nil, file(t, "testdata", "signed-12.j2k"), 1); err == nil {
		t.Error("12 bits in a byte")
	}
}

// TestNestedBoxes is of a file whose boxes are each within the one before.
func TestNestedBoxes(t *testing.T) {
	src := append([]byte("\x00\x00\x00\x0cjP  \r\n\x87\n"), bytes.Repeat([]byte("\x00\x00\x00\x00jp2h"), 8<<20)...)
	if _, err := j2k.Header(src); err == nil {
		t.Error("it has a header")
	}
}

// TestManyPrecincts is of a tile that would have 16 million precincts: each is a byte at least.
func TestManyPrecincts(t *testing.T) {
	src := []byte("\xff\x4f\xff\x51\x00\x29\x00\x00")
	for _, v := range []uint32{4096, 4096, 0, 0, 4096, 4096, 0, 0} {
		src = binary.BigEndian.AppendUint32(src, v)
	}
	src = append(src, "\x00\x01\x07\x01\x01"+"\xff\x52\x00\x0d\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x00"+
		"\xff\x5c\x00\x04\x40\x40"+"\xff\x90\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x01\xff\x93"...)
	src = append(src, make([]byte, 1000)...)
	room := make([]byte, 4096*4096)
	before := allocated()
	if _, err := j2k.NewDecoder().DecodePlanes(room, src, 0); err == nil {
		t.Error("they were decoded")
	}
	if n := allocated() - before; n > 4<<20 {
		t.Errorf("allocated %d MB", n>>20)
	}
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func FuzzDecode(f *testing.F) {
	for _, e := range entries(f, filepath.Join("testdata", "vectors.json")) {
		f.Add(file(f, "testdata", e.Name+".j2k"))
	}
	f.Fuzz(func(t *testing.T, src []byte) { survives(t, j2k.NewDecoder(), src) })
}

// BenchmarkDecode decodes a tile as slides have.
func BenchmarkDecode(b *testing.B) {
	folder := b.TempDir()
	imageiotest.Peer(b, filepath.Join("testdata", "streams.py"), folder, "tiles")
	for _, name := range []string{"lossless", "lossy"} {
		b.Run(name, func(b *testing.B) {
			src := file(b, folder, name+".j2k")
			b.SetBytes(3 * 256 * 256)
			d := j2k.NewDecoder()
			room := make([]byte, 3*256*256)
			for b.Loop() {
				if _, err := d.DecodePlanes(room, src, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
