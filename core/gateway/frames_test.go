package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/gateway"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/raster"
	"coverslip.dev/coverslip/core/imageio/video"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/servertest"
)

// film is one of n frames, each with as many spots as its number, as the program ffmpeg writes it.
func film(t *testing.T, n int) []byte {
	t.Helper()
	ffmpeg := servertest.Program(t, "ffmpeg", "video")
	dir := t.TempDir()
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.png", i)), picture(t, i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "film.avi")
	cmd := exec.CommandContext(t.Context(), ffmpeg, "-loglevel", "error", "-framerate", "5", "-i", filepath.Join(dir, "%03d.png"), "-c:v", "mjpeg", "-q:v", "1", "-pix_fmt", "yuvj444p", out)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFramesOfAFilmAreCounted: a film goes up, and the number of objects of every frame comes
// back, at once or as a job, as JSON or as a table.
func TestFramesOfAFilmAreCounted(t *testing.T) {
	const frames = 12
	data := film(t, frames)
	films := imageio.NewOpener(video.Format{}, raster.Format{})
	at, _ := open(t, func(o *gateway.Options) {
		o.Open = func(ctx context.Context, path, id string, _ int) (imageio.Source, error) {
			return films.OpenAs(ctx, path, id)
		}
		o.MaxPixels = 96 * 96 * frames
	})
	check := func(how string, code int, body []byte) {
		t.Helper()
		var got struct {
			Model  string
			Frames []infer.Frame
		}
		if err := json.Unmarshal(body, &got); err != nil || code != http.StatusOK || len(got.Frames) != frames || got.Model != "spots" {
			t.Fatalf("%s: %d %s %v", how, code, body, err)
		}
		for i, f := range got.Frames {
			if want := (infer.Frame{T: i, Seconds: float64(i) / 5, Objects: i}); f != want {
				t.Errorf("%s: %+v, want %+v", how, f, want)
			}
		}
	}
	code, _, body := call(t, "POST", at+"/v1/predict?frames=count", "video/x-msvideo", data)
	check("at once", code, body)
	code, head, body := call(t, "POST", at+"/v1/predict?frames=count&format=csv", "video/x-msvideo", data)
	if lines := strings.Split(string(body), "\n"); code != http.StatusOK || head.Get("Content-Type") != "text/csv; charset=utf-8" || len(lines) != frames+2 || lines[frames] != "11,2.2,11" {
		t.Errorf("a table: %d %s", code, body)
	}
	code, head, body = call(t, "POST", at+"/v1/jobs?frames=count", "video/x-msvideo", data)
	if code != http.StatusAccepted {
		t.Fatalf("%d %s", code, body)
	}
	var state struct {
		State                string
		Done, Total, Objects int
	}
	for state.State != "done" && state.State != "failed" {
		if _, _, body = call(t, "GET", at+head.Get("Location"), "", nil); json.Unmarshal(body, &state) != nil {
			t.Fatalf("%s", body)
		}
	}
	if state.Done != frames || state.Total != frames || state.Objects != 66 {
		t.Errorf("a job: %+v", state)
	}
	code, _, body = call(t, "GET", at+head.Get("Location")+"/result?format=json", "", nil)
	check("as a job", code, body)

	long := film(t, frames+1)
	for what, want := range map[string]int{"frames=all": 400, "frames=count": 413, "frames=count&t=99": 422} {
		if code, _, body := call(t, "POST", at+"/v1/predict?"+what, "video/x-msvideo", long); code != want || !bytes.Contains(body, []byte(`"detail"`)) {
			t.Errorf("%s: %d %s", what, code, body)
		}
	}
	if code, _, body := call(t, "POST", at+"/v1/predict?frames=count&t=10", "video/x-msvideo", data); code != http.StatusOK || !bytes.Contains(body, []byte(`"frames":[{"t":10,"seconds":2,"objects":10},{"t":11,`)) {
		t.Errorf("from a frame on: %d %s", code, body)
	}
	if code, _, body := call(t, "POST", at+"/v1/predict?frames=count", "image/png", picture(t, 4)); code != http.StatusOK || !bytes.Contains(body, []byte(`"objects":4`)) {
		t.Errorf("of a single image: %d %s", code, body)
	}
}
