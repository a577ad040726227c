package dataset

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

func TestReserve(t *testing.T) {
	r := newRepo(t)
	release, err := r.Reserve(t.Context(), "one", []string{"raw"}, []string{"out"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		read, write []string
		busy        bool
	}{
		{[]string{"raw/a"}, nil, false},
		{[]string{"rawer"}, []string{"output"}, false},
		{nil, []string{"raw"}, true},
		{nil, []string{"raw/a"}, true},
		{[]string{"out/x"}, nil, true},
		{[]string{"."}, nil, true},
	} {
		again, err := r.Reserve(t.Context(), "two", c.read, c.write)
		if c.busy != (fault.KindOf(err) == fault.Busy) || !c.busy && err != nil {
			t.Errorf("%v %v: %v", c.read, c.write, err)
		}
		if err == nil {
			if err := again(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(r.dir, ".dvc/tmp/rwlock"))
	if err != nil || string(text) != `{"read":{},"write":{}}` {
		t.Errorf("left %s, %v", text, err)
	}
}

// What a killed program has left is no hindrance; a damaged list is said to be one.
func TestReservationsOfTheDead(t *testing.T) {
	r := newRepo(t)
	name := filepath.Join(r.dir, ".dvc/tmp/rwlock")
	me, err := json.Marshal(r.abs("out"))
	if err != nil {
		t.Fatal(err)
	}
	for pid, busy := range map[int]bool{os.Getppid(): true, 1 << 22: false, 0: false, -1: false} { // numbers end below 2^22
		if err := os.WriteFile(name, []byte(`{"write": {`+string(me)+`: {"pid": `+strconv.Itoa(pid)+`, "cmd": "dvc repro"}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Reserve(t.Context(), "two", []string{"out"}, nil); busy != (fault.KindOf(err) == fault.Busy) || !busy && err != nil {
			t.Errorf("%d: %v", pid, err)
		}
	}
	if err := os.WriteFile(name, []byte(`{"write": 5}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Reserve(t.Context(), "two", []string{"out"}, nil); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("damaged: %v", err)
	}
}
