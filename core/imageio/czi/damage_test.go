package czi_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/czi"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
)

// everything reads the tiles of all levels until limit bytes have come.
func everything(ctx context.Context, src imageio.Source, limit int) (out []byte, err error) {
	i := src.Info()
	for l := range i.Levels {
		grid := i.Tiles(l)
		for k := 0; k < grid.X*grid.Y*len(i.Channels)*i.Z*i.T && k < 256 && len(out) < limit; k++ {
			rest := k / (grid.X * grid.Y)
			px, err := src.ReadTile(ctx, imageio.Tile{
				Level: l, Col: k % grid.X, Row: k / grid.X % grid.Y,
				C: rest % len(i.Channels), Z: rest / len(i.Channels) % i.Z, T: rest / len(i.Channels) / i.Z,
			})
			if errors.Is(err, imageio.ErrNotRecorded) {
				continue
			}
			if err != nil {
				return out, err
			}
			out = append(out, px.Data...)
		}
	}
	return out, nil
}

const mostMemory = 100 << 20

// survives reads a broken file: a picture or a sentence may come out, in some memory and time.
func survives(t *testing.T, what string, data []byte) {
	t.Helper()
	begun, before := time.Now(), imageiotest.Allocated()
	for n := range 2 {
		src, err := czi.OpenBytes(t.Context(), data, n)
		if err == nil {
			_, err = everything(t.Context(), src, 1<<20)
			src.Close()
		}
		if k := fault.KindOf(err); err != nil && k != fault.Corrupt && k != fault.Invalid && k != fault.NotFound {
			t.Fatalf("%s: %v", what, err)
		}
		if err == nil {
			continue
		}
		if say, _ := fault.Explain(err); !strings.HasSuffix(say, ".") {
			t.Fatalf("%s: %q is no sentence", what, say)
		}
	}
	if n := imageiotest.Allocated() - before; n > mostMemory {
		t.Fatalf("%s: allocated %d MB", what, n>>20)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Fatalf("%s: took %v", what, took)
	}
}

// files are the vectors' bytes by their names.
func files(tb testing.TB) map[string][]byte {
	tb.Helper()
	out := map[string][]byte{}
	for _, e := range vectors(tb) {
		data, err := os.ReadFile(e.path())
		if err != nil {
			tb.Fatal(err)
		}
		out[e.Name] = data
	}
	return out
}

// TestCutShort cuts vectors everywhere: a file that calls itself complete has all its pixels,
// and one that has not is cut short or damaged.
func TestCutShort(t *testing.T) {
	for name, data := range files(t) {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		read := func() ([]byte, error) {
			src, err := czi.Format{}.Open(t.Context(), path)
			if err != nil {
				return nil, err
			}
			defer src.Close()
			return everything(t.Context(), src, 1<<20)
		}
		want, err := read()
		if err != nil {
			t.Fatal(err)
		}
		for n := len(data) - 1; n > 0; n -= 3 {
			if err := os.Truncate(path, int64(n)); err != nil {
				t.Fatal(err)
			}
			whole := czi.Format{}.Complete(t.Context(), path)
			got, err := read()
			switch {
			case whole == nil && (err != nil || !bytes.Equal(got, want)):
				t.Fatalf("%s: %d of %d bytes call themselves complete: %v", name, n, len(data), err)
			case whole != nil && fault.KindOf(whole) != fault.Corrupt, err != nil && fault.KindOf(err) != fault.Corrupt:
				t.Fatalf("%s: %d of %d bytes: %v, %v", name, n, len(data), whole, err)
			}
		}
	}
}

// TestFlippedBytes turns every byte: nothing may panic, hang or take much memory.
func TestFlippedBytes(t *testing.T) {
	for name, data := range files(t) {
		for i, was := range data {
			if data[i] = was + 1; i%2 == 0 {
				data[i] = ^was
			}
			survives(t, fmt.Sprintf("%s byte %d = %#x", name, i, data[i]), data)
			data[i] = was
		}
	}
}

// TestUnread says of files that are fine why they are not shown, and that they are complete.
func TestUnread(t *testing.T) {
	le := binary.LittleEndian
	entry := func(data []byte) []byte { return data[le.Uint64(data[32+52:])+32+128:] }
	for word, change := range map[string]func([]byte){
		"JPEG XR compression of":     func(b []byte) { entry(b)[18], entry(b)[2] = 4, 12 },
		"compression 2":              func(b []byte) { entry(b)[18] = 2 },
		"type 10":                    func(b []byte) { entry(b)[2] = 10 },
		"pixel types":                func(b []byte) { entry(b)[32+7*20+2] = 0 }, // of the second tile
		"JPEG compression of uint16": func(b []byte) { entry(b)[18] = 1 },
		"directory of another kind":  func(b []byte) { entry(b)[1] = 'E' },
		"several parts":              func(b []byte) { b[32+48] = 1 },
		"parts, each a":              func(b []byte) { entry(b)[14] = 1 },
	} {
		data := bytes.Clone(files(t)["mosaic.czi"])
		change(data)
		path := filepath.Join(t.TempDir(), "x.czi")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := czi.Format{}.Open(t.Context(), path)
		say, hint := fault.Explain(err)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(say, word) || !strings.Contains(hint, "Export it from ZEN as OME-TIFF") {
			t.Errorf("%s: %v: %q %q", word, err, say, hint)
		}
		if err := (czi.Format{}).Complete(t.Context(), path); err != nil {
			t.Errorf("%s: not complete: %v", word, err)
		}
	}
}

// TestMissingPlane asks for a plane that was never written.
func TestMissingPlane(t *testing.T) {
	data := files(t)["planes.czi"]
	le := binary.LittleEndian
	at := le.Uint64(data[32+52:]) + 32 + 128
	last := data[at+3*(32+7*20):]
	for d := 32; d < 32+7*20; d += 20 {
		if last[d] == 'C' {
			last[d+4] = 2 // a third channel, which has but one of two planes
		}
	}
	src, err := czi.OpenBytes(t.Context(), data, 0)
	if err != nil {
		t.Fatal(err)
	}
	for z, want := range []bool{false, true} {
		if _, err := src.ReadTile(t.Context(), imageio.Tile{C: 2, Z: z}); (err == nil) != want || err != nil && !errors.Is(err, imageio.ErrNotRecorded) {
			t.Errorf("plane %d: %v", z, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, data := range files(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { survives(t, "fuzz", data) })
}
