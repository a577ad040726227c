package gateway_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"coverslip.dev/coverslip/core/gateway"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/imageio/raster"
	"coverslip.dev/coverslip/core/imageio/zarr"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/embedded"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/servertest"
)

const token = "let-me-in"

// spots is a model whose objects are what is brighter than half.
const spots = `
name: spots
task: instances
class: spot
inputs: [{id: image, axes: bcyx}]
outputs: [{id: y, axes: bcyx}]
decode: {id: components, kwargs: {threshold: 256}}
`

// short is a time of grace where nobody fetches the results of jobs.
const short = 200 * time.Millisecond

// options are those of a gateway on the real engine.
func options(t *testing.T) gateway.Options {
	t.Helper()
	en := embedded.Open(servertest.Need(t, "COVERSLIP_TEST_ORT"), embedded.Options{Threads: 1})
	m, err := recipe.Read([]byte(spots))
	if err != nil {
		t.Fatal(err)
	}
	b := infer.Bundle{Ref: infer.Ref{Model: "spots", Version: "1"}, ONNX: infertest.Affine1()} // 2x + 1
	if err := en.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	files := imageio.NewOpener(ometiff.Format{}, raster.Format{}, zarr.Format{})
	return gateway.Options{
		Engine: en, Models: []gateway.Model{{Ref: b.Ref, Recipe: m, Hash: "of affine1"}},
		Open: func(ctx context.Context, path, id string, _ int) (imageio.Source, error) {
			return files.OpenAs(ctx, path, id)
		},
		Plane:  func(imageio.Info) infer.Options { return infer.Options{} },
		Tokens: []secret.Text{token, token + "-too"}, Work: t.TempDir(), Rate: 1e6,
	}
}

