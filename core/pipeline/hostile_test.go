package pipeline

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
)

func person() dataset.Author { return dataset.Author{Name: "Ana", Email: "ana@lab"} }

func TestHostileFilesAreRefused(t *testing.T) {
	bomb := "a0: &a0 [0, 1, 2, 3, 4, 5, 6, 7, 8]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 8), i-1)
	}
	wide := "stages:\n  a:\n    matrix:\n"
	for i := range 20 {
		wide += fmt.Sprintf("      m%d: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n", i)
	}
	b := newBench(t, nil)
	for what, files := range map[string]map[string]string{
		"circle":                {"dvc.yaml": "stages:\n  a: {cmd: x, deps: [p], outs: [o]}\n  b: {cmd: x, deps: [o], outs: [p]}\n"},
		"itself":                {"dvc.yaml": "stages:\n  a: {cmd: x, deps: [o/x], outs: [o]}\n"},
		"two make it":           {"dvc.yaml": "stages:\n  a: {cmd: x, outs: [o]}\n  b: {cmd: x, outs: [./o]}\n"},
		"one in another":        {"dvc.yaml": "stages:\n  a: {cmd: x, outs: [o]}\n  b: {cmd: x, outs: [o/p]}\n"},
		"up":                    {"dvc.yaml": "stages:\n  a: {cmd: x, outs: [../o]}\n"},
		"up in the middle":      {"dvc.yaml": "stages:\n  a: {cmd: x, outs: [a/../../o]}\n"},
		"root":                  {"dvc.yaml": "stages:\n  a: {cmd: x, outs: [/etc/passwd]}\n"},
		"all":                   {"dvc.yaml": "stages:\n  a: {cmd: x, outs: ['.']}\n"},
		"git":                   {"dvc.yaml": "stages:\n  a: {cmd: x, outs: [.git/hooks]}\n"},
		"dvc":                   {"dvc.yaml": "stages:\n  a: {cmd: x, outs: [sub/.DVC/x]}\n"},
		"the pipeline":          {"dvc.yaml": "stages:\n  a: {cmd: x, outs: [dvc.yaml]}\n"},
		"the lock":              {"dvc.yaml": "stages:\n  a: {cmd: x, outs: [dvc.lock]}\n"},
		"line break":            {"dvc.yaml": "stages:\n  a: {cmd: x, outs: [\"a\\nb\"]}\n"},
		"folder":                {"dvc.yaml": "stages:\n  a: {cmd: x, wdir: ../..}\n"},
		"params outside":        {"dvc.yaml": "stages:\n  a: {cmd: x, params: [{../../etc/passwd: }]}\n"},
		"vars outside":          {"dvc.yaml": "vars: [../x.yaml]\nstages: {}\n"},
		"key":                   {"dvc.yaml": "stages: {}\nhack: 1\n"},
		"stage's key":           {"dvc.yaml": "stages:\n  a: {cmd: x, run_as: root}\n"},
		"bomb":                  {"dvc.yaml": bomb + "stages: {}\n"},
		"bomb of params":        {"dvc.yaml": "stages:\n  a: {cmd: 'x'}\n", "params.yaml": bomb},
		"long bomb":             {"dvc.yaml": "stages: {}\n", "params.yaml": "a: &a " + strings.Repeat("x", 1<<20) + "\nb: [" + strings.Repeat("*a, ", 5000) + "]\n"},
		"matrix":                {"dvc.yaml": wide + "    cmd: x\n"},
		"deep":                  {"dvc.yaml": "stages: " + strings.Repeat("[", 3000) + strings.Repeat("]", 3000) + "\n"},
		"itself by name":        {"dvc.yaml": "stages: &s {a: *s}\n"},
		"much by ${}":           {"dvc.yaml": "stages:\n  a:\n    foreach: ${l}\n    do: {cmd: '" + strings.Repeat("${t}", 200) + "'}\n", "params.yaml": "t: " + strings.Repeat("x", 10000) + "\nl: [" + numbers(1000) + "]\n"},
		"binary":                {"dvc.yaml": "\x00\xff\xfe"},
		"text":                  {"dvc.yaml": "stages: go\n"},
		"lock: no mapping":      {"dvc.yaml": "stages: {}\n", "dvc.lock": "- 1\n"},
		"lock: conflict":        {"dvc.yaml": "stages: {}\n", "dvc.lock": "schema: '2.0'\nstages:\n<<<<<<< HEAD\n  a: {cmd: x}\n=======\n  b: {cmd: x}\n>>>>>>> b\n"},
		"lock: another schema":  {"dvc.yaml": "stages: {}\n", "dvc.lock": "schema: '3.0'\nstages: {}\n"},
		"lock: items":           {"dvc.yaml": "stages: {}\n", "dvc.lock": "schema: '2.0'\nstages: {a: {cmd: x, outs: [1]}}\n"},
		"lock: a number as md5": {"dvc.yaml": "stages: {}\n", "dvc.lock": "schema: '2.0'\nstages: {a: {cmd: x, outs: [{path: o, md5: 1}]}}\n"},
		"lock: hash":            {"dvc.yaml": "stages: {a: {cmd: x, outs: [o]}}\n", "dvc.lock": "schema: '2.0'\nstages: {a: {cmd: x, outs: [{path: o, hash: md5, md5: ../../../../etc/passwd}]}}\n"},
	} {
		b.empty()
		for name, text := range files {
			b.put(name, text)
		}
		g, err := Load(t.Context(), b.repo)
		if err == nil {
			_, err = g.Status(t.Context())
		}
		if what == "lock: hash" { // which only names nothing that the cache has
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.Corrupt {
			t.Errorf("%s: %v", what, err)
			continue
		}
		say, hint := fault.Explain(err)
		if say == "" || hint == "" || len(say) > 400 {
			t.Errorf("%s: says %.500q, %q", what, say, hint)
		}
		if _, err := os.Stat(b.path("../o")); err == nil {
			t.Errorf("%s: wrote outside", what)
		}
	}
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d, ", i)
	}
	return b.String()
}
