package zarr_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/zarr"
)

// memory is a store that can be broken.
type memory map[string][]byte

func (m memory) Get(_ context.Context, key string, limit int64) ([]byte, error) {
	data, ok := m[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: %d bytes", key, len(data))
	}
	return data, nil
}

func (m memory) Range(_ context.Context, key string, off, n int64) ([]byte, error) {
	data, ok := m[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	size := int64(len(data))
	if off < 0 {
		off = size - n
	}
	if off < 0 || n < 0 || off > size || n > size-off {
		return nil, fmt.Errorf("%s: %d bytes at %d of %d", key, n, off, size)
	}
	return data[off : off+n], nil
}

// load takes a folder into memory.
func load(tb testing.TB, root string) memory {
	tb.Helper()
	m := memory{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		key, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		m[filepath.ToSlash(key)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// everything reads tiles until limit bytes have come.
func everything(ctx context.Context, src imageio.Source, limit int) error {
	i, n := src.Info(), 0
	for l := range i.Levels {
		grid := i.Tiles(l)
		for k := 0; k < grid.X*grid.Y*len(i.Channels)*i.Z*i.T && n < limit; k++ {
			rest := k / (grid.X * grid.Y)
			px, err := src.ReadTile(ctx, imageio.Tile{
				Level: l, Col: k % grid.X, Row: k / grid.X % grid.Y,
				C: rest % len(i.Channels), Z: rest / len(i.Channels) % i.Z, T: rest / len(i.Channels) / i.Z,
			})
			if err != nil {
				return err
			}
			n += len(px.Data)
		}
	}
	return nil
}

const mostMemory = 300 << 20

func survives(t *testing.T, what string, m memory) bool {
	t.Helper()
	begun, before := time.Now(), imageiotest.Allocated()
	src, err := zarr.OpenStore(t.Context(), m, "broken.zarr", "test", -1)
	if err == nil {
		err = everything(t.Context(), src, 1<<20)
		src.Close()
	}
	if k := fault.KindOf(err); err != nil && k != fault.Corrupt && k != fault.Invalid && k != fault.NotFound {
		t.Fatalf("%s: %v", what, err)
	}
	if err != nil {
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
	return err == nil
}

// TestBroken cuts and flips the values of images of the matrix: their metadata and their
// chunks. Without COVERSLIP_TEST_LONG=1 it takes a sample.
func TestBroken(t *testing.T) {
	every, tries := 23, 60
	if os.Getenv("COVERSLIP_TEST_LONG") == "1" {
		every, tries = 1, 250
	}
	rnd := rand.New(rand.NewPCG(2, uint64(time.Now().UnixNano())))
	images, pictures, sentences := 0, 0, 0
	for i, e := range matrix(t) {
		if i%every != 0 || e.Level > 0 || e.Image > 0 {
			continue
		}
		images++
		m := load(t, e.path())
		var keys, meta []string
		for key := range m {
			if keys = append(keys, key); strings.HasSuffix(key, "zarr.json") || strings.HasPrefix(filepath.Base(key), ".z") {
				meta = append(meta, key)
			}
		}
		for k := range tries {
			key := keys[rnd.IntN(len(keys))]
			if k%2 == 0 {
				key = meta[rnd.IntN(len(meta))]
			}
			whole := m[key]
			if len(whole) == 0 {
				continue
			}
			at := rnd.IntN(len(whole))
			what := fmt.Sprintf("%s: %s cut to %d", e.Name, key, at)
			m[key] = whole[:at]
			if k%5 != 0 {
				by := byte(1 + rnd.IntN(255))
				if k%2 == 0 { // so that it stays JSON
					by = whole[at] ^ "0123456789-.,[]{}\" "[rnd.IntN(19)]
				}
				m[key] = bytes.Clone(whole)
				m[key][at] ^= by
				what = fmt.Sprintf("%s: %s byte %d is %q", e.Name, key, at, m[key][at])
			}
			if survives(t, what, m) {
				pictures++
			} else {
				sentences++
			}
			m[key] = whole
		}
	}
	t.Logf("%d images broken: %d pictures, %d sentences, no panic", images, pictures, sentences)
}

// TestNoAxes transposes nothing.
func TestNoAxes(t *testing.T) {
	meta := `{"zarr_format":3,"node_type":"array","shape":[],"data_type":"uint8","chunk_grid":{"name":"regular","configuration":{"chunk_shape":[]}},` +
		`"chunk_key_encoding":{"name":"default"},"fill_value":1,"codecs":[{"name":"transpose","configuration":{"order":[]}},{"name":"bytes"}]}`
	if survives(t, "no axes", memory{"zarr.json": []byte(meta)}) {
		t.Error("an image without axes")
	}
}

// TestUnusual are arrays that nothing is wrong with: one large chunk is read, what is too much is
// said to be that.
func TestUnusual(t *testing.T) {
	for meta, want := range map[string]string{
		`"shape":[8200,8200],"chunks":[8200,8200],"dtype":"<u2"`:                 "",
		`"shape":[20000,20000],"chunks":[20000,20000],"dtype":"|u1"`:             "",
		`"shape":[20000,20000],"chunks":[20000,20000],"dtype":"<u2"`:             "chunks of",
		`"shape":[1,1,1,1,9,9],"chunks":[1,1,1,1,9,9],"dtype":"<u2"`:             "6 axes",
		`"shape":[1,1,1,1,1,1,1,9,9],"chunks":[1,1,1,1,1,1,1,9,9],"dtype":"<u2"`: "9 axes",
		`"shape":[9],"chunks":[9],"dtype":"<u2"`:                                 "1 axes",
	} {
		m := memory{".zarray": []byte(`{"zarr_format":2,` + meta + `,"compressor":null,"fill_value":7,"order":"C","filters":null}`)}
		src, err := zarr.OpenStore(t.Context(), m, "unusual.zarr", "test", -1)
		if err == nil {
			_, err = src.ReadTile(t.Context(), imageio.Tile{})
		}
		if say, _ := fault.Explain(errors.Join(err, errors.New("none"))); (err == nil) != (want == "") || err != nil && (fault.KindOf(err) != fault.Invalid || !strings.Contains(say, want)) {
			t.Errorf("%s: %v", meta, err)
		}
	}
}

// TestKept is how much of an image with deep chunks is kept.
func TestKept(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		shape, chunk []int
		want         int64
	}{
		{[]int{2, 64, 1000, 1000}, []int{1, 1, 500, 500}, 256 * mb},
		{[]int{2, 64, 2000, 3000}, []int{1, 32, 512, 1024}, 4 * 3 * 32 * mb}, // a layer
		{[]int{2, 64, 90000, 90000}, []int{2, 64, 512, 512}, 512 * mb},
		{[]int{1, 1, 16384, 16384}, []int{1, 1, 16384, 16384}, 512 * mb}, // one chunk
	} {
		if got := zarr.Kept(c.shape, c.chunk); got != c.want {
			t.Errorf("%v in %v keeps %d MB, want %d", c.shape, c.chunk, got/mb, c.want/mb)
		}
	}
}

// TestPlates whose metadata leave out how many fields a well has at most, or say too many.
func TestPlates(t *testing.T) {
	for says, want := range map[string]int{``: 3, `"field_count":-1,`: 3, `"field_count":2,`: 4, `"field_count":70000,`: 3} {
		m := memory{".zattrs": []byte(`{"plate":{` + says + `"wells":[{"path":"A/1"},{"path":"B/2"}]}}`)}
		for _, well := range []string{"A/1", "B/2"} {
			m[well+"/.zattrs"] = []byte(`{"well":{"images":[{"path":"0"},{"path":"1"}]}}`)
			for _, field := range []string{"/0", "/1"} {
				m[well+field+"/.zattrs"] = []byte(`{"multiscales":[{"axes":["y","x"],"datasets":[{"path":"0"}]}]}`)
				m[well+field+"/0/.zarray"] = []byte(`{"zarr_format":2,"shape":[2,2],"chunks":[2,2],"dtype":"|u1","compressor":null,"fill_value":0,"order":"C","filters":null}`)
			}
		}
		m["B/2/.zattrs"] = []byte(`{"well":{"images":[{"path":"0"}]}}`)
		delete(m, "B/2/1/.zattrs")
		src, err := zarr.OpenStore(t.Context(), m, "plate.zarr", "test", 0)
		if err != nil || len(src.Info().Images) != want {
			t.Fatalf("%s %v", says, err)
		}
		for n, name := range src.Info().Images {
			_, err := zarr.OpenStore(t.Context(), m, "plate.zarr", "test", n)
			if (err != nil) != (name == "B/2/1") || err != nil && (fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), name)) {
				t.Errorf("%s %s: %v", says, name, err)
			}
		}
	}
}

// TestManyNothings is of metadata that list far more than any image has: refused while they are read.
func TestManyNothings(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat("{},", 100_000), ",")
	for _, text := range []string{`{"multiscales":[` + many + `]}`, `{"multiscales":[{"datasets":[` + many + `]}]}`, `{"plate":{"wells":[` + many + `]}}`} {
		_, err := zarr.OpenStore(t.Context(), memory{".zattrs": []byte(text)}, "many.zarr", "test", -1)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%.30s: %v", text, err)
		}
	}
}

