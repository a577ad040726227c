package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"math"
	"net/http"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/exchange"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/measure"
	"coverslip.dev/coverslip/core/segment"
)

// asked are the parameters of an image that is to be looked at.
func asked(more ...string) []string {
	return append(more, "model", "image", "channel", "z", "t", "frames", "diameter", "threshold", "region")
}

// answer is what was found in one image.
type answer struct {
	layer   annotation.Layer
	table   measure.Table
	name    string
	md5     string // of an upload
	model   infer.Ref
	engine  string
	size    image.Point
	z, t    int // of what was looked at
	given   infer.Given
	seconds float64
	frames  []infer.Frame // of a film, counts in place of a layer
	counted bool
}

func (g *Gateway) predictNow(w http.ResponseWriter, r *http.Request) error {
	if err := g.open(); err != nil {
		return err
	}
	q, err := readQuery(r, asked("format")...)
	if err != nil {
		return err
	}
	if _, err := g.chosen(q); err != nil {
		return err
	}
	u, err := g.receive(w, r)
	if err != nil {
		return err
	}
	var going sync.WaitGroup
	drop := sync.OnceFunc(func() { going.Go(func() { g.drop(u) }) }) // beside the answer's being written
	defer going.Wait()
	defer drop()
	leave, err := g.slot(r.Context(), u.owner)
	if err != nil {
		return err
	}
	urgent := infer.WithTerms(r.Context(), infer.Terms{Priority: 1}) // someone waits: before the tiles of jobs
	a, err := g.look(urgent, u, q, g.opt.MaxPixels, nil, infer.Keep{})
	leave()
	drop()
	if err != nil {
		return err
	}
	p, err := g.page(r.Context(), a, q.format)
	if err != nil {
		return err
	}
	defer p.close()
	going.Wait() // before whoever asked has read the answer
	return p.send(w)
}

// slot waits for one of the places at work, unless too many images of the client do.
func (g *Gateway) slot(ctx context.Context, owner string) (leave func(), err error) {
	gone, ok := g.lines.enter(owner, int64(g.opt.Waiting))
	if !ok {
		return nil, yours("Too many images of this client are waiting.", "Try again in a while.")
	}
	defer gone()
	return g.place(ctx, owner)
}

// place waits for one of the places at work.
func (g *Gateway) place(ctx context.Context, owner string) (leave func(), err error) {
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	return g.places.enter(ctx, owner)
}

// look asks about one image. A reader that a hostile file brings down takes nobody with it.
func (g *Gateway) look(ctx context.Context, u upload, q query, most int64, p infer.Progress, keep infer.Keep) (a answer, err error) {
	defer func() {
		if _, ok := errors.AsType[*imageio.Crash](err); ok {
			g.opt.Log.Error("image brought down its reader", slog.Any("error", err))
		}
		err = u.unreadable(err)
	}()
	defer imageio.Recover(&err)
	m, err := g.chosen(q)
	if err != nil {
		return a, err
	}
	src, err := g.opened(ctx, u, q.image)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	src = imageio.Guard(src)
	info := src.Info()
	size := info.Levels[0].Size
	if q.frames && int64(size.X)*int64(size.Y) > most/int64(max(info.T-max(q.t, 0), 1)) {
		return a, fault.New(fault.Full, fmt.Sprintf("The film has %d frames of %d × %d pixels, too many to be answered at once.", info.T, size.X, size.Y), "Make a job of it: /v1/jobs.", nil)
	}
	if int64(size.X)*int64(size.Y) > most {
		return a, fault.New(fault.Full, fmt.Sprintf("The image has %d × %d pixels, too many to be answered at once.", size.X, size.Y), "Make a job of it: /v1/jobs.", nil)
	}
	opt, err := q.options(g.opt.Plane(info).Named(m.Recipe, info), m.Recipe)
	if err != nil {
		return a, err
	}
	opt.Keep = keep
	begun := time.Now()
	a = answer{name: u.name, model: m.Ref, size: size, z: opt.Z, t: opt.T, engine: g.opt.Engine.Name(), counted: q.frames}
	if a.given, err = opt.Given(m.Recipe, info); err != nil {
		return a, err
	}
	if a.given.Note != "" {
		g.opt.Log.Warn("channels guessed", slog.String("model", m.Model), slog.String("why", a.given.Note))
	}
	if q.frames {
		err = infer.Count(ctx, g.opt.Engine, m.Ref, m.Recipe, src, opt, p, func(f infer.Frame, _ []annotation.Object) error {
			a.frames = append(a.frames, f)
			return nil
		})
	} else if a.layer, err = infer.Detect(ctx, g.opt.Engine, m.Ref, m.Recipe, src, opt, p); err == nil {
		a.table, err = measure.Objects(ctx, src, a.layer.Objects, opt.Z, opt.T)
	}
	if u.sum != nil {
		a.md5 = u.sum.String()
	}
	a.seconds = time.Since(begun).Seconds()
	if err == nil { // a job that is tried again finds the same
		g.counts.objects.Add(int64(a.objects()))
	}
	return a, err
}

