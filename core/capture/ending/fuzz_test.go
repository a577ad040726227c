package ending

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

// meter counts what is read of a file.
type meter struct {
	*bytes.Reader

	calls, bytes int64
}

func (m *meter) ReadAt(b []byte, at int64) (int, error) {
	m.calls++
	m.bytes += int64(len(b))
	return m.Reader.ReadAt(b, at)
}

// FuzzKinds hands bytes to each format's check, whatever they begin with: no panic, an
// answer that has words, and no more reading than a file of that size is worth.
func FuzzKinds(f *testing.F) {
	names, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i, k := range kinds() {
			if k.match(data[:min(64, len(data))]) {
				f.Add(uint8(i), data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		all := kinds()
		m := &meter{Reader: bytes.NewReader(data)}
		err := all[int(kind)%len(all)].whole(file{m, int64(len(data))})
		if k := fault.KindOf(err); err != nil && k != fault.Corrupt && k != fault.Invalid {
			t.Errorf("no words for it: %v", err)
		}
		if n := int64(len(data)); m.calls > n+1000 || m.bytes > 64*n+1<<20 {
			t.Errorf("%d bytes took %d reads of %d bytes", n, m.calls, m.bytes)
		}
	})
}

// TestNoMoreWorkThanTheFileIsWorth checks small files that could keep a check busy for long.
func TestNoMoreWorkThanTheFileIsWorth(t *testing.T) {
	le := binary.LittleEndian
	const dirs, entries = 15_000, 5000 // each directory begins 4 bytes after the one before
	heap := le.AppendUint32([]byte("II*\x00"), 8)
	for range dirs {
		heap = le.AppendUint32(heap, entries)
	}
	heap = append(heap, 0, 0)
	for k := range uint32(dirs) {
		heap = le.AppendUint32(heap, 8+4*(k+1))
	}
	room := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 1<<20)...)
	for _, c := range []struct {
		data []byte
		want fault.Kind
	}{{heap, fault.Invalid}, {room, fault.Corrupt}} {
		m := &meter{Reader: bytes.NewReader(c.data)}
		if err := Whole(m, int64(len(c.data))); fault.KindOf(err) != c.want || m.bytes > 8*int64(len(c.data))+1<<20 {
			t.Errorf("%q… took %d reads of %d bytes: %v", c.data[:4], m.calls, m.bytes, err)
		}
	}
}
