package gateway_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/gateway"
)

// TestUploadsOfTheDead: the next gateway removes what a killed one has left, and leaves alone
// that of one that lives, what it knows nothing of, and where links lead to.
func TestUploadsOfTheDead(t *testing.T) {
	o := options(t)
	defer o.Engine.Close() //nolint:errcheck // the test's end
	at := func(name string) string { return filepath.Join(o.Work, "coverslip-gateway-"+name) }
	fill := func(dir string) string {
		t.Helper()
		upload := filepath.Join(dir, "upload-1")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(upload, []byte("an image"), 0o600); err != nil {
			t.Fatal(err)
		}
		return upload
	}
	lock := func(dir string) {
		t.Helper()
		if err := os.WriteFile(dir+".lock", nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dead, lives, unknown, elsewhere := fill(at("dead")), fill(at("lives")), fill(at("unknown")), fill(t.TempDir())
	lock(at("dead"))
	lock(at("lives"))
	if err := os.Symlink(filepath.Dir(elsewhere), at("dead/link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(elsewhere), at("linked")); err != nil {
		t.Fatal(err)
	}
	lock(at("linked"))
	byLink := fill(at("locked-by-a-link"))
	if err := os.Symlink(elsewhere, at("locked-by-a-link.lock")); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(at("lives.lock"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	if free, err := disk.TryLock(f); !free || err != nil {
		t.Fatal(free, err)
	}
	first, err := gateway.New(o) // holds its own
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gateway.New(o); err != nil {
		t.Fatal(err)
	}
	for path, there := range map[string]bool{dead: false, at("dead.lock"): false, lives: true, unknown: true, elsewhere: true, byLink: true} {
		if _, err := os.Stat(path); (err == nil) != there {
			t.Errorf("%s: %v", path, err)
		}
	}
	if mine, err := filepath.Glob(at("*[A-Z2-7].lock")); err != nil || len(mine) != 2 { // of the two that live
		t.Errorf("%v, %v of %p", mine, err, first)
	}
}

// TestTheFolderIsTakenAway while the gateway runs, as systems do that tidy up: uploads go on, and
// the gateway is ready only where they can.
func TestTheFolderIsTakenAway(t *testing.T) {
	var work string
	at, _ := open(t, func(o *gateway.Options) { work = o.Work })
	takeAway := func(what string) {
		t.Helper()
		all, err := filepath.Glob(filepath.Join(work, what))
		if err != nil || len(all) == 0 {
			t.Fatal(all, err)
		}
		for _, path := range all {
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, what := range []string{"*", "*[A-Z2-7]"} {
		takeAway(what)
		if code, _, said := call(t, http.MethodPost, at+"/v1/predict", "image/png", picture(t, 3)); code != http.StatusOK {
			t.Errorf("without %s: %d %s", what, code, said)
		}
		dir, err := filepath.Glob(filepath.Join(work, "*[A-Z2-7]"))
		if err != nil || len(dir) != 1 {
			t.Fatal(dir, err)
		}
		if st, err := os.Stat(dir[0]); err != nil || st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%v, %v", st, err)
		}
	}
	if err := os.Rename(work, work+"-gone"); err != nil {
		t.Fatal(err)
	}
	if code, _, said := call(t, http.MethodGet, at+"/readyz", "", nil); code != http.StatusServiceUnavailable {
		t.Errorf("without a place for it: %d %s", code, said)
	}
	if err := os.Rename(work+"-gone", work); err != nil {
		t.Fatal(err)
	}
	takeAway("*.lock")
	if code, _, said := call(t, http.MethodGet, at+"/readyz", "", nil); code != http.StatusOK {
		t.Errorf("and it is back: %d %s", code, said)
	}
	if left, err := filepath.Glob(filepath.Join(work, "*")); err != nil || len(left) != 2 {
		t.Errorf("not both there: %v, %v", left, err)
	}
}
