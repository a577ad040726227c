package dataset

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"coverslip.dev/coverslip/core/ruamel"
)

// fields are an output's lines in DVC's order.
func (o output) fields() [][2]string {
	f := [][2]string{{"md5", scalar(o.oid)}}
	if !o.unsized {
		f = append(f, [2]string{"size", strconv.FormatInt(o.size, 10)})
	}
	if o.isDir() {
		f = append(f, [2]string{"nfiles", strconv.Itoa(o.files)})
	}
	if o.exec {
		f = append(f, [2]string{"isexec", "true"})
	}
	return append(f, [2]string{"hash", "md5"}, [2]string{"path", scalar(o.path)})
}

// optional reports whether a field is left out where it says nothing.
func optional(field string) bool { return field == "size" || field == "nfiles" || field == "isexec" }

// newFile returns the text of a new .dvc file.
func newFile(o output, meta map[string]any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("outs:\n")
	lead := "- "
	for _, f := range o.fields() {
		b.WriteString(lead + f[0] + ": " + f[1] + "\n")
		lead = "  "
	}
	if len(meta) > 0 {
		block, err := metaBlock(meta)
		if err != nil {
			return nil, err
		}
		b.Write(block)
	}
	return b.Bytes(), nil
}

// patch returns f's text with o as its only output and meta merged into its meta:. Only
// what changes is touched, so comments and a person's own keys stay as they are.
func (f *file) patch(o output, meta map[string]any) ([]byte, error) {
	text, err := f.text, error(nil)
	o.stays, o.remote = f.outs[0].stays, f.outs[0].remote
	if !reflect.DeepEqual(f.outs[0], o) {
		if text, err = f.patchOutput(o); err != nil {
			return nil, err
		}
	}
	if len(meta) == 0 {
		return text, nil
	}
	return patchMeta(text, meta)
}

// patchOutput replaces the values of the changed fields in the text. Where the text is
// written in a way that this does not understand, the whole is written anew.
func (f *file) patchOutput(o output) ([]byte, error) {
	item := child(f.doc, "outs").Content[0]
	lines := strings.SplitAfter(string(f.text), "\n")
	last := lastLine(item)
	if last > len(lines) || item.Style&yaml.FlowStyle != 0 { // YAML has more kinds of line breaks
		return f.rewrite(item, o)
	}
	want := map[string]string{}
	drop := map[int]bool{}
	var added []string
	for _, fl := range o.fields() {
		want[fl[0]] = fl[1]
		if child(item, fl[0]) == nil {
			added = append(added, fl[0])
		}
	}
	for i := 0; i+1 < len(item.Content); i += 2 {
		k, v := item.Content[i], item.Content[i+1]
		value, ok := want[k.Value]
		switch {
		case ok:
			lines[v.Line-1] = replaceAt(lines[v.Line-1], v, value)
		case optional(k.Value):
			drop[k.Line-1] = true
		}
	}
	pad := strings.Repeat(" ", item.Content[0].Column-1)
	for last < len(lines) && strings.HasPrefix(lines[last], pad+" ") && strings.TrimSpace(lines[last]) != "" {
		last++ // a long text goes on in the next line
	}
	if !strings.HasSuffix(lines[last-1], "\n") {
		lines[last-1] += "\n"
	}
	for _, k := range added {
		lines[last-1] += pad + k + ": " + want[k] + "\n"
	}
	var b strings.Builder
	for i, l := range lines {
		if !drop[i] {
			b.WriteString(l)
		}
	}
	if again, err := parseFile([]byte(b.String())); err == nil && len(again.outs) == 1 && again.outs[0] == o && f.sameBeside(again) {
		return []byte(b.String()), nil
	}
	return f.rewrite(item, o)
}

// sameBeside reports whether f and g agree in all that is not the output's own.
func (f *file) sameBeside(g *file) bool { return reflect.DeepEqual(f.beside(), g.beside()) }

func (f *file) beside() map[string]any {
	var all map[string]any
	if f.doc.Decode(&all) != nil {
		return nil
	}
	outs, _ := all["outs"].([]any)
	for _, o := range outs {
		if m, ok := o.(map[string]any); ok {
			for _, k := range []string{"md5", "size", "nfiles", "isexec", "hash", "path"} {
				delete(m, k)
			}
		}
	}
	return all
}