// open starts a gateway; stop ends it and wants no error.
func open(t *testing.T, change func(*gateway.Options)) (address string, stop func()) {
	t.Helper()
	o := options(t)
	if change != nil {
		change(&o)
	}
	g, err := gateway.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, l) }()
	stop = sync.OnceFunc(func() {
		http.DefaultClient.CloseIdleConnections() // a server waits some seconds for the first request of one
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(o.Work); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
		if err := o.Engine.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return "http://" + l.Addr().String(), stop
}

// picture has n bright spots.
func picture(t *testing.T, n int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 96, 96))
	for i := range n {
		for y := range 3 {
			for x := range 3 {
				img.SetGray(2+i%15*6+x, 2+i/15*6+y, color.Gray{Y: 250})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// call makes a request as a known client does; change may make it another.
func call(t *testing.T, method, address, kind string, body []byte, change ...func(*http.Request)) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for _, c := range change {
		c(r)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, a.Header, b
}

type found struct {
	State, Detail string
	ID            string `json:"id"`
	Objects       []struct{ Class string }
}

func TestFormats(t *testing.T) {
	at, _ := open(t, nil)
	for format, want := range map[string]struct{ kind, begins string }{
		"": {"application/geo+json", `{"type":"FeatureCollection"`}, "json": {"application/json", "{"},
		"csv": {"text/csv; charset=utf-8", "Image,"}, "labels": {"image/tiff", "II*"},
	} {
		url := at + "/v1/predict"
		if format != "" {
			url += "?format=" + format
		}
		code, head, body := call(t, "POST", url, "image/png", picture(t, 7))
		if code != http.StatusOK || head.Get("Content-Type") != want.kind || !strings.HasPrefix(string(body), want.begins) {
			t.Errorf("%s: %d %v %.80s", format, code, head, body)
		}
		if n := strings.Count(string(body), "spot"); format == "" && n < 7 || format == "csv" && strings.Count(string(body), "\n") != 8 {
			t.Errorf("%s: %d spots", format, n)
		}
		if format == "labels" {
			labelled(t, body, 7)
		}
	}
}

// TestAnUploadComesAgain: its objects have the names that they had, and those of another image others. The
// table says which image it was.
func TestAnUploadComesAgain(t *testing.T) {
	at, _ := open(t, nil)
	names := func(data []byte) (all, images []string) {
		t.Helper()
		code, _, body := call(t, "POST", at+"/v1/predict?format=csv", "image/png", data)
		rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
		if err != nil || code != http.StatusOK || len(rows) < 2 {
			t.Fatalf("%d %s, %v", code, body, err)
		}
		object, sum := slices.Index(rows[0], "Object"), slices.Index(rows[0], "Image MD5")
		for _, r := range rows[1:] {
			all, images = append(all, r[object]), append(images, r[sum])
		}
		return all, images
	}
	first, of := names(picture(t, 3))
	if again, _ := names(picture(t, 3)); !slices.Equal(again, first) {
		t.Errorf("%v, and then %v", first, again)
	}
	if other, _ := names(picture(t, 4)); slices.Equal(other[:3], first) {
		t.Errorf("%v of two images", first)
	}
	if want := fmt.Sprintf("%x", md5.Sum(picture(t, 3))); of[0] != want {
		t.Errorf("of %q, want %q", of[0], want)
	}
}

// stain has three spots, of another brightness in each colour.
func stain(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 96, 96))
	for i := range 3 {
		for y := range 3 {
			for x := range 3 {
				img.Set(2+i*6+x, 2+y, color.RGBA{R: 250, G: 100, B: 50, A: 255})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestEveryChannelIsMeasured, whichever the model has looked at.
func TestEveryChannelIsMeasured(t *testing.T) {
	at, _ := open(t, nil)
	code, _, body := call(t, "POST", at+"/v1/predict?format=json", "image/png", stain(t))
	var a struct {
		Objects []struct{ Measurements map[string]float64 }
	}
	if err := json.Unmarshal(body, &a); err != nil || code != http.StatusOK || len(a.Objects) != 3 {
		t.Fatalf("%d %.300s, %v", code, body, err)
	}
	for _, o := range a.Objects {
		for channel, want := range map[string]float64{"Red": 250, "Green": 100, "Blue": 50} {
			if got := o.Measurements[channel+": Mean"]; got != want {
				t.Errorf("%s: %v of %v", channel, got, o.Measurements)
			}
		}
	}
}

// TestWhatWasLookedAt: the answer says which channels, plane and time point; as many channels are
// taken as the model takes.
func TestWhatWasLookedAt(t *testing.T) {
	two, err := recipe.Read([]byte(strings.Replace(spots, "inputs: [{id: image, axes: bcyx}]", "inputs: [{id: image, axes: bcyx, channels: [green, actin]}]", 1)))
	if err != nil {
		t.Fatal(err)
	}
	at, _ := open(t, func(o *gateway.Options) {
		o.Models = append(o.Models, gateway.Model{Ref: infer.Ref{Model: "two", Version: "1"}, Recipe: two})
		o.Engine = pair{o.Engine}
	})
	for query, want := range map[string]struct {
		code     int
		channels []int
		says     string
	}{
		"":                       {http.StatusOK, []int{0}, ""},
		"&channel=2":             {http.StatusOK, []int{2}, ""},
		"&channel=0,1":           {http.StatusUnprocessableEntity, nil, "takes one channel, not 2"},
		"&channel=3":             {http.StatusUnprocessableEntity, nil, "no such channel"},
		"&channel=0,":            {http.StatusBadRequest, nil, "whole number"},
		"&model=two":             {http.StatusOK, []int{1, 0}, "1 of the 2 channels"},
		"&model=two&channel=2":   {http.StatusUnprocessableEntity, nil, "takes 2 channels, not 1"},
		"&model=two&channel=2,1": {http.StatusOK, []int{2, 1}, ""},
	} {
		for _, kind := range []string{"", "&frames=count"} {
			code, _, body := call(t, "POST", at+"/v1/predict?format=json"+query+kind, "image/png", stain(t))
			var a struct {
				Z, T         *int
				Channels     []int
				Note, Detail string
			}
			if err := json.Unmarshal(body, &a); err != nil || code != want.code || !slices.Equal(a.Channels, want.channels) ||
				!strings.Contains(a.Note+a.Detail, want.says) || a.Note != "" && want.says == "" || code == http.StatusOK && (a.Z == nil || a.T == nil) {
				t.Errorf("%s%s: %d %.300s, %v", query, kind, code, body, err)
			}
		}
	}
}

// pair is a real engine that answers as a model of two channels does of the first one.
type pair struct{ infer.Engine }

func (p pair) Describe(ctx context.Context, m infer.Ref) (infer.Spec, error) {
	s, err := p.Engine.Describe(ctx, infer.Ref{Model: "spots", Version: "1"})
	if m.Model == "two" && err == nil {
		s.In[0].Shape = []int64{-1, 2, -1, -1}
	}
	return s, err
}

func (p pair) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	if m.Model == "two" {
		one := in[0]
		one.Shape = slices.Clone(one.Shape)
		one.Shape[1], one.Data = 1, one.Data[:len(one.Data)/2]
		in = []infer.Tensor{one}
	}
	return p.Engine.Infer(ctx, infer.Ref{Model: "spots", Version: "1"}, in)
}

// labelled wants a label image of n spots, where [picture] has them: each of another number, and
// nothing between them.
func labelled(t *testing.T, data []byte, n int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "labels.tif")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := imageio.NewOpener(ometiff.Format{}).Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	size := src.Info().Levels[0].Size
	p, err := imageio.ReadRegion(t.Context(), src, imageio.Region{Rect: image.Rectangle{Max: size}})
	if err != nil || size != image.Pt(96, 96) {
		t.Fatalf("%v, %v", size, err)
	}
	seen := map[float64]bool{}
	for i := range n {
		x, y := 3+i%15*6, 3+i/15*6
		v, beside := p.Sample(y*size.X+x), p.Sample(y*size.X+x+3)
		if v < 1 || v > float64(n) || seen[v] || beside != 0 {
			t.Errorf("spot %d has the number %v, %v beside it", i, v, beside)
		}
		seen[v] = true
	}
}

// TestKindsOfImages: the same spots are found in each.
func TestKindsOfImages(t *testing.T) {
	at, _ := open(t, nil)
	img, err := png.Decode(bytes.NewReader(picture(t, 7)))
	if err != nil {
		t.Fatal(err)
	}
	for kind, encode := range map[string]func(io.Writer, image.Image) error{
		"image/png":  png.Encode,
		"image/bmp":  bmp.Encode,
		"image/jpeg": func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, &jpeg.Options{Quality: 100}) },
		"image/tiff": func(w io.Writer, m image.Image) error {
			return tiff.Encode(w, m, &tiff.Options{Compression: tiff.Deflate})
		},
	} {
		var b bytes.Buffer
		if err := encode(&b, img); err != nil {
			t.Fatal(err)
		}
		for _, as := range []string{kind, "application/octet-stream"} {
			code, _, body := call(t, "POST", at+"/v1/predict?format=json", as, b.Bytes())
			var f found
			if err := json.Unmarshal(body, &f); err != nil || code != http.StatusOK || len(f.Objects) != 7 {
				t.Errorf("%s as %s: %d, %d spots: %.200s", kind, as, code, len(f.Objects), body)
			}
		}
	}
}

// TestRegion: spots stand six pixels apart, the first three ones of both rows left of 20.
func TestRegion(t *testing.T) {
	at, _ := open(t, nil)
	for region, want := range map[string]int{"0,0,20,96": 6, "19,0,77,6": 12, "0,0,96,96": 30, "50,50,9,9": 0} {
		code, _, body := call(t, "POST", at+"/v1/predict?format=json&region="+region, "image/png", picture(t, 30))
		var f found
		if err := json.Unmarshal(body, &f); err != nil || code != http.StatusOK || len(f.Objects) != want {
			t.Errorf("%s: %d, %d spots, want %d: %.80s %v", region, code, len(f.Objects), want, body, err)
		}
	}
}

func TestJobs(t *testing.T) {
	at, _ := open(t, nil)
	code, head, body := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 5))
	if code != http.StatusAccepted {
		t.Fatalf("%d %s", code, body)
	}
	job := at + head.Get("Location")
	var f found
	for f.State != "done" && f.State != "failed" {
		if _, _, body = call(t, "GET", job, "", nil); json.Unmarshal(body, &struct{ State *string }{&f.State}) != nil {
			t.Fatalf("%s", body)
		}
	}
	code, _, body = call(t, "GET", job+"/result?format=json", "", nil)
	if err := json.Unmarshal(body, &f); err != nil || code != http.StatusOK || len(f.Objects) != 5 || f.Objects[0].Class != "spot" {
		t.Errorf("%d %s %v", code, body, err)
	}
	stranger := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token+"-too") }
	for _, c := range [][2]string{{"GET", job}, {"DELETE", job}, {"GET", job + "/result"}} {
		if code, _, body := call(t, c[0], c[1], "", nil, stranger); code != http.StatusNotFound {
			t.Errorf("%s by a stranger: %d %s", c[0], code, body)
		}
	}
	if code, _, _ := call(t, "GET", at+"/v1/jobs/NONE", "", nil); code != http.StatusNotFound {
		t.Errorf("no job: %d", code)
	}
	if code, _, _ := call(t, "DELETE", job, "", nil); code != http.StatusNoContent {
		t.Errorf("remove: %d", code)
	}
	if code, _, _ := call(t, "GET", job, "", nil); code != http.StatusNotFound {
		t.Errorf("removed: %d", code)
	}
	code, head, _ = call(t, "POST", at+"/v1/jobs", "image/png", []byte("no picture"))
	for f.State = ""; code == http.StatusAccepted && f.State != "failed"; {
		if _, _, body = call(t, "GET", at+head.Get("Location"), "", nil); json.Unmarshal(body, &f) != nil || f.State == "done" {
			t.Fatalf("%s", body)
		}
	}
	if f.Detail == "" {
		t.Error("a failed job says nothing")
	}
}

