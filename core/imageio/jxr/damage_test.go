package jxr_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/jxr"
)

const mostMemory = 100 << 20

// survives decodes a broken stream: a picture or an error may come out, in some memory.
func survives(t *testing.T, d *jxr.Decoder, what string, src []byte) {
	t.Helper()
	before := imageiotest.Allocated()
	p, err := d.Decode(src)
	switch {
	case err == nil && len(p.Data) != p.Size.X*p.Size.Y*p.Components*p.Bytes:
		t.Fatalf("%s: %d bytes for %+v", what, len(p.Data), p.Config)
	case err != nil && !strings.HasPrefix(err.Error(), "jxr: "):
		t.Fatalf("%s: %v", what, err)
	}
	if n := imageiotest.Allocated() - before; n > mostMemory {
		t.Fatalf("%s: allocated %d MB", what, n>>20)
	}
}

// vectors are the streams that lie here.
func vectors(tb testing.TB) map[string][]byte {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "vectors", "*.jxr"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no vectors, %v", err)
	}
	out := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		out[filepath.Base(name)] = data
	}
	return out
}

// TestCutShort cuts streams: where pixels come out all the same, they are those of the whole one.
func TestCutShort(t *testing.T) {
	d := jxr.NewDecoder()
	for name, data := range vectors(t) {
		whole, err := d.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(data); n += 1 + len(data)/300 {
			if p, err := d.Decode(data[:n]); err == nil && !bytes.Equal(p.Data, whole.Data) {
				t.Errorf("%s: other pixels of %d of %d bytes", name, n, len(data))
			}
		}
	}
}

// TestFlippedBytes turns bytes: nothing may panic or take much memory.
func TestFlippedBytes(t *testing.T) {
	d := jxr.NewDecoder()
	for name, data := range vectors(t) {
		for i := 0; i < len(data); i += 1 + i/50 {
			was := data[i]
			for _, v := range []byte{was + 1, ^was} {
				data[i] = v
				survives(t, d, name, data)
			}
			data[i] = was
		}
	}
}

// TestUnsupported says of streams that are fine that they are not decoded.
func TestUnsupported(t *testing.T) {
	for what, change := range map[string]func(header []byte){
		"version": func(b []byte) { b[8] = 0x21 },
		"samples": func(b []byte) { b[11] = b[11]&0xf0 | 5 },
		"colours": func(b []byte) { b[11] = 0x41 },
	} {
		data := bytes.Clone(vectors(t)["tiles.jxr"])
		change(data[bytes.Index(data, []byte("WMPHOTO\x00")):])
		if _, err := jxr.Header(data); !errors.Is(err, jxr.ErrUnsupported) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := jxr.Header([]byte("II\xbc\x01 no more")); err == nil || errors.Is(err, jxr.ErrUnsupported) {
		t.Errorf("a stub: %v", err)
	}
}

// narrow is a picture in grey that is one pixel wide and 2^20 high, with so many pixels of a margin on each side. Its
// packets are zeros.
func narrow(margin int) []byte {
	m := uint32(margin)
	out := binary.BigEndian.AppendUint32([]byte("WMPHOTO\x00\x11\x00\x20\x01\x00\x00\x00\x00\x00\x0f\xff\xff"), (m<<18|m<<12|m<<6|m)<<8)
	out = append(out[:len(out)-1], "\x00\x80\x20\x08\x00\x00\x00\x00\x00\x01\x00"...)
	return append(out, make([]byte, 4<<20)...)
}

// TestMargins refuses margins that would be most of a picture, and keeps no memory that a large one took.
func TestMargins(t *testing.T) {
	d := jxr.NewDecoder()
	if _, err := jxr.Header(narrow(63)); !errors.Is(err, jxr.ErrUnsupported) {
		t.Errorf("a margin of 63: %v", err)
	}
	src := narrow(3)
	before := imageiotest.Live()
	if _, err := d.Decode(src); err != nil {
		t.Errorf("a margin of 3: %v", err)
	}
	if n := int64(imageiotest.Live()) - int64(before); n > 16<<20 {
		t.Errorf("the decoder keeps %d MB", n>>20)
	}
	runtime.KeepAlive(d)
	runtime.KeepAlive(src)
}

func FuzzDecode(f *testing.F) {
	for _, data := range vectors(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { survives(t, jxr.NewDecoder(), "fuzz", data) })
}
