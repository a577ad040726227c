package ending_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"

	"coverslip.dev/coverslip/core/capture/ending"
	"coverslip.dev/coverslip/core/fault"
)

// nd2 is a file as Nikon's programs write it: chunks, then the map, then where that is.
func nd2() []byte {
	chunk := func(magic uint32, name string, data []byte) []byte {
		b := binary.LittleEndian.AppendUint32(nil, magic)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(name)))
		b = binary.LittleEndian.AppendUint64(b, uint64(len(data)))
		return append(append(b, name...), data...)
	}
	b := chunk(0x0abeceda, "ND2 FILE SIGNATURE CHUNK NAME01!", []byte("Ver3.0"))
	b = append(b, chunk(0x0abeceda, "ImageDataSeq|0!", make([]byte, 500))...)
	at := len(b)
	b = append(b, chunk(0x0abeceda, "ND2 FILEMAP SIGNATURE NAME 0001!", make([]byte, 80))...)
	b = append(b, "ND2 CHUNK MAP SIGNATURE 0000001!"...)
	return binary.LittleEndian.AppendUint64(b, uint64(at))
}

// lif is a file as Leica's programs write it, with two memories of 64-bit sizes.
func lif() []byte {
	text := func(s string) []byte {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		return b
	}
	le := binary.LittleEndian
	xml := text(`<LMSDataContainerHeader Version="2"><Memory Size="300" MemoryBlockID="MemBlock_1"/><Memory Size="20" MemoryBlockID="MemBlock_2"/></LMSDataContainerHeader>`)
	b := le.AppendUint32(nil, 0x70)
	b = le.AppendUint32(b, uint32(len(xml)+5))
	b = append(b, 0x2a)
	b = le.AppendUint32(b, uint32(len(xml)/2))
	b = append(b, xml...)
	for name, n := range map[string]int{"MemBlock_1": 300, "MemBlock_2": 20} {
		b = le.AppendUint32(b, 0x70)
		b = le.AppendUint32(b, uint32(2*len(name)+14))
		b = append(b, 0x2a)
		b = le.AppendUint64(b, uint64(n))
		b = append(b, 0x2a)
		b = le.AppendUint32(b, uint32(len(name)))
		b = append(append(b, text(name)...), make([]byte, n)...)
	}
	return b
}

func samples(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"made.nd2": nd2(), "made.lif": lif()}
	names, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if filepath.Ext(name) == ".py" {
			continue
		}
		if all[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) < 17 {
		t.Fatalf("%d samples", len(all))
	}
	return all
}

// spare are the bytes at the end that only fill up: nobody misses them.
var spare = map[string]int{"stack.tif": 16, "plane.czi": 28}

// TestEveryCutIsSeen cuts whole files at each length: none of the pieces is whole.
func TestEveryCutIsSeen(t *testing.T) {
	for name, data := range samples(t) {
		t.Run(name, func(t *testing.T) {
			if err := ending.Whole(bytes.NewReader(data), int64(len(data))); err != nil {
				t.Fatalf("a whole file: %v", err)
			}
			taken := 0
			for n := 1; n < len(data)-spare[name]; n++ {
				err := ending.Whole(bytes.NewReader(data[:n]), int64(n))
				if n < 12 && err == nil {
					continue // too short to tell the format
				}
				if fault.KindOf(err) != fault.Corrupt {
					if taken++; taken < 5 {
						t.Errorf("%d of %d bytes: %v", n, len(data), err)
					}
				}
			}
			if taken > 0 {
				t.Errorf("%d of %d pieces were taken for whole", taken, len(data))
			}
		})
	}
}

// TestLastStripOfFullSize has a TIFF of 10 rows in strips of 8, both of which are said to have 8, as
// some programs write it: it ends with its last row, and one byte less is too little.
func TestLastStripOfFullSize(t *testing.T) {
	const width, full, tags = 16, 8 * 16, 8
	le := binary.LittleEndian
	behind := uint32(8 + 2 + 12*tags + 4)
	data := le.AppendUint16([]byte("II*\x00\x08\x00\x00\x00"), tags)
	for _, tag := range [tags][3]uint32{
		{256, 1, width}, {257, 1, 10}, {258, 1, 8}, {259, 1, 1}, {273, 2, behind}, {277, 1, 1}, {278, 1, 8}, {279, 2, behind + 8},
	} {
		data = le.AppendUint16(le.AppendUint16(data, uint16(tag[0])), 4)
		data = le.AppendUint32(le.AppendUint32(data, tag[1]), tag[2])
	}
	for _, v := range []uint32{0, behind + 16, behind + 16 + full, full, full} {
		data = le.AppendUint32(data, v)
	}
	data = append(data, make([]byte, 10*width)...)
	if err := ending.Whole(bytes.NewReader(data), int64(len(data))); err != nil {
		t.Error(err)
	}
	if n := len(data) - 1; fault.KindOf(ending.Whole(bytes.NewReader(data[:n]), int64(n))) != fault.Corrupt {
		t.Error("a byte of the last row is missing, and nobody says so")
	}
	le.PutUint32(data[8+2+12+8:], 0) // no rows at all
	if err := ending.Whole(bytes.NewReader(data), int64(len(data))); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("of no rows: %v", err)
	}
}

func TestCheckReadsOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	data, err := os.ReadFile("testdata/rgb.png")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := ending.Check(path); err != nil {
		t.Error(err)
	}
	if err := ending.Check(path + "?"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := ending.Whole(bytes.NewReader(nil), 0); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("an empty file: %v", err)
	}
	if err := ending.Whole(bytes.NewReader([]byte("t;x;y\n")), 6); err != nil {
		t.Errorf("a file of no known format: %v", err)
	}
}

// FuzzWhole feeds bytes from anywhere: no panic, no endless loop, no huge allocation.
func FuzzWhole(f *testing.F) {
	names, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil && filepath.Ext(name) != ".py" {
			f.Add(data)
		}
	}
	f.Add(nd2())
	f.Add(lif())
	f.Fuzz(func(t *testing.T, data []byte) {
		err := ending.Whole(bytes.NewReader(data), int64(len(data)))
		if k := fault.KindOf(err); err != nil && k != fault.Corrupt && k != fault.Invalid {
			t.Errorf("no words for it: %v", err)
		}
	})
}
