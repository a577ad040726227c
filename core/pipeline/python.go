package pipeline

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// floatText is a float as Python's repr writes it.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	digits := strconv.FormatFloat(f, 'e', -1, 64)
	_, e, _ := strings.Cut(digits, "e")
	exp, _ := strconv.Atoi(e) // strconv has just written it
	if exp < -4 || exp >= 16 {
		return digits
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// pythonText is a simple value as Python's str writes it.
func pythonText(v any) string {
	switch x := v.(type) {
	case nil:
		return "None"
	case bool:
		if x {
			return "True"
		}
		return "False"
	case int64:
		return strconv.FormatInt(x, 10)
	case *big.Int:
		return x.String()
	case float64:
		return floatText(x)
	case date:
		return string(x)
	case string:
		return x
	}
	return fmt.Sprint(v)
}

// pythonJSON writes v as Python's json.dumps(v, sort_keys=True). It leaves out the keys of
// skip wherever they stand, and fails for what Python's json can't write.
func pythonJSON(v any, skip ...string) (string, error) {
	var b strings.Builder
	err := writeJSON(&b, v, skip)
	return b.String(), err
}

func writeJSON(b *strings.Builder, v any, skip []string) error {
	switch x := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(x))
	case int64, *big.Int:
		b.WriteString(pythonText(x))
	case float64:
		b.WriteString(jsonFloat(x))
	case string:
		jsonString(b, x)
	case []any:
		b.WriteByte('[')
		for i, e := range x {
			if i > 0 {
				b.WriteString(", ")
			}
			if err := writeJSON(b, e, skip); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case *object:
		b.WriteByte('{')
		lead := ""
		for _, k := range slices.Sorted(slices.Values(x.keys)) {
			if slices.Contains(skip, k) {
				continue
			}
			b.WriteString(lead)
			jsonString(b, k)
			b.WriteString(": ")
			if err := writeJSON(b, x.values[k], skip); err != nil {
				return err
			}
			lead = ", "
		}
		b.WriteByte('}')
	default:
		return fmt.Errorf("json: a %T", v)
	}
	return nil
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return floatText(f)
}

// jsonString writes s as Python's json does: ASCII only.
func jsonString(b *strings.Builder, s string) {
	short := map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`, '\b': `\b`}
	b.WriteByte('"')
	for _, c := range s {
		esc, ok := short[c]
		switch {
		case ok:
			b.WriteString(esc)
		case c >= ' ' && c < 0x7f:
			b.WriteRune(c)
		case c > 0xffff:
			hi, lo := utf16.EncodeRune(c)
			fmt.Fprintf(b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(b, `\u%04x`, c)
		}
	}
	b.WriteByte('"')
}

// equal compares as Python's == does: 1, 1.0 and true are the same.
func equal(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x.Cmp(y) == 0
	}
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, equal)
	case *object:
		y, ok := b.(*object)
		if !ok || len(x.keys) != len(y.keys) {
			return false
		}
		for _, k := range x.keys {
			v, ok := y.get(k)
			if !ok || !equal(x.values[k], v) {
				return false
			}
		}
		return true
	case float64: // infinite, or no number at all
		y, ok := b.(float64)
		return ok && x == y
	case string, date, nil:
		return a == b
	}
	return false
}

func number(v any) (*big.Rat, bool) {
	switch x := v.(type) {
	case bool:
		if x {
			return big.NewRat(1, 1), true
		}
		return new(big.Rat), true
	case int64:
		return new(big.Rat).SetInt64(x), true
	case *big.Int:
		return new(big.Rat).SetInt(x), true
	case float64:
		r := new(big.Rat).SetFloat64(x)
		return r, r != nil
	}
	return nil, false
}

// shellWord quotes a word as Python's shlex.quote does.
func shellWord(s string) string {
	safe := func(c rune) bool {
		return c < utf8.RuneSelf && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_@%+=:,./-", c))
	}
	if s != "" && !strings.ContainsFunc(s, func(c rune) bool { return !safe(c) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'"
}