// held is a real engine that answers when it is let to.
type held struct {
	infer.Engine
	open chan struct{}
}

func (h held) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	select {
	case <-h.open:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return h.Engine.Infer(ctx, m, in)
}

// measures waits until the metrics say all of that.
func measures(t *testing.T, at string, want ...string) {
	t.Helper()
	var got []byte
	servertest.Until(t, func() bool {
		_, _, got = call(t, "GET", at+"/metrics", "", nil)
		return !slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(string(got), "coverslip_gateway_"+w+"\n") })
	}, func() string { return fmt.Sprintf("%q:\n%s", want, got) })
}

// TestQueue: a job that was accepted is done however many uploads wait, and one that is removed
// leaves its place in the queue and its bytes at once.
func TestQueue(t *testing.T) {
	answer := make(chan struct{})
	at, _ := open(t, func(o *gateway.Options) {
		o.Engine, o.Parallel, o.Waiting, o.Jobs, o.Grace = held{o.Engine, answer}, 3, 1, 2, short
	})
	data := picture(t, 3)
	submit := func(want int) string {
		code, head, body := call(t, "POST", at+"/v1/jobs", "image/png", data)
		if code != want {
			t.Fatalf("%d %s", code, body)
		}
		return at + head.Get("Location")
	}
	submit(http.StatusAccepted)
	measures(t, at, "running 1")
	var wg sync.WaitGroup
	for i := range 3 { // two under way, one that waits for a place
		wg.Go(func() {
			if code, _, body := call(t, "POST", at+"/v1/predict", "image/png", data); code != http.StatusOK {
				t.Errorf("%d %s", code, body)
			}
		})
		measures(t, at, fmt.Sprintf("running %d", min(i+2, 3)), fmt.Sprintf("waiting %d", i/2))
	}
	submit(http.StatusAccepted) // waits for a place too
	measures(t, at, "jobs_waiting 0", "waiting 2")
	submit(http.StatusAccepted)
	last := submit(http.StatusAccepted)
	submit(http.StatusTooManyRequests)
	measures(t, at, "jobs_waiting 2", fmt.Sprintf("spool_bytes %d", 7*len(data)))
	if code, _, _ := call(t, "DELETE", last, "", nil); code != http.StatusNoContent {
		t.Errorf("remove: %d", code)
	}
	measures(t, at, "jobs_waiting 1", fmt.Sprintf("spool_bytes %d", 6*len(data)))
	submit(http.StatusAccepted)
	close(answer)
	wg.Wait()
	measures(t, at, "objects_total 21", "spool_bytes 0") // three answers and four jobs
}

