package station_test

import (
	"bytes"
	"fmt"
	"image"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// TestImageInABucket opens an OME-Zarr in the S3 server, and makes an OME-TIFF of it.
func TestImageInABucket(t *testing.T) {
	inS3(t)
	endpoint := servertest.Need(t, "COVERSLIP_TEST_S3")
	t.Setenv("AWS_ACCESS_KEY_ID", "labadmin")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "labsecret123")
	c, err := minio.New(strings.TrimPrefix(endpoint, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4("labadmin", "labsecret123", ""), Region: "us-east-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	index := "" // a shard of two chunks of 6 × 4 bytes, then where they lie
	for i := range 2 {
		index += string([]byte{byte(24 * i), 0, 0, 0, 0, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0})
	}
	for key, value := range map[string]string{
		"zarr.json": `{"zarr_format":3,"node_type":"group","attributes":{"ome":{"version":"0.5","multiscales":[{"name":"b",` +
			`"axes":[{"name":"y","type":"space","unit":"micrometer"},{"name":"x","type":"space","unit":"micrometer"}],` +
			`"datasets":[{"path":"0","coordinateTransformations":[{"type":"scale","scale":[0.5,0.5]}]}]}]}}}`,
		"0/zarr.json": `{"zarr_format":3,"node_type":"array","shape":[4,12],"data_type":"uint8","fill_value":0,"chunk_key_encoding":{"name":"default"},` +
			`"chunk_grid":{"name":"regular","configuration":{"chunk_shape":[4,12]}},"codecs":[{"name":"sharding_indexed","configuration":` +
			`{"chunk_shape":[4,6],"codecs":[{"name":"bytes"}],"index_codecs":[{"name":"bytes","configuration":{"endian":"little"}}],"index_location":"end"}}]}`,
		"0/c/0/0": strings.Repeat("a", 24) + strings.Repeat("b", 24) + index,
	} {
		if _, err := c.PutObject(t.Context(), testBucket, "lab/b.zarr/"+key, bytes.NewReader([]byte(value)), int64(len(value)), minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	address := fmt.Sprintf("s3://%s/lab/b.zarr?endpoint_url=%s", testBucket, url.QueryEscape(endpoint))
	info, err := station.DescribeImage(t.Context(), address, -1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if info.Name != "b.zarr" || info.Levels[0].Size.X != 12 || info.Levels[0].Size.Y != 4 || info.Micron.X != 0.5 {
		t.Errorf("read %+v", info)
	}
	out := filepath.Join(t.TempDir(), "b.ome.tif")
	if err := station.Convert(t.Context(), station.Conversion{In: address, Out: out, Image: -1}, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := station.DescribeImage(t.Context(), out, -1, nil); err != nil || got.Levels[0] != info.Levels[0] || got.Micron != info.Micron {
		t.Errorf("wrote %+v, %v", got, err)
	}
	if _, err := station.DescribeImage(t.Context(), strings.Replace(address, "b.zarr", "c.zarr", 1), -1, nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("nothing there: %v", err)
	}
}

// TestReplacedFileIsNotTakenForTheCapture has someone put another image, and then nothing, in
// the place of a capture's file in the dataset: what was captured is shown all the same.
func TestReplacedFileIsNotTakenForTheCapture(t *testing.T) {
	const other = "2026-11-24_kc167_POS002_DNA.ome.tif"
	b := open(t, t.TempDir(), nil)
	b.drop(field)
	b.drop(other)
	it := b.capture(field, predicted)
	theirs := b.capture(other, predicted)
	size := func(it flow.Item) image.Point {
		t.Helper()
		src, err := b.OpenImage(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		return src.Info().Levels[0].Size
	}
	want := size(it)
	if want == size(theirs) {
		t.Fatalf("both samples are %v", want)
	}
	name := filepath.Join(b.Folder(), "captures/scope-1", field)
	data, err := os.ReadFile(filepath.Join(b.Folder(), "captures/scope-1", other))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := size(it); got != want {
		t.Errorf("the other image was opened: %v, not %v", got, want)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if got := size(it); got != want {
		t.Errorf("an image of %v, not %v", got, want)
	}
	if err := b.Again(t.Context(), it, 0, image.Rectangle{}, nil); err != nil {
		t.Fatal(err)
	}
	it = b.capture(field, func(it flow.Item) bool { return it.Passes["infer"].Tries == 1 && it.Behind("infer") })
	var p intake.Predicted
	if !it.Out("infer", &p) || p.Objects < 100 {
		t.Errorf("predicted %+v", p)
	}
}

// TestImagesOfAFile looks at each image of a file of three positions: as a capture and as a
// file that is only looked at.
func TestImagesOfAFile(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	path := filepath.Join(t.TempDir(), "positions.ome.tif")
	imageiotest.Peer(t, "-c", `import sys, numpy, tifffile
with tifffile.TiffWriter(sys.argv[1], ome=True) as w:
    for n in range(3):
        w.write(numpy.full((40, 50 + n), 100 + n, 'u1'), metadata={'axes': 'YX', 'Name': f'Position {n}'})`, path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.ws, "scope", "positions.ome.tif"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	it := b.capture("positions.ome.tif", func(it flow.Item) bool { _, ok := station.Image(it); return ok })
	ids := map[string]bool{}
	for n := range 3 {
		for what, open := range map[string]func() (imageio.Source, error){
			"capture": func() (imageio.Source, error) { return b.OpenNth(t.Context(), it, n) },
			"file":    func() (imageio.Source, error) { return b.OpenFileNth(t.Context(), path, n) },
		} {
			src, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			info := src.Info()
			px, err := src.ReadTile(t.Context(), imageio.Tile{})
			if err != nil || px.Data[0] != byte(100+n) || info.Levels[0].Size != image.Pt(50+n, 40) || info.Images[n] != fmt.Sprint("Position ", n) {
				t.Errorf("image %d of the %s: %+v, %v", n, what, info, err)
			}
			ids[src.ID()] = true
		}
	}
	if len(ids) != 6 {
		t.Errorf("the pixels are called %v", ids)
	}
	if _, err := b.OpenNth(t.Context(), it, 3); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a fourth image: %v", err)
	}
}
