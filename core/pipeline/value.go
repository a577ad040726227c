package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"coverslip.dev/coverslip/core/ruamel"
)

// A value is what a YAML 1.2 text holds, typed as DVC's own reader (ruamel.yaml) types
// it: nil, bool, int64, *big.Int, float64, string, date, []any, or *object.

// date is a point in time as it was written; only text is done with it.
type date string

// object is a mapping that keeps its order.
type object struct {
	keys   []string
	values map[string]any
	plain  map[string]bool // keys that are no texts: numbers, truths
}

func newObject() *object { return &object{values: map[string]any{}} }

func (o *object) set(key string, v any) {
	if _, ok := o.values[key]; !ok {
		o.keys = append(o.keys, key)
	}
	o.values[key] = v
}

func (o *object) get(key string) (any, bool) {
	if o == nil {
		return nil, false
	}
	v, ok := o.values[key]
	return v, ok
}

// clone copies the mapping, not what it holds.
func (o *object) clone() *object {
	c := newObject()
	for _, k := range o.keys {
		c.set(k, o.values[k])
	}
	c.plain = o.plain
	return c
}

// The bounds of a text from anywhere: YAML's aliases can make a few bytes into gigabytes.
const (
	maxText  = 16 << 20
	maxNodes = 1 << 20
	maxDepth = 200
)

// parseYAML reads a text; an empty one is an empty mapping.
func parseYAML(text []byte) (any, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("yaml: longer than %d bytes", maxText)
	}
	if bytes.HasPrefix(text, []byte("%YAML 1.1")) {
		return nil, fmt.Errorf("yaml: written for an older YAML") // where yes and no are truths
	}
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.Join(fmt.Errorf("yaml: more than one document"), err)
	}
	if doc.Kind == 0 || len(doc.Content) == 0 {
		return newObject(), nil
	}
	r := reader{left: maxNodes, seen: map[*yaml.Node]sized{}}
	return r.value(doc.Content[0], 0)
}

// reader turns nodes into values. What stands at several places is one value: DVC's
// writer shows that.
type reader struct {
	left    int // nodes that it may still have, about
	deepest int // of what was read last
	seen    map[*yaml.Node]sized
}

// sized is a value, and how many nodes it has, how deep.
type sized struct {
	v        any
	n, depth int
}

// newList makes a list that is not the same as any other, even if both are empty.
func newList(n int) []any { return make([]any, 0, max(n, 1)) }

func (r *reader) value(n *yaml.Node, depth int) (any, error) {
	if n.Kind == yaml.AliasNode {
		return r.alias(n, depth)
	}
	left, deepest := r.left, r.deepest
	r.left -= 1 + len(n.Value)/16 // texts take room, too
	r.deepest = depth
	if r.left < 0 || depth > maxDepth {
		return nil, tooMuch(n)
	}
	v, err := r.fresh(n, depth)
	if n.Anchor != "" && err == nil {
		r.seen[n] = sized{v, left - r.left, r.deepest - depth}
	}
	r.deepest = max(r.deepest, deepest)
	return v, err
}

func tooMuch(n *yaml.Node) error { return fmt.Errorf("yaml: line %d: too much in it", n.Line) }

// alias returns the value that an alias stands for; it counts as if it were written out.
func (r *reader) alias(n *yaml.Node, depth int) (any, error) {
	old, ok := r.seen[n.Alias]
	if !ok {
		return nil, fmt.Errorf("yaml: line %d: %s stands for a part of itself", n.Line, n.Value)
	}
	r.left -= old.n
	r.deepest = max(r.deepest, depth+old.depth)
	if r.left < 0 || r.deepest > maxDepth {
		return nil, tooMuch(n)
	}
	return old.v, nil
}

