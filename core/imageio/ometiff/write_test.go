package ometiff_test

import (
	"context"
	"errors"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

func written(t *testing.T, typ imageio.PixelType) (path string, info imageio.Info, data []byte) {
	t.Helper()
	info = imageio.Info{
		Name: "made here", Levels: []imageio.Level{{Size: image.Pt(300, 270), Downsample: 1}}, Type: typ, Z: 3, T: 2,
		Channels: []imageio.Channel{{Name: "DAPI <1>", Color: [3]uint8{0, 0, 255}}, {Name: "Grün", Color: [3]uint8{255, 255, 0}}},
		Micron:   imageio.Micron{X: 0.1625, Y: 0.1625, Z: 0.5},
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	path = filepath.Join(t.TempDir(), "made.ome.tif")
	err := ometiff.Write(t.Context(), path, info, func(int, int, int) (*imageio.Pixels, error) {
		px := &imageio.Pixels{Size: image.Pt(300, 270), Type: typ, Data: make([]byte, 300*270*typ.Bytes())}
		for i := range px.Data {
			px.Data[i] = byte(rnd.IntN(60))
		}
		data = append(data, px.Data...)
		return px, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return path, info, data
}

func TestWrittenIsRead(t *testing.T) {
	for _, typ := range []imageio.PixelType{imageio.Uint8, imageio.Uint16, imageio.Uint32, imageio.Float32} {
		path, info, data := written(t, typ)
		src, err := ometiff.Format{}.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		imageiotest.Equal(t, src, data, 0)
		got := src.Info()
		if got.Type != typ || got.Z != 3 || got.T != 2 || got.Micron != info.Micron || !reflect.DeepEqual(got.Channels, info.Channels) {
			t.Errorf("%v: read %+v", typ, got)
		}
		if err := (ometiff.Format{}).Complete(t.Context(), path); err != nil {
			t.Error(err)
		}
	}
}

// TestTifffileReadsIt asks the lab's own tool.
func TestTifffileReadsIt(t *testing.T) {
	path, _, data := written(t, imageio.Uint16)
	raw := filepath.Join(t.TempDir(), "want.raw")
	if err := os.WriteFile(raw, data, 0o600); err != nil {
		t.Fatal(err)
	}
	const script = `
import sys, numpy, tifffile
f = tifffile.TiffFile(sys.argv[1])
s = f.series[0]
assert f.is_ome and s.axes == "TZCYX", s.axes
assert (s.asarray().ravel() == numpy.fromfile(sys.argv[2], "<u2")).all()
assert "PhysicalSizeX=\"0.1625\"" in f.ome_metadata
`
	imageiotest.Peer(t, "-c", script, path, raw)
}

func TestStoppedWriteLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	info := imageio.Info{Levels: []imageio.Level{{Size: image.Pt(10, 10)}}, Z: 2, T: 1, Channels: make([]imageio.Channel, 1)}
	err := ometiff.Write(ctx, filepath.Join(dir, "a.tif"), info, func(int, int, int) (*imageio.Pixels, error) {
		cancel()
		return &imageio.Pixels{Size: image.Pt(10, 10), Data: make([]byte, 100)}, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
