package ui

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/viewer"
)

// followFilm links the objects of the open film over time, from what is kept of it. What was
// linked for an image that is not open any more is left.
func (w *window) followFilm() {
	it, ok := w.station.Items().Row(w.desk.id)
	src := w.desk.src
	if !ok || src == nil || src.Info().T < 2 {
		w.following.end()
		return
	}
	_, at := station.Lying(it, src.Info())
	w.desk.film.Making, w.desk.linkedFor = true, w.desk.stamp
	w.following.do(func(ctx context.Context) error {
		f, err := w.station.Film(ctx, it)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // another image is open
		}
		film, tracks := filmOf(f), f.Home(at)
		w.work.post(func() {
			if w.desk.src == src {
				w.desk.film, w.desk.tracks, w.desk.linked = film, tracks, nil
				w.fillViewer()
			}
		})
		return err
	})
}

func filmOf(f station.Film) viewer.Film {
	out := viewer.Film{Frames: f.Frames, Reach: f.Linking.Reach, Gap: f.Linking.Gap}
	for _, spots := range f.Tracks {
		all := make([]viewer.Spot, len(spots))
		for i, s := range spots {
			all[i] = viewer.Spot(s)
		}
		out.Tracks = append(out.Tracks, all)
	}
	if f.Left > 0 {
		out.Say = fmt.Sprintf("The outlines of the last %d time points are not shown: they are too many for the memory.", f.Left)
	}
	return out
}

// course is the film, and what it lacks.
func (d *desk) course() viewer.Film {
	f := d.film
	if len(d.log) > 0 {
		f.Say = strings.TrimSpace(f.Say + " Tracks and counts are as the model found the objects, without corrections.")
	}
	return f
}

// followed are the objects that can be corrected, with their tracks.
func (d *desk) followed() []annotation.Object {
	if len(d.tracks) == 0 {
		return d.objects
	}
	if d.linked == nil {
		d.linked = slices.Clone(d.objects)
		for i := range d.linked {
			d.linked[i].Track = d.tracks[d.linked[i].ID]
		}
	}
	return d.linked
}

// link has objects linked by another rule, of all films.
func (w *window) link(reach float64, gap int) {
	w.work.do(func(context.Context) error {
		err := w.station.SetLinking(config.Linking{Reach: reach, Gap: gap})
		if err == nil {
			w.work.post(w.followFilm)
		}
		return err
	})
}

// saveTracks keeps the table of the open film's tracks beside the snapshots.
func (w *window) saveTracks() {
	it, ok := w.station.Items().Row(w.desk.id)
	if !ok {
		return
	}
	path := w.snapshotPath("tracks.csv")
	w.slow.do(func(ctx context.Context) error {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		err := station.WriteResult(path, func(to io.Writer) error {
			b := bufio.NewWriter(to)
			if err := w.station.WriteTracks(ctx, it, b); err != nil {
				return err
			}
			return b.Flush()
		})
		if err == nil {
			w.slow.post(func() { w.viewer.Note("Kept as " + path) })
		}
		return err
	})
}
