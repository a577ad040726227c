package gateway_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/exchange"
	"coverslip.dev/coverslip/core/gateway"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/raster"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/measure"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/servertest"
)

// BenchmarkOverhead asks the same model on the same Triton about the same image, in turn by
// calls in this process and through the gateway, and reports medians, also of what the gateway
// adds in each round. copy-ms is how long the image takes through a bare HTTP server onto the disk, and as
// many bytes as the answer has back.
func BenchmarkOverhead(b *testing.B) {
	for _, side := range []int{96, 512} {
		b.Run(strconv.Itoa(side), func(b *testing.B) { overhead(b, side) })
	}
}

func overhead(b *testing.B, side int) {
	b.Helper()
	en, ref, err := affine(b.Context(), servertest.Need(b, "COVERSLIP_TEST_TRITON_GRPC"))
	if err != nil {
		b.Fatal(err)
	}
	defer en.Close()
	m, err := recipe.Read([]byte(spots))
	if err != nil {
		b.Fatal(err)
	}
	defer en.Unload(context.WithoutCancel(b.Context()), ref.Model) //nolint:errcheck // the end
	files := imageio.NewOpener(raster.Format{})
	g, err := gateway.New(gateway.Options{
		Engine: en, Models: []gateway.Model{{Ref: ref, Recipe: m}}, Work: b.TempDir(), Rate: 1e9,
		Open: func(ctx context.Context, path, id string, _ int) (imageio.Source, error) {
			return files.OpenAs(ctx, path, id)
		},
		Plane: func(imageio.Info) infer.Options { return infer.Options{} },
	})
	if err != nil {
		b.Fatal(err)
	}
	data := noise(b, side)
	path := filepath.Join(b.TempDir(), "image.png")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	spool := b.TempDir()
	ctx, cancel := context.WithCancel(b.Context())
	at := listen(b, func(l net.Listener) error { return g.Run(ctx, l) }, cancel)
	var answer []byte
	bare := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := os.CreateTemp(spool, "copy-*")
		if err == nil {
			_, err = io.Copy(f, r.Body)
			f.Close()
			_, werr := w.Write(answer)
			err = errors.Join(err, werr)
		}
		if err != nil {
			b.Error(err)
		}
	})}
	copies := listen(b, func(l net.Listener) error { _ = bare.Serve(l); return nil }, func() { bare.Close() })
	direct := func() {
		src, err := files.Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		defer src.Close()
		layer, err := infer.Detect(b.Context(), en, ref, m, src, infer.Options{}, nil)
		if err != nil {
			b.Fatal(err)
		}
		table, err := measure.Objects(b.Context(), src, layer.Objects, 0, 0, 0)
		if err == nil {
			err = exchange.WriteGeoJSON(io.Discard, layer, table)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	post := func(url string) func() []byte {
		return func() []byte {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(data))
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Content-Type", "image/png")
			a, err := http.DefaultClient.Do(r)
			if err != nil {
				b.Fatal(err)
			}
			got, err := io.ReadAll(a.Body)
			if err != nil || a.StatusCode != http.StatusOK {
				b.Fatal(a.Status, err)
			}
			a.Body.Close()
			return got
		}
	}
	asked, copied := post(at+"/v1/predict"), post(copies)
	answer = asked()
	ways := []func(){direct, func() { asked() }, func() { copied() }}
	took := make([][]float64, len(ways))
	var added []float64 // in each round
	for b.Loop() {
		now := make([]float64, len(ways))
		for i := range ways { // each begins as often, as one leaves the next one what it has not tidied up
			i = (i + len(added)) % len(ways)
			begun := time.Now()
			ways[i]()
			now[i] = float64(time.Since(begun)) / float64(time.Millisecond)
			took[i] = append(took[i], now[i])
		}
		added = append(added, now[1]-now[0]-now[2])
	}
	median := func(v []float64) float64 { slices.Sort(v); return v[len(v)/2] }
	for i, name := range []string{"direct-ms", "gateway-ms", "copy-ms"} {
		b.ReportMetric(median(took[i]), name)
	}
	b.ReportMetric(median(added), "added-ms")
}

// listen serves until the benchmark ends.
func listen(b *testing.B, serve func(net.Listener) error, stop func()) (address string) {
	b.Helper()
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(l) }()
	b.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

// noise is a picture with fifty spots on dim noise, which no compression makes small.
func noise(b *testing.B, side int) []byte {
	b.Helper()
	img := image.NewGray(image.Rect(0, 0, side, side))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.IntN(60))
	}
	for i := range 50 {
		for y := range 3 {
			for x := range 3 {
				img.SetGray(2+i%15*6+x, 2+i/15*6+y, color.Gray{Y: 250})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}
