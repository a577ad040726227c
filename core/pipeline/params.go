package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// parseParams reads a parameter file by the ending of its name.
func parseParams(name string, text []byte) (*object, error) {
	var v any
	var err error
	switch path.Ext(name) {
	case ".json":
		v, err = parseJSON(text)
	case ".toml", ".py":
		return nil, fault.New(fault.Invalid, "The parameters in "+name+" can't be read: only YAML and JSON can.",
			"Write them as YAML, or run the pipeline with the dvc program.", nil)
	default:
		v, err = parseYAML(text)
	}
	o, ok := v.(*object)
	if v == nil && err == nil {
		o, ok = newObject(), true
	}
	if err != nil || !ok {
		return nil, fault.New(fault.Corrupt, "The parameter file "+name+" can't be read.",
			"Correct it with a text editor.", err)
	}
	return o, nil
}

// parseJSON reads JSON, keeping the order of keys.
func parseJSON(text []byte) (any, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("json: longer than %d bytes", maxText)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := jsonValue(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("json: more after the end")
	}
	return v, nil
}

func jsonValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("json: too deep")
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch x := t.(type) {
	case json.Number:
		return jsonNumber(string(x))
	case json.Delim:
		if x == '[' {
			return jsonList(d, depth)
		}
		return jsonObject(d, depth)
	}
	return t, nil
}

func jsonNumber(s string) (any, error) {
	if !strings.ContainsAny(s, ".eE") {
		if v, ok := parseInt(s); ok {
			return v, nil
		}
	} else if v, ok := parseFloat(s); ok {
		return v, nil
	}
	return nil, fmt.Errorf("json: %q is no number", s)
}

func jsonList(d *json.Decoder, depth int) (any, error) {
	list := newList(0)
	for d.More() {
		v, err := jsonValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err
}

func jsonObject(d *json.Decoder, depth int) (any, error) {
	o := newObject()
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := k.(string)
		if !ok {
			return nil, fmt.Errorf("json: a key is no text")
		}
		v, err := jsonValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o.set(name, v)
	}
	_, err := d.Token()
	return o, err
}

// pick returns the value under a key with dots, such as train.lr or sizes.0.
func pick(o *object, key string) (any, bool) {
	var v any = o
	for part := range strings.SplitSeq(key, ".") {
		switch x := v.(type) {
		case *object:
			next, ok := x.get(part)
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// picked returns what a stage depends on of a parameter file, and the keys that it lacks.
// No keys stand for all of the file's top.
func picked(o *object, keys []string) (got *object, lacking []string) {
	if len(keys) == 0 {
		return o, nil
	}
	got = newObject()
	for _, k := range keys {
		v, ok := pick(o, k)
		if !ok {
			lacking = append(lacking, k)
			continue
		}
		got.set(k, v)
	}
	return got, lacking
}
