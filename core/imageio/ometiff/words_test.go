package ometiff_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// small is an OME-TIFF of 16 × 16 pixels with these words in its description.
func small(pages int, attributes, inside, around string, tags map[uint16]uint32) []byte {
	text := `<OME>` + around + `<Image><InstrumentRef ID="Instrument:1"/><Pixels DimensionOrder="XYCZT" SizeX="16" SizeY="16" SizeZ="1" Type="uint8" ` +
		attributes + `>` + inside + `<TiffData/></Pixels></Image></OME>`
	return tiff(pages, text, make([]byte, 16*16*8), tags)
}

func read(t *testing.T, data []byte) imageio.Source {
	t.Helper()
	src, err := ometiff.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), "small.ome.tif")
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// TestOneSideOfAPixel is that of both, where the other is not said; where it is no length, none is known.
func TestOneSideOfAPixel(t *testing.T) {
	for words, want := range map[string]imageio.Micron{
		`PhysicalSizeX="0.5"`:                      {X: 0.5, Y: 0.5},
		`PhysicalSizeX="0.5" PhysicalSizeY="0.25"`: {X: 0.5, Y: 0.25},
		`PhysicalSizeX="0.5" PhysicalSizeY="3" PhysicalSizeYUnit="reference frame"`: {},
		`PhysicalSizeX="0.5" PhysicalSizeY="0.5" PhysicalSizeXUnit="pixel"`:         {},
	} {
		if got := read(t, small(1, `SizeC="1" SizeT="1" `+words, "", "", nil)).Info().Micron; got != want {
			t.Errorf("%s: %v", words, got)
		}
	}
}

// TestInstrumentOfTheImage is the one that the image names.
func TestInstrumentOfTheImage(t *testing.T) {
	two := `<Instrument ID="Instrument:0"><Microscope Model="Old"/></Instrument><Instrument ID="Instrument:1"><Microscope Model="New"/></Instrument>`
	for around, want := range map[string]string{two: "New", strings.ReplaceAll(two, ":1", ":2"): "Old"} {
		if got := read(t, small(1, `SizeC="1" SizeT="1"`, "", around, nil)).Info().Instrument; got != want {
			t.Errorf("by %q, want %q", got, want)
		}
	}
}

// TestColorCountedOnce is a page in colour that SizeC counts as one channel.
func TestColorCountedOnce(t *testing.T) {
	src := read(t, small(2, `SizeC="1" SizeT="2"`, `<Channel Name="Camera"/>`, "", map[uint16]uint32{262: 2, 277: 3}))
	if i := src.Info(); !i.Colored() || i.T != 2 {
		t.Errorf("%+v", i)
	}
}

// TestWordsBehindTheEnd opens pages whose program, FluoView's list or own description is not in the file: the pixels are.
func TestWordsBehindTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		pages int
		tag   uint16
	}{"program": {1, 305}, "FluoView": {1, 34361}, "description of a second page": {2, 270}} {
		data := tiff(c.pages, "<PerkinElmer-QPI-ImageDescription/>", make([]byte, 256), map[uint16]uint32{305: 1 << 30})
		last := bytes.LastIndex(data, []byte("\x31\x01\x04\x00\x01\x00\x00\x00\x00\x00\x00\x40"))
		binary.LittleEndian.PutUint16(data[last:], c.tag)
		binary.LittleEndian.PutUint16(data[last+2:], 2)
		binary.LittleEndian.PutUint32(data[last+4:], 2000)
		data = append(data, make([]byte, 2000)...) // it could hold them
		src, err := ometiff.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), "words.tif")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		imageiotest.Equal(t, src, make([]byte, 256*c.pages), 0)
	}
}

// TestStoppedBeforeItsEnd shows the planes that there are of those that the description promises, and the
// time points up to the last of them; the file is not taken for a whole one.
func TestStoppedBeforeItsEnd(t *testing.T) {
	plane := func(at int) string { return fmt.Sprintf(`<Plane TheC="0" TheZ="0" TheT="%d" DeltaT="%d"/>`, at, at*at) }
	data := small(3, `SizeC="2" SizeT="4"`, plane(0)+plane(1)+plane(2)+plane(3), "", nil)
	src := read(t, data)
	if i := src.Info(); i.T != 2 || len(i.Times) != 2 {
		t.Errorf("%d time points at %v", i.T, i.Times)
	}
	for at := range 4 {
		_, err := src.ReadTile(t.Context(), imageio.Tile{C: at % 2, T: at / 2})
		if (at < 3) != (err == nil) || at == 3 && !errors.Is(err, imageio.ErrNotRecorded) {
			t.Errorf("plane %d: %v", at, err)
		}
	}
	path := filepath.Join(t.TempDir(), "a.ome.tif")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (ometiff.Format{}).Complete(t.Context(), path); fault.KindOf(err) != fault.Corrupt {
		t.Error(err)
	}
}

// TestWhatHelps has words that go with what can't be read.
func TestWhatHelps(t *testing.T) {
	for _, c := range []struct {
		tags      map[uint16]uint32
		say, hint string
	}{
		{map[uint16]uint32{258: 24}, "24 bits", "8, 16 or 32 bits"},
		{map[uint16]uint32{258: 64, 339: 6}, "complex", "8, 16 or 32 bits"},
	} {
		data := tiff(1, "", make([]byte, 16*16*8), c.tags)
		_, err := ometiff.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), "a.tif")
		if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, c.say) || !strings.Contains(hint, c.hint) {
			t.Errorf("%v: %v", c.tags, err)
		}
	}
}

// TestCompanion is no image, but knows which file is.
func TestCompanion(t *testing.T) {
	opener := imageio.NewOpener(ometiff.Format{})
	path := filepath.Join(t.TempDir(), "set.companion.ome")
	for block, want := range map[string]string{`<UUID FileName="set-0.ome.tif">urn:uuid:1</UUID>`: "Open “set-0.ome.tif”", ``: "OME-TIFF"} {
		text := "\ufeff<?xml version=\"1.0\"?>\n" + `<OME><Image><Pixels SizeC="1"><TiffData IFD="0">` + block + `</TiffData></Pixels></Image></OME>`
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := opener.Open(t.Context(), path)
		if _, hint := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(hint, want) || !errors.Is(err, imageio.ErrNoFormat) {
			t.Error(err)
		}
		if err := opener.Complete(t.Context(), path); err != nil {
			t.Error(err)
		}
	}
}
