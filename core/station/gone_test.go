package station

import (
	"log/slog"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/health"
	"coverslip.dev/coverslip/core/infer/embedded"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/model/local"
	"coverslip.dev/coverslip/core/model/mlflow"
	"coverslip.dev/coverslip/core/session"
)

// TestAServerThatIsTakenOutStaysOut: a check that was under way when a server was taken out of the
// settings, or replaced, shows nothing of it.
func TestAServerThatIsTakenOutStaysOut(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	var board health.Board
	e := newEngines(embedded.Open("", embedded.Options{}), &board, readVerdicts(filepath.Join(t.TempDir(), "v.json"), log), log)
	t.Cleanup(func() { e.close() })
	const address = "grpc://127.0.0.1:1"
	dial := func() remoteEngine {
		en, err := triton.Dial(t.Context(), triton.Options{Address: address, Backend: "python", Log: log})
		if err != nil {
			t.Fatal(err)
		}
		return remoteEngine{address: address, Engine: en}
	}
	r := dial()
	if err := e.use([]remoteEngine{r}, true); err != nil {
		t.Fatal(err)
	}
	shown := func() bool {
		_, row := e.servers.Row(address)
		_, trouble := board.Troubles.Row("server/" + address)
		if row != trouble {
			t.Errorf("on the screen %v, on the board %v", row, trouble)
		}
		return row
	}
	if e.checkOne(t.Context(), r); !shown() {
		t.Fatal("not shown while it is there")
	}
	for name, list := range map[string][]remoteEngine{"replaced": {dial()}, "taken out": nil} {
		if err := e.use(list, true); err != nil {
			t.Fatal(err)
		}
		if e.checkOne(t.Context(), r); shown() {
			t.Errorf("%s: shown", name)
		}
	}
}

// TestAPlatformThatIsTakenOutStaysOut: so it is with the server of models and runs; where another
// is connected, what the one before has said is gone at once.
func TestAPlatformThatIsTakenOutStaysOut(t *testing.T) {
	store, err := session.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	own, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(url string) platform {
		p, err := mlflow.New(mlflow.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var board health.Board
	s := newShelves(own, store, &board, slog.New(slog.DiscardHandler))
	shown := func() bool {
		_, row := s.feed.Row(serverShelf)
		_, trouble := board.Troubles.Row(serverShelf)
		if row != trouble {
			t.Errorf("on the screen %v, on the board %v", row, trouble)
		}
		return row
	}
	first, second := at("http://127.0.0.1:1"), at("http://127.0.0.1:2")
	s.connect(first)
	if s.refresh(t.Context(), serverShelf, first); !shown() {
		t.Fatal("not shown while it is there")
	}
	if s.connect(at("http://127.0.0.1:1")); !shown() {
		t.Error("gone where it is connected anew")
	}
	for name, next := range map[string]platform{"another": second, "none": nil} {
		s.connect(first)
		s.refresh(t.Context(), serverShelf, first)
		if s.connect(next); shown() {
			t.Errorf("%s: still shown", name)
		}
		if s.refresh(t.Context(), serverShelf, first); shown() {
			t.Errorf("%s: shown again", name)
		}
	}
}
