package station_test

import (
	"bytes"
	"encoding/csv"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"coverslip.dev/coverslip/core/measure"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// drift makes a film of six time points in which a blob drifts by 5 pixels each, and another
// stands still.
func drift(t *testing.T, path string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), servertest.Program(t, "ffmpeg", "video"), "-loglevel", "error",
		"-f", "lavfi", "-i", "color=black:s=160x128:r=5,drawbox=x=110:y=70:w=24:h=24:color=white:t=fill", "-f", "lavfi", "-i", "color=white:s=24x24:r=5",
		"-filter_complex", "[0][1]overlay=x=20+5*n:y=30:shortest=0,boxblur=4", "-frames:v", "6", "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj444p", path)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
}

// TestTrackAFilm: a blob drifts and another stands still, seen by the bundled model on a real
// server: each keeps its number.
func TestTrackAFilm(t *testing.T) {
	film := filepath.Join(t.TempDir(), "film.avi")
	drift(t, film)
	server := servertest.StartTriton(t)
	var out bytes.Buffer
	q := station.Question{Engine: server.GRPC, Backend: "python", Model: "tracked", Linking: measure.Linking{Reach: 10}}
	q.Tells = func(_, note string) { t.Errorf("all time points are wanted, and yet: %s", note) }
	tracks, err := station.Track(t.Context(), q, film, &out)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) < 7 {
		t.Fatal(rows, err)
	}
	first, last, seen := map[string]float64{}, map[string]float64{}, map[string]int{}
	for _, r := range rows[1:] {
		x, err := strconv.ParseFloat(r[3], 64)
		if err != nil {
			t.Fatal(err)
		}
		if seen[r[0]] == 0 {
			first[r[0]] = x
		}
		last[r[0]] = x
		seen[r[0]]++
	}
	drifted, stood := false, false
	for n, times := range seen {
		d := last[n] - first[n]
		drifted = drifted || times == 6 && d > 20 && d < 30
		stood = stood || times == 6 && d > -2 && d < 2
	}
	if !drifted || !stood || tracks != len(seen) {
		t.Errorf("%d tracks: %v from %v to %v", tracks, seen, first, last)
	}
}
