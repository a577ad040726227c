package station

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/measure"
)

// Track loads the model into the engine, asks it about every time point of a film or
// time-lapse, links the objects, and writes a table with a row for each object at each time
// point. Lengths are micrometres where the image says how large a pixel is, and seconds are there
// where it says how long it is from one time point to the next. It returns how
// many tracks there are.
func Track(ctx context.Context, q Question, path string, w io.Writer) (tracks int, err error) {
	en, err := q.engine(ctx)
	if err != nil {
		return 0, err
	}
	defer en.Close() //nolint:errcheck // the answers are there
	b, r, err := q.bundle()
	if err != nil {
		return 0, err
	}
	if err := load(ctx, en, b); err != nil {
		return 0, err
	}
	src, err := openGiven(ctx, path, q.image(), nil)
	if err != nil {
		return 0, err
	}
	defer src.Close() //nolint:errcheck // read only
	info := src.Info()
	opt, given, err := q.options(info, b, r)
	if err != nil {
		return 0, err
	}
	if opt.T >= info.T {
		return 0, fault.New(fault.Invalid, "The image has no such time point.", "Choose another one.", nil)
	}
	opt.Keep = stamped(opt.Keep, path)
	q.T = new(opt.T) // all from there on are looked at
	q.tell(path, given, info, opt)
	out := newTrackTable(w, info)
	l := measure.Linker{Linking: q.Linking}
	for ; opt.T < info.T; opt.T++ {
		layer, err := q.detect(ctx, en, b, r, src, opt)
		if err != nil {
			return tracks, err
		}
		seen, err := measure.Objects(ctx, src, layer.Objects, opt.Z, opt.T, opt.Channel)
		if err != nil {
			return tracks, err
		}
		numbers, err := l.Next(ctx, seen.Rows)
		if err != nil {
			return tracks, err
		}
		for i, n := range numbers {
			tracks = max(tracks, n)
			seen.Rows[i].Object.Track = n
		}
		if err := out.write(opt.T, seen.Rows); err != nil {
			return tracks, err
		}
	}
	return tracks, out.end()
}

// WriteTracks writes the table that [Track] writes, of what was kept when the capture's
// objects were counted. No engine is asked.
func (s *Station) WriteTracks(ctx context.Context, it flow.Item, w io.Writer) error {
	var c intake.Capture
	if err := it.Read(&c); err != nil {
		return err
	}
	md5, _ := Image(it)
	seen, err := s.Frames(ctx, it)
	if err != nil {
		return err
	}
	src, err := s.openCapture(ctx, c, md5)
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // read only
	out := newTrackTable(w, src.Info())
	if err := s.followed(ctx, md5, seen, out.write); err != nil {
		return err
	}
	return out.end()
}

// trackTable has a row for each object at each time point.
type trackTable struct {
	*csv.Writer
	info   imageio.Info
	kx, ky float64 // units a pixel
}

func newTrackTable(w io.Writer, info imageio.Info) trackTable {
	t, unit := trackTable{csv.NewWriter(w), info, 1, 1}, "px"
	if m := info.Micron; m.X > 0 && m.Y > 0 {
		t.kx, t.ky, unit = m.X, m.Y, "µm"
	}
	_ = t.Write([]string{"track", "frame", "seconds", "x " + unit, "y " + unit, "area " + unit + "^2", "mean", "score"}) // end tells
	return t
}

func (t trackTable) write(at int, rows []measure.Row) error {
	num := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	seconds := ""
	if t.info.Interval > 0 {
		seconds = num(t.info.At(at).Seconds())
	}
	for _, r := range rows {
		err := t.Write([]string{
			strconv.Itoa(r.Object.Track), strconv.Itoa(at), seconds,
			num(r.X * t.kx), num(r.Y * t.ky), num(r.Area * t.kx * t.ky), num(r.Channels[0].Mean), num(r.Object.Score),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t trackTable) end() error {
	t.Flush()
	return t.Error()
}
