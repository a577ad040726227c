package station

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"math"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/measure"
	"coverslip.dev/coverslip/core/session"
)

// Film is what was found at the time points of a capture, and which objects are the same
// thing: those with one Track.
type Film struct {
	Linking config.Linking
	Frames  [][]annotation.Object // by time point; one whose outlines are too many for memory is empty
	Tracks  [][]Spot              // by number from 1, in order of time
	Left    int                   // time points whose outlines are too many
}

// Home are the tracks of the objects of time point t by their IDs.
func (f Film) Home(t int) map[string]int {
	of := map[string]int{}
	for i, spots := range f.Tracks {
		for _, p := range spots {
			if p.T == t {
				of[p.Object] = i + 1
			}
		}
	}
	return of
}

// Spot is where a thing is at a time point, in pixels of the image, and what was measured.
type Spot struct {
	T                int
	Object           string // ID
	X, Y, Area, Mean float64
}

// mostCorners is how many corners the outlines of a film may have in memory, 16 bytes each.
const mostCorners = 8 << 20

// films are the objects of the time points of captures, as they were counted, keptEvery
// time points together, and the tracks through them.
type films struct{ store *session.Store }

func chunkKey(md5 string, t int) string { return fmt.Sprintf("film/%s/%d", md5, t/keptEvery) }

// chunk returns what is kept of the time points before t from the last whole chunk on.
func (f films) chunk(ctx context.Context, md5 string, t int) ([][]measure.Row, error) {
	if t%keptEvery == 0 {
		return nil, nil
	}
	rows, err := f.read(ctx, md5, t-1)
	if err == nil && len(rows) < t%keptEvery {
		err = fmt.Errorf("film %s: %d time points before %d", md5, len(rows), t)
	}
	if err != nil {
		return nil, err
	}
	return rows[:t%keptEvery], nil
}

// brief is what is kept of the objects of a time point: where they are, their area and mean,
// and outlines to a sixteenth of a pixel, some 450 bytes each.
func brief(rows []measure.Row) []measure.Row {
	round := func(v float64) float64 { return math.Round(16*v) / 16 }
	out := make([]measure.Row, len(rows))
	for i, r := range rows {
		out[i] = measure.Row{Object: r.Object, X: r.X, Y: r.Y, Area: r.Area, Channels: []measure.Intensity{{Mean: r.Channels[0].Mean}}}
		ring := make([]annotation.Point, len(r.Object.Outline))
		for k, p := range r.Object.Outline {
			ring[k] = annotation.Point{X: round(p.X), Y: round(p.Y)}
		}
		out[i].Object.Outline = ring
	}
	return out
}

// read returns the chunk that the time point t lies in.
func (f films) read(ctx context.Context, md5 string, t int) (rows [][]measure.Row, err error) {
	b, _, err := f.store.Kept(ctx, chunkKey(md5, t))
	if err == nil {
		err = gob.NewDecoder(bytes.NewReader(b)).Decode(&rows)
	}
	if err != nil {
		return nil, fmt.Errorf("film %s at %d: %w", md5, t, err)
	}
	return rows, nil
}

