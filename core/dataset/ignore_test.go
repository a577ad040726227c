package dataset

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/servertest"
)

// rulesCase is a .dvcignore and which paths it leaves out.
type rulesCase struct {
	Text  string   `json:"text"`
	Paths []string `json:"paths"` // of files
	Out   []bool   `json:"out"`
}

// askIgnore is dvc's own reading of .dvcignore files, as its walk uses it.
const askIgnore = `
import json, os, sys
from dvc.ignore import DvcIgnorePatterns
from dvc.pathspec_math import PatternInfo
cases = json.load(sys.stdin)
for c in cases:
    lines = [l for l in map(str.strip, c["text"].split("\n")) if l and not l.startswith("#")]
    p = DvcIgnorePatterns([PatternInfo(l, "") for l in lines], "/r", "/")
    c["out"] = []
    for path in c["paths"]:
        parts = path.split("/")
        c["out"].append(any(
            p.matches("/".join(["/r"] + parts[:i]), parts[i], i + 1 < len(parts)) for i in range(len(parts))))
json.dump(cases, sys.stdout)
`

func TestIgnoreRulesAsDVC(t *testing.T) {
	dvc(t)                                            // or skips
	r := rand.New(rand.NewPCG(servertest.Seed(t), 0)) //nolint:gosec // not a secret
	pick := func(from ...string) string { return from[r.IntN(len(from))] }
	pieces := []string{
		"a", "b", "tif", "é", "a b", ".", "*", "?", "**", "[ab]", "[!a]", "[a-c]", `\*`, `\#`, `\!`, "x", "[]a]", "a.tif", "+", "(", "$", "^", "{a}", "|",
	}
	var cases []rulesCase
	for range 200 {
		var lines []string
		for range 1 + r.IntN(4) {
			line := pick("", "", "", "!", "/", "**/", " ", "#")
			for i := range 1 + r.IntN(3) {
				if i > 0 {
					line += pick("", "/", "/", "/**/")
				}
				line += pick(pieces...) + pick("", "", pick(pieces...))
			}
			lines = append(lines, line+pick("", "", "", "/", "/**", "/*", " ", "\t"))
		}
		c := rulesCase{Text: strings.Join(lines, "\n") + pick("", "\n")}
		for range 40 {
			var parts []string
			for range 1 + r.IntN(3) {
				parts = append(parts, pick("a", "b", "c", "é", "a b", "x", "a.tif", "b.tif", "*", "#a", "!a", "aa", "ab", "]", "+", "(", "$", "{a}", "|", "a+x"))
			}
			c.Paths = append(c.Paths, strings.Join(parts, "/"))
		}
		cases = append(cases, c)
	}
	for i, c := range asDVC(t, cases) {
		rules := parseIgnores(".", cases[i].Text)
		for k, p := range c.Paths {
			if got := left(rules, p); got != c.Out[k] {
				t.Errorf("%q by %q: %v, dvc says %v", p, c.Text, got, c.Out[k])
				break
			}
		}
	}
}

// left reports whether a walk leaves out a file, or a folder that it lies in.
func left(rules ignores, p string) bool {
	for i := range len(p) {
		if p[i] == '/' && rules.match(p[:i], true) {
			return true
		}
	}
	return rules.match(p, false)
}

func asDVC(t *testing.T, cases []rulesCase) (out []rulesCase) {
	t.Helper()
	text, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(os.Getenv("COVERSLIP_TEST_DVC")), "python"), "-c", askIgnore)
	cmd.Stdin = bytes.NewReader(text)
	answer, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(answer, &out)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	return out
}
