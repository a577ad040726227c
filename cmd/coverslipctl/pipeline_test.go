package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPipeline(t *testing.T) {
	b := newBench(t)
	b.ctl(0, "init")
	b.put("raw.txt", "abc")
	b.put("params.yaml", "n: 1\n")
	b.put("dvc.yaml", "stages:\n  up:\n    cmd: tr a-z A-Z < raw.txt > up.txt; echo shouted\n    deps: [raw.txt]\n    outs: [up.txt]\n"+
		"  count:\n    cmd: wc -c < up.txt > n.txt\n    deps: [up.txt]\n    params: [n]\n    outs: [n.txt]\n")
	b.want("dag before", b.ctl(0, "dag"), "up  changed", "changed deps: raw.txt modified", "changed outs: up.txt deleted",
		"count  changed  after up", "changed deps: params.yaml new")
	b.want("repro", b.ctl(0, "repro", "count"), "up  running", "up  shouted", "count  done", "2 stages run, 0 restored, 0 unchanged")
	b.want("dag after", b.ctl(0, "dag"), "up  clean", "count  clean")
	b.want("again", b.ctl(0, "repro"), "up  unchanged", "0 stages run")
	b.want("force", b.ctl(0, "repro", "--force"), "2 stages run")
	b.put("params.yaml", "n: 2\n")
	var nodes []struct {
		Name, State string
		Upstream    []string
		Reasons     []struct{ Kind, Path, Key, State string }
	}
	if err := json.Unmarshal([]byte(b.ctl(0, "--json", "dag")), &nodes); err != nil {
		t.Fatal(err)
	}
	if len(nodes) != 2 || nodes[0].State != "clean" || nodes[1].State != "changed" || nodes[1].Upstream[0] != "up" ||
		len(nodes[1].Reasons) != 1 || nodes[1].Reasons[0].Key != "n" || nodes[1].Reasons[0].State != "modified" {
		t.Errorf("dag: %+v", nodes)
	}
	var done struct{ Ran, Restored, Unchanged, Changed []string }
	if err := json.Unmarshal([]byte(b.ctl(0, "repro", "--json")), &done); err != nil {
		t.Fatal(err)
	}
	if len(done.Ran) != 1 || done.Ran[0] != "count" || len(done.Unchanged) != 1 || len(done.Changed) != 1 || done.Changed[0] != "dvc.lock" {
		t.Errorf("repro: %+v", done)
	}
	b.want("no such stage", b.ctl(1, "repro", "fly"), "no stage fly")
	b.put("dvc.yaml", "stages:\n  bad: {cmd: 'echo why; exit 3', outs: [x]}\n")
	b.want("a failure", b.ctl(1, "repro"), "bad went wrong", "why")
	b.put("dvc.yaml", "stages:\n  bad: {cmd: x, deps: [x], outs: [x]}\n")
	if out := b.ctl(1, "dag"); !strings.Contains(out, "wait for one another") {
		t.Errorf("a circle: %s", out)
	}
}
