package gateway

import (
	"strings"
	"testing"
)

// TestTurns: clients are served in turn, each one's jobs in the order in which they came.
func TestTurns(t *testing.T) {
	j := &jobs{turns: shares{}}
	for _, id := range []string{"a1", "a2", "a3", "b1", "b2", "c1"} {
		j.queue = append(j.queue, &task{id: id, owner: id[:1]})
	}
	var got []string
	for next, _ := j.next(); next != nil; next, _ = j.next() {
		got = append(got, next.id)
	}
	if said := strings.Join(got, " "); said != "a1 b1 c1 a2 b2 a3" {
		t.Error(said)
	}
	if len(j.turns) > 0 {
		t.Errorf("remembered: %v", j.turns)
	}
}

// TestLines: where all places are taken a client that has none, or less than its share, still waits.
func TestLines(t *testing.T) {
	var l lines
	enter := func(who string, want bool) (leave func()) {
		t.Helper()
		leave, ok := l.enter(who, 6)
		if ok != want {
			t.Errorf("%s with %v: %v", who, l.of, ok)
		}
		return leave
	}
	var leave func()
	for range 6 {
		leave = enter("a", true)
	}
	enter("a", false)
	for range 3 {
		enter("b", true)
	}
	enter("b", false)
	enter("c", true)
	enter("c", true)
	enter("c", false)
	leave()
	enter("a", false)
}