// TestPlatesOfOtherNames are plates whose fields are not called 0, 1, 2 in each well, or not so many
// as the plate says, and one whose first field was never recorded.
func TestPlatesOfOtherNames(t *testing.T) {
	for _, c := range []struct {
		wells [2][]string // the fields of A/1 and B/2
		count int
		want  []string
	}{
		{[2][]string{{"FOV1", "FOV2"}, {"FOV1"}}, 2, []string{"A/1/FOV1", "A/1/FOV2", "B/2/FOV1"}},
		{[2][]string{{"0", "1"}, {"0"}}, 1, []string{"A/1/0", "A/1/1", "B/2/0"}},
		{[2][]string{{"0"}, {"FOV7"}}, 1, []string{"A/1/0", "B/2/FOV7"}},
		{[2][]string{{}, {"0"}}, 1, []string{"A/1/0", "B/2/0"}},
		{[2][]string{nil, {"0"}}, 1, []string{"A/1/0", "B/2/0"}},
	} {
		m := memory{".zattrs": fmt.Appendf(nil, `{"plate":{"field_count":%d,"wells":[{"path":"A/1"},{"path":"B/2"}]}}`, c.count)}
		there := ""
		for i, well := range []string{"A/1", "B/2"} {
			var images []string
			for _, field := range c.wells[i] {
				images = append(images, `{"path":"`+field+`"}`)
				m[well+"/"+field+"/.zattrs"] = []byte(`{"multiscales":[{"axes":["y","x"],"datasets":[{"path":"0"}]}]}`)
				m[well+"/"+field+"/0/.zarray"] = []byte(`{"zarr_format":2,"shape":[2,2],"chunks":[2,2],"dtype":"|u1","compressor":null,"fill_value":0,"order":"C","filters":null}`)
				if there == "" {
					there = well + "/" + field
				}
			}
			if c.wells[i] != nil {
				m[well+"/.zattrs"] = []byte(`{"well":{"images":[` + strings.Join(images, ",") + `]}}`)
			}
		}
		src, err := zarr.OpenStore(t.Context(), m, "plate.zarr", "test", -1)
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if i := src.Info(); len(i.Images) != len(c.want) || i.Images[i.Image] != there {
			t.Errorf("%v: opened %d of %v", c, i.Image, i.Images)
		}
		for n, want := range c.want {
			src, err := zarr.OpenStore(t.Context(), m, "plate.zarr", "test", n)
			if _, ok := m[want+"/.zattrs"]; ok != (err == nil) || err == nil && src.Info().Images[n] != want || err != nil && fault.KindOf(err) != fault.NotFound {
				t.Errorf("%v: field %d: %v", c, n, err)
			}
		}
	}
}

