package infer_test

import (
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
)

// TestBatched: a description tells whether questions may be joined.
func TestBatched(t *testing.T) {
	good := string(infertest.Recipe("y"))
	const rdf = `format_version: 0.5.4
type: model
name: boxes
config: {coverslip: {decode: {id: boxes}}}
inputs:
  - id: image
    axes: [{type: batch}, {type: channel, channel_names: [a]}, {type: space, id: y, size: 64}, {type: space, id: x, size: 64}]
    data: {type: float32}
outputs:
  - id: boxes
    axes: [{type: batch}, {type: index, size: COUNT}, {type: channel, channel_names: [x, y, w, h]}]
    data: {type: float32}
weights: {onnx: {source: model.onnx}}
`
	for what, c := range map[string]struct {
		text string
		want bool
	}{
		"a batch":                  {good, true},
		"none":                     {"", false},
		"no batch in":              {strings.Replace(good, "image, axes: bcyx", "image, axes: cyx", 1), false},
		"no batch out":             {strings.Replace(good, "y, axes: bcyx", "y, axes: cyx", 1), false},
		"as many boxes as always":  {strings.Replace(rdf, "COUNT", "100", 1), true},
		"as many as an image has":  {strings.Replace(rdf, "COUNT", "{min: 0}", 1), false},
		"an input that may be out": {strings.Replace(strings.Replace(rdf, "COUNT", "100", 1), "- id: image", "- id: image\n    optional: true", 1), false},
	} {
		if got := (infer.Bundle{Recipe: []byte(c.text)}).Batched(); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
