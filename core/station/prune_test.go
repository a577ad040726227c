package station

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// TestTheOldestMadeGoesFirst: what was not looked at for longest goes until the rest fits beside what is being made, or
// until the disk has room; nothing goes where that would not help, and never what is being made.
func TestTheOldestMadeGoesFirst(t *testing.T) {
	for name, c := range map[string]struct {
		most, lacks int64
		kind        fault.Kind
		stays       []string
	}{
		"fits":           {most: 130, stays: []string{"a", "b", "c", "converting-1"}},
		"too much":       {most: 120, stays: []string{"b", "c", "converting-1"}},
		"the disk lacks": {most: 1000, lacks: 11, stays: []string{"c", "converting-1"}},
		"all of it":      {most: 1000, lacks: 30, stays: []string{"converting-1"}},
		"in vain":        {most: 0, lacks: 31, kind: fault.Full, stays: []string{"a", "b", "c", "converting-1"}},
	} {
		dir := t.TempDir()
		for i, f := range []string{"b", "a", "c", "converting-1/x"} {
			at, size := filepath.Join(dir, f), 10
			if filepath.Dir(f) != "." {
				size = 100
			}
			when := time.Unix(int64(1000+i), 0)
			if f == "a" {
				when = time.Unix(1, 0)
			}
			if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, make([]byte, size), 0o600), os.Chtimes(at, when, when)); err != nil {
				t.Fatal(err)
			}
		}
		if err := pruneTo(dir, c.most, c.lacks); err != nil && fault.KindOf(err) != c.kind || (err != nil) != (c.kind != 0) {
			t.Errorf("%s: %v", name, err)
		}
		all, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var stays []string
		for _, d := range all {
			stays = append(stays, d.Name())
		}
		if !slices.Equal(stays, c.stays) {
			t.Errorf("%s: %v stay, want %v", name, stays, c.stays)
		}
	}
	if err := prune(filepath.Join(t.TempDir(), "nowhere"), 0); err == nil {
		t.Error("a folder that is not there")
	}
}
