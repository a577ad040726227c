package dataset

import (
	"bytes"
	"crypto/md5"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/disk"
)

// Copies that may go past the system's memory of files are what was read, whatever the
// length, on disks that take such writes and on others.
func TestFarCopies(t *testing.T) {
	for _, size := range []int{farFrom, farFrom + disk.Block, farFrom + slab + 5} {
		data := make([]byte, size)
		var seed [32]byte
		seed[0] = byte(size)
		if _, err := rand.NewChaCha8(seed).Read(data); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{t.TempDir(), "/dev/shm"} {
			f, err := os.CreateTemp(dir, "coverslip-far-*")
			if err != nil {
				t.Logf("%s: not tried: %v", dir, err)
				continue
			}
			defer os.Remove(f.Name()) //nolint:errcheck // a test's file
			h := &hasher{slabs: &chunks{size: slab}}
			sum, n, err := h.stream(t.Context(), f, bytes.NewReader(data), int64(size), nothing{})
			if err := errors.Join(err, disk.All(f), f.Close()); err != nil {
				t.Fatalf("%s: %v", dir, err)
			}
			if n != int64(size) || sum != md5.Sum(data) {
				t.Errorf("%s: %d bytes with hash %s of %d", dir, n, sum.oid(), size)
			}
			if got, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s: the copy of %d bytes is not what was read: %v", dir, size, err)
			}
		}
	}
}

// A disk that wants other addresses or lengths than it gets is written to as usual.
func TestFarCopyThatIsRefused(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // a test's file
	w := &writing{past: disk.Past(f, true)}
	data := bytes.Repeat([]byte("0123456789abcdef"), 2*disk.Block/16)
	for _, part := range [][]byte{data[1 : 1+disk.Block], data[:100], data[:disk.Block]} {
		if err := w.write(f, part); err != nil {
			t.Fatal(err)
		}
	}
	want := append(append(append([]byte{}, data[1:1+disk.Block]...), data[:100]...), data[:disk.Block]...)
	if got, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(got, want) || w.past {
		t.Errorf("%d bytes of %d, past %v: %v", len(got), len(want), w.past, err)
	}
}
