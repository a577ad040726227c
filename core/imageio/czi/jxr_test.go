package czi_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/czi"
)

// TestJPEGXRBesideTransparency reads JPEG XR whose pixels are said to have transparency, too.
func TestJPEGXRBesideTransparency(t *testing.T) {
	data := files(t)["jxr.czi"]
	read := func() []byte {
		src, err := czi.OpenBytes(t.Context(), data, 0)
		if err != nil {
			t.Fatal(err)
		}
		out, err := everything(t.Context(), src, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := read()
	data[binary.LittleEndian.Uint64(data[32+52:])+32+128+2] = 9 // Bgra32
	if got := read(); !bytes.Equal(got, want) {
		t.Errorf("%d bytes, not the %d of the colours alone", len(got), len(want))
	}
}

// TestRareJPEGXR says of a tile that is fine why it is not shown.
func TestRareJPEGXR(t *testing.T) {
	data := files(t)["jxr.czi"]
	data[bytes.Index(data, []byte("WMPHOTO\x00"))+11] |= 3 // with a sign
	src, err := czi.OpenBytes(t.Context(), data, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = src.ReadTile(t.Context(), imageio.Tile{})
	if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "JPEG XR of a rare kind") {
		t.Errorf("%v: %q", err, say)
	}
}