// TestAttributesOfALab are those of an image whose lab keeps its own beside OME-NGFF's, under names
// that OME-NGFF has, too.
func TestAttributesOfALab(t *testing.T) {
	array := []byte(`{"zarr_format":2,"shape":[2,2],"chunks":[2,2],"dtype":"|u1","compressor":null,"fill_value":7,"order":"C","filters":null}`)
	for _, own := range []string{
		`"well":"B03"`, `"plate":"P7"`, `"plate":{"name":"P7"}`, `"version":2`, `"series":4`, `"omero":{"channels":[{"label":488,"color":"00FF00"}]}`, `"bioformats2raw.layout":"3"`,
	} {
		for _, axes := range []string{`"y","x"`, `{"name":"y","type":2},{"name":"x","unit":3}`} {
			ngff := `{` + own + `,"multiscales":[{"version":4,"name":"a","axes":[` + axes + `],"datasets":[{"path":"0"}]}]}`
			second := memory{".zattrs": []byte(ngff), "0/.zarray": array}
			third := memory{"zarr.json": []byte(`{"zarr_format":3,"node_type":"group","attributes":{"ome":` + ngff + `}}`), "0/.zarray": array}
			for _, m := range []memory{second, third} {
				src, err := zarr.OpenStore(t.Context(), m, "lab.zarr", "test", -1)
				if err != nil {
					t.Errorf("%s: %v", ngff, err)
					continue
				}
				px, err := src.ReadTile(t.Context(), imageio.Tile{})
				if err != nil || !bytes.Equal(px.Data, []byte{7, 7, 7, 7}) {
					t.Errorf("%s: %v %v", ngff, px, err)
				}
			}
		}
	}
}

