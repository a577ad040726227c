package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
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
		for line := range strings.Lines(string(text)) {
			if rule, ok := parseIgnore(d, strings.TrimRight(line, "\r\n")); ok {
				rules = append(rules, rule)
			}
		}
	}
	return rules, nil
}

func (rules ignores) match(rel string, dir bool) bool {
	skip := false
	for _, rule := range rules {
		if (dir || !rule.dirs) && rule.re.MatchString(rel) {
			skip = !rule.negate
		}
	}
	return skip
}

// parseIgnore turns a line of gitignore syntax, in a file of the folder dir, into a rule.
func parseIgnore(dir, line string) (rule ignore, ok bool) {
	if !strings.HasSuffix(line, `\ `) {
		line = strings.TrimRight(line, " \t")
	}
	if line == "" || line[0] == '#' {
		return rule, false
	}
	if line[0] == '!' {
		rule.negate, line = true, line[1:]
	}
	rule.dirs = strings.HasSuffix(line, "/")
	line = strings.TrimSuffix(line, "/")
	anchored := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	re := "^"
	if dir != "." {
		re += regexp.QuoteMeta(dir + "/")
	}
	if !anchored {
		re += "(?:.*/)?"
	}
	compiled, err := regexp.Compile(re + globPattern(line) + "$")
	rule.re = compiled
	return rule, err == nil && line != ""
}

// globPattern is the regular expression of a gitignore glob.
func globPattern(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		rest := glob[i:]
		switch {
		case strings.HasPrefix(rest, "**/") && (i == 0 || glob[i-1] == '/'):
			b.WriteString("(?:.*/)?")
			i += 2
		case rest == "**" && (i == 0 || glob[i-1] == '/'):
			b.WriteString(".*")
			i++
		case rest[0] == '*':
			b.WriteString("[^/]*")
		case rest[0] == '?':
			b.WriteString("[^/]")
		case rest[0] == '[' && strings.IndexByte(rest[1:], ']') > 0:
			end := strings.IndexByte(rest[1:], ']') + 1
			set := strings.ReplaceAll(rest[1:end], `\`, `\\`)
			if set[0] == '!' {
				set = "^" + set[1:]
			}
			b.WriteString("[" + set + "]")
			i += end
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(regexp.QuoteMeta(rest[1:2]))
			i++
		default:
			b.WriteString(regexp.QuoteMeta(rest[:1]))
		}
	}
	return b.String()
}
