package gateway

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/secret"
)

// TestTurns: clients are served in turn, each one's jobs in the order in which they came.
func TestTurns(t *testing.T) {
	j := &jobs{}
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
	if len(j.rota.turns) > 0 {
		t.Errorf("remembered: %v", j.rota.turns)
	}
}

// TestPlaces: who waits for one gets it in turn, and one that comes too late goes on to the next.
func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &places{free: 1}
		leave, err := p.enter(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var got []string
		wait := func(ctx context.Context, who string) {
			go func() {
				leave, err := p.enter(ctx, who)
				if err != nil {
					return
				}
				mu.Lock()
				got = append(got, who)
				mu.Unlock()
				leave()
			}()
			synctest.Wait()
		}
		off, cancel := context.WithCancel(t.Context())
		wait(off, "c")
		for _, who := range []string{"a", "a", "b", "a", "b"} {
			wait(t.Context(), who)
		}
		cancel()
		synctest.Wait()
		leave()
		synctest.Wait()
		if said := strings.Join(got, ""); said != "ababa" || p.under() != 0 || p.free != 1 {
			t.Errorf("%s, %d under way, %d free", said, p.under(), p.free)
		}
		if _, err := p.enter(off, "a"); err == nil && p.under() != 1 || err != nil && p.under() != 0 {
			t.Errorf("%v with %d under way", err, p.under())
		}
	})
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

// TestALargeUploadHasRoom, also where it is one of several clients'.
func TestALargeUploadHasRoom(t *testing.T) {
	for largest, want := range map[int64]int64{0: 16 << 30, 10 << 30: 40 << 30} {
		g, err := New(Options{
			Engine: struct{ infer.Engine }{}, Models: make([]Model, 1), MaxUpload: largest, Work: t.TempDir(), Tokens: []secret.Text{"a", "b"},
			Open:  func(context.Context, string, string, int) (imageio.Source, error) { return nil, nil },
			Plane: func(imageio.Info) infer.Options { return infer.Options{} },
		})
		if err != nil {
			t.Fatal(err)
		}
		if most := g.opt.MaxUpload; g.opt.MaxSpool != want || g.fits(most, 2*most) != nil {
			t.Errorf("%d bytes in %d", most, g.opt.MaxSpool)
		}
		if err := g.folder.remove(); err != nil {
			t.Error(err)
		}
	}
}