// rewrite writes the whole file from its tree.
func (f *file) rewrite(item *yaml.Node, o output) ([]byte, error) {
	want := o.fields()
	item.Content = slices.Collect(func(yield func(*yaml.Node) bool) {
		for i := 0; i+1 < len(item.Content); i += 2 {
			k, v := item.Content[i], item.Content[i+1]
			at := slices.IndexFunc(want, func(fl [2]string) bool { return fl[0] == k.Value })
			if at < 0 && optional(k.Value) {
				continue
			}
			if at >= 0 {
				v = textNode(want[at])
				want = slices.Delete(want, at, at+1)
			}
			if !yield(k) || !yield(v) {
				return
			}
		}
		for _, fl := range want {
			if !yield(&yaml.Node{Kind: yaml.ScalarNode, Value: fl[0]}) || !yield(textNode(fl)) {
				return
			}
		}
	})
	return encode(f.doc)
}

// textNode is a field's value; numbers and truths stay what they are.
func textNode(field [2]string) *yaml.Node {
	n := &yaml.Node{}
	if yaml.Unmarshal([]byte(field[1]), n) == nil && len(n.Content) == 1 {
		return n.Content[0]
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: field[1]}
}

// replaceAt puts value in the place of the scalar v in its line; the line stays as it is
// if it does not look as expected.
func replaceAt(line string, v *yaml.Node, value string) string {
	at := v.Column - 1
	old := v.Value
	if v.Style&yaml.SingleQuotedStyle != 0 {
		old = "'" + strings.ReplaceAll(old, "'", "''") + "'"
	}
	if v.Style&yaml.DoubleQuotedStyle != 0 {
		old = `"` + old + `"`
	}
	if v.Kind != yaml.ScalarNode || at > len(line) || !strings.HasPrefix(line[at:], old) || scalar(v.Value) == value {
		return line
	}
	return line[:at] + value + line[at+len(old):]
}

func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, c := range n.Content {
		last = max(last, lastLine(c))
	}
	return last
}

// patchMeta merges meta into the text's meta: block, which it writes at the end.
func patchMeta(text []byte, meta map[string]any) ([]byte, error) {
	f, err := parseFile(text)
	if err != nil {
		return nil, err
	}
	old := map[string]any{}
	if n := child(f.doc, "meta"); n != nil {
		if err := n.Decode(&old); err != nil || n.Kind != yaml.MappingNode {
			return text, nil //nolint:nilerr // free data that is no mapping is a person's own
		}
	}
	changed := false
	add, err := metaNode(meta)
	if err != nil {
		return nil, err
	}
	now := map[string]any{}
	if err := add.Decode(&now); err != nil { // the same types as in old
		return nil, fmt.Errorf("meta: %w", err)
	}
	for k, v := range now {
		changed = changed || !reflect.DeepEqual(old[k], v)
	}
	if !changed {
		return text, nil
	}
	n := child(f.doc, "meta")
	if n == nil {
		block, err := metaBlock(meta)
		if err == nil && len(text) > 0 && text[len(text)-1] != '\n' {
			text = append(slices.Clone(text), '\n')
		}
		return slices.Concat(text, block), err
	}
	merge(n, add)
	return encode(f.doc)
}

// metaNode is meta with its texts quoted as DVC quotes them.
func metaNode(meta map[string]any) (*yaml.Node, error) {
	var n yaml.Node
	if err := n.Encode(meta); err != nil {
		return nil, fmt.Errorf("meta: %w", err)
	}
	dvcStyle(&n)
	return &n, nil
}

func metaBlock(meta map[string]any) ([]byte, error) {
	n, err := metaNode(meta)
	if err != nil {
		return nil, err
	}
	return encode(map[string]any{"meta": n})
}

func dvcStyle(n *yaml.Node) {
	for _, c := range n.Content {
		dvcStyle(c)
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return
	}
	switch ruamel.Quotes(n.Value) {
	case 0:
		n.Style = 0
	case '"':
		n.Style = yaml.DoubleQuotedStyle
	default:
		n.Style = yaml.SingleQuotedStyle
	}
}

// merge sets add's keys in m; both are mappings. Values that stay keep their style, and
// all keep their comments.
func merge(m, add *yaml.Node) {
	for i := 0; i+1 < len(add.Content); i += 2 {
		if v := child(m, add.Content[i].Value); v != nil {
			now := *add.Content[i+1]
			var a, b any
			if v.Decode(&a) == nil && now.Decode(&b) == nil && !reflect.DeepEqual(a, b) {
				now.HeadComment, now.LineComment, now.FootComment = v.HeadComment, v.LineComment, v.FootComment
				*v = now
			}
			continue
		}
		m.Content = append(m.Content, add.Content[i], add.Content[i+1])
	}
}

// encode writes YAML in DVC's style: two spaces, lists not indented.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	e.CompactSeqIndent()
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write yaml: %w", err)
	}
	return b.Bytes(), e.Close()
}
