package station_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/model/local"
	"coverslip.dev/coverslip/core/station"
)

// wrapped are bytes as a field of protobuf.
func wrapped(field byte, parts ...[]byte) []byte {
	all := slices.Concat(parts...)
	return slices.Concat([]byte{field<<3 | 2, byte(len(all))}, all)
}

// same is a network of two channels whose output is its input.
func same() []byte {
	value := func(name string) []byte {
		dim := func(name string) []byte { return wrapped(1, wrapped(2, []byte(name))) }
		shape := wrapped(2, dim("N"), wrapped(1, []byte{1 << 3, 2}), dim("H"), dim("W"))
		return slices.Concat(wrapped(1, []byte(name)), wrapped(2, wrapped(1, []byte{1 << 3, 1}, shape)))
	}
	node := slices.Concat(wrapped(1, []byte("image")), wrapped(2, []byte("y")), wrapped(4, []byte("Identity")))
	graph := wrapped(7, wrapped(1, node), wrapped(2, []byte("same")), wrapped(11, value("image")), wrapped(12, value("y")))
	return slices.Concat([]byte{1 << 3, 8}, graph, wrapped(8, []byte{2 << 3, 17}))
}

// TestAGuessOfChannelsIsTold with the prediction, and in the thread of its objects.
func TestAGuessOfChannelsIsTold(t *testing.T) {
	ws := t.TempDir()
	reg, err := local.Open(filepath.Join(ws, "registry"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"model.onnx": same(), "coverslip.yaml": []byte("name: two\ntask: instances\nclass: cell\n" +
		"inputs: [{id: image, axes: bcyx, min: 1, step: 1, channels: [DAPI, Membrane]}]\noutputs: [{id: y, axes: bcyx, channels: [DAPI, Membrane]}]\n" +
		"decode: {id: components, kwargs: {threshold: 100}}\n")}
	if _, err = reg.Register(t.Context(), "two", "", files, nil); err == nil {
		err = reg.SetAlias(t.Context(), "two", model.Champion, "1")
	}
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, ws, func(s *config.Settings) { s.Model = "two" })
	if err := os.Rename(layers(t, 1, 1), filepath.Join(ws, "scope", "layers.ome.tif")); err != nil {
		t.Fatal(err)
	}
	it := b.capture("layers.ome.tif", predicted)
	const note = "The image has 1 of the 2 channels that the model names (DAPI, Membrane)"
	if p, _ := station.Prediction(it); !strings.HasPrefix(p.Note, note) {
		t.Errorf("it says %q", p.Note)
	}
	found, _, err := b.Objects(t.Context(), it)
	if err != nil || len(found) != 1 {
		t.Fatal(len(found), err)
	}
	th, err := b.Thread(t.Context(), found[0].ID)
	if said := strings.Join(th.Lines(), "\n"); err != nil || !strings.Contains(said, "channels    "+note) {
		t.Errorf("%s, %v", said, err)
	}
}
