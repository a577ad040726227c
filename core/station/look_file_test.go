package station_test

import (
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/exchange"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/measure"
	"coverslip.dev/coverslip/core/station"
)

func TestObjectsBesideAnImage(t *testing.T) {
	image := filepath.Join(t.TempDir(), "a.tif")
	if got, err := station.ObjectsBeside(image); err != nil || got != nil {
		t.Errorf("without a file: %v, %v", got, err)
	}
	f, err := os.Create(image + ".geojson")
	if err != nil {
		t.Fatal(err)
	}
	want := annotation.Object{
		ID: "a", Class: "nucleus", State: annotation.Predicted, Score: 0.5,
		Outline: []annotation.Point{{X: 1, Y: 1}, {X: 9, Y: 1}, {X: 9, Y: 9}},
	}
	if err := exchange.WriteGeoJSON(f, annotation.Layer{Objects: []annotation.Object{want}}, measure.Table{}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := station.ObjectsBeside(image)
	if err != nil || len(got) != 1 || got[0].Class != "nucleus" || len(got[0].Outline) != 3 {
		t.Errorf("beside it lie %+v, %v", got, err)
	}
	if err := os.WriteFile(image+".geojson", []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := station.ObjectsBeside(image); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("a broken file: %v", err)
	}
}
