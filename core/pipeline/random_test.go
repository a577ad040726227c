package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// Pipelines at random, changed at random: we and dvc say the same of them, and running
// them leaves the same, byte for byte.
func TestRandomPipelines(t *testing.T) {
	for seed := range uint64(1) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { randomPipeline(t, seed) })
	}
}

func randomPipeline(t *testing.T, seed uint64) {
	t.Helper()
	g := &chance{Rand: rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // a test that can be repeated
	ours, theirs := twins(t, map[string]string{"raw/a.txt": "a", "raw/b c.txt": "b"})
	for round := range 3 {
		files := g.change(round)
		if t.Failed() {
			return
		}
		for _, b := range []*bench{ours, theirs} {
			for name, text := range files {
				b.put(name, text)
			}
			for _, gone := range g.gone {
				if err := os.RemoveAll(b.path(gone)); err != nil {
					t.Fatal(err)
				}
			}
		}
		when := fmt.Sprintf("seed %d, round %d: %s", seed, round, g.what)
		ours.agree(when)
		ours.repro()
		theirs.dvc("repro", "-P")
		same(t, when, ours, theirs)
		if t.Failed() {
			t.Log(ours.text("dvc.yaml"))
		}
	}
	ours.agree(fmt.Sprintf("seed %d, at the end", seed))
}

// chance makes pipelines.
type chance struct {
	*rand.Rand

	stages map[string]map[string]any
	order  []string
	made   []string // outputs that a stage may read
	params map[string]any
	what   string
	gone   []string
}

func (g *chance) one(of ...string) string { return of[g.IntN(len(of))] }

// word is a name that is hard to write.
func (g *chance) word() string {
	return g.one("a", "b c", "ü", "it's", "x#y", "k: v", "- d", "q\"q", "[z]", "~", "5", "true", "a-b", "%p", "@t", "&e", "*s", "!n", "l.m") +
		fmt.Sprint(g.IntN(1000))
}

func (g *chance) value(depth int) any {
	switch n := g.IntN(12); {
	case n < 2:
		return g.IntN(1000) - 500
	case n < 4:
		return g.NormFloat64() * []float64{1e-9, 1e-3, 1, 1e8, 1e20}[g.IntN(5)]
	case n < 5:
		return nil
	case n < 6:
		return g.IntN(2) == 0
	case n < 8 || depth > 2:
		return strings.Repeat(g.word()+g.one(" ", "  ", "\n", "\t", ", "), 1+g.IntN(14)*g.IntN(2))
	case n < 10:
		list := []any{}
		for range g.IntN(4) {
			list = append(list, g.value(depth+1))
		}
		return list
	}
	m := map[string]any{}
	for range g.IntN(4) {
		m[g.word()] = g.value(depth + 1)
	}
	return m
}

// quote is a word for the shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func (g *chance) addStage() {
	name := fmt.Sprintf("s%d", len(g.order))
	s := map[string]any{}
	reads := []string{g.one("raw", "raw/a.txt", "raw/b c.txt")}
	for range g.IntN(3) {
		if r := g.one(append(g.made, "raw")...); !slices.Contains(reads, r) && !slices.ContainsFunc(reads, func(o string) bool {
			return strings.HasPrefix(r, o+"/") || strings.HasPrefix(o, r+"/")
		}) {
			reads = append(reads, r)
		}
	}
	s["deps"] = reads
	cmd := "true"
	from := ""
	for _, r := range reads {
		from += " " + quote(r)
	}
	for i := range 1 + g.IntN(2) {
		out := fmt.Sprintf("%s%s %d%d", g.one("", "", "sub/", "x y/"), g.word(), len(g.order), i)
		kind := g.one("outs", "outs", "metrics", "plots")
		cmd += " && rm -rf " + quote("./"+out) + " && mkdir -p " + quote("./"+out)
		sub := "/" + g.word()
		if kind != "outs" || g.IntN(2) == 0 {
			cmd += " && rmdir " + quote("./"+out)
			sub = ""
		}
		cmd += fmt.Sprintf(" && (cat params.yaml; find%s -type f | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 cat) > %s", from, quote("./"+out+sub))
		if g.IntN(3) == 0 {
			cmd += " && chmod 755 " + quote("./"+out)
		}
		list, _ := s[kind].([]any)
		var o any = out
		if g.IntN(3) == 0 {
			o = map[string]any{out: map[string]any{g.one("cache", "persist", "push"): g.IntN(2) == 0}}
		}
		s[kind] = append(list, o)
		g.made = append(g.made, out+sub)
	}
	if keys := slices.Sorted(maps.Keys(g.params)); g.IntN(3) > 0 {
		list := []any{}
		for range 1 + g.IntN(3) {
			list = append(list, g.one(keys...))
		}
		if g.IntN(4) == 0 {
			list = append(list, map[string]any{"params.yaml": nil})
		}
		s["params"] = list
	}
	if g.IntN(8) == 0 {
		s["always_changed"] = true
	}
	if s["cmd"] = cmd; g.IntN(5) == 0 {
		s["cmd"] = []any{"echo " + quote(strings.Repeat(g.word()+" ", 20)), cmd}
	}
	g.stages[name] = s
	g.order = append(g.order, name)
}

// change is the files of the next round.
func (g *chance) change(round int) map[string]string {
	g.gone = nil
	switch round {
	case 0:
		g.stages, g.params, g.what = map[string]map[string]any{}, map[string]any{}, "new"
		for i := range 3 {
			g.params[fmt.Sprintf("p%d", i)] = g.value(0)
		}
		for range 2 + g.IntN(4) {
			g.addStage()
		}
	default:
		switch g.what = g.one("params", "data", "stage", "cmd", "gone", "lock", "broken"); g.what {
		case "params":
			g.params["p1"] = g.value(0)
		case "data":
			return map[string]string{"raw/" + g.word(): g.word()}
		case "stage":
			g.addStage()
		case "cmd":
			s := g.stages[g.one(g.order...)]
			s["cmd"] = []any{"true", fmt.Sprintf("true %d", round), flat(s["cmd"])}
		case "gone":
			g.gone = []string{g.one(g.made...), g.one(g.made...)}
		case "lock":
			g.gone = []string{"dvc.lock"}
		case "broken":
			if f := g.one(g.made...); !strings.Contains(f, "/") {
				return map[string]string{f: "broken"}
			}
		}
	}
	stages, _ := json.Marshal(map[string]any{"stages": g.stages})
	params, _ := json.Marshal(g.params)
	return map[string]string{"dvc.yaml": string(stages), "params.yaml": string(params)}
}

func flat(cmd any) any {
	if list, ok := cmd.([]any); ok {
		return list[len(list)-1]
	}
	return cmd
}
