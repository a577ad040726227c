package exchange

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
)

type readFeature struct {
	ID         word
	Geometry   geometry
	Properties readProperties
}

type readProperties struct {
	ObjectType     string
	Classification json.RawMessage
	Measurements   json.RawMessage
	Metadata       map[string]word
}

// word is a text, or a number as it is written: an id may be one. It is empty for anything else.
type word string

// UnmarshalJSON takes whatever there is.
func (w *word) UnmarshalJSON(b []byte) error {
	var s string
	var n json.Number
	if json.Unmarshal(b, &s) != nil && json.Unmarshal(b, &n) == nil {
		s = n.String()
	}
	*w = word(s)
	return nil
}

// ReadGeoJSON reads what [WriteGeoJSON] or QuPath wrote: a collection, a bare list of
// features, or one feature. Of an object in several parts the largest stays, with its holes. Objects
// without an ID, or with that of another, get one of their own. The layer's plane is that of the first
// object. skipped counts what is no area: points and lines. What is no GeoJSON is fault.Corrupt.
func ReadGeoJSON(r io.Reader) (l annotation.Layer, skipped int, err error) {
	in := &witness{r: r}
	g := geoReader{dec: json.NewDecoder(in), ids: map[string]int{}}
	err = g.file()
	if in.err != nil {
		return annotation.Layer{}, 0, fmt.Errorf("read geojson: %w", in.err)
	}
	if err != nil {
		return annotation.Layer{}, 0, broken(err)
	}
	return g.layer, g.skipped, nil
}

// witness keeps what went wrong with reading, which is not the text's fault.
type witness struct {
	r   io.Reader
	err error
}

func (w *witness) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// geoReader takes one feature after the other from the text: a slide's hundred thousand are
// never in memory as text.
type geoReader struct {
	dec     *json.Decoder
	layer   annotation.Layer
	skipped int
	ids     map[string]int // the last number that was put behind each
}

func (g *geoReader) file() error {
	start, err := g.dec.Token()
	if err != nil {
		return err
	}
	switch start {
	case json.Delim('['):
		err = g.features()
	case json.Delim('{'):
		err = g.object()
	default:
		err = fmt.Errorf("it begins with %v", start)
	}
	if err != nil {
		return err
	}
	if more, err := g.dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("after the end: %v, %w", more, err)
	}
	return nil
}

// object reads the rest of a collection or of one feature.
func (g *geoReader) object() error {
	var kind string
	own := map[string]json.RawMessage{} // a feature's, should it be one
	for g.dec.More() {
		key, err := g.dec.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		switch strings.ToLower(name) {
		case "type":
			err = g.dec.Decode(&kind)
		case "coverslip":
			var a about
			err = g.dec.Decode(&a)
			g.layer.Image, g.layer.By, g.layer.Made = a.Image, a.By, a.Made
		case "features":
			err = g.list()
		default:
			var other json.RawMessage
			err = g.dec.Decode(&other)
			own[name] = other
		}
		if err != nil {
			return err
		}
	}
	if _, err := g.dec.Token(); err != nil {
		return err
	}
	switch kind {
	case "FeatureCollection":
		return nil
	case "Feature":
		var f readFeature
		text, err := json.Marshal(own)
		if err == nil {
			err = json.Unmarshal(text, &f)
		}
		if err != nil {
			return err
		}
		return g.keep(f)
	}
	return fmt.Errorf("type %q", kind)
}

// list reads features, or null.
func (g *geoReader) list() error {
	start, err := g.dec.Token()
	if err != nil || start == nil {
		return err
	}
	if start != json.Delim('[') {
		return fmt.Errorf("the features begin with %v", start)
	}
	return g.features()
}

// features reads the rest of a list.
func (g *geoReader) features() error {
	for i := 0; g.dec.More(); i++ {
		var f readFeature
		err := g.dec.Decode(&f)
		if err == nil {
			err = g.keep(f)
		}
		if err != nil {
			return fmt.Errorf("feature %d: %w", i, err)
		}
	}
	_, err := g.dec.Token()
	return err
}

func (g *geoReader) keep(f readFeature) error {
	o, err := f.object()
	if err != nil {
		return err
	}
	if o.Outline == nil {
		g.skipped++
		return nil
	}
	var at plane
	if len(g.layer.Objects) == 0 && json.Unmarshal(f.Geometry.Plane, &at) == nil {
		g.layer.Z, g.layer.T = max(at.Z, 0), max(at.T, 0)
	}
	o.ID = g.own(o.ID)
	g.layer.Objects = append(g.layer.Objects, o)
	return nil
}

