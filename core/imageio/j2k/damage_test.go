package j2k_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
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
		before := imageiotest.Allocated()
		if _, err := j2k.NewDecoder().DecodePlanes(nil, bad, 0); err == nil || errors.Is(err, j2k.ErrUnsupported) != c.unsupported {
			t.Errorf("%s: %v", c.name, err)
		}
		if n := imageiotest.Allocated() - before; n > 4<<20 {
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

// stream is a codestream of components of 8 bits, their samples step apart, in one layer without decompositions or as cod
// says; rest follows its main header. It begins at left.
type stream struct {
	size, tile [2]uint32
	components int
	step       byte
	cod, rest  string
	left       uint32
}

func (s stream) bytes() []byte {
	out := binary.BigEndian.AppendUint16([]byte("\xff\x4f\xff\x51"), uint16(38+3*s.components))
	out = append(out, 0, 0)
	for _, v := range []uint32{s.left + s.size[0], s.size[1], s.left, 0, s.tile[0], s.tile[1], s.left, 0} {
		out = binary.BigEndian.AppendUint32(out, v)
	}
	out = binary.BigEndian.AppendUint16(out, uint16(s.components))
	out = append(out, bytes.Repeat([]byte{7, s.step, s.step}, s.components)...)
	out = append(binary.BigEndian.AppendUint16(append(out, 0xff, 0x52), uint16(2+len(s.cod))), s.cod...)
	return append(out, "\xff\x5c\x00\x05\x41\x40\x00"+s.rest...)
}

// part is the last tile-part of a stream, up to its packets.
const part = "\xff\x90\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x01\xff\x93"

// TestMuchOfLittle is of streams that ask for far more than they hold.
func TestMuchOfLittle(t *testing.T) {
	large, wide, tiny := [2]uint32{4096, 4096}, [2]uint32{256, 1}, [2]uint32{1, 1}
	for _, c := range []struct {
		name string
		src  stream
		most uint64 // MB
	}{
		{"16 million precincts", stream{large, large, 1, 1, "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x00", part + strings.Repeat("\x00", 1000), 0}, 4},
		{"a million code-blocks", stream{large, large, 1, 1, "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01", part + "\x00", 0}, 4},
		{"4 million in narrow precincts", stream{large, large, 1, 1, "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\xf0", part + strings.Repeat("\x00", 4096), 0}, 320},
		{"1000 layers of nothing", stream{[2]uint32{1024, 1024}, [2]uint32{1024, 1024}, 1, 1, "\x00\x00\x03\xe8\x00\x00\x00\x00\x00\x01", part + strings.Repeat("\x80", 1000), 0}, 64},
		{"1024 components without a sample in the tile", stream{wide, tiny, 1024, 255, "\x00\x00\x00\x01\x00\x20\x00\x00\x00\x01", part, 1}, 8},
	} {
		src := c.src.bytes()
		room := make([]byte, int(c.src.size[0]*c.src.size[1])*c.src.components)
		d := j2k.NewDecoder()
		before, live := imageiotest.Allocated(), imageiotest.Live()
		if _, err := d.DecodePlanes(room, src, 0); err == nil {
			t.Errorf("%s: they were decoded", c.name)
		}
		if n := imageiotest.Allocated() - before; n > c.most<<20 {
			t.Errorf("%s: allocated %d MB", c.name, n>>20)
		}
		if n := int64(imageiotest.Live()) - int64(live); n > 16<<20 {
			t.Errorf("%s: the decoder keeps %d MB", c.name, n>>20)
		}
		runtime.KeepAlive(d)
		runtime.KeepAlive(room)
	}
	all := stream{[2]uint32{255, 257}, tiny, 1024, 1, "\x00\x00\x00\x01\x00\x20\x00\x00\x00\x01", part, 0}
	if _, err := j2k.Header(all.bytes()); !errors.Is(err, j2k.ErrUnsupported) {
		t.Errorf("1024 components in 65535 tiles: %v", err)
	}
}

// TestTwiceInAHeader repeats what is said once: each time it would be copied to all components.
func TestTwiceInAHeader(t *testing.T) {
	cod, qcd, coc, qcc := "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01", "\xff\x5c\x00\x04\x40\x40", "\xff\x53\x00\x09\x00\x00\x00\x00\x00\x00\x01", "\xff\x5d\x00\x05\x00\x40\x40"
	side := [2]uint32{8, 8}
	for name, c := range map[string]struct {
		rest  string
		fails bool
	}{
		"each once": {coc + qcc + part, false}, "COD": {"\xff\x52\x00\x0c" + cod + part, true}, "COC": {coc + coc + part, true},
		"QCD": {qcd + part, true}, "QCC": {qcc + qcc + part, true},
		"once more in a tile": {coc + qcc + strings.Replace(part, "\xff\x93", coc+qcd+qcc+"\xff\x93", 1), false},
		"QCD twice in a tile": {strings.Replace(part, "\xff\x93", qcd+qcd+"\xff\x93", 1), true},
	} {
		if _, err := j2k.NewDecoder().DecodePlanes(nil, stream{side, side, 2, 1, cod, c.rest + "\x00\x00", 0}.bytes(), 0); (err != nil) != c.fails {
			t.Errorf("%s: %v", name, err)
		}
	}
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
