package ruamel

import (
	"fmt"
	"slices"
	"strings"
)

// Plain writes a text without quotes; it holds no line breaks.
//
//nolint:gocognit // as ruamel.yaml has it, so that the two can be compared
func (w *Writer) Plain(s string, fold bool) {
	if s == "" {
		return
	}
	if !w.whitespace {
		w.write(" ")
	}
	w.whitespace, w.indention = false, false
	text := []rune(s)
	spaces, start := false, 0
	for end := 0; end <= len(text); end++ {
		last := end == len(text)
		switch {
		case spaces:
			if last || text[end] != ' ' {
				if start+1 == end && w.column >= width && fold {
					w.fold()
				} else {
					w.write(string(text[start:end]))
				}
				start = end
			}
		case last || text[end] == ' ':
			if end-start+w.column > width && w.column > w.indent {
				w.WriteIndent() // words longer than a line get one of their own
			}
			w.write(string(text[start:end]))
			start = end
		}
		if !last {
			spaces = text[end] == ' '
		}
	}
}

func (w *Writer) fold() {
	w.WriteIndent()
	w.whitespace, w.indention = false, false
}

// single writes a text in single quotes; it holds no line feeds.
//
//nolint:gocognit // as ruamel.yaml has it, so that the two can be compared
func (w *Writer) single(text []rune, fold bool) {
	w.Indicator("'", true, false)
	spaces, breaks, start := false, false, 0
	for end := 0; end <= len(text); end++ {
		last := end == len(text)
		var c rune
		if !last {
			c = text[end]
		}
		switch {
		case spaces:
			if last || c != ' ' {
				if start+1 == end && w.column > width && fold && start != 0 && !last {
					w.WriteIndent()
				} else {
					w.write(string(text[start:end]))
				}
				start = end
			}
		case breaks:
			if last || !isBreak(c) {
				for _, br := range text[start:end] {
					w.whitespace, w.indention, w.column = true, true, 0
					w.b.WriteRune(br)
				}
				w.WriteIndent()
				start = end
			}
		case last || c == ' ' || isBreak(c):
			w.write(string(text[start:end]))
			start = end
		}
		if !last {
			spaces, breaks = c == ' ', isBreak(c)
		}
	}
	w.Indicator("'", false, false)
}

// escapes are double-quoted YAML's short forms.
func escaped(c rune) string {
	const from, to = "\x00\a\b\t\n\v\f\r\x1b\"\\\u0085\u00a0\u2028\u2029", `0abtnvfre"\N_LP`
	if i := slices.Index([]rune(from), c); i >= 0 {
		return `\` + to[i:i+1]
	}
	switch {
	case c <= 0xff:
		return fmt.Sprintf(`\x%02X`, c)
	case c <= 0xffff:
		return fmt.Sprintf(`\u%04X`, c)
	}
	return fmt.Sprintf(`\U%08X`, c)
}

// NeedsEscape reports whether a sign is written as an escape, in double quotes.
func NeedsEscape(c rune) bool {
	return strings.ContainsRune("\"\\\u0085\u2028\u2029\ufeff", c) || c < ' ' || c > '~' && c < 0xa0 || c >= 0xd800 && c < 0xe000 || c == 0xfffe || c == 0xffff
}

// double writes a text in double quotes.
func (w *Writer) double(text []rune, fold bool) {
	w.Indicator(`"`, true, false)
	start := 0
	for end := 0; end <= len(text); end++ {
		last := end == len(text)
		if last || NeedsEscape(text[end]) {
			if start < end {
				w.write(string(text[start:end]))
				start = end
			}
			if !last {
				w.write(escaped(text[end]))
				start = end + 1
			}
		}
		if 0 < end && end < len(text)-1 && (text[end] == ' ' || start >= end) && w.column+end-start > width && fold {
			start = w.foldDouble(text, start, end)
		}
	}
	w.Indicator(`"`, false, false)
}

// foldDouble breaks the line of a text in double quotes, with a backslash where the break
// would else be read as a blank.
func (w *Writer) foldDouble(text []rune, start, end int) int {
	backslash := needsBackslash(text, start, end)
	if start < end {
		w.write(string(text[start:end]))
		start = end
	}
	if backslash {
		w.write(`\`)
	}
	w.fold()
	if text[start] == ' ' {
		if backslash {
			w.write(`\`)
		} else {
			start++ // the break stands for it
		}
	}
	return start
}

func needsBackslash(text []rune, start, end int) bool {
	space := slices.Index(text[end:], ' ')
	if space < 0 {
		return true
	}
	space += end
	if feed := slices.Index(text[end:space], '\n'); feed >= 0 {
		space = end + feed
	}
	if space+1 >= len(text) {
		return true
	}
	if text[space] == '\n' && text[space+1] != ' ' {
		return true
	}
	word := text[end:space]
	next := text[space+1]
	twoSpaces := end > 0 && text[end-1] == ' ' && text[end] == ' '
	return slices.Contains(word, '"') || slices.Contains(word, '\'') || next == ' ' || next == '\n' || twoSpaces || start == end
}
