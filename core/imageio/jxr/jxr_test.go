package jxr_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/jxr"
)

// streams are the pictures in a folder, by their names, with the pixels that they have.
func streams(tb testing.TB, folder string) (names []string, read func(name string) (src, want []byte)) {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.jxr"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no pictures in %s, %v", folder, err)
	}
	return names, func(name string) ([]byte, []byte) {
		src, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		want, err := os.ReadFile(strings.TrimSuffix(name, "jxr") + "raw")
		if err != nil {
			tb.Fatal(err)
		}
		return src, want
	}
}

// equal decodes all pictures in a folder, and returns how many there are.
func equal(t *testing.T, folder string) int {
	t.Helper()
	names, read := streams(t, folder)
	d := jxr.NewDecoder()
	for _, name := range names {
		src, want := read(name)
		p, err := d.Decode(src)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			continue
		}
		if conf, err := jxr.Header(src); err != nil || conf != p.Config {
			t.Errorf("%s: a header of %+v, not %+v, %v", filepath.Base(name), conf, p.Config, err)
		}
		if !bytes.Equal(p.Data, want) {
			at := 0
			for at < min(len(want), len(p.Data)) && p.Data[at] == want[at] {
				at++
			}
			t.Errorf("%s: %d bytes, %d wanted, the first difference at %d", filepath.Base(name), len(p.Data), len(want), at)
		}
	}
	return len(names)
}

// TestVectors decodes what imagecodecs does not write: bands apart or missing, tiles, alpha,
// halved chroma, other versions.
func TestVectors(t *testing.T) {
	list, err := os.ReadFile(filepath.Join("testdata", "vectors", "pixels.txt"))
	if err != nil {
		t.Fatal(err)
	}
	all := vectors(t)
	d := jxr.NewDecoder()
	for line := range strings.Lines(string(list)) {
		var sum, name string
		var version byte
		if _, err := fmt.Sscan(line, &sum, &version, &name); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		data := all[name]
		data[bytes.Index(data, []byte("WMPHOTO\x00"))+8] = version
		p, err := d.Decode(data)
		if err != nil {
			t.Errorf("%s, version %#x: %v", name, version, err)
			continue
		}
		if got := sha256.Sum256(p.Data); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s, version %#x: other pixels", name, version)
		}
	}
}

// TestEqualToJxrlib decodes what jxrlib wrote to the very pixels that it decodes.
func TestEqualToJxrlib(t *testing.T) {
	folder := t.TempDir()
	imageiotest.Peer(t, filepath.Join("testdata", "pictures.py"), folder)
	if n := equal(t, folder); n < 550 {
		t.Errorf("only %d pictures", n)
	}
}
