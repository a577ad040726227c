package pipeline

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// span is where a ${expression} stands in a text.
type span struct{ from, to int }

// spans finds the ${expressions} of a text; \${ is none.
func spans(s string) []span {
	var all []span
	for at := 0; ; {
		i := strings.Index(s[at:], "${")
		if i < 0 {
			return all
		}
		i += at
		end := strings.IndexAny(s[i:], "}\n")
		if i > 0 && s[i-1] == '\\' || end < 0 || s[i+end] == '\n' {
			at = i + 2
			continue
		}
		all = append(all, span{i, i + end + 1})
		at = i + end + 1
	}
}

// interpolates reports whether a text somewhere in v holds a ${expression}.
func interpolates(v any) bool {
	switch x := v.(type) {
	case string:
		return len(spans(x)) > 0
	case []any:
		return slices.ContainsFunc(x, interpolates)
	case *object:
		return slices.ContainsFunc(x.keys, func(k string) bool { return interpolates(k) || interpolates(x.values[k]) })
	}
	return false
}

// resolve replaces the ${expressions} in v. Where whole is set, one that stands alone may
// stand for a list or a mapping; else for simple values only.
func (s *scope) resolve(v any, key string, whole bool) (any, error) {
	switch x := v.(type) {
	case string:
		return s.resolveText(x, key, whole)
	case []any:
		list := make([]any, 0, len(x))
		for _, e := range x {
			r, err := s.resolve(e, key, whole)
			if err != nil {
				return nil, err
			}
			list = append(list, r)
		}
		return list, nil
	case *object:
		o := newObject()
		for _, k := range x.keys {
			name, err := s.resolveText(k, key, whole)
			if err != nil {
				return nil, err
			}
			r, err := s.resolve(x.values[k], key, whole)
			if err != nil {
				return nil, err
			}
			text, ok := keyText(name)
			if !ok {
				return nil, fmt.Errorf("%s stands for no name", k)
			}
			o.set(text, r)
		}
		return o, nil
	}
	return v, nil
}

func (s *scope) resolveText(text, key string, whole bool) (any, error) {
	found := spans(text)
	if len(found) == 1 && found[0] == (span{0, len(text)}) {
		v, err := s.find(text[2 : len(text)-1])
		if err != nil {
			return nil, err
		}
		if *s.left -= size(v); *s.left < 0 {
			return nil, fmt.Errorf("${} makes too much of it")
		}
		return v, simple(v, whole)
	}
	var b strings.Builder
	at := 0
	for _, f := range found {
		v, err := s.find(text[f.from+2 : f.to-1])
		if err != nil {
			return nil, err
		}
		word, err := interpolated(v, key)
		if err != nil {
			return nil, err
		}
		b.WriteString(text[at:f.from] + word)
		if *s.left -= len(word) + f.from - at; *s.left < 0 {
			return nil, fmt.Errorf("${} makes too much of it")
		}
		at = f.to
	}
	return strings.ReplaceAll(b.String()+text[at:], `\${`, "${"), nil
}

// size is about how many bytes a value takes.
func size(v any) int {
	switch x := v.(type) {
	case string:
		return len(x)
	case []any:
		n := 8
		for _, e := range x {
			n += size(e)
		}
		return n
	case *object:
		n := 8
		for k, e := range x.values {
			n += len(k) + size(e)
		}
		return n
	}
	return 8
}

func simple(v any, whole bool) error {
	switch v.(type) {
	case nil, string, bool, int64, *big.Int, float64:
		return nil
	}
	if whole {
		return nil
	}
	return fmt.Errorf("a list or a mapping can't stand there")
}

// interpolated is a value inside of a text. In a command, a mapping becomes options.
func interpolated(v any, key string) (string, error) {
	if o, ok := v.(*object); ok && key == "cmd" {
		var b strings.Builder
		err := options(&b, o, "")
		return strings.TrimRight(b.String(), " "), err
	}
	if err := simple(v, false); err != nil {
		return "", err
	}
	return plainText(v), nil
}

// plainText is a simple value as DVC puts it into texts and names.
func plainText(v any) string {
	if b, ok := v.(bool); ok {
		return strings.ToLower(pythonText(b))
	}
	return pythonText(v)
}

// options writes a mapping as --name value, with dots for mappings inside.
func options(b *strings.Builder, o *object, at string) error {
	for _, k := range o.keys {
		name := "--" + at + k
		switch v := o.values[k].(type) {
		case *object:
			if err := options(b, v, at+k+"."); err != nil {
				return err
			}
		case bool:
			if v {
				b.WriteString(name + " ")
			}
		case string:
			b.WriteString(name + " " + shellWord(v) + " ")
		case []any:
			if err := optionList(b, v, name); err != nil {
				return err
			}
		default:
			b.WriteString(name + " " + pythonText(v) + " ")
		}
	}
	return nil
}

func optionList(b *strings.Builder, list []any, name string) error {
	for i, e := range list {
		word, err := optionWord(e)
		if err != nil {
			return err
		}
		if i == 0 {
			b.WriteString(name + " ")
		}
		b.WriteString(word + " ")
	}
	return nil
}

func optionWord(v any) (string, error) {
	if s, ok := v.(string); ok {
		return shellWord(s), nil
	}
	return pythonText(v), simple(v, false)
}
