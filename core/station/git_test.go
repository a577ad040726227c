package station_test

import (
	"fmt"
	"image"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// Two benches push to one git server: each ends up with the captures of both.
func TestTwoBenchesAndAGitServer(t *testing.T) {
	address := servertest.Need(t, "COVERSLIP_TEST_GIT") + fmt.Sprintf("/bench-%d.git", time.Now().UnixNano())
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

// Two benches that each began a dataset, and whose instruments have one name and wrote one
// file name: both captures stay, and each bench goes on showing its own.
func TestTwoBenchesThatChoseOneName(t *testing.T) {
	address := servertest.Need(t, "COVERSLIP_TEST_GIT") + fmt.Sprintf("/name-%d.git", time.Now().UnixNano())
	lab := config.Platform{URL: address, User: "op"}
	const other = "2026-11-24_kc167_POS002_DNA.ome.tif"
	a, b := open(t, t.TempDir(), nil), open(t, t.TempDir(), nil)
	a.drop(field)
	b.dropAs(other, field)
	if say, err := a.TryGit(t.Context(), lab, "op-pass-1"); err != nil || say != "It answers, and has nothing in it yet." {
		t.Errorf("try an empty server: %q, %v", say, err)
	}
	if _, err := a.TryGit(t.Context(), lab, "wrong"); fault.KindOf(err) != fault.Denied {
		t.Errorf("try a wrong password: %v", err)
	}
	for _, x := range []*bench{a, b} {
		x.capture(field, predicted)
		set := x.Settings()
		set.Git = lab
		if err := x.Save(t.Context(), set, station.Secrets{lab.Secret(): "op-pass-1"}); err != nil {
			t.Fatal(err)
		}
		if err := x.PushTo(t.Context(), station.GitServer); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.PushTo(t.Context(), station.GitServer); err != nil {
		t.Fatal(err)
	}
	if say, err := a.TryGit(t.Context(), lab, ""); err != nil || say != "It answers, and holds a dataset." {
		t.Errorf("try with what is kept: %q, %v", say, err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("op", "op-pass-1")
	seen := filepath.Join(t.TempDir(), "clone")
	clone(t, u.String(), seen)
	files, err := filepath.Glob(filepath.Join(seen, "captures", "scope-1", "*.dvc"))
	if err != nil || len(files) != 2 {
		t.Errorf("on the server: %v, %v", files, err)
	}
	if w, h := a.size(field), b.size(field); w == h {
		t.Errorf("both benches show an image of %v", w)
	}
	b.dropAs(field, "later.ome.tif")
	b.capture("later.ome.tif", predicted)
}

// size is that of a capture's image on this bench.
func (b *bench) size(name string) image.Point {
	b.t.Helper()
	src, err := b.OpenImage(b.t.Context(), b.capture(name, predicted))
	if err != nil {
		b.t.Fatal(err)
	}
	defer src.Close()
	return src.Info().Levels[0].Size
}

func clone(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "git", "clone", "-q", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