func (r *reader) fresh(n *yaml.Node, depth int) (any, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return scalarValue(n)
	case yaml.SequenceNode:
		list := newList(len(n.Content))
		for _, c := range n.Content {
			v, err := r.value(c, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		return r.mapping(n, depth)
	case yaml.DocumentNode, yaml.AliasNode:
	}
	return nil, fmt.Errorf("yaml: line %d: not understood", n.Line)
}

func (r *reader) mapping(n *yaml.Node, depth int) (any, error) {
	o, merged := newObject(), newObject()
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		got, err := r.value(v, depth+1)
		if err != nil {
			return nil, err
		}
		if k.Kind == yaml.ScalarNode && k.Value == "<<" && k.Style == 0 {
			if err := merge(merged, got); err != nil {
				return nil, fmt.Errorf("yaml: line %d: %w", k.Line, err)
			}
			continue
		}
		if err := r.pair(o, k, got, depth); err != nil {
			return nil, err
		}
	}
	if len(merged.keys) == 0 {
		return o, nil
	}
	for _, k := range o.keys { // what is written out wins, and comes last
		merged.set(k, o.values[k])
	}
	merged.plain = o.plain
	return merged, nil
}

// pair adds a key and its value.
func (r *reader) pair(o *object, k *yaml.Node, v any, depth int) error {
	key, err := r.value(k, depth+1)
	if err != nil {
		return err
	}
	name, ok := keyText(key)
	if !ok {
		return fmt.Errorf("yaml: line %d: a key is no text", k.Line)
	}
	if _, twice := o.values[name]; twice {
		return fmt.Errorf("yaml: line %d: the key %q is there twice", k.Line, name)
	}
	o.set(name, v)
	if _, text := key.(string); !text {
		if o.plain == nil {
			o.plain = map[string]bool{}
		}
		o.plain[name] = true
	}
	return nil
}

// merge takes over the keys of a << that are not there yet.
func merge(into *object, from any) error {
	switch f := from.(type) {
	case *object:
		for _, k := range f.keys {
			if _, ok := into.values[k]; !ok {
				into.set(k, f.values[k])
			}
		}
		return nil
	case []any:
		for _, v := range f {
			if _, ok := v.(*object); !ok {
				return fmt.Errorf("a << without a mapping")
			}
			if err := merge(into, v); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("a << without a mapping")
}

// keyText is a mapping's key as text: numbers and truths may be keys, too.
func keyText(v any) (string, bool) {
	switch k := v.(type) {
	case string:
		return k, true
	case nil:
		return "null", true
	case bool, int64, *big.Int, float64, date:
		return pythonText(k), true
	}
	return "", false
}

func scalarValue(n *yaml.Node) (any, error) {
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return n.Value, nil
	}
	tag := ruamel.Tag(n.Value)
	if n.Style&yaml.TaggedStyle != 0 {
		switch n.ShortTag() {
		case "!!str":
			return n.Value, nil
		case "!!int", "!!float", "!!bool", "!!null":
		default:
			return nil, fmt.Errorf("yaml: line %d: the tag %s is not understood", n.Line, n.Tag)
		}
	}
	s := strings.ReplaceAll(n.Value, "_", "")
	switch tag {
	case "null":
		return nil, nil
	case "bool":
		return strings.EqualFold(s, "true"), nil
	case "date":
		return date(n.Value), nil
	case "int":
		if v, ok := parseInt(s); ok {
			return v, nil
		}
	case "float":
		if v, ok := parseFloat(s); ok {
			return v, nil
		}
	default:
		return n.Value, nil
	}
	return nil, fmt.Errorf("yaml: line %d: %q is no number", n.Line, n.Value)
}

func parseInt(s string) (any, bool) {
	body := strings.TrimLeft(s, "+-")
	base := 10
	for prefix, b := range map[string]int{"0b": 2, "0o": 8, "0x": 16} {
		if rest, ok := strings.CutPrefix(body, prefix); ok {
			body, base = rest, b
		}
	}
	if strings.HasPrefix(s, "-") {
		body = "-" + body
	}
	if len(body) > 4000 { // Python has a bound like this, too
		return nil, false
	}
	if v, err := strconv.ParseInt(body, base, 64); err == nil {
		return v, true
	}
	v, ok := new(big.Int).SetString(body, base)
	return v, ok
}

func parseFloat(s string) (any, bool) {
	switch low := strings.ToLower(s); low {
	case ".inf", "+.inf":
		return math.Inf(1), true
	case "-.inf":
		return math.Inf(-1), true
	case ".nan":
		return math.NaN(), true
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(v, 0) { // Python takes 1e999 for infinity
		return nil, false
	}
	return v, true
}