// TestJobsLeaveAPlace: however many jobs there are, an image that someone waits for is looked at.
func TestJobsLeaveAPlace(t *testing.T) {
	answer := make(chan struct{})
	at, _ := open(t, func(o *gateway.Options) { o.Engine, o.Grace = held{o.Engine, answer}, short })
	for range 3 {
		if code, _, body := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 3)); code != http.StatusAccepted {
			t.Fatalf("%d %s", code, body)
		}
	}
	measures(t, at, "running 1", "jobs_waiting 2")
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(answer)
	wg.Go(func() {
		if code, _, body := call(t, "POST", at+"/v1/predict", "image/png", picture(t, 3)); code != http.StatusOK {
			t.Errorf("%d %s", code, body)
		}
	})
	measures(t, at, "running 2", "waiting 0", "jobs_waiting 2")
}

// TestManyUploads sends a thousand images at once, and wants each client's own answer.
func TestManyUploads(t *testing.T) {
	at, _ := open(t, nil)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}, Timeout: 5 * time.Minute}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	errs := make(chan error, 1000)
	for i := range 1000 {
		n := 1 + i%200
		body := picture(t, n)
		wg.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at+"/v1/predict?format=json", bytes.NewReader(body))
			if err != nil {
				errs <- err
				return
			}
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Content-Type", "image/png")
			a, err := client.Do(r)
			if err != nil {
				errs <- err
				return
			}
			defer a.Body.Close() //nolint:errcheck // read only
			var f found
			if err := json.NewDecoder(a.Body).Decode(&f); err != nil || len(f.Objects) != n {
				errs <- fmt.Errorf("%d: %d objects of %d, %s, %w", a.StatusCode, len(f.Objects), n, f.Detail, err)
			}
		})
	}
	wg.Wait()
	close(errs)
	n := 0
	for err := range errs {
		if n++; n < 5 {
			t.Error(err)
		}
	}
	if n > 0 {
		t.Errorf("%d of 1000 failed", n)
	}
	// The last are counted when their answers are out.
	measures(t, at, `requests_total{route="/v1/predict",code="200"} 1000`, "spool_bytes 0")
}
