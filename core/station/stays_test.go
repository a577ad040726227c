package station

import (
	"log/slog"
	"testing"

	"coverslip.dev/coverslip/core/config"
)

// TestAServerStaysWhenSomethingElseIsSaved, with what a person took off it; one that is set up
// otherwise is another.
func TestAServerStaysWhenSomethingElseIsSaved(t *testing.T) {
	s, err := Open(t.Context(), Options{Workspace: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	const address = "grpc://127.0.0.1:1"
	save := func(change func(*config.Settings), pw Secrets) remoteEngine {
		t.Helper()
		set := s.Settings()
		if change(&set); s.Save(t.Context(), set, pw) != nil || len(s.engines.all()) != 2 {
			t.Fatal("not saved")
		}
		return s.engines.all()[1]
	}
	v := config.Server{Address: address, Backend: "python"}
	first := save(func(set *config.Settings) { set.Servers = []config.Server{v} }, nil)
	at := slot{address, "nuclei"}
	s.engines.off[at] = true
	if now := save(func(set *config.Settings) { set.Person.Email = "ada@example.org" }, nil); now != first || !s.engines.off[at] {
		t.Error("another server after an e-mail was saved")
	}
	token := Secrets{v.Secret(): "sesame"}
	second := save(func(*config.Settings) {}, token)
	if second.Engine == first.Engine || second.member == first.member || s.engines.off[at] {
		t.Error("the same server with another token")
	}
	if now := save(func(set *config.Settings) { set.Servers = []config.Server{{Address: address, Backend: "onnxruntime"}} }, token); now.Engine == second.Engine {
		t.Error("the same server with another backend")
	}
}
