package station_test

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"coverslip.dev/coverslip/assets/sample"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// stained writes a picture of three channels.
func stained(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stained.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range 64 * 64 {
		img.Set(i%64, i/64, color.RGBA{R: uint8(i % 64), G: uint8(i / 64), B: uint8(i % 7), A: 255})
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAskMeasuresEveryChannel, whichever the model has looked at.
func TestAskMeasuresEveryChannel(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	q := station.Question{Engine: "embedded", Model: "nuclei"}
	if err := station.Ask(t.Context(), q, []string{stained(t)}, func(a station.Answer) error {
		if !slices.Equal(a.Table.Channels, []int{0, 1, 2}) {
			t.Errorf("measured: %v", a.Table.Channels)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestAskAboutAChannel: the model is given what was chosen, or says that it takes another number.
func TestAskAboutAChannel(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	for text, want := range map[string][]int{"": {0}, "2": {2}, "1,0": nil} {
		q := station.Question{Engine: "embedded", Model: "nuclei"}
		if text != "" {
			if err := q.SetChannels(text); err != nil {
				t.Fatal(err)
			}
		}
		err := station.Ask(t.Context(), q, []string{stained(t)}, func(a station.Answer) error {
			if !slices.Equal(a.Channels, want) {
				t.Errorf("%q: given %v", text, a.Channels)
			}
			return nil
		})
		if (err == nil) != (want != nil) || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestAFolderNamesItsModel in what it finds, unless it is called something else; also on a server, which takes no
// name with a space in it.
func TestAFolderNamesItsModel(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	server := servertest.StartTriton(t)
	file, folder := filepath.Join(t.TempDir(), field), filepath.Join(t.TempDir(), "cells (new)")
	data, err := fs.ReadFile(sample.Captures(), field)
	if err := errors.Join(err, os.WriteFile(file, data, 0o600), os.CopyFS(folder, sample.Model())); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	names := map[string]bool{}
	for _, c := range []struct{ engine, folder, model, want string }{
		{"embedded", "", "", "nuclei@1"},
		{"embedded", ".", "", "cells (new)@1"},
		{"embedded", folder, "mine", "mine@1"},
		{server.GRPC, folder, "", "cells (new)@1"},
		{server.HTTP, folder, "a/b", "a/b@1"},
	} {
		q := station.Question{Engine: c.engine, Backend: "python", Folder: c.folder, Model: c.model}
		err := station.Ask(t.Context(), q, []string{file}, func(a station.Answer) error {
			if len(a.Layer.Objects) == 0 || a.Model.String() != c.want || a.Layer.By != c.want {
				t.Errorf("%+v: %d objects of %s, by %s", c, len(a.Layer.Objects), a.Model, a.Layer.By)
				return nil
			}
			names[a.Layer.Objects[0].ID] = true
			return nil
		})
		if err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if len(names) != 4 {
		t.Errorf("objects of four models have %d names", len(names))
	}
}

// layers writes an image of two channels and so many planes and time points, in each of which there is a
// disc, further right the higher the plane and further down the later it is.
func layers(t *testing.T, z, times int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "layers.ome.tif")
	info := imageio.Info{
		Levels: []imageio.Level{{Size: image.Pt(96, 96)}}, Channels: []imageio.Channel{{Name: "Actin"}, {Name: "DAPI"}}, Z: z, T: times, Type: imageio.Uint8,
	}
	err := ometiff.Write(t.Context(), path, info, func(_, z, at int) (*imageio.Pixels, error) {
		px := &imageio.Pixels{Size: image.Pt(96, 96), Type: imageio.Uint8, Data: make([]byte, 96*96)}
		for i := range px.Data {
			if px.Data[i] = byte(10 + i%3); math.Hypot(float64(i%96-20-20*z), float64(i/96-20-20*at)) < 11 {
				px.Data[i] = 180
			}
		}
		return px, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAskAboutAPlane: of a stack over time what is named is looked at; what is not, is told, and the table
// says where each object was found.
func TestAskAboutAPlane(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	path := layers(t, 3, 2)
	for _, c := range []struct {
		z, t, image *int
		note, row   string // row: label, plane, time point
	}{
		{nil, nil, nil, "layers.ome.tif: None was named: this is plane 1 of 3, time point 0 of 2, counted from 0.", "1,1,0"},
		{new(2), nil, nil, "this is time point 0 of 2,", "1,2,0"},
		{new(0), new(1), new(0), "", "1,0,1"},
	} {
		q, note := station.Question{Engine: "embedded", Image: c.image, Z: c.z, T: c.t}, ""
		q.Tells = func(image, say string) { note = image + ": " + say }
		err := station.Ask(t.Context(), q, []string{path}, func(a station.Answer) error {
			out := filepath.Join(t.TempDir(), "out.csv")
			if err := a.Export(out); err != nil {
				return err
			}
			table, err := os.ReadFile(out)
			at := image.Pt(20+20*a.Layer.Z, 20+20*a.Layer.T)
			if len(a.Layer.Objects) != 1 || !at.In(segment.Bounds(a.Layer.Objects[0].Outline)) || !strings.HasSuffix(string(table), ","+c.row+"\n") {
				t.Errorf("%+v: %d objects, table %s", c, len(a.Layer.Objects), table)
			}
			if !strings.Contains(note, c.note) || c.note == "" && note != "" {
				t.Errorf("%q, want %q", note, c.note)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	for _, q := range []station.Question{{Z: new(3)}, {T: new(2)}, {Image: new(1)}} {
		q.Engine = "embedded"
		err := station.Ask(t.Context(), q, []string{path}, func(station.Answer) error { return nil })
		_, terr := station.Track(t.Context(), q, path, io.Discard)
		if err == nil || terr == nil || fault.KindOf(err) != fault.KindOf(terr) {
			t.Errorf("%+v: %v; %v", q, err, terr)
		}
	}
}

// TestAskWithAThreshold: fewer objects are as probable as that.
func TestAskWithAThreshold(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	path := filepath.Join(t.TempDir(), field)
	data, err := fs.ReadFile(sample.Captures(), field)
	if err := errors.Join(err, os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
	found := map[float64]int{}
	for _, at := range []float64{0, 0.2, 0.8} {
		err := station.Ask(t.Context(), station.Question{Engine: "embedded", Threshold: at}, []string{path}, func(a station.Answer) error {
			found[at] = len(a.Layer.Objects)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found[0.8] == 0 || found[0.8] >= found[0] || found[0] >= found[0.2] {
		t.Errorf("objects by threshold: %v", found)
	}
}

// theirs is a server's own model of that name, and the folder with its description only.
func theirs(t *testing.T, address string) (en *triton.Engine, folder string) {
	t.Helper()
	folder = t.TempDir()
	text, err := fs.ReadFile(sample.Model(), recipe.FileName)
	if err := errors.Join(err, os.WriteFile(filepath.Join(folder, recipe.FileName), text, 0o600)); err != nil {
		t.Fatal(err)
	}
	en, err = triton.Dial(t.Context(), triton.Options{Address: address, Backend: "python"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = en.Close() })
	net, err := fs.ReadFile(sample.Model(), "model.onnx")
	if err := errors.Join(err, en.Load(t.Context(), infer.Bundle{Ref: infer.Ref{Model: "theirs", Version: "1"}, ONNX: net})); err != nil {
		t.Fatal(err)
	}
	return en, folder
}

// TestNothingIsKeptOfAServersOwnModel, and that is told.
func TestNothingIsKeptOfAServersOwnModel(t *testing.T) {
	server := servertest.StartTriton(t)
	_, folder := theirs(t, server.GRPC)
	for name, told := range map[string]bool{"theirs": true, "ours": false} {
		q := station.Question{Engine: server.GRPC, Backend: "python", Folder: folder, Model: name, Keep: filepath.Join(t.TempDir(), "kept")}
		if name == "ours" {
			q.Folder = ""
		}
		note := ""
		q.Tells = func(_, say string) { note = say }
		err := station.Ask(t.Context(), q, []string{stained(t)}, func(station.Answer) error { return nil })
		if err != nil || strings.Contains(note, "No answers are kept") != told {
			t.Errorf("%s: %q, %v", name, note, err)
		}
		if _, err := os.Stat(q.Keep); errors.Is(err, fs.ErrNotExist) != told {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAModelThatIsGoneIsNoImagesFault: a plane that is missing is.
func TestAModelThatIsGoneIsNoImagesFault(t *testing.T) {
	server := servertest.StartTriton(t)
	en, folder := theirs(t, server.GRPC)
	path := layers(t, 2, 1) // so that something is told of each
	for _, c := range []struct {
		t    int
		goes bool
		bad  int32
		want string
	}{
		{7, false, 3, "3 of 3 images have no answer."},
		{0, true, 0, "The model theirs is not loaded"},
	} {
		var away sync.Once
		var err error
		var bad atomic.Int32
		q := station.Question{Engine: server.GRPC, Backend: "python", Model: "theirs", Folder: folder, T: &c.t, Fails: func(string, error) { bad.Add(1) }}
		q.Tells = func(string, string) {
			if c.goes {
				away.Do(func() { err = en.Unload(t.Context(), "theirs") })
			}
		}
		got := station.Ask(t.Context(), q, []string{path, path, path}, func(station.Answer) error { return nil })
		if err != nil || !strings.Contains(fmt.Sprint(got), c.want) || bad.Load() != c.bad {
			t.Errorf("%q: %d images are bad, %v, %v", c.want, bad.Load(), got, err)
		}
	}
}

// TestAskAgainAboutAFolder: what is kept about an OME-Zarr is not taken when a chunk was written
// since, though its metadata lie as they lay.
func TestAskAgainAboutAFolder(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	store := filepath.Join(t.TempDir(), "a.zarr")
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(store, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	disc := make([]byte, 64*64)
	for i := range disc {
		if disc[i] = byte(10 + i%3); math.Hypot(float64(i%64-32), float64(i/64-32)) < 11 {
			disc[i] = 180
		}
	}
	put("zarr.json", `{"zarr_format":3,"node_type":"group","attributes":{"ome":{"version":"0.5","multiscales":[{"name":"a",`+
		`"axes":[{"name":"y","type":"space"},{"name":"x","type":"space"}],`+
		`"datasets":[{"path":"0","coordinateTransformations":[{"type":"scale","scale":[1,1]}]}]}]}}}`)
	put("0/zarr.json", `{"zarr_format":3,"node_type":"array","shape":[64,128],"data_type":"uint8","fill_value":10,`+
		`"chunk_key_encoding":{"name":"default"},"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[64,64]}},"codecs":[{"name":"bytes"}]}`)
	put("0/c/0/0", string(disc))
	q := station.Question{Engine: "embedded", Model: "nuclei", Keep: t.TempDir()}
	ask := func() (n int) {
		t.Helper()
		if err := station.Ask(t.Context(), q, []string{store}, func(a station.Answer) error { n = len(a.Layer.Objects); return nil }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := ask(); n != 1 {
		t.Fatalf("%d objects in one chunk", n)
	}
	put("0/c/0/1", string(disc))
	if n := ask(); n != 2 {
		t.Errorf("%d objects when there are two chunks", n)
	}
	if kept, err := filepath.Glob(filepath.Join(q.Keep, "*.answers")); err != nil || len(kept) != 2 {
		t.Errorf("kept: %v, %v", kept, err)
	}
}
