package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// ignores are the .dvcignore rules of a folder, in order: the last that fits decides.
type ignores []ignore

type ignore struct {
	re     *regexp.Regexp // of the path from the dataset's top
	negate bool
	dirs   bool // for folders only
}

// ignores reads the .dvcignore files from the top down to the folder above rel.
func (r *Repository) ignores(rel string) (ignores, error) {
	var rules ignores
	dirs := []string{"."}
	for d := path.Dir(rel); d != "."; d = path.Dir(d) {
		dirs = append(dirs[:1], append([]string{d}, dirs[1:]...)...)
	}
	for _, d := range dirs {
		text, err := os.ReadFile(r.abs(path.Join(d, ".dvcignore")))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read ignore rules: %w", err)
		}
		rules = append(rules, parseIgnores(d, string(text))...)
	}
	return rules, nil
}

// parseIgnores reads the rules of a .dvcignore in the folder dir.
func parseIgnores(dir, text string) (rules ignores) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	for line := range strings.SplitSeq(text, "\n") {
		if rule, ok := parseIgnore(dir, strings.TrimFunc(line, isBlank)); ok {
			rules = append(rules, rule)
		}
	}
	return rules
}

// isBlank is what Python strips from a line's ends.
func isBlank(c rune) bool { return unicode.IsSpace(c) || c >= 0x1c && c <= 0x1f }

func (rules ignores) match(rel string, dir bool) bool {
	for _, rule := range slices.Backward(rules) {
		if (dir || !rule.dirs) && (rule.re.MatchString(rel) || dir && rule.re.MatchString(rel+"/")) {
			return !rule.negate
		}
	}
	return false
}

// parseIgnore turns a line of gitignore syntax, in a file of the folder dir, into a rule.
// It does what pathspec 1.1.1 and so DVC does, which is not all that git does: a rule "*/"
// at the top, say, leaves out nothing. Those that make DVC fail are no rules here.
func parseIgnore(dir, line string) (rule ignore, ok bool) {
	if line == "" || line[0] == '#' || line == "/" {
		return rule, false
	}
	line, rule.negate = strings.CutPrefix(line, "!")
	rule.dirs = strings.HasSuffix(line, "/")
	re, ok := pathPattern(strings.Split(line, "/"), rule.dirs, dir == ".")
	if !ok {
		return rule, false
	}
	if dir != "." {
		re = regexp.QuoteMeta(dir+"/") + re
	}
	compiled, err := regexp.Compile("^(?s:" + re + ")")
	rule.re = compiled
	return rule, err == nil
}

// pathPattern is the regular expression of a rule's parts between slashes.
func pathPattern(parts []string, dirs, top bool) (re string, ok bool) {
	switch {
	case parts[0] == "":
		parts = parts[1:]
	case (len(parts) == 1 || len(parts) == 2 && parts[1] == "") && parts[0] != "**":
		parts = append([]string{"**"}, parts...)
	}
	if len(parts) == 0 {
		return "", false
	}
	if last := len(parts) - 1; parts[last] == "" {
		parts[last] = "**"
	}
	parts = slices.CompactFunc(parts, func(a, b string) bool { return a == "**" && b == "**" })
	switch strings.Join(parts, "/") {
	case "**", "**/*", "**/*/**":
		switch {
		case !dirs && len(parts) < 3:
			return ".", true
		case top:
			return "/", true // which no path begins with
		}
		return ".+/", true
	}
	return joined(parts)
}

// joined is the regular expression of a rule's parts in its usual form.
func joined(parts []string) (re string, ok bool) {
	var b strings.Builder
	for i, part := range parts {
		slash := "/"
		if i == 0 || i == 1 && parts[0] == "**" {
			slash = ""
		}
		switch {
		case part == "**" && i == 0:
			b.WriteString("(?:.+/)?")
		case part == "**" && i < len(parts)-1:
			b.WriteString("(?:/.+)?")
		case part == "**":
			b.WriteString("/")
		case part == "*":
			b.WriteString(slash + "[^/]+")
		default:
			glob, ok := globPattern(part)
			if !ok {
				return "", false
			}
			b.WriteString(slash + glob)
		}
	}
	if parts[len(parts)-1] != "**" {
		b.WriteString("(?:/|$)")
	}
	return b.String(), true
}

// globPattern is the regular expression of one part of a rule; ok is false where a bracket
// or a backslash has no end.
func globPattern(glob string) (re string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '*':
			b.WriteString("[^/]*")
		case '?':
			b.WriteString("[^/]")
		case '[':
			set, end, ok := bracket(glob[i:])
			if !ok {
				return "", false
			}
			b.WriteString(set)
			i += end
		case '\\':
			if i++; i == len(glob) {
				return "", false
			}
			fallthrough
		default:
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		}
	}
	return b.String(), true
}

// bracket is the regular expression of the set that a glob starts with, and where that ends.
func bracket(glob string) (set string, end int, ok bool) {
	from, not := 1, ""
	if len(glob) > 1 && (glob[1] == '!' || glob[1] == '^') {
		from, not = 2, "^"
	}
	if from < len(glob) { // one that comes first does not end it
		end = strings.IndexByte(glob[from+1:], ']') + from + 1
	}
	if end <= from {
		return "", 0, false
	}
	return "[" + not + strings.NewReplacer(`\`, `\\`, `[`, `\[`).Replace(glob[from:end]) + "]", end, true
}