// TestAFolderThatGoesAway reads tiles of a drive that is taken out: no chunk of it was never written.
func TestAFolderThatGoesAway(t *testing.T) {
	for _, name := range []string{"ngff-0.4-tczyx-u2-chunks.zarr", "ngff-0.5-czyx-u2-shards.zarr"} {
		all := matrix(t)
		e := all[slices.IndexFunc(all, func(e entry) bool { return e.Name == name })]
		at := filepath.Join(t.TempDir(), name)
		if err := os.CopyFS(at, os.DirFS(e.path())); err != nil {
			t.Fatal(err)
		}
		src, err := imageio.NewOpener(zarr.Format{}).Open(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(at, at+".away"); err != nil {
			t.Fatal(err)
		}
		if _, err := src.ReadTile(t.Context(), imageio.Tile{}); fault.KindOf(err) != fault.Offline || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a tile of a folder that is gone: %v", name, err)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// FuzzMetadata opens any metadata over a chunk of any bytes: of an array alone, or of a pyramid that
// the array is the first level of.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte(`{"zarr_format":2,"shape":[2,9],"chunks":[2,4],"dtype":"<u2","compressor":{"id":"blosc"},"fill_value":0,"order":"F","filters":null}`), []byte("abc"), []byte(nil), false)
	f.Add([]byte(`{"zarr_format":3,"node_type":"array","shape":[4,4],"data_type":"uint8","chunk_grid":{"name":"regular","configuration":{"chunk_shape":[4,4]}},`+
		`"chunk_key_encoding":{"name":"default"},"fill_value":1,"codecs":[{"name":"sharding_indexed","configuration":{"chunk_shape":[2,2],"codecs":[{"name":"bytes"}],`+
		`"index_codecs":[{"name":"bytes"},{"name":"crc32c"}]}}]}`), []byte("abc"), []byte(nil), true)
	array := []byte(`{"zarr_format":2,"shape":[2,2],"chunks":[2,2],"dtype":"|u1","compressor":null,"fill_value":0,"order":"C","filters":null}`)
	for _, attributes := range []string{
		`{"multiscales":[{"version":"0.4","axes":[{"name":"y","type":"space","unit":"micrometer"},{"name":"x","type":"space"}],"datasets":[{"path":"0",` +
			`"coordinateTransformations":[{"type":"scale","scale":[0.5,0.5]}]}]}],"omero":{"channels":[{"label":"DAPI","color":"0000FF"}]}}`,
		`{"plate":{"field_count":2,"wells":[{"path":"0"},{"path":"A/1"}]}}`, `{"bioformats2raw.layout":3,"series":["0"]}`, `{"well":{"images":[{"path":"0"}]}}`,
	} {
		f.Add(array, []byte("abcd"), []byte(attributes), false)
	}
	f.Fuzz(func(t *testing.T, meta, chunk, attributes []byte, third bool) {
		m := memory{".zarray": meta, "0.0": chunk, "c/0/0": chunk}
		if attributes != nil {
			m = memory{".zattrs": attributes, "0/.zarray": meta, "0/0.0": chunk, "0/0/.zattrs": attributes, "A/1/.zattrs": attributes}
		}
		if third {
			m["zarr.json"] = meta
		}
		survives(t, "fuzz", m)
	})
}
