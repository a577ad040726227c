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
)

// measured is what is known of a capture's objects, by their IDs. What is shown depends on the
// outline alone, so an object is measured again only where that has changed.
type measured struct {
	z, t      int                           // the plane
	outlines  map[string][]annotation.Point // that facts are of, or will be
	facts     map[string][]kit.Fact
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
		out = append(out, o)
	}
	m.waiting += len(out)
	return out
}

// take takes what was measured of objects that were due. Those of which something could not be read
// are due again.
func (m *measured) take(asked []annotation.Object, t measure.Table, err error) {
	m.waiting -= len(asked)
	found, whole := facts(t), map[string]bool{}
	for _, r := range t.Rows {
		whole[r.Object.ID] = err == nil || !slices.ContainsFunc(r.Channels, func(in measure.Intensity) bool { return math.IsNaN(in.Mean) })
	}
	for _, o := range asked {
		if !slices.Equal(m.outlines[o.ID], o.Outline) {
			continue // it was reshaped meanwhile
		}
		m.facts[o.ID] = found[o.ID]
		if !whole[o.ID] {
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
		w.work.post(func() {
			if d := &w.desk; d.src == src && d.measured.z == z && d.measured.t == t {
				d.measured.take(some, table, err)
				w.fillViewer()
			}
		})
		return nil
	})
}

// facts are what the viewer shows of each object, but for what is not known.
func facts(t measure.Table) map[string][]kit.Fact {
	out := make(map[string][]kit.Fact, len(t.Rows))
	for _, r := range t.Rows {
		var fs []kit.Fact
		add := func(name, format string, v float64) {
			if !math.IsNaN(v) {
				fs = append(fs, kit.Fact{Name: name, Value: fmt.Sprintf(format, v)})
			}
		}
		add("Circularity", "%.2f", r.Circularity)
		add("Eccentricity", "%.2f", r.Eccentricity)
		for i, in := range r.Channels {
			add(fmt.Sprintf("Mean of channel %d", t.Channels[i]+1), "%.6g", in.Mean)
		}
		out[r.Object.ID] = fs
	}
	return out
}