// page writes the answer.
func (g *Gateway) page(ctx context.Context, a answer, format string) (p *page, err error) {
	p = &page{folder: g.folder}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.kind, err = g.write(ctx, p, a, format); fault.KindOf(err) == fault.Full {
		err = noRoom(err)
	}
	return p, err
}

// write waits for its turn, which is the next one's also after a panic: the server outlives that.
func (g *Gateway) write(ctx context.Context, w io.Writer, a answer, format string) (kind string, err error) {
	select {
	case g.writing <- struct{}{}:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	defer func() { <-g.writing }()
	return a.write(w, format)
}

func (a answer) write(w io.Writer, format string) (kind string, err error) {
	if a.counted {
		return a.writeFrames(w, format)
	}
	switch format {
	case "csv":
		return "text/csv; charset=utf-8", exchange.WriteCSV(w, a.table, exchange.Provenance{Image: a.name, MD5: a.md5, Model: a.model.Model, Version: a.model.Version, Z: a.z, T: a.t})
	case "labels":
		return "image/tiff", exchange.WriteLabels(w, labelled(a.layer.Objects, a.size), a.table.Image.Micron, a.layer.By)
	case "json":
		return "application/json", a.writePlain(w)
	}
	return "application/geo+json", exchange.WriteGeoJSON(w, a.layer, a.table)
}

// objects is how many were found, in all frames together.
func (a answer) objects() int {
	n := len(a.layer.Objects)
	for _, f := range a.frames {
		n += f.Objects
	}
	return n
}

// writeFrames writes how many objects each frame has: as JSON, but where a table is wanted.
func (a answer) writeFrames(w io.Writer, format string) (kind string, err error) {
	if format == "csv" {
		return "text/csv; charset=utf-8", infer.WriteFrames(w, a.frames)
	}
	out := a.head()
	out["frames"] = a.frames
	return "application/json", json.NewEncoder(w).Encode(out)
}

// head is what is said of every answer.
func (a answer) head() map[string]any {
	out := map[string]any{
		"image": a.name, "model": a.model.Model, "version": a.model.Version, "engine": a.engine,
		"width": a.size.X, "height": a.size.Y, "z": a.z, "t": a.t, "channels": a.given.Channels, "seconds": a.seconds,
	}
	if a.given.Note != "" {
		out["note"] = a.given.Note
	}
	return out
}

// labelled is the label image of objects.
func labelled(objects []annotation.Object, size image.Point) exchange.Labels {
	return exchange.Labels{
		Width: size.X, Height: size.Y, Most: uint32(len(objects)), //nolint:gosec // not more than pixels
		Rows: segment.NewPainter(objects, size.X, size.Y).Rows,
	}
}

// number reports whether v is one that JSON has a word for.
func number(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// object is one for programs that know nothing of GeoJSON.
type object struct {
	ID           string             `json:"id"`
	Class        string             `json:"class"`
	Score        *float64           `json:"score,omitempty"`
	Outline      [][2]float64       `json:"outline"`
	Holes        [][][2]float64     `json:"holes,omitempty"`
	Measurements map[string]float64 `json:"measurements"`
}

// plain is the object of a row. What is no number is left out.
func plain(t measure.Table, row measure.Row) object {
	o := object{ID: row.Object.ID, Class: row.Object.Class, Measurements: map[string]float64{}}
	if s := row.Object.Score; number(s) {
		o.Score = &s
	}
	rings := exchange.Rings(row.Object)
	o.Outline, o.Holes = rings[0], rings[1:]
	for _, v := range t.Values(row) {
		if number(v.Value) {
			o.Measurements[v.Name] = v.Value
		}
	}
	return o
}

// writePlain writes one object after the other: all of them at once take several times the memory
// that they have already.
func (a answer) writePlain(w io.Writer) error {
	head, err := json.Marshal(a.head())
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	objects, before := json.NewEncoder(out), `,"objects":[`
	fmt.Fprintf(out, "%s", head[:len(head)-1]) // what goes wrong is told by Flush
	for _, row := range a.table.Rows {
		fmt.Fprint(out, before)
		if err := objects.Encode(plain(a.table, row)); err != nil {
			return err
		}
		before = ","
	}
	if len(a.table.Rows) == 0 {
		fmt.Fprint(out, before)
	}
	fmt.Fprintln(out, "]}")
	return out.Flush()
}