// own returns an ID that no object before has: QuPath before 0.4 called each PathDetectionObject, and
// scripts often give none. It is the same whenever the file is read.
func (g *geoReader) own(id string) string {
	if _, taken := g.ids[id]; !taken && id != "" {
		g.ids[id] = 1
		return id
	}
	name := cmp.Or(id, "object")
	for {
		g.ids[id]++
		try := name + " " + strconv.Itoa(g.ids[id])
		if _, taken := g.ids[try]; !taken {
			g.ids[try] = 1
			return try
		}
	}
}

func broken(err error) error {
	return fault.New(fault.Corrupt, "The file with the objects is no GeoJSON that Coverslip understands.",
		"Export it again from the program that made it.", err)
}

func (f readFeature) object() (annotation.Object, error) {
	outline, err := f.Geometry.outline()
	if err != nil || outline == nil {
		return annotation.Object{}, err
	}
	m := f.Properties.Metadata
	o := annotation.Object{
		ID: string(cmp.Or(m["id"], f.ID)), Class: f.Properties.name(), Outline: outline, Score: 1,
		State: annotation.State(m["state"]), By: string(m["by"]),
	}
	switch o.State {
	case annotation.Predicted, annotation.Accepted, annotation.Rejected, annotation.Drawn:
	default: // another program's
		o.State = annotation.Drawn
		if f.Properties.ObjectType == "detection" || f.Properties.ObjectType == "cell" {
			o.State = annotation.Predicted
		}
	}
	if s, ok := f.Properties.measurement(probability); ok {
		o.Score = s
	}
	if n, ok := f.Properties.measurement(track); ok && n >= 1 && n < 1<<31 {
		o.Track = int(n)
	}
	if s, err := strconv.ParseFloat(string(m["score"]), 64); err == nil {
		o.Score = s
	}
	if math.IsNaN(o.Score) {
		o.Score = 1
	}
	o.Score = min(max(o.Score, 0), 1)
	return o, nil
}

// measurement looks in a map, as QuPath writes now, and in a list of names and values, as
// it did before 0.4.
func (p *readProperties) measurement(name string) (float64, bool) {
	var m map[string]any
	if json.Unmarshal(p.Measurements, &m) == nil {
		v, ok := m[name].(float64)
		return v, ok
	}
	var list []struct {
		Name  string
		Value any // "NaN" happens
	}
	if json.Unmarshal(p.Measurements, &list) == nil {
		for _, e := range list {
			if v, ok := e.Value.(float64); ok && e.Name == name {
				return v, true
			}
		}
	}
	return 0, false
}

// outline returns the largest part; nil for what is no area.
func (g geometry) outline() ([]annotation.Point, error) {
	var polygons [][][][]float64
	switch g.Type {
	case "Polygon":
		polygons = make([][][][]float64, 1)
		if err := json.Unmarshal(g.Coordinates, &polygons[0]); err != nil {
			return nil, err
		}
	case "MultiPolygon":
		if err := json.Unmarshal(g.Coordinates, &polygons); err != nil {
			return nil, err
		}
	default:
		return nil, nil
	}
	var best []annotation.Point
	var most float64
	for _, p := range polygons {
		if len(p) == 0 {
			continue
		}
		rings := make([][]annotation.Point, len(p))
		for i, r := range p {
			var err error
			if rings[i], err = points(r); err != nil {
				return nil, err
			}
		}
		ring := annotation.Join(rings[0], rings[1:])
		if a := area(ring); best == nil || a > most {
			best, most = ring, a
		}
	}
	return best, nil
}

func points(ring [][]float64) ([]annotation.Point, error) {
	out := make([]annotation.Point, len(ring))
	for i, p := range ring {
		if len(p) < 2 {
			return nil, errors.New("a position without two numbers")
		}
		out[i] = annotation.Point{X: p[0], Y: p[1]}
	}
	if n := len(out) - 1; n > 0 && out[0] == out[n] {
		out = out[:n]
	}
	if len(out) < 3 {
		return nil, errors.New("a ring with less than three corners")
	}
	return out, nil
}

func area(ring []annotation.Point) float64 {
	var s float64
	a := ring[len(ring)-1]
	for _, b := range ring {
		s += a.X*b.Y - a.Y*b.X
		a = b
	}
	return math.Abs(s) / 2
}
