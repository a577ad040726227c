package ui

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/measure"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/viewer"
)

// measured is what is known of a capture's objects, by their IDs. What is shown depends on the
// outline alone, so an object is measured again only where that has changed.
type measured struct {
	z, t      int                           // the plane
	outlines  map[string][]annotation.Point // that facts are of, or will be
	facts     map[string][]kit.Fact
	table     viewer.Table
	waiting   int    // objects that are being measured
	say, hint string // why some are not
}

// due returns the objects that nobody has measured as they lie now, and counts them as asked for.
func (m *measured) due(objects []annotation.Object) []annotation.Object {
	var out []annotation.Object
	for _, o := range objects {
		if was, ok := m.outlines[o.ID]; ok && slices.Equal(was, o.Outline) {
			continue
		}
		m.outlines[o.ID] = o.Outline
		delete(m.facts, o.ID)
		delete(m.table.Rows, o.ID)
		delete(m.table.Places, o.ID)
		out = append(out, o)
	}
	m.waiting += len(out)
	return out
}

// take takes what was measured of objects that were due. Those of which something could not be read
// are due again.
func (m *measured) take(asked []annotation.Object, found told, err error) {
	m.waiting -= len(asked)
	if len(m.table.Names) == 0 {
		m.table = viewer.Table{Names: found.table.Names, Rows: map[string][]float64{}, Places: map[string]viewer.Place{}}
	}
	for _, o := range asked {
		if !slices.Equal(m.outlines[o.ID], o.Outline) {
			continue // it was reshaped meanwhile
		}
		m.facts[o.ID] = found.facts[o.ID]
		if row, ok := found.table.Rows[o.ID]; ok {
			m.table.Rows[o.ID] = row
		}
		if at, ok := found.table.Places[o.ID]; ok {
			m.table.Places[o.ID] = at
		}
		if err != nil && !found.whole[o.ID] {
			delete(m.outlines, o.ID)
		}
	}
	m.say, m.hint = "", ""
	if err != nil {
		say, hint := fault.Explain(err)
		m.say, m.hint = "Not all objects could be measured.", strings.TrimSpace(say+" "+hint)
	}
}

// measure has measured what is due of the open capture. It may take long, and nothing waits for it.
func (w *window) measure() {
	d := &w.desk
	it, ok := w.station.Items().Row(d.id)
	if !ok || d.src == nil {
		return
	}
	z, t := station.Lying(it, d.src.Info())
	if m := &d.measured; m.outlines == nil || m.z != z || m.t != t {
		w.measuring.end()
		*m = measured{z: z, t: t, outlines: map[string][]annotation.Point{}, facts: map[string][]kit.Fact{}}
	}
	src, some := d.src, d.measured.due(d.objects)
	if len(some) == 0 {
		return
	}
	w.measuring.also(func(ctx context.Context) error {
		table, err := w.station.Measure(ctx, it, src, some)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // another image is open
		}
		if err != nil {
			w.opt.Log.Warn("objects not measured", slog.String("item", it.ID), slog.Any("error", err))
		}
		found := tell(table)
		w.work.post(func() {
			if d := &w.desk; d.src == src && d.measured.z == z && d.measured.t == t {
				d.measured.take(some, found, err)
				w.fillViewer()
			}
		})
		return nil
	})
}

// told is a table as the viewer shows and copies it. It is made beside the screen's thread: there may
// be many objects.
type told struct {
	facts map[string][]kit.Fact
	table viewer.Table
	whole map[string]bool // nothing could not be read
}

func tell(t measure.Table) told {
	out := told{facts: make(map[string][]kit.Fact, len(t.Rows)), whole: make(map[string]bool, len(t.Rows))}
	out.table.Rows, out.table.Places = make(map[string][]float64, len(t.Rows)), make(map[string]viewer.Place, len(t.Rows))
	for i, r := range t.Rows {
		id, values := r.Object.ID, slices.DeleteFunc(t.Values(r), ofThePlace)
		row := make([]float64, len(values))
		for k, v := range values {
			if row[k] = v.Value; i == 0 {
				out.table.Names = append(out.table.Names, v.Name)
			}
		}
		out.table.Rows[id], out.facts[id] = row, facts(t, r, values)
		if r.Area > 0 { // else it has the middle of no pixel in it, and no centroid
			out.table.Places[id] = viewer.Place{X: r.X, Y: r.Y, Area: r.Area}
		}
		out.whole[id] = !slices.ContainsFunc(r.Channels, func(in measure.Intensity) bool { return math.IsNaN(in.Mean) })
	}
	return out
}

// ofThePlace reports whether the viewer has a column of its own for a value.
func ofThePlace(v measure.Value) bool {
	return slices.Contains([]string{"Centroid X px", "Centroid Y px", "Centroid X µm", "Centroid Y µm", "Area px^2", "Area µm^2"}, v.Name)
}

// facts are what the viewer shows of an object, but for what is not known.
func facts(t measure.Table, r measure.Row, values []measure.Value) (fs []kit.Fact) {
	add := func(name, format string, v float64) {
		if !math.IsNaN(v) {
			fs = append(fs, kit.Fact{Name: name, Value: fmt.Sprintf(format, v)})
		}
	}
	per, unit := r.Perimeter, "px"
	for _, v := range values {
		if v.Name == "Perimeter µm" {
			per, unit = v.Value, "µm"
		}
	}
	add("Perimeter", "%.4g "+unit, per)
	add("Circularity", "%.2f", r.Circularity)
	add("Eccentricity", "%.2f", r.Eccentricity)
	for i, in := range r.Channels {
		add("Mean of "+t.Channel(i), "%.6g", in.Mean)
	}
	return fs
}
