package ometiff_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// tiff is a TIFF of one strip and as many equal pages, the description on the first: a map of tags
// over those of a picture of 16 × 16 grey bytes.
func tiff(pages int, text string, strip []byte, tags map[uint16]uint32) []byte {
	le := binary.LittleEndian
	all := map[uint16]uint32{256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 16, 279: uint32(len(strip))}
	maps.Copy(all, tags)
	strip = append(bytes.Clone(strip), make([]byte, len(strip)%2)...)
	out := append(le.AppendUint32([]byte("II*\x00"), uint32(8+len(strip))), strip...)
	for page := range pages {
		own, behind := maps.Clone(all), []byte(nil)
		at := uint32(len(out) + 2 + 4 + 12*(len(own)+1))
		if page == 0 {
			own[270], behind = at, append([]byte(text), make([]byte, 8+len(text)%2)...)
		}
		next := uint32(0)
		if at = uint32(len(out) + 2 + 4 + 12*len(own) + len(behind)); page < pages-1 {
			next = at
		}
		out = le.AppendUint16(out, uint16(len(own)))
		for _, tag := range slices.Sorted(maps.Keys(own)) {
			typ, count := uint16(4), uint32(1)
			if tag == 270 {
				typ, count = 2, uint32(len(behind))
			}
			out = le.AppendUint32(le.AppendUint32(le.AppendUint16(le.AppendUint16(out, tag), typ), count), own[tag])
		}
		out = append(le.AppendUint32(out, next), behind...)
	}
	return out
}

// padded is bytes with zeros behind them.
type padded struct {
	data []byte
	size int64
}

func (p padded) ReadAt(b []byte, off int64) (int, error) {
	clear(b)
	if off < int64(len(p.data)) {
		copy(b, p.data[off:])
	}
	if n := p.size - off; n < int64(len(b)) {
		return int(n), io.EOF
	}
	return len(b), nil
}

// TestClaims are files that say what they don't hold.
func TestClaims(t *testing.T) {
	var strip bytes.Buffer
	z := zlib.NewWriter(&strip)
	if _, err := z.Write(make([]byte, 256)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		size int64
		want string
	}{
		{"34 GB in 200 bytes", tiff(1, "", make([]byte, 20), map[uint16]uint32{256: 2048, 257: 512, 258: 64, 277: 4096, 278: 512, 339: 3}), 0, "cut short"},
		{"YCbCr", tiff(1, "", make([]byte, 768), map[uint16]uint32{262: 6, 277: 3}), 0, "YCbCr"},
		{"144 million samples in JPEG 2000", tiff(1, "", make([]byte, 1000), map[uint16]uint32{256: 12000, 257: 12000, 278: 12000, 259: 34712}), 0, "strips of 137 megabytes"},
		{"300 MB for a strip", tiff(1, "", strip.Bytes(), map[uint16]uint32{259: 8, 279: 300 << 20}), 400 << 20, ""},
	} {
		before := imageiotest.Allocated()
		src, err := ometiff.OpenReader(t.Context(), padded{c.data, max(c.size, int64(len(c.data)))}, max(c.size, int64(len(c.data))), "claims.tif")
		if err == nil {
			_, err = src.ReadTile(t.Context(), imageio.Tile{})
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		if n := imageiotest.Allocated() - before; n > 30<<20 {
			t.Errorf("%s: allocated %d MB", c.name, n>>20)
		}
	}
}

// TestManyNothings is of OME-XML that lists far more than any file holds: refused while it is read.
func TestManyNothings(t *testing.T) {
	for name, text := range map[string]string{
		"images": "<OME>" + strings.Repeat("<Image/>", 1_000_000) + "</OME>",
		"blocks": `<OME><Image><Pixels DimensionOrder="XYZCT" SizeC="1" SizeZ="1" SizeT="1">` + strings.Repeat("<TiffData/>", 1<<20+1) + "</Pixels></Image></OME>",
	} {
		data := tiff(1, text, make([]byte, 256), nil)
		_, err := ometiff.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), "claims.tif")
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWithoutCompanion is of a file whose metadata lie in one that is not there: it is whole.
func TestWithoutCompanion(t *testing.T) {
	const text = `<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><BinaryOnly MetadataFile="away.companion.ome" UUID="urn:uuid:1"/></OME>`
	data := tiff(1, text, make([]byte, 256), nil)
	path := filepath.Join(t.TempDir(), "one.ome.tif")
	for _, n := range []int{len(data), len(data) - 3, 100} {
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (ometiff.Format{}).Complete(t.Context(), path); (n == len(data)) != (err == nil) || err != nil && fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%d of %d bytes: %v", n, len(data), err)
		}
	}
}

