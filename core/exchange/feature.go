package exchange

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/measure"
)

// features writes the objects of one layer, each as encoding/json does a struct of maps, but with what
// they share worked out once: of many small objects that took longer than to measure them.
type features struct {
	at   json.RawMessage // the plane; nil on the first
	text []byte
	row  []measure.Value // what is measured of an object
	keys []key           // of these, in the order of their names, while these stay the same
}

// key is the name of a measurement, and where in the row it is.
type key struct {
	name string
	at   int
	text []byte // as JSON, with the colon
}

// marshal returns an object as a feature, until the next call.
func (f *features) marshal(o annotation.Object, values []measure.Value) ([]byte, error) {
	kind := "annotation"
	f.row = f.row[:0]
	if o.State != annotation.Drawn {
		kind = "detection"
		f.row = append(f.row, measure.Value{Name: probability, Value: o.Score})
	}
	f.row = append(f.row, values...)
	if o.Track > 0 {
		f.row = append(f.row, measure.Value{Name: track, Value: float64(o.Track)})
	}
	b := append(f.text[:0], `{"type":"Feature","id":`...) // a UUID, or QuPath makes up another
	b = appendText(b, uuid(o.ID))
	b = append(b, `,"geometry":{"type":"Polygon","coordinates":`...)
	b, err := appendRings(b, Rings(o))
	if err != nil {
		return nil, err
	}
	if f.at != nil {
		b = append(append(b, `,"plane":`...), f.at...)
	}
	b = append(append(append(b, `},"properties":{"objectType":"`...), kind...), '"')
	if o.Class != "" {
		b = appendText(append(b, `,"classification":{"name":`...), o.Class)
		c := Color(o.Class)
		b = fmt.Appendf(b, `,"color":[%d,%d,%d]}`, c[0], c[1], c[2])
	}
	b = f.appendRow(b)
	b = appendText(append(b, `,"metadata":{"by":`...), o.By) // what QuPath keeps of what it does not know
	b = appendText(append(b, `,"id":`...), o.ID)
	b = strconv.AppendFloat(append(b, `,"score":"`...), o.Score, 'g', -1, 64)
	b = appendText(append(b, `","state":`...), string(o.State))
	f.text = append(b, "}}}"...)
	return f.text, nil
}

// appendRow appends what is measured, without what JSON has no word for.
func (f *features) appendRow(b []byte) []byte {
	same := len(f.keys) == len(f.row)
	for i := 0; same && i < len(f.keys); i++ {
		same = f.row[f.keys[i].at].Name == f.keys[i].name
	}
	if !same {
		f.keys = f.keys[:0]
		for i, v := range f.row {
			f.keys = append(f.keys, key{v.Name, i, append(appendText(nil, v.Name), ':')})
		}
		slices.SortStableFunc(f.keys, func(a, b key) int { return strings.Compare(a.name, b.name) })
	}
	before := `,"measurements":{`
	for _, k := range f.keys {
		if v := f.row[k.at].Value; finite(v) {
			b = appendNumber(append(append(b, before...), k.text...), v)
			before = ","
		}
	}
	if before == "," {
		b = append(b, '}')
	}
	return b
}

// appendRings appends the rings of a polygon, each closed by its first corner.
func appendRings(b []byte, rings [][][2]float64) ([]byte, error) {
	b = append(b, '[')
	for i, ring := range rings {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '[')
		for _, p := range append(ring, ring[0]) {
			if !finite(p[0]) || !finite(p[1]) {
				return nil, fmt.Errorf("a corner at %v", p)
			}
			b = appendNumber(append(b, '['), p[0])
			b = appendNumber(append(b, ','), p[1])
			b = append(b, "],"...)
		}
		b[len(b)-1] = ']' // in place of the last comma
	}
	return append(b, ']'), nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// appendText appends a string as JSON.
func appendText(b []byte, s string) []byte {
	plain := func(r rune) bool { return r >= ' ' && r < 0x7f && !strings.ContainsRune(`"\\<>&`, r) }
	if strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return append(append(append(b, '"'), s...), '"')
	}
	text, err := json.Marshal(s)
	if err != nil { // a string always has one
		return append(b, `""`...)
	}
	return append(b, text...)
}

// appendNumber appends a number as encoding/json does, in the fewest digits that mean the same.
func appendNumber(b []byte, v float64) []byte {
	if a := math.Abs(v); a == 0 || a >= 1e-6 && a < 1e21 {
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, v, 'e', -1, 64)
	if n := len(b); b[n-4] == 'e' && b[n-2] == '0' { // 1e-09 is 1e-9
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}
