package pipeline

import (
	"fmt"
	"slices"
	"strings"
)

// plain writes a text without quotes; it holds no line breaks.
//
//nolint:gocognit // as ruamel.yaml has it, so that the two can be compared
func (e *emitter) plain(s string, fold bool) {
	if s == "" {
		return
	}
	if !e.whitespace {
		e.write(" ")
	}
	e.whitespace, e.indention = false, false
	text := []rune(s)
	spaces, start := false, 0
	for end := 0; end <= len(text); end++ {
		last := end == len(text)
		switch {
		case spaces:
			if last || text[end] != ' ' {
				if start+1 == end && e.column >= width && fold {
					e.fold()
				} else {
					e.write(string(text[start:end]))
				}
				start = end
			}
		case last || text[end] == ' ':
			if end-start+e.column > width && e.column > e.indent {
				e.writeIndent() // words longer than a line get one of their own
			}
			e.write(string(text[start:end]))
			start = end
		}
		if !last {
			spaces = text[end] == ' '
		}
	}
}

func (e *emitter) fold() {
	e.writeIndent()
	e.whitespace, e.indention = false, false
}

// single writes a text in single quotes; it holds no line feeds.
//
//nolint:gocognit // as ruamel.yaml has it, so that the two can be compared
func (e *emitter) single(text []rune, fold bool) {
	e.indicator("'", true, false)
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
				if start+1 == end && e.column > width && fold && start != 0 && !last {
					e.writeIndent()
				} else {
					e.write(string(text[start:end]))
				}
				start = end
			}
		case breaks:
			if last || !isBreak(c) {
				for _, br := range text[start:end] {
					e.whitespace, e.indention, e.column = true, true, 0
					e.b.WriteRune(br)
				}
				e.writeIndent()
				start = end
			}
		case last || c == ' ' || isBreak(c):
			e.write(string(text[start:end]))
			start = end
		}
		if !last {
			spaces, breaks = c == ' ', isBreak(c)
		}
	}
	e.indicator("'", false, false)
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

func needsEscape(c rune) bool {
	return strings.ContainsRune("\"\\\u0085\u2028\u2029\ufeff", c) || c < ' ' || c > '~' && c < 0xa0 || c >= 0xd800 && c < 0xe000 || c == 0xfffe || c == 0xffff
}

// double writes a text in double quotes.
func (e *emitter) double(text []rune, fold bool) {
	e.indicator(`"`, true, false)
	start := 0
	for end := 0; end <= len(text); end++ {
		last := end == len(text)
		if last || needsEscape(text[end]) {
			if start < end {
				e.write(string(text[start:end]))
				start = end
			}
			if !last {
				e.write(escaped(text[end]))
				start = end + 1
			}
		}
		if 0 < end && end < len(text)-1 && (text[end] == ' ' || start >= end) && e.column+end-start > width && fold {
			start = e.foldDouble(text, start, end)
		}
	}
	e.indicator(`"`, false, false)
}

// foldDouble breaks the line of a text in double quotes, with a backslash where the break
// would else be read as a blank.
func (e *emitter) foldDouble(text []rune, start, end int) int {
	backslash := needsBackslash(text, start, end)
	if start < end {
		e.write(string(text[start:end]))
		start = end
	}
	if backslash {
		e.write(`\`)
	}
	e.fold()
	if text[start] == ' ' {
		if backslash {
			e.write(`\`)
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
