package station_test

import (
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/station"
)

// Two benches push to one git server: each ends up with the captures of both.
func TestTwoBenchesAndAGitServer(t *testing.T) {
	address := server(t, "COVERSLIP_TEST_GIT") + fmt.Sprintf("/bench-%d.git", time.Now().UnixNano())
	lab := config.Platform{URL: address, User: "op"}
	b := open(t, t.TempDir(), nil)
	set := b.Settings()
	set.Git = lab
	if err := b.Save(t.Context(), set, station.Secrets{lab.Secret(): "wrong"}); err != nil {
		t.Fatal(err)
	}
	b.drop(field)
	it := b.capture(field, func(it flow.Item) bool { return it.Passes["push"].Say != "" })
	if say := it.Passes["push"].Say; strings.Contains(say, "wrong") || it.Passes["push"].Hint == "" {
		t.Errorf("a wrong password says %q", say)
	}
	if err := b.Save(t.Context(), set, station.Secrets{lab.Secret(): "op-pass-1"}); err != nil {
		t.Fatal(err)
	}
	if err := b.Retry(t.Context(), it.ID); err != nil {
		t.Fatal(err)
	}
	b.capture(field, predicted)

	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("op", "op-pass-1")
	ws := t.TempDir()
	clone(t, u.String(), filepath.Join(ws, "dataset")) // how a second bench joins a dataset
	nas := set.Remote
	other := open(t, ws, func(s *config.Settings) { s.Remote = nas })
	set = other.Settings()
	set.Git = lab
	if err := other.Save(t.Context(), set, station.Secrets{lab.Secret(): "op-pass-1"}); err != nil {
		t.Fatal(err)
	}
	const second = "2026-11-24_kc167_POS002_DNA.ome.tif"
	other.drop(second)
	other.capture(second, predicted)

	seen := filepath.Join(t.TempDir(), "clone")
	clone(t, u.String(), seen)
	files, err := filepath.Glob(filepath.Join(seen, "captures", "scope-1", "*.dvc"))
	if err != nil || len(files) != 2 {
		t.Errorf("on the server: %v, %v", files, err)
	}
}

func clone(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "git", "clone", "-q", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
