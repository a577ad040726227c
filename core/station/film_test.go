package station_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/exchange"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/station"
)

// TestFollowAFilm counts a film in which a blob drifts and another stands still, and follows
// them, also after a restart in which no engine works yet; another rule loses the one that
// drifts. The table has them all, and the reviewed objects carry
// their tracks.
func TestFollowAFilm(t *testing.T) {
	ws := t.TempDir()
	b := open(t, ws, nil)
	const name = "film.avi"
	path := filepath.Join(ws, "scope", name)
	drift(t, path)
	it := b.capture(name, predicted)
	b.until(func() bool { return len(b.Serving()) > 0 }, func() string { return "served" })
	if f, err := b.Film(t.Context(), it); err != nil || len(f.Frames) > 0 {
		t.Fatalf("before it was counted: %+v, %v", f, err)
	}
	if err := b.CountFrames(t.Context(), it, func(station.Frames) {}); err != nil {
		t.Fatal(err)
	}
	b.stop()
	b = open(t, ws, nil)
	it = b.capture(name, func(it flow.Item) bool { return it.Behind("infer") })
	film, err := b.Film(t.Context(), it)
	if err != nil || len(film.Frames) != 6 {
		t.Fatalf("%+v, %v", film, err)
	}
	drifted, stood := false, false
	for i, spots := range film.Tracks {
		first, last := spots[0], spots[len(spots)-1]
		drifted = drifted || len(spots) == 6 && last.X-first.X > 20
		stood = stood || len(spots) == 6 && last.X-first.X < 2
		for _, p := range spots {
			o := film.Frames[p.T][0]
			for _, other := range film.Frames[p.T] {
				if other.ID == p.Object {
					o = other
				}
			}
			if o.ID != p.Object || o.Track != i+1 || p.Area < 100 {
				t.Errorf("track %d: %+v is of %+v", i+1, p, o)
			}
		}
	}
	if !drifted || !stood {
		t.Errorf("tracks %+v", film.Tracks)
	}

	var kept bytes.Buffer
	if err := b.WriteTracks(t.Context(), it, &kept); err != nil {
		t.Fatal(err)
	}
	table, err := csv.NewReader(&kept).ReadAll()
	if err != nil || len(table) != 13 || !slices.Equal(table[0][:4], []string{"track", "frame", "seconds", "x px"}) {
		t.Fatalf("%v\n%v", err, table)
	}
	for _, r := range table[1:] {
		n, err := strconv.Atoi(r[0])
		if err != nil || !slices.ContainsFunc(film.Tracks[n-1], func(p station.Spot) bool {
			return strconv.Itoa(p.T) == r[1] && strconv.FormatFloat(p.X, 'g', 6, 64) == r[3]
		}) {
			t.Errorf("%v is not among %+v", r, film.Tracks)
		}
	}

	objects, _, err := b.Objects(t.Context(), it)
	if err != nil || len(objects) == 0 {
		t.Fatal(objects, err)
	}
	home := film.Home(0)
	if err := b.Review(t.Context(), it, ""); err != nil {
		t.Fatal(err)
	}
	b.capture(name, func(it flow.Item) bool { return it.Behind("record") })
	found, err := filepath.Glob(filepath.Join(b.Folder(), "*", "*", "*.objects.geojson"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	l, _, err := exchange.ReadGeoJSON(bytes.NewReader(text))
	if err != nil || len(l.Objects) != len(objects) {
		t.Fatal(l, err)
	}
	for _, o := range l.Objects {
		if o.Track == 0 || o.Track != home[o.ID] {
			t.Errorf("recorded %+v, followed %v", o, home)
		}
	}

	if err := b.SetLinking(config.Linking{Reach: 1}); err != nil {
		t.Fatal(err)
	}
	if f, err := b.Film(t.Context(), it); err != nil || len(f.Tracks) < len(film.Tracks)+4 || f.Linking.Reach != 1 {
		t.Errorf("at most a pixel: %d tracks, then %d, %v", len(film.Tracks), len(f.Tracks), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Film(ctx, it); !errors.Is(err, context.Canceled) {
		t.Errorf("closed: %v", err)
	}
	if err := b.SetLinking(config.Linking{Reach: -1}); err == nil {
		t.Error("a step of -1 pixels is taken")
	}
}
