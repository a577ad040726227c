package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/station"
)

func TestInstruments(t *testing.T) {
	b := bench{t, filepath.Join(t.TempDir(), "bench")}
	b.want("none", b.ctl(0, "instrument", "list"), "No instrument", "micro-manager")
	b.want("add", b.ctl(0, "instrument", "add", "Confocal 2", "/data/confocal", "--profile", "plate", "--model", "bright", "--quiet", "30s"), "Confocal 2", "plate", "/data/confocal", "model bright", "quiet 30s")
	b.want("twice", b.ctl(1, "instrument", "add", "Confocal 2", "/other"), "already")
	b.want("no such profile", b.ctl(1, "instrument", "add", "X", "/x", "--profile", "abacus"), "no instrument profile")
	b.want("a bad group", b.ctl(1, "instrument", "add", "X", "/x", "--group", "("), "no pattern")
	b.ctl(0, "instrument", "add", "Lattice", "/data/lattice", "--profile", "tiff-series",
		"--match", "*.tif", "--match", "*.xml", "--companion", "{stem}.xml", "--marker", "done.txt", "--max-wait", "5m", "--share")
	b.want("set", b.ctl(0, "instrument", "set", "Confocal 2", "--name", "Confocal", "--folder", "/data/new", "--quiet", "0"), "Confocal ", "/data/new")
	b.ctl(0, "instrument", "set", "Lattice", "--marker", "", "--group", `^(.*)_t\d+\.tif$`)

	var got []shown
	if err := json.Unmarshal([]byte(b.ctl(0, "--json", "instrument", "list")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Name != "Confocal" || got[0].Folder != "/data/new" || got[0].Profile != "plate" || got[0].Quiet != "" {
		t.Errorf("listed %+v", got)
	}
	kept, err := station.Instruments(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	own := kept[1].Own
	if own == nil || len(own.Match) != 2 || own.Group != `^(.*)_t\d+\.tif$` || own.Marker != "" || len(own.Companions) != 1 ||
		own.MaxWait != 5*time.Minute || own.Quiet != time.Minute || !kept[1].Share {
		t.Errorf("kept %+v", kept[1])
	}
	b.ctl(0, "instrument", "set", "Lattice", "--profile", "video", "--share=false")
	if out := b.ctl(0, "instrument", "list"); strings.Contains(out, "group") || strings.Contains(out, "share") || !strings.Contains(out, "video") {
		t.Errorf("a shipped profile again: %s", out)
	}
	b.want("remove", b.ctl(0, "instrument", "remove", "Lattice"), "Confocal")
	b.want("gone", b.ctl(1, "instrument", "remove", "Lattice"), "no instrument named")
	b.want("words", b.ctl(2, "instrument", "paint"), "list, add, set or remove")
	b.want("too few", b.ctl(2, "instrument", "add", "X"), "takes 2 names")
}
