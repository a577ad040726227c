// Package exchange writes objects, label images and tables as other programs read them,
// and reads objects back.
package exchange

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/measure"
)

// probability is the measurement under which QuPath's StarDist keeps the score.
const probability = "Detection probability"

// track is the measurement that says what an object is over time, also to QuPath.
const track = "Track"

type geometry struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
	Plane       json.RawMessage `json:"plane,omitempty"`
}

// plane is where in a stack or a film QuPath lays an object; where it is not said, on the first.
type plane struct {
	C int `json:"c"` // -1 is all channels
	Z int `json:"z"`
	T int `json:"t"`
}

// planeOf is that of a layer; nil on the first.
func planeOf(l annotation.Layer) (json.RawMessage, error) {
	if l.Z == 0 && l.T == 0 {
		return nil, nil
	}
	return json.Marshal(plane{-1, l.Z, l.T})
}

// about is what the file says of the layer as a whole; QuPath passes over it.
type about struct {
	Image string    `json:"image"`
	By    string    `json:"by"`
	Made  time.Time `json:"made"`
}

// WriteGeoJSON writes a layer in QuPath's dialect of GeoJSON: what a model found is a
// detection, what a person drew an annotation. Our ID, state and author travel as
// metadata, which QuPath from 0.5 on keeps. Numbers come back exactly; each object has a
// line of its own, so that git shows which one changed. The measurements of rows (the
// table may be empty) are added to the objects with the same ID.
func WriteGeoJSON(w io.Writer, l annotation.Layer, t measure.Table) error {
	out := bufio.NewWriter(w)
	head, err := json.Marshal(about{Image: l.Image, By: l.By, Made: l.Made.UTC()})
	if err != nil {
		return fmt.Errorf("write geojson: %w", err)
	}
	at, err := planeOf(l)
	if err != nil {
		return fmt.Errorf("write geojson: %w", err)
	}
	fmt.Fprintf(out, "{\"type\":\"FeatureCollection\",\"coverslip\":%s,\"features\":[", head)
	rows := make(map[string]measure.Row, len(t.Rows))
	for _, r := range t.Rows {
		rows[r.Object.ID] = r
	}
	comma := ""
	fs := features{at: at}
	for _, o := range l.Objects {
		if len(o.Outline) < 3 {
			continue // no polygon
		}
		var values []measure.Value
		if r, ok := rows[o.ID]; ok {
			values = t.Values(r)
		}
		b, err := fs.marshal(o, values)
		if err != nil {
			return fmt.Errorf("write geojson: object %s: %w", o.ID, err)
		}
		fmt.Fprintf(out, "%s\n%s", comma, b)
		comma = ","
	}
	fmt.Fprint(out, "\n]}\n")
	if err := out.Flush(); err != nil { // keeps the first error of all writes
		return fmt.Errorf("write geojson: %w", err)
	}
	return nil
}

// Rings are the rings of an object, the outer one first, as other programs take them; no first
// corner is repeated.
func Rings(o annotation.Object) [][][2]float64 {
	parts := annotation.Rings(o.Outline)
	out := make([][][2]float64, len(parts))
	for i, ring := range parts {
		for _, p := range ring {
			out[i] = append(out[i], [2]float64{p.X, p.Y})
		}
	}
	return out
}

// Color returns the colour (RGB) of a class: always the same for the same name.
func Color(class string) [3]int {
	palette := [...][3]int{ // Okabe and Ito's, told apart by the colour-blind too
		{86, 180, 233}, {230, 159, 0}, {0, 158, 115}, {240, 228, 66}, {0, 114, 178}, {213, 94, 0}, {204, 121, 167},
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, class) // a hash takes all
	return palette[h.Sum32()%uint32(len(palette))]
}

// uuid returns id if it is a UUID, or one made of it (RFC 9562, version 8).
func uuid(id string) string {
	if isUUID(id) {
		return id
	}
	h := sha256.Sum256([]byte(id))
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80
	x := hex.EncodeToString(h[:16])
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

func isUUID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	_, err := hex.DecodeString(s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:])
	return err == nil
}

// name is a class as QuPath wrote it over the years: a name, or the names of a derived
// class from the base down.
func (p *readProperties) name() string {
	var text string
	if json.Unmarshal(p.Classification, &text) == nil {
		return text
	}
	var c struct {
		Name  string
		Names []string
	}
	if json.Unmarshal(p.Classification, &c) != nil {
		return ""
	}
	for i, n := range c.Names {
		if i > 0 {
			n = text + ": " + n
		}
		text = n
	}
	return cmp.Or(c.Name, text)
}
