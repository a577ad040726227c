package exchange

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/measure"
)

type feature struct {
	Type       string     `json:"type"`
	ID         string     `json:"id"` // a UUID, or QuPath makes up another
	Geometry   geometry   `json:"geometry"`
	Properties properties `json:"properties"`
}

type properties struct {
	ObjectType     string             `json:"objectType"`
	Classification *class             `json:"classification,omitempty"`
	Measurements   map[string]float64 `json:"measurements,omitempty"`
	Metadata       map[string]string  `json:"metadata"` // what QuPath keeps of what it does not know
}

type class struct {
	Name  string `json:"name"`
	Color [3]int `json:"color"`
}

// slow is what a feature is by encoding/json.
func slow(o annotation.Object, at json.RawMessage, values []measure.Value) ([]byte, error) {
	rings := Rings(o)
	for i, r := range rings {
		rings[i] = append(r, r[0])
	}
	coordinates, err := json.Marshal(rings)
	if err != nil {
		return nil, err
	}
	f := feature{Type: "Feature", ID: uuid(o.ID), Geometry: geometry{"Polygon", coordinates, at}}
	f.Properties = properties{
		ObjectType: "detection",
		Metadata: map[string]string{
			"id": o.ID, "state": string(o.State), "by": o.By, "score": strconv.FormatFloat(o.Score, 'g', -1, 64),
		},
	}
	if o.Track > 0 {
		values = append(values, measure.Value{Name: track, Value: float64(o.Track)})
	}
	if o.State == annotation.Drawn {
		f.Properties.ObjectType = "annotation"
	} else {
		values = append([]measure.Value{{Name: probability, Value: o.Score}}, values...)
	}
	if o.Class != "" {
		f.Properties.Classification = &class{Name: o.Class, Color: Color(o.Class)}
	}
	for _, v := range values {
		if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
			continue // JSON has no word for it
		}
		if f.Properties.Measurements == nil {
			f.Properties.Measurements = map[string]float64{}
		}
		f.Properties.Measurements[v.Name] = v.Value
	}
	return json.Marshal(f)
}

// odd makes up objects that are hard to write.
type odd struct{ *rand.Rand }

func (r odd) number() float64 {
	switch r.IntN(8) {
	case 0:
		return 0
	case 1:
		return []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e-7, -3e-10, 1e-100, 1e21, 1e20, 1e-6, math.Copysign(0, -1), math.MaxFloat64, math.SmallestNonzeroFloat64}[r.IntN(12)]
	case 2:
		return math.Float64frombits(r.Uint64())
	case 3:
		return float64(r.IntN(5000)) / 2
	}
	return r.NormFloat64() * 100
}

func (r odd) text() string {
	texts := []string{"", "nucleus", "Zelle \"ä\"", "<a&b>", "line\nend\u2028", "bad \xff", "tab\t\x7f", `back\slash`, "6f1c36e6-8f2c-4d12-9f6c-0d9d7d3a5b11"}
	return texts[r.IntN(len(texts))]
}

func (r odd) object() (o annotation.Object, values []measure.Value) {
	o = annotation.Object{ID: r.text(), Class: r.text(), By: r.text(), Score: r.number(), State: annotation.State(r.text()), Track: r.IntN(3)}
	if r.IntN(3) == 0 {
		o.State = annotation.Drawn
	}
	for range 3 + r.IntN(5) {
		o.Outline = append(o.Outline, annotation.Point{X: float64(r.IntN(9)), Y: r.NormFloat64()})
	}
	if r.IntN(10) == 0 {
		o.Outline[1].X = r.number()
	}
	names := []string{"Area px^2", "Ä: Mean", "<x>"}
	for _, n := range names[:r.IntN(len(names)+1)] {
		values = append(values, measure.Value{Name: n, Value: r.number()})
	}
	return o, values
}

// TestFeatures: they are what encoding/json makes of them, to the byte.
func TestFeatures(t *testing.T) {
	r, refused := odd{rand.New(rand.NewPCG(1, 2))}, 0
	first, later := features{}, features{at: json.RawMessage(`{"c":-1,"z":3,"t":1}`)}
	for i := range 10_000 {
		fs := &first
		if i%2 == 0 {
			fs = &later
		}
		o, values := r.object()
		want, werr := slow(o, fs.at, values)
		got, err := fs.marshal(o, values)
		if string(got) != string(want) || (err == nil) != (werr == nil) {
			t.Fatalf("%v\n%s, %v\nwant\n%s, %v", o, got, err, want, werr)
		}
		if werr != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Error("no corner was refused")
	}
}

// BenchmarkFeatures is of objects as they are in an image, with a channel.
func BenchmarkFeatures(b *testing.B) {
	o := annotation.Object{ID: "1b7f0c52ee3a9d10", Class: "nucleus", By: "nuclei@1", Score: 0.8099603056907654, State: annotation.Predicted}
	for i := range 32 {
		a := float64(i) / 32 * 2 * math.Pi
		o.Outline = append(o.Outline, annotation.Point{X: 500 + 9.5*math.Cos(a), Y: 300 + 9.5*math.Sin(a)})
	}
	var values []measure.Value
	for i := range 24 {
		values = append(values, measure.Value{Name: "Grey: number " + strconv.Itoa(i*7%24), Value: math.Pi * float64(i)})
	}
	fs := features{}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := fs.marshal(o, values); err != nil {
			b.Fatal(err)
		}
	}
}
