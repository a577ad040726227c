package station

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/measure"
)

// Track loads the model into the engine, asks it about every time point of a film or
// time-lapse, links the objects, and writes a table with a row for each object at each time
// point. Lengths are micrometres where the image says how large a pixel is. It returns how
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
	src, err := images().Open(ctx, path)
	if err != nil {
		return 0, err
	}
	defer src.Close() //nolint:errcheck // read only
	info := src.Info()
	opt := plane(info)
	opt.Diameter, opt.Tile, opt.Overlap, opt.Keep = q.Diameter, q.Tile, q.Overlap, keep(q.Keep, keptBytes, b)
	out := csv.NewWriter(w)
	unit := "px"
	if info.Micron.X > 0 && info.Micron.Y > 0 {
		unit = "µm"
	}
	err = out.Write([]string{"track", "frame", "seconds", "x " + unit, "y " + unit, "area " + unit + "^2", "mean", "score"})
	l := measure.Linker{Linking: q.Linking}
	for ; opt.T < info.T && err == nil; opt.T++ {
		layer, derr := infer.Detect(ctx, en, b.Ref, r, src, opt, nil)
		if derr != nil {
			return tracks, derr
		}
		seen, derr := measure.Objects(ctx, src, layer.Objects, opt.Z, opt.T, opt.Channel)
		if derr != nil {
			return tracks, derr
		}
		for i, n := range l.Next(seen.Rows) {
			tracks = max(tracks, n)
			if err == nil {
				err = out.Write(trackRow(n, opt.T, info, seen.Rows[i]))
			}
		}
	}
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return tracks, err
}

func trackRow(track, t int, info imageio.Info, r measure.Row) []string {
	kx, ky := 1.0, 1.0
	if info.Micron.X > 0 && info.Micron.Y > 0 {
		kx, ky = info.Micron.X, info.Micron.Y
	}
	num := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	return []string{
		strconv.Itoa(track), strconv.Itoa(t), num((time.Duration(t) * info.Interval).Seconds()),
		num(r.X * kx), num(r.Y * ky), num(r.Area * kx * ky), num(r.Channels[0].Mean), num(r.Object.Score),
	}
}