// TestMisfits are of files that are whole, and whose description is of other pages: they are
// captured, and it is said why they can't be seen.
func TestMisfits(t *testing.T) {
	for _, words := range []string{
		`DimensionOrder="XYZCT" SizeC="2" SizeZ="1" SizeT="1"`, // pages of three samples
		`DimensionOrder="XYZCT" SizeC="3" SizeT="1"`,
		`DimensionOrder="YXZCT" SizeC="3" SizeZ="1" SizeT="1"`,
	} {
		text := `<OME><Image><Pixels SizeX="16" SizeY="16" Type="uint8" ` + words + `/></Image></OME>`
		data := tiff(1, text, make([]byte, 768), map[uint16]uint32{262: 2, 277: 3})
		path := filepath.Join(t.TempDir(), "misfit.ome.tif")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		err := (ometiff.Format{}).Complete(t.Context(), path)
		if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "OME-XML") {
			t.Errorf("%s: %v", words, err)
		}
	}
}

// TestSetOfBlocks reads a set whose blocks only say where they begin: each file holds the planes of
// a time. Closed, it opens no file anew.
func TestSetOfBlocks(t *testing.T) {
	const text = `<OME><Image><Pixels DimensionOrder="XYZCT" SizeX="16" SizeY="16" SizeZ="2" SizeC="1" SizeT="2" Type="uint8"><Channel/>` +
		`<TiffData FirstT="0"><UUID FileName="0.ome.tif"/></TiffData><TiffData FirstT="1"><UUID FileName="1.ome.tif"/></TiffData></Pixels></Image></OME>`
	folder := t.TempDir()
	for i, name := range []string{"0.ome.tif", "1.ome.tif"} {
		if err := os.WriteFile(filepath.Join(folder, name), tiff(2, text, bytes.Repeat([]byte{byte(7 + i)}, 256), nil), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"0.ome.tif", "1.ome.tif"} {
		src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		for k := range 4 {
			if px := imageiotest.Plane(t, src, 0, 0, k%2, k/2); px.Data[0] != byte(7+k/2) {
				t.Errorf("%s: z %d t %d is of file %d", name, k%2, k/2, px.Data[0]-7)
			}
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		for k := range 2 {
			if _, err := src.ReadTile(t.Context(), imageio.Tile{T: k}); !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s: closed, time %d: %v", name, k, err)
			}
		}
	}
}

// TestClosedWhileRead closes an image while others decode its tiles.
func TestClosedWhileRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tif")
	if err := ometiff.Save(t.Context(), path, example(imageio.Uint16, 1536, 1536), ometiff.Options{Compression: "zstd"}); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		src, err := ometiff.Format{}.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		begun := make(chan struct{}, 8)
		for range 8 {
			wg.Go(func() {
				begun <- struct{}{}
				for k := 0; ; k++ {
					if _, err := src.ReadTile(t.Context(), imageio.Tile{Col: k % 3, Row: k / 3 % 3, Z: k % 2}); err != nil {
						if !errors.Is(err, os.ErrClosed) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		for range 8 {
			<-begun
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
}

// TestSizeForeseen saves pictures that are smaller than their tiles: the choice between TIFF and
// BigTIFF counts whole tiles.
func TestSizeForeseen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tif")
	for _, src := range []computed{example(imageio.Uint16, 513, 20), coloured(imageio.Uint8, 20, 1100)} {
		if err := ometiff.Save(t.Context(), path, src, ometiff.Options{Compression: "none"}); err != nil {
			t.Fatal(err)
		}
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := ometiff.Foreseen(src.info); st.Size() > n || st.Size() < n/2 {
			t.Errorf("%v takes up %d bytes, foreseen were %d", src.info.Levels[0].Size, st.Size(), n)
		}
	}
	if err := ometiff.PutPastClassic(); err == nil || !strings.Contains(err.Error(), "more than 4 GB") {
		t.Errorf("behind %d: %v", uint32(math.MaxUint32), err)
	}
}

// TestRenamed opens an OME-TIFF whose description knows it under another name: it is the file that
// all blocks name, by a UUID in any case, or for want of another. Where it is none of those that
// they name, that is said; it is whole all the same.
func TestRenamed(t *testing.T) {
	const block = `<TiffData IFD="%d" FirstZ="%d" PlaneCount="1"><UUID FileName="%s">urn:uuid:AB-%d</UUID></TiffData>`
	for _, c := range []struct {
		name, root string
		files      [2]string
		want       string
	}{
		{"no UUID", ``, [2]string{"orig.ome.tif", "orig.ome.tif"}, ""},
		{"another case", ` UUID="urn:uuid:ab-1"`, [2]string{"orig.ome.tif", "orig.ome.tif"}, ""},
		{"another file's", ` UUID="urn:uuid:ab-7"`, [2]string{"orig.ome.tif", "orig.ome.tif"}, "orig.ome.tif"},
		{"two files", ``, [2]string{"one.ome.tif", "two.ome.tif"}, "one.ome.tif"},
		{"two files, this is one", ``, [2]string{"one.ome.tif", "Upload-1"}, ""},
	} {
		var blocks strings.Builder
		for i, name := range c.files {
			id := 1
			if name != c.files[0] {
				id = 2
			}
			fmt.Fprintf(&blocks, block, i, i, name, id)
		}
		text := `<OME` + c.root + `><Image><Pixels DimensionOrder="XYCZT" SizeX="16" SizeY="16" SizeZ="2" SizeC="1" SizeT="1" Type="uint8" PhysicalSizeX="0.5">` +
			`<Channel Name="DAPI"/>` + blocks.String() + `</Pixels></Image></OME>`
		path := filepath.Join(t.TempDir(), "upload-1")
		if err := os.WriteFile(path, tiff(2, text, make([]byte, 256), nil), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (ometiff.Format{}).Complete(t.Context(), path); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		src, err := ometiff.Format{}.Open(t.Context(), path)
		if c.want != "" {
			if _, hint := fault.Explain(err); fault.KindOf(err) != fault.NotFound || !strings.Contains(hint, c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if i := src.Info(); i.Channels[0].Name != "DAPI" || i.Micron.X != 0.5 || i.Z != 2 {
			t.Errorf("%s: %+v", c.name, i)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTimes reads when planes were taken: where no increment is said, by the same plane of two times;
// the date also under its name in old schemas.
func TestTimes(t *testing.T) {
	for pixels, want := range map[string]time.Duration{
		`TimeIncrement="0">`: 2500 * time.Millisecond,
		`>`:                  2500 * time.Millisecond,
		`TimeIncrement="2" TimeIncrementUnit="Minutes">`:                   2 * time.Minute,
		`TimeIncrement="0"><Plane TheC="0" TheZ="0" TheT="1" DeltaT="9"/>`: 8500 * time.Millisecond, // what is said first
	} {
		text := `<OME><Image><AcquiredDate>2009-02-03T04:05:06.25Z</AcquiredDate><Pixels DimensionOrder="XYZCT" SizeX="16" SizeY="16" SizeZ="1" SizeC="1" SizeT="2" Type="uint8" ` +
			pixels + `<TiffData/><Plane TheC="0" TheZ="0" TheT="0" DeltaT="500" DeltaTUnit="ms"/><Plane TheC="0" TheZ="1" TheT="1" DeltaT="7"/>` +
			`<Plane TheC="0" TheZ="0" TheT="1" DeltaT="3.0"/></Pixels></Image></OME>`
		data := tiff(2, text, make([]byte, 256), nil)
		src, err := ometiff.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), "times.ome.tif")
		if err != nil {
			t.Fatal(err)
		}
		i := src.Info()
		if i.Interval != want || !i.Acquired.Equal(time.Date(2009, 2, 3, 4, 5, 6, 250_000_000, time.UTC)) {
			t.Errorf("%s: %v from %v", pixels, i.Interval, i.Acquired)
		}
	}
}
