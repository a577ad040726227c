package station_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/servertest"
)

// TestThresholdMovesWithoutARequest: a real server counts what it is asked. Then the cable is
// pulled, and the threshold still moves; what a person corrected stays.
func TestThresholdMovesWithoutARequest(t *testing.T) {
	server := servertest.StartTriton(t)
	wire, address := plug(t, server.HTTP)
	ws := t.TempDir()
	b := open(t, ws, func(s *config.Settings) {
		s.Servers = []config.Server{{Address: address, Backend: "python"}}
	})
	b.until(func() bool { s, ok := b.Servers().Row(address); return ok && s.Ready }, func() string { return "no server" })
	b.drop(field)
	it := b.capture(field, predicted)
	own, err := b.Threshold(t.Context(), it)
	if err != nil || own <= 0 || own >= 1 {
		t.Fatalf("the model's own threshold is %v, %v", own, err)
	}
	objects := func() []annotation.Object {
		t.Helper()
		o, _, err := b.Objects(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	first := objects()
	gone := first[0]
	if err := b.Correct(t.Context(), it, annotation.Edit{Kind: annotation.Remove, Before: &gone}); err != nil {
		t.Fatal(err)
	}
	asked := counted(t, server.HTTP)
	if asked == 0 {
		t.Fatal("the server was not asked at all")
	}
	set := func(to float64) int {
		t.Helper()
		if err := b.SetThreshold(t.Context(), it, to); err != nil {
			t.Fatal(err)
		}
		if now, err := b.Threshold(t.Context(), it); err != nil || now != to {
			t.Errorf("the threshold is %v, want %v, %v", now, to, err)
		}
		return len(objects())
	}
	strict, loose := set(0.75), set(0.2)
	if strict == 0 || strict >= len(first)-1 || loose <= len(first)-1 {
		t.Errorf("%d objects, %d at 0.75, %d at 0.2", len(first), strict, loose)
	}
	if now := counted(t, server.HTTP); now != asked {
		t.Errorf("the server was asked %d times more", now-asked)
	}
	wire.pull()
	if n := set(own); n != len(first)-1 {
		t.Errorf("%d objects at the model's own threshold, %d before", n, len(first)-1)
	}

	kept, err := filepath.Glob(filepath.Join(ws, "answers", "*.answers"))
	if err != nil || len(kept) == 0 {
		t.Fatal(kept, err)
	}
	for _, p := range kept {
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.SetThreshold(t.Context(), it, 0.6); fault.KindOf(err) != fault.NotFound {
		t.Errorf("answers that are gone: %v", err)
	}
	if n := len(objects()); n != len(first)-1 {
		t.Errorf("%d objects are left of %d", n, len(first)-1)
	}
}

// counted is how many questions about all models a server has answered.
func counted(t *testing.T, address string) (n int) {
	t.Helper()
	rsp, err := http.Get(address + "/v2/models/stats") //nolint:noctx // the test has a limit
	if err != nil {
		t.Fatal(err)
	}
	defer rsp.Body.Close()
	var s struct {
		Stats []struct {
			Stats map[string]struct{ Count int } `json:"inference_stats"`
		} `json:"model_stats"`
	}
	if err := json.NewDecoder(rsp.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Stats {
		n += m.Stats["success"].Count
	}
	return n
}
