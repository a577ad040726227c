package imageio_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/imageio/raster"
)

// value is the sample of the test image at x, y.
func value(x, y int) uint16 { return uint16((x*7919 + y*104729 + x*y) % 60000) }

// field writes the test image and opens it.
func field(tb testing.TB, w, h int) imageio.Source {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "field.ome.tif")
	info := imageio.Info{
		Levels: []imageio.Level{{Size: image.Pt(w, h), Downsample: 1}}, Type: imageio.Uint16, Z: 1, T: 1,
		Channels: make([]imageio.Channel, 1),
	}
	err := ometiff.Write(tb.Context(), path, info, func(int, int, int) (*imageio.Pixels, error) {
		px := &imageio.Pixels{Size: image.Pt(w, h), Type: imageio.Uint16}
		for y := range h {
			for x := range w {
				px.Data = binary.LittleEndian.AppendUint16(px.Data, value(x, y))
			}
		}
		return px, nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	src, err := ometiff.Format{}.Open(tb.Context(), path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = src.Close() })
	return src
}

func opener() *imageio.Opener { return imageio.NewOpener(ometiff.Format{}, raster.Format{}) }

// fallen is a format whose readers come down.
type fallen struct{ open bool }

func (fallen) Name() string              { return "fallen" }
func (fallen) Match(string, []byte) bool { return true }
func (f fallen) Open(_ context.Context, path string) (imageio.Source, error) {
	if f.open {
		return nil, errors.New(path[len(path)+1:]) // a hostile header
	}
	return f, nil
}
func (fallen) ID() string         { return "fallen" }
func (fallen) Info() imageio.Info { return imageio.Info{} }
func (fallen) Close() error       { return nil }

func (fallen) Complete(_ context.Context, path string) error { return errors.New(path[len(path)+1:]) }

func (fallen) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	return []*imageio.Pixels{}[t.Row], nil
}

func TestAReaderThatComesDownTakesNobodyWithIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := imageio.NewOpener(fallen{open: true}).Open(t.Context(), path); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("opened: %v", err)
	}
	// Capture waits for more of what is cut short, and takes what can't be read as it is.
	if err := imageio.NewOpener(fallen{}).Complete(t.Context(), path); fault.KindOf(err) != fault.Invalid {
		t.Errorf("complete: %v", err)
	}
	if err := imageio.Judged(func() error { return fallen{}.Complete(t.Context(), path) }); fault.KindOf(err) != fault.Invalid {
		t.Errorf("judged: %v", err)
	}
	src, err := imageio.NewOpener(fallen{}).Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.ReadTile(t.Context(), imageio.Tile{}); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("read: %v", err)
	}
}

func TestBytesDecideBeforeTheName(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 5, 4))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "really.tif")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := opener().Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if src.Info().Format != "PNG" || !strings.HasPrefix(src.ID(), "file:") {
		t.Errorf("%q %+v", src.ID(), src.Info())
	}
	known, err := opener().OpenAs(t.Context(), path, "md5:0123")
	if err != nil || known.ID() != "md5:0123" {
		t.Errorf("%v", err)
	}
}

func TestWhatCannotBeOpenedSaysWhy(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, data string
		kind       fault.Kind
		say        string
	}{
		{"empty.tif", "", fault.Corrupt, "The file is empty."},
		{"text.tif", "hello, this is no image", fault.Invalid, "no image format"},
		{"short.tif", "II*\x00\x08\x00\x00\x00", fault.Corrupt, "cut short"},
		{"short.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", fault.Corrupt, "cut short"},
		{"odd.tif", "II*\x00\x08\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", fault.Corrupt, "damaged"},
	} {
		path := filepath.Join(dir, c.name)
		if err := os.WriteFile(path, []byte(c.data), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := opener().Open(t.Context(), path)
		if say, _ := fault.Explain(err); fault.KindOf(err) != c.kind || !strings.Contains(say, c.say) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := opener().Open(t.Context(), filepath.Join(dir, "none.tif")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := opener().OpenImage(t.Context(), filepath.Join(dir, "short.png"), "", 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the second image of one: %v", err)
	}
	if _, err := opener().Open(t.Context(), dir); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a folder: %v", err)
	}
	if err := opener().Complete(t.Context(), filepath.Join(dir, "text.tif")); err != nil {
		t.Errorf("a file of no format is not held: %v", err)
	}
	if err := opener().Complete(t.Context(), filepath.Join(dir, "empty.tif")); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("an empty file: %v", err)
	}
}

