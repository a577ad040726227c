package j2k_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/j2k"
)

// entry is a stream, and what OpenJPEG decodes from it.
type entry struct {
	Name   string
	Exact  bool
	Shape  [3]int // components, rows, columns
	Bytes  int
	Signed bool
	Raw    string // of a vector
}

// TestEqualToOpenJPEG decodes what OpenJPEG wrote, by imagecodecs and Pillow: reversible streams to the very
// samples, others to what OpenJPEG decodes, give or take 1.
func TestEqualToOpenJPEG(t *testing.T) {
	folder := t.TempDir()
	imageiotest.Peer(t, filepath.Join("testdata", "streams.py"), folder)
	all := entries(t, filepath.Join(folder, "streams.json"))
	if len(all) < 500 {
		t.Errorf("only %d streams", len(all))
	}
	d := j2k.NewDecoder()
	for _, e := range all {
		e.check(t, d, file(t, folder, e.Name+".j2k"), file(t, folder, e.Name+".raw"))
	}
}

// TestVectors decodes what else OpenJPEG writes: every style of code-blocks, markers in and before packets,
// tile-parts, changes of the order, regions of interest, components of fewer samples.
func TestVectors(t *testing.T) {
	d := j2k.NewDecoder()
	for _, e := range entries(t, filepath.Join("testdata", "vectors.json")) {
		z, err := gzip.NewReader(bytes.NewReader(file(t, "testdata", e.Raw)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		e.check(t, d, file(t, "testdata", e.Name+".j2k"), want)
	}
}

func entries(tb testing.TB, path string) (all []entry) {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

func file(tb testing.TB, folder, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func (e entry) check(t *testing.T, d *j2k.Decoder, src, want []byte) {
	t.Helper()
	pic, err := d.DecodePlanes(nil, src, 0)
	if err != nil {
		t.Errorf("%s: %v", e.Name, err)
		return
	}
	if got := [3]int{pic.Components, pic.Size.Y, pic.Size.X}; got != e.Shape || pic.Bytes() != e.Bytes || pic.Signed != e.Signed {
		t.Errorf("%s: %+v, want %+v", e.Name, pic.Config, e)
		return
	}
	limit := int64(1)
	if e.Exact {
		limit = 0
	}
	worst, at := int64(0), 0
	for i := 0; i < len(want); i += e.Bytes {
		if diff := e.sample(pic.Data[i:]) - e.sample(want[i:]); max(diff, -diff) > worst {
			worst, at = max(diff, -diff), i/e.Bytes
		}
	}
	if worst > limit {
		t.Errorf("%s: sample %d of plane %d differs by %d", e.Name, at%(e.Shape[1]*e.Shape[2]), at/(e.Shape[1]*e.Shape[2]), worst)
	}
}

// sample is the number that b begins with.
func (e entry) sample(b []byte) int64 {
	switch {
	case e.Bytes == 1 && e.Signed:
		return int64(int8(b[0]))
	case e.Bytes == 1:
		return int64(b[0])
	case e.Bytes == 2 && e.Signed:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case e.Bytes == 2:
		return int64(binary.LittleEndian.Uint16(b))
	}
	return int64(binary.LittleEndian.Uint32(b)) // of two's complements the difference is the same, if it is small
}
