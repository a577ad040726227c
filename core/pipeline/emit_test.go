package pipeline

import (
	"encoding/json"
	"os"
	"testing"
)

// The cases were written by ruamel.yaml 0.18 through DVC 3.67.1.
func TestYAMLIsWrittenAsDVCWritesIt(t *testing.T) {
	var cases []struct {
		In    string          `json:"in"`
		Value json.RawMessage `json:"value"`
		Out   string          `json:"out"`
	}
	text, err := os.ReadFile("testdata/emit.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	bad := 0
	for i, c := range cases {
		v, err := parseJSON(c.Value)
		if err != nil {
			t.Fatal(err)
		}
		if got := emitYAML(v.(*object), 0); got != c.Out { //nolint:forcetypeassert // a mapping each
			bad++
			if bad < 6 {
				t.Errorf("case %d:\n%q\n%q", i, got, c.Out)
			}
		}
		if got, err := pythonJSON(v); err != nil || got != c.In {
			t.Errorf("json of case %d: %v\n%s\n%s", i, err, got, c.In)
		}
		back, err := parseYAML([]byte(c.Out))
		if err != nil {
			t.Errorf("case %d: %v in %q", i, err, c.Out)
			continue
		}
		if !equal(back, v) {
			t.Errorf("case %d is read as another value: %q", i, c.Out)
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d differ", bad, len(cases))
	}
}

// Lists and mappings that stand at several places, written by the same program.
func TestWhatIsSharedGetsAName(t *testing.T) {
	var texts []string
	raw, err := os.ReadFile("testdata/share.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		v, err := parseYAML([]byte(text))
		if err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		if got := emitYAML(v.(*object), 0); got != text { //nolint:forcetypeassert // a mapping each
			t.Errorf("ours:\n%s\ntheirs:\n%s", got, text)
		}
	}
}
