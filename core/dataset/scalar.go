package dataset

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// notText matches plain words that YAML 1.2 as ruamel reads it takes for something else
// than text: booleans, nulls, numbers, dates.
var notText = regexp.MustCompile(`^(?:` +
	`true|True|TRUE|false|False|FALSE|~|null|Null|NULL|=|<<|` +
	`[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+|` +
	`[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|` +
	`[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|` +
	`[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?` +
	`(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)$`)

// scalar writes s as a YAML scalar the way DVC does: plain if it may be, else in single
// quotes, and in double quotes what can't be printed. Unlike DVC it never folds a line.
func scalar(s string) string {
	if strings.ContainsFunc(s, unprintable) {
		return doubleQuoted(s)
	}
	if plain(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

func plain(s string) bool {
	if s == "" || s != strings.TrimSpace(s) || notText.MatchString(s) {
		return false
	}
	if strings.ContainsRune("#,[]{}&*!|>'\"%@`", rune(s[0])) || strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") {
		return false
	}
	if strings.ContainsRune("-?:", rune(s[0])) && (len(s) == 1 || s[1] == ' ') {
		return false
	}
	return !strings.Contains(s, ": ") && !strings.HasSuffix(s, ":") && !strings.Contains(s, " #")
}

func unprintable(c rune) bool {
	return unicode.IsControl(c) || c == '\ufeff' || c == '\u2028' || c == '\u2029' || c == unicode.ReplacementChar
}

func doubleQuoted(s string) string {
	short := map[rune]string{'\a': `\a`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\v': `\v`, '\f': `\f`, '\r': `\r`, 0x1b: `\e`, '"': `\"`, '\\': `\\`}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch esc, ok := short[c]; {
		case ok:
			b.WriteString(esc)
		case !unprintable(c):
			b.WriteRune(c)
		case c <= 0xff:
			fmt.Fprintf(&b, `\x%02X`, c)
		default:
			fmt.Fprintf(&b, `\u%04X`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
