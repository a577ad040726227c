package zarr_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/zarr"
)

// dot is the metadata of an array of one pixel by one.
const dot = `{"zarr_format":2,"shape":[1,1],"chunks":[1,1],"dtype":"|u1","compressor":null,"fill_value":7,"order":"C","filters":null}`

// TestNamesWithoutMore is metadata of version 3 that have a name alone where nothing goes with it.
func TestNamesWithoutMore(t *testing.T) {
	const form = `{"zarr_format":3,"node_type":"array","shape":[2,2],"data_type":%s,"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[2,2]}},` +
		`"chunk_key_encoding":%s,"fill_value":0,"codecs":%s}`
	for _, c := range [][3]string{
		{`"uint8"`, `{"name":"default"}`, `[{"name":"bytes"},{"name":"crc32c"}]`},
		{`{"name":"uint8"}`, `"default"`, `["bytes","crc32c"]`},
		{`"uint8"`, `"default"`, `["bytes",{"name":"numcodecs.crc32c","configuration":{}}]`},
	} {
		m := memory{"zarr.json": fmt.Appendf(nil, form, c[0], c[1], c[2]), "c/0/0": []byte("\x01\x02\x03\x04\xf4\x8c\x30\x29")}
		src, err := zarr.OpenStore(t.Context(), m, "short.zarr", "test", -1)
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if px, err := src.ReadTile(t.Context(), imageio.Tile{}); err != nil || string(px.Data) != "\x01\x02\x03\x04" {
			t.Errorf("%v: %v %v", c, px, err)
		}
	}
	for _, c := range []struct{ typ, codecs, want, hint string }{
		{`"complex64"`, `["bytes"]`, "samples of type complex64", "floats"},
		{`{"name":"struct","configuration":[1]}`, `["bytes"]`, "samples of type struct", ""},
		{`[["r","u1"]]`, `["bytes"]`, "samples of a type of its own", ""},
		{`"uint8"`, `["bytes","lzma"]`, "compression “lzma”", ""},
		{`"uint8"`, `["bytes",{"name":"own","configuration":{"order":"C"}}]`, "compression “own”", ""},
	} {
		m := memory{"zarr.json": fmt.Appendf(nil, form, c.typ, `"default"`, c.codecs)}
		_, err := zarr.OpenStore(t.Context(), m, "other.zarr", "test", -1)
		if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, c.want) || !strings.Contains(hint, c.hint) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestNamesOfASeries are those of the images that bioformats2raw converted: of the OME-XML, else of
// themselves, else their folders'.
func TestNamesOfASeries(t *testing.T) {
	ome := `<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0" Name="overview"><Pixels/></Image><Image ID="Image:1"/>`
	for _, c := range []struct {
		list, xml string
		want      []string
	}{
		{"", "", []string{"own", "1"}},
		{"", ome + `<Image Name="beyond"/><Image Name="far beyond"/></OME>`, []string{"overview", "1"}},
		{"", ome, []string{"overview", "1"}}, // cut short
		{"", ome + `<Image Name="`, []string{"overview", "1"}},
		{"", `<o:OME><o:ImageRef Name="a"/><p Name="Image"/><o:Image Name="A &amp; B > C"></o:Image><o:Image/></o:OME>`, []string{"A & B > C", "1"}},
		{"", `<OME><![CDATA[Image <Image Name="none"/>]]>` + ome, []string{"overview", "1"}},
		{"", ome + `<!--` + strings.Repeat("-", 4<<20), []string{"own", "1"}}, // not read whenever one opens an image
		{"", "no XML", []string{"own", "1"}},
		{"", `<OME><Image Name="image"/><Image Name="image"/></OME>`, []string{"own", "1"}},
		{`["0","1"]`, `<OME><Image Name="1"/></OME>`, []string{"0", "1"}},
		{`["0","1"]`, "", []string{"0", "1"}},
		{`["1","0"]`, ome + `</OME>`, []string{"overview", "0"}},
	} {
		m := memory{
			".zattrs":   []byte(`{"bioformats2raw.layout":3}`),
			"0/.zattrs": []byte(`{"multiscales":[{"name":"own","axes":["y","x"],"datasets":[{"path":"0"}]}]}`), "0/0/.zarray": []byte(dot),
			"1/.zattrs": []byte(`{"multiscales":[{"axes":["y","x"],"datasets":[{"path":"0"}]}]}`), "1/0/.zarray": []byte(dot),
		}
		if c.list != "" {
			m["OME/.zattrs"] = []byte(`{"series":` + c.list + `}`)
		}
		if c.xml != "" {
			m["OME/METADATA.ome.xml"] = []byte(c.xml)
		}
		src, err := zarr.OpenStore(t.Context(), m, "series.zarr", "test", 1)
		if err != nil || !slices.Equal(src.Info().Images, c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestAWell opens the folder of one well of a plate.
func TestAWell(t *testing.T) {
	m := memory{".zattrs": []byte(`{"well":{"images":[{"path":"0"},{"path":"FOV2"}]}}`)}
	for _, field := range []string{"0", "FOV2"} {
		m[field+"/.zattrs"], m[field+"/0/.zarray"] = []byte(`{"multiscales":[{"axes":["y","x"],"datasets":[{"path":"0"}]}]}`), []byte(dot)
	}
	src, err := zarr.OpenStore(t.Context(), m, "1", "test", 1)
	if err != nil {
		t.Fatal(err)
	}
	if i := src.Info(); !slices.Equal(i.Images, []string{"0", "FOV2"}) || i.Image != 1 {
		t.Errorf("%d of %v", i.Image, i.Images)
	}
}

// TestMoved has an image that says where it lies: there the stage stood.
func TestMoved(t *testing.T) {
	for _, c := range []struct {
		level, whole string
		want         imageio.Micron
	}{
		{`{"type":"scale","scale":[2,0.5]},{"type":"translation","translation":[100,-3]}`, ``, imageio.Micron{X: -3, Y: 0.1}},
		{`{"type":"translation","translation":[100,3]}`, `{"type":"scale","scale":[10,2]},{"type":"translation","translation":[0,1]}`, imageio.Micron{X: 7, Y: 1}},
		{`{"type":"scale","scale":[2,0.5]}`, ``, imageio.Micron{}},
		{`{"type":"translation","translation":[1e308]}`, `{"type":"scale","scale":[1e308,1]}`, imageio.Micron{}},
	} {
		m := memory{
			".zattrs": []byte(`{"multiscales":[{"axes":[{"name":"y","unit":"nanometer"},{"name":"x","unit":"micrometer"}],` +
				`"datasets":[{"path":"0","coordinateTransformations":[` + c.level + `]}],"coordinateTransformations":[` + c.whole + `]}]}`),
			"0/.zarray": []byte(dot),
		}
		src, err := zarr.OpenStore(t.Context(), m, "moved.zarr", "test", -1)
		if err != nil || src.Info().Stage != c.want {
			t.Errorf("%+v: %+v %v", c, src.Info().Stage, err)
		}
	}
}

// TestCoordinateSystems reads the axes and the scale of a store of 0.6, whose levels are placed in systems.
func TestCoordinateSystems(t *testing.T) {
	const scale, moved = `{"type":"scale","scale":[2,0.5]}`, `{"type":"translation","translation":[100,3]}`
	for _, c := range []struct{ level, of string }{
		{`{"type":"scale","scale":[2,0.5],"input":"0","output":"physical"}`, "scale"},
		{`{"type":"sequence","input":"0","output":"physical","transformations":[` + scale + `,` + moved + `]}`, "sequence"},
	} {
		m := memory{
			".zattrs": []byte(`{"multiscales":[{"coordinateSystems":[{"name":"other","axes":[{"name":"x"},{"name":"y"}]},` +
				`{"name":"physical","axes":[{"name":"y","unit":"micrometer"},{"name":"x","unit":"micrometer"}]}],` +
				`"datasets":[{"path":"0","coordinateTransformations":[` + c.level + `]}],` +
				`"coordinateTransformations":[{"type":"scale","scale":[9,9],"input":"physical","output":"other"}]}]}`),
			"0/.zarray": []byte(dot),
		}
		src, err := zarr.OpenStore(t.Context(), m, "systems.zarr", "test", -1)
		if err != nil {
			t.Fatal(err)
		}
		if i := src.Info(); i.Micron != (imageio.Micron{X: 0.5, Y: 2}) || (i.Stage != imageio.Micron{}) != (c.of == "sequence") {
			t.Errorf("%s: %+v, %+v", c.of, i.Micron, i.Stage)
		}
	}
}

// TestHowItIsShown is what omero says of the channels, as far as it makes sense.
func TestHowItIsShown(t *testing.T) {
	m := memory{
		".zattrs": []byte(`{"multiscales":[{"axes":["c","y","x"],"datasets":[{"path":"0"}]}],"omero":{"channels":[` +
			`{"label":"a","color":"FF0000","active":false,"window":{"start":10,"end":200,"min":0,"max":255}},` +
			`{"label":"b","color":"00FF00","active":true,"window":{"start":0,"end":255}},{"label":"c","color":"0000FF","window":{"start":200,"end":10}},` +
			`{"label":"d","color":"FFFFFF","active":"no","window":[1]},{"label":"e","color":"FFFFFF","window":{"start":0,"end":65535}}]}}`),
		"0/.zarray": []byte(strings.NewReplacer(`"shape":[1,1],"chunks":[1,1]`, `"shape":[5,1,1],"chunks":[1,1,1]`).Replace(dot)),
	}
	src, err := zarr.OpenStore(t.Context(), m, "shown.zarr", "test", -1)
	if err != nil {
		t.Fatal(err)
	}
	want := []imageio.Channel{
		{Name: "a", Color: [3]uint8{255}, Low: 10, High: 200, Off: true},
		{Name: "b", Color: [3]uint8{0, 255}, High: 255},
		{Name: "c", Color: [3]uint8{0, 0, 255}},
		{Name: "d", Color: [3]uint8{255, 255, 255}},
		{Name: "e", Color: [3]uint8{255, 255, 255}},
	}
	if got := src.Info().Channels; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

// TestALevelIsMissing has the other levels without it, and nothing without the first.
func TestALevelIsMissing(t *testing.T) {
	level := func(n int) []byte {
		return []byte(strings.ReplaceAll(dot, "[1,1]", fmt.Sprintf("[%d,%d]", n, n)))
	}
	for gone, want := range map[string]int{"": 3, "1": 2, "2": 2, "0": 0} {
		m := memory{
			".zattrs":   []byte(`{"multiscales":[{"axes":["y","x"],"datasets":[{"path":"0"},{"path":"1"},{"path":"2"}]}]}`),
			"0/.zarray": level(64), "1/.zarray": level(32), "2/.zarray": level(16),
		}
		delete(m, gone+"/.zarray")
		src, err := zarr.OpenStore(t.Context(), m, "sparse.zarr", "test", -1)
		if want == 0 {
			if fault.KindOf(err) != fault.Corrupt {
				t.Errorf("without level %s: %v", gone, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("without level %s: %v", gone, err)
		}
		if got := src.Info().Levels; len(got) != want {
			t.Errorf("without level %s: %+v", gone, got)
		}
	}
}

// TestAFilter that is not known is called one.
func TestAFilter(t *testing.T) {
	for what, text := range map[string]string{
		"a filter, “delta”": strings.Replace(dot, `"filters":null`, `"filters":[{"id":"delta"}]`, 1),
		"compression “own”": strings.Replace(dot, `"compressor":null`, `"compressor":{"id":"own"}`, 1),
	} {
		_, err := zarr.OpenStore(t.Context(), memory{".zarray": []byte(text)}, "packed.zarr", "test", -1)
		if say, _ := fault.Explain(err); !strings.Contains(say, what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