func TestRegion(t *testing.T) {
	src := field(t, 700, 530)
	for _, r := range []image.Rectangle{
		image.Rect(0, 0, 700, 530), image.Rect(250, 250, 520, 515), image.Rect(699, 529, 700, 530),
		image.Rect(-10, -20, 3, 4), image.Rect(690, 100, 9000, 101), image.Rect(256, 256, 512, 512),
	} {
		px, err := imageio.ReadRegion(t.Context(), src, imageio.Region{Rect: r})
		if err != nil {
			t.Fatal(err)
		}
		in := r.Intersect(image.Rect(0, 0, 700, 530))
		if px.Size != in.Size() {
			t.Fatalf("%v: %v", r, px.Size)
		}
		for i, v := range px.Uint16s() {
			if x, y := in.Min.X+i%px.Size.X, in.Min.Y+i/px.Size.X; v != value(x, y) {
				t.Fatalf("%v at %d,%d: %d, want %d", r, x, y, v, value(x, y))
			}
		}
	}
	if _, err := imageio.ReadRegion(t.Context(), src, imageio.Region{Rect: image.Rect(800, 0, 900, 10)}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("outside: %v", err)
	}
	for _, r := range []imageio.Region{{Level: 1}, {C: 1}, {Z: -1}, {T: 1}} {
		r.Rect = image.Rect(0, 0, 1, 1)
		if _, err := imageio.ReadRegion(t.Context(), src, r); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestPyramid(t *testing.T) {
	const w, h = 2061, 1203
	src := field(t, w, h)
	for name, p := range map[string]imageio.Source{
		"alone": imageio.Pyramid(src), "cached": imageio.Pyramid(imageio.Cached(src, imageio.NewTileCache(32<<20))),
	} {
		info := p.Info()
		if len(info.Levels) != 3 || info.Levels[2].Size != image.Pt(516, 301) || info.Levels[2].Downsample != 4 {
			t.Fatalf("%s: %+v", name, info.Levels)
		}
		want := imageiotest.Plane(t, p, 0, 0, 0, 0)
		for l := 1; l < 3; l++ {
			got := imageiotest.Plane(t, p, l, 0, 0, 0)
			mean(t, got, want)
			want = got
		}
	}
	if small := field(t, 1000, 90); imageio.Pyramid(small) != small {
		t.Error("a small image was wrapped")
	}
	imageiotest.Run(t, func(*testing.T) imageio.Source { return imageio.Pyramid(unclosed{src}) })
}

// merged is a source whose planes stand for several, such as the last level of a volume.
type merged struct{ imageio.Source }

func (m merged) Info() imageio.Info {
	i := m.Source.Info()
	i.Levels = []imageio.Level{{Size: i.Levels[0].Size, Downsample: 1, Merged: true}}
	return i
}

// TestBelowMerged has the levels that are made of merged ones, or kept of them, say so too.
func TestBelowMerged(t *testing.T) {
	src := merged{field(t, 2061, 1203)}
	kept, err := imageio.WithCoarser(src, field(t, 1031, 602))
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]imageio.Source{"made": imageio.Pyramid(src), "kept": kept} {
		if l := s.Info().Levels; len(l) < 2 || !l[len(l)-1].Merged {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

// TestDownsample tells by how much a level is coarser from its rounded sides.
func TestDownsample(t *testing.T) {
	for _, c := range []struct {
		sizes []image.Point
		want  []float64
	}{
		{[]image.Point{{601, 60000}, {301, 30000}, {151, 15000}, {76, 7500}, {38, 3750}, {19, 1875}, {10, 938}, {5, 469}}, []float64{1, 2, 4, 8, 16, 32, 64, 128}},
		{[]image.Point{{601, 60000}, {5, 469}}, []float64{1, 128}},
		{[]image.Point{{1001, 9}, {500, 4}, {250, 2}, {125, 1}}, []float64{1, 2, 4, 8}},
		{[]image.Point{{2700, 500}, {900, 166}, {300, 55}, {100, 18}, {33, 6}}, []float64{1, 3, 9, 27, 81}},
		{[]image.Point{{1000, 800}, {400, 320}, {100, 80}}, []float64{1, 2.5, 10}},
		{[]image.Point{{1000, 1000}, {500, 1000}}, []float64{1, 2}},
		{[]image.Point{{3, 3}, {2, 2}, {1, 1}}, []float64{1, 2, 4}},
	} {
		levels := []imageio.Level{{Size: c.sizes[0], Downsample: 1}}
		for i, size := range c.sizes[1:] {
			by := imageio.Downsample(levels, size)
			if by != c.want[i+1] {
				t.Errorf("%v below %v: %g, want %g", size, c.sizes[0], by, c.want[i+1])
			}
			levels = append(levels, imageio.Level{Size: size, Downsample: by})
		}
	}
}

// aspect is a source whose pixels have a proportion.
type aspect struct {
	imageio.Source
	by float64
}

func (a aspect) Info() imageio.Info {
	i := a.Source.Info()
	i.Aspect = a.by
	return i
}

// TestCalibrated: what is told counts, then what the file says, then that pixels are square.
func TestCalibrated(t *testing.T) {
	bare := field(t, 8, 8)
	for _, c := range []struct{ given, want imageio.Micron }{
		{imageio.Micron{}, imageio.Micron{}},
		{imageio.Micron{Z: 2}, imageio.Micron{Z: 2}},
		{imageio.Micron{X: 0.5}, imageio.Micron{X: 0.5, Y: 0.5}},
		{imageio.Micron{Y: 0.5, Z: 1}, imageio.Micron{X: 0.5, Y: 0.5, Z: 1}},
		{imageio.Micron{X: 0.5, Y: 2}, imageio.Micron{X: 0.5, Y: 2}},
	} {
		if got := imageio.Calibrated(bare, c.given).Info().Micron; got != c.want {
			t.Errorf("%v given: %v", c.given, got)
		}
	}
	film := aspect{bare, 1.25}
	for given, want := range map[imageio.Micron]imageio.Micron{{X: 0.5}: {X: 0.5, Y: 0.4}, {Y: 0.4}: {X: 0.5, Y: 0.4}, {X: 1, Y: 1}: {X: 1, Y: 1}} {
		if got := imageio.Calibrated(film, given).Info().Micron; got != want {
			t.Errorf("%v given of a film: %v", given, got)
		}
	}
	if got := imageio.Turned(film, imageio.Oriented(6)).Info().Aspect; got != 0.8 {
		t.Errorf("turned: %g", got)
	}
	said := imageio.Calibrated(bare, imageio.Micron{X: 1, Y: 3})
	if got := imageio.Calibrated(said, imageio.Micron{X: 2}).Info().Micron; got != (imageio.Micron{X: 2, Y: 3}) {
		t.Errorf("the other side of the file's: %v", got)
	}
}

// TestTurned shows an image of several tiles as each orientation says.
func TestTurned(t *testing.T) {
	const w, h = 700, 530
	for n, at := range []func(x, y int) image.Point{
		func(x, y int) image.Point { return image.Pt(x, y) },
		func(x, y int) image.Point { return image.Pt(w-1-x, y) },
		func(x, y int) image.Point { return image.Pt(w-1-x, h-1-y) },
		func(x, y int) image.Point { return image.Pt(x, h-1-y) },
		func(x, y int) image.Point { return image.Pt(y, x) },
		func(x, y int) image.Point { return image.Pt(h-1-y, x) },
		func(x, y int) image.Point { return image.Pt(h-1-y, w-1-x) },
		func(x, y int) image.Point { return image.Pt(y, w-1-x) },
	} {
		src := imageio.Turned(field(t, w, h), imageio.Oriented(n+1))
		if n == 5 {
			imageiotest.Run(t, func(*testing.T) imageio.Source { return unclosed{src} })
		}
		px := imageiotest.Plane(t, src, 0, 0, 0, 0)
		for y := range h {
			for x := range w {
				to := at(x, y)
				if got := px.Sample(to.Y*px.Size.X + to.X); got != float64(value(x, y)) {
					t.Fatalf("orientation %d: %g at %v, want %d", n+1, got, to, value(x, y))
				}
			}
		}
	}
}

// TestKeptLevels saves the coarser levels of an image, and puts them under it again.
func TestKeptLevels(t *testing.T) {
	src := field(t, 2501, 1999)
	all := imageio.Pyramid(src)
	top, err := imageio.Coarser(all, 1)
	if err != nil {
		t.Fatal(err)
	}
	imageiotest.Run(t, func(*testing.T) imageio.Source { return top })
	path := filepath.Join(t.TempDir(), "coarse.ome.tif")
	if err := ometiff.Save(t.Context(), path, top, ometiff.Options{}); err != nil {
		t.Fatal(err)
	}
	reopen := func() imageio.Source {
		coarse, err := ometiff.Format{}.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return coarse
	}
	both, err := imageio.WithCoarser(unclosed{src}, reopen())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(both.Info().Levels), len(all.Info().Levels); got < want {
		t.Fatalf("%d levels, want %d", got, want)
	}
	for l := range all.Info().Levels {
		got, want := imageiotest.Plane(t, both, l, 0, 0, 0), imageiotest.Plane(t, all, l, 0, 0, 0)
		if got.Size != want.Size || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("level %d is another one", l)
		}
		if a, b := both.Info().Levels[l], all.Info().Levels[l]; a != b {
			t.Errorf("level %d: %+v, want %+v", l, a, b)
		}
	}
	if err := both.Close(); err != nil {
		t.Error(err)
	}
	imageiotest.Run(t, func(t *testing.T) imageio.Source {
		t.Helper()
		both, err := imageio.WithCoarser(unclosed{src}, reopen())
		if err != nil {
			t.Fatal(err)
		}
		return both
	})
	other := reopen()
	defer other.Close()
	if _, err := imageio.WithCoarser(field(t, 640, 480), other); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("levels of another image: %v", err)
	}
}

// unclosed is a source that others still need.
type unclosed struct{ imageio.Source }

func (unclosed) Close() error { return nil }

// mean checks that half is fine at half the size, counting only pixels that are there.
func mean(t *testing.T, half, fine *imageio.Pixels) {
	t.Helper()
	for y := range half.Size.Y {
		for x := range half.Size.X {
			sum, n := 0.0, 0.0
			for dy := range 2 {
				for dx := range 2 {
					if 2*x+dx < fine.Size.X && 2*y+dy < fine.Size.Y {
						sum += fine.Sample((2*y+dy)*fine.Size.X + 2*x + dx)
						n++
					}
				}
			}
			if got, want := half.Sample(y*half.Size.X+x), math.Floor(sum/n+0.5); got != want {
				t.Fatalf("at %d,%d: %g, want %g", x, y, got, want)
			}
		}
	}
}

// counted is a source that counts its reads and holds each until it is let go.
type counted struct {
	imageio.Source
	reads atomic.Int32
	hold  chan struct{}
}

func (c *counted) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	c.reads.Add(1)
	if c.hold != nil {
		select {
		case <-c.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return c.Source.ReadTile(ctx, t)
}

func TestTwoReadersDecodeOnce(t *testing.T) {
	in := &counted{Source: field(t, 300, 300), hold: make(chan struct{})}
	src := imageio.Cached(in, imageio.NewTileCache(1<<20))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := src.ReadTile(t.Context(), imageio.Tile{}); err != nil {
				t.Error(err)
			}
		})
	}
	close(in.hold)
	wg.Wait()
	if n := in.reads.Load(); n != 1 {
		t.Errorf("decoded %d times", n)
	}
}