// keep keeps the chunk that ends before the time point t.
func (f films) keep(ctx context.Context, md5 string, t int, chunk [][]measure.Row) error {
	if len(chunk) == 0 {
		return nil
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(chunk); err != nil {
		return err
	}
	return f.store.Keep(ctx, chunkKey(md5, t-1), b.Bytes())
}

// each hands out the objects of the first n time points, until ctx ends.
func (f films) each(ctx context.Context, md5 string, n int, do func(t int, rows []measure.Row) error) error {
	for first := 0; first < n; first += keptEvery {
		chunk, err := f.read(ctx, md5, first)
		if err != nil {
			return err
		}
		for i, rows := range chunk[:min(len(chunk), n-first)] {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := do(first+i, rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// links are the tracks of the objects of a film, by time point, with all that they depend on.
type links struct {
	Model   string
	Run     string
	Linking config.Linking
	Tracks  [][]int
}

func linksKey(md5 string) string { return "tracks/" + md5 }

// links returns the tracks of a film, which are made once for each rule.
func (f films) links(ctx context.Context, md5 string, seen Frames, by config.Linking) ([][]int, error) {
	var kept links
	b, _, err := f.store.Kept(ctx, linksKey(md5))
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(b, &kept) == nil && kept.Model == seen.Model && kept.Run == seen.Run && kept.Linking == by && len(kept.Tracks) == seen.Seen {
		return kept.Tracks, nil
	}
	kept = links{Model: seen.Model, Run: seen.Run, Linking: by}
	linker := measure.Linker{Linking: measure.Linking(by)}
	err = f.each(ctx, md5, seen.Seen, func(_ int, rows []measure.Row) error {
		tracks, err := linker.Next(ctx, rows)
		kept.Tracks = append(kept.Tracks, tracks)
		return err
	})
	if err == nil {
		b, err = json.Marshal(kept)
	}
	if err != nil {
		return nil, err
	}
	return kept.Tracks, f.store.Keep(ctx, linksKey(md5), b)
}

// followed hands out the objects of the time points of a film, each with its track.
func (s *Station) followed(ctx context.Context, md5 string, seen Frames, do func(t int, rows []measure.Row) error) error {
	tracks, err := s.films.links(ctx, md5, seen, s.file.Settings().Linking)
	if err != nil {
		return err
	}
	return s.films.each(ctx, md5, len(tracks), func(t int, rows []measure.Row) error {
		if len(tracks[t]) != len(rows) { // it is counted anew right now
			return fmt.Errorf("film %s at %d: %d tracks of %d objects", md5, t, len(tracks[t]), len(rows))
		}
		for i := range rows {
			rows[i].Object.Track = tracks[t][i]
		}
		return do(t, rows)
	})
}

// Film returns the objects of all time points of a capture as far as they were counted,
// linked over time by the rule of the settings. No engine is asked.
func (s *Station) Film(ctx context.Context, it flow.Item) (f Film, err error) {
	md5, _ := Image(it)
	seen, err := s.Frames(ctx, it)
	if err != nil || seen.Seen == 0 {
		return f, err
	}
	f.Linking = s.file.Settings().Linking
	corners := 0
	err = s.followed(ctx, md5, seen, func(t int, rows []measure.Row) error {
		var objects []annotation.Object
		for _, r := range rows {
			o := r.Object
			for len(f.Tracks) < o.Track {
				f.Tracks = append(f.Tracks, nil)
			}
			f.Tracks[o.Track-1] = append(f.Tracks[o.Track-1], Spot{T: t, Object: o.ID, X: r.X, Y: r.Y, Area: r.Area, Mean: r.Channels[0].Mean})
			corners += len(o.Outline)
			objects = append(objects, o)
		}
		if corners > mostCorners {
			objects = nil
			f.Left++
		}
		f.Frames = append(f.Frames, objects)
		return nil
	})
	return f, err
}

// trackOf returns the tracks of the objects of one time point by their IDs; none where nobody
// followed them.
func (s *Station) trackOf(ctx context.Context, md5 string, t int) (map[string]int, error) {
	seen, err := s.frames(ctx, md5)
	if err != nil || t >= seen.Seen {
		return nil, err
	}
	tracks, err := s.films.links(ctx, md5, seen, s.file.Settings().Linking)
	if err != nil {
		return nil, err
	}
	chunk, err := s.films.read(ctx, md5, t)
	if err != nil {
		return nil, err
	}
	of := map[string]int{}
	i := t % keptEvery
	if i >= len(chunk) || len(chunk[i]) != len(tracks[t]) { // it is counted anew right now
		return of, nil
	}
	for k, r := range chunk[i] {
		of[r.Object.ID] = tracks[t][k]
	}
	return of, nil
}

// SetLinking changes the rule by which objects are linked over time.
func (s *Station) SetLinking(by config.Linking) error {
	set := s.file.Settings()
	set.Linking = by
	return s.file.Save(set)
}