// TestStoppedReaderDoesNotStopOthers: who waits for a read that is stopped reads alone.
func TestStoppedReaderDoesNotStopOthers(t *testing.T) {
	in := &counted{Source: field(t, 300, 300), hold: make(chan struct{})}
	src := imageio.Cached(in, imageio.NewTileCache(1<<20))
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	read := func(ctx context.Context, to chan error) {
		_, err := src.ReadTile(ctx, imageio.Tile{})
		to <- err
	}
	go read(ctx, first)
	for in.reads.Load() == 0 {
		runtime.Gosched()
	}
	go read(t.Context(), second)
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	close(in.hold)
	if err := <-second; err != nil {
		t.Errorf("the second: %v", err)
	}
}

// TestClosedReaderDoesNotStopOthers: who waits for a read of a file that is closed meanwhile reads
// by itself.
func TestClosedReaderDoesNotStopOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache, hold, second := imageio.NewTileCache(1<<20), make(chan struct{}), make(chan error, 1)
		go cache.Read(t.Context(), "a", imageio.Tile{}, func(context.Context) (*imageio.Pixels, error) { //nolint:errcheck // the first's own
			<-hold
			return nil, os.ErrClosed
		})
		synctest.Wait()
		go func() {
			_, err := cache.Read(t.Context(), "a", imageio.Tile{}, func(context.Context) (*imageio.Pixels, error) { return &imageio.Pixels{}, nil })
			second <- err
		}()
		synctest.Wait() // it waits for the first
		close(hold)
		if err := <-second; err != nil {
			t.Error(err)
		}
	})
}

func TestCacheIsBounded(t *testing.T) {
	const tile = 256 * 256 * 2
	in := &counted{Source: field(t, 1024, 512)} // 4 × 2 tiles
	cache := imageio.NewTileCache(3 * tile)
	src := imageio.Cached(in, cache)
	read := func(col, row int) {
		if _, err := src.ReadTile(t.Context(), imageio.Tile{Col: col, Row: row}); err != nil {
			t.Fatal(err)
		}
		if cache.Bytes() > 3*tile {
			t.Fatalf("%d bytes kept", cache.Bytes())
		}
	}
	for row := range 2 {
		for col := range 4 {
			read(col, row)
		}
	}
	before := in.reads.Load()
	read(3, 1)
	read(1, 1)
	if in.reads.Load() != before {
		t.Error("the latest tiles were not kept")
	}
	read(0, 0)
	if in.reads.Load() != before+1 {
		t.Error("the oldest tile was kept")
	}
	if _, ok := cache.Peek(src.ID(), imageio.Tile{Col: 2, Row: 1}); ok {
		t.Error("the least used tile was kept")
	}
}
