package station_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/station"
)

// place waits until a place is as ok wants it.
func (b *bench) place(key string, ok func(station.Place) bool) station.Place {
	b.t.Helper()
	var last station.Place
	b.until(func() bool {
		b.LookAtPlaces()
		last, _ = b.Places().Row(key)
		return ok(last)
	}, func() string { return fmt.Sprintf("place %q: %+v", key, last) })
	return last
}

// cached is where the cache keeps an object.
func (b *bench) cached(md5 string) string {
	return filepath.Join(b.Folder(), ".dvc", "cache", "files", "md5", md5[:2], md5[2:])
}

func TestVersionsArePushedComparedAndBroughtBack(t *testing.T) {
	ws := t.TempDir()
	b := open(t, ws, nil)
	b.drop(field)
	it := b.capture(field, predicted)
	md5, _ := station.Image(it)

	b.place("nas", func(p station.Place) bool { return p.Answers && p.Behind == 0 && !p.Pushed.IsZero() })
	vs, err := b.Versions(t.Context(), 0)
	if err != nil || len(vs) < 2 || vs[0].OnlyHere || !vs[0].Unshared { // there is no git server
		t.Fatalf("%+v, %v", vs, err)
	}
	diff, err := b.Compare(t.Context(), "", vs[0].ID)
	if err != nil || len(diff) != 1 || diff[0].After != md5 || diff[0].Kind != dataset.Added {
		t.Fatalf("%+v, %v", diff, err)
	}
	rel := diff[0].Path
	if img, err := b.Picture(t.Context(), md5, 64); err != nil || max(img.Bounds().Dx(), img.Bounds().Dy()) != 64 {
		t.Errorf("picture: %v", err)
	}
	if first := vs[len(vs)-1]; first.OnlyHere {
		t.Error("the first version was pushed, too")
	} else if _, err := b.Compare(t.Context(), "", first.ID); err != nil {
		t.Errorf("the first version of all: %v", err)
	}

	// Another content, committed: the old one can be copied out and brought back.
	work := filepath.Join(b.Folder(), filepath.FromSlash(rel))
	if err := os.Remove(work); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(work, []byte("another round"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := station.OpenDataset(t.Context(), ws, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Add(t.Context(), rel, nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := b.CommitAll(t.Context(), "Second round"); err != nil {
		t.Fatal(err)
	}
	after, err := b.Versions(t.Context(), 1)
	if err != nil || after[0].Subject != "Second round" || after[0].Author.Name != "Ada Lovelace" || !after[0].OnlyHere {
		t.Fatalf("%+v, %v", after, err)
	}
	out := t.TempDir()
	for _, want := range []string{"old_1a2b3c4.ome.tif", "old_1a2b3c4 (2).ome.tif"} {
		to, err := b.SaveCopy(t.Context(), "plate/old.ome.tif", md5, "1a2b3c4", out)
		if err != nil || filepath.Base(to) != want {
			t.Errorf("saved as %s, %v", to, err)
		}
	}
	if err := b.BringBack(t.Context(), vs[0].ID, rel, md5); err != nil {
		t.Fatal(err)
	}
	pending, err := b.Compare(t.Context(), "", "")
	if err != nil || len(pending) != 1 || pending[0].After != md5 || pending[0].Path != rel {
		t.Errorf("not committed yet: %+v, %v", pending, err)
	}
}

func TestOneFileOfAFolderComesBack(t *testing.T) {
	ws := t.TempDir()
	b := open(t, ws, nil)
	r, err := station.OpenDataset(t.Context(), ws, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(b.Folder(), "plate")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	round := func(a, c string) {
		t.Helper()
		for name, text := range map[string]string{"a.txt": a, "c.txt": c} {
			p := filepath.Join(dir, name)
			if err := os.RemoveAll(p); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.Add(t.Context(), "plate", nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := b.CommitAll(t.Context(), "Round "+a); err != nil {
			t.Fatal(err)
		}
	}
	round("one", "same")
	round("two", "other")
	vs, err := b.Versions(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	diff, err := b.Compare(t.Context(), "", vs[0].ID)
	if err != nil || len(diff) != 2 || diff[0].Path != "plate/a.txt" {
		t.Fatalf("%+v, %v", diff, err)
	}
	if err := b.BringBack(t.Context(), vs[0].ID+"^", diff[0].Path, diff[0].Before); err != nil {
		t.Fatal(err)
	}
	a, _ := os.ReadFile(filepath.Join(dir, "a.txt"))
	c, _ := os.ReadFile(filepath.Join(dir, "c.txt"))
	if string(a) != "one" || string(c) != "other" {
		t.Errorf("a is %q, c is %q", a, c)
	}
	pending, err := b.Compare(t.Context(), "", "")
	if err != nil || len(pending) != 1 || pending[0].Path != "plate/a.txt" {
		t.Errorf("not committed yet: %+v, %v", pending, err)
	}
}

func TestPlacesAreAuditedMendedAndVerified(t *testing.T) {
	ws := t.TempDir()
	b := open(t, ws, nil)
	b.drop(field)
	md5, _ := station.Image(b.capture(field, predicted))
	there := filepath.Join(b.Settings().Remote, "files", "md5", md5[:2], md5[2:])
	if err := os.Remove(there); err != nil {
		t.Fatal(err)
	}
	if err := b.Audit(t.Context(), "nas", false, false); err != nil {
		t.Fatal(err)
	}
	p := b.place("nas", func(p station.Place) bool { return p.Missing == 1 && p.Behind == 1 })
	if len(p.Check.Flaws) != 1 || p.Check.Flaws[0].MD5 != md5 {
		t.Errorf("flaws %+v", p.Check.Flaws)
	}
	if err := b.Audit(t.Context(), "nas", false, true); err != nil {
		t.Fatal(err)
	}
	b.place("nas", func(p station.Place) bool { return p.Missing == 0 && p.Check.Mended == 1 && p.Behind == 0 })
	if _, err := os.Stat(there); err != nil {
		t.Error("it was not mended")
	}
	flip(t, there)
	if err := b.Audit(t.Context(), "nas", true, false); err != nil {
		t.Fatal(err)
	}
	b.place("nas", func(p station.Place) bool { return p.Damaged == 1 })
	if err := b.Audit(t.Context(), "nas", false, true); err != nil {
		t.Fatal(err)
	}
	b.place("nas", func(p station.Place) bool { return p.Damaged == 0 && p.Check.Mended == 1 })

	rot := filepath.Join(t.TempDir(), "rot")
	if err := os.WriteFile(rot, []byte("rot"), 0o444); err != nil { // read-only, which DVC takes for good
		t.Fatal(err)
	}
	if err := os.Rename(rot, b.cached(md5)); err != nil {
		t.Fatal(err)
	}
	if err := b.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.place(station.ThisMachine, func(p station.Place) bool { return p.Missing+p.Damaged == 1 && p.Behind == 1 }) // a look at the remote may have set it aside before
	if said, ok := b.Troubles().Row("place/" + station.ThisMachine); !ok || said.Say != "1 file on this computer is missing or damaged." {
		t.Errorf("the station says %+v", said)
	}
	if _, err := b.Picture(t.Context(), md5, 64); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a picture of what was set aside: %v", err)
	}
	if err := b.PullFrom(t.Context(), "nas"); err != nil {
		t.Fatal(err)
	}
	p = b.place(station.ThisMachine, func(p station.Place) bool { return p.Behind == 0 && p.Damaged == 0 && len(p.Check.Flaws) == 0 })
	if all := b.Troubles().All(); len(all) != 0 {
		t.Errorf("after the pull: %+v", all)
	}

	short := filepath.Join(t.TempDir(), "short")
	if err := errors.Join(os.WriteFile(short, []byte("cut"), 0o444), os.Rename(short, b.cached(md5))); err != nil {
		t.Fatal(err)
	}
	if err := b.Audit(t.Context(), "nas", false, false); err != nil {
		t.Fatal(err)
	}
	b.place(station.ThisMachine, func(p station.Place) bool { return p.Missing+p.Damaged == 1 })
	if p := b.place("nas", func(p station.Place) bool { return !p.Checked.IsZero() }); p.Damaged+p.Missing != 0 {
		t.Errorf("the remote's is right: %+v", p)
	}
	if err := b.PullFrom(t.Context(), "nas"); err != nil {
		t.Fatal(err)
	}
	p = b.place(station.ThisMachine, func(p station.Place) bool { return p.Behind == 0 && p.Damaged == 0 && len(p.Check.Flaws) == 0 })

	b.stop() // what was found is remembered
	again := open(t, ws, nil)
	q := again.place(station.ThisMachine, func(q station.Place) bool { return !q.Checked.IsZero() })
	if !q.Checked.Equal(p.Checked) || q.Missing != p.Missing || q.Damaged != p.Damaged {
		t.Errorf("remembered %+v", q)
	}
}

// flip changes a byte in the middle of a file.
func flip(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		data[len(data)/2] ^= 1
		err = errors.Join(os.Remove(path), os.WriteFile(path, data, 0o444))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyWhatNoVersionNamesIsRemoved(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	b.drop(field)
	md5, _ := station.Image(b.capture(field, predicted))
	stray := "00112233445566778899aabbccddeeff"
	if err := os.MkdirAll(filepath.Dir(b.cached(stray)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.cached(stray), []byte("stray"), 0o444); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	for _, oid := range []string{stray, md5} {
		if err := os.Chtimes(b.cached(oid), old, old); err != nil {
			t.Fatal(err)
		}
	}
	for _, older := range []string{"", "nas"} {
		g, err := b.Sift(t.Context(), older)
		if err != nil || !slices.Equal(g.Objects, []string{stray}) || g.Bytes != 5 {
			t.Errorf("older %q: %+v, %v", older, g, err)
		}
	}
	if _, err := os.Stat(b.cached(stray)); err != nil {
		t.Fatal("looking has removed it")
	}
	done, err := b.Remove(t.Context(), "", dataset.Garbage{Objects: []string{stray, md5}})
	if err != nil || !slices.Equal(done.Objects, []string{stray}) {
		t.Errorf("removed %+v, %v", done, err)
	}
	if _, err := os.Stat(b.cached(md5)); err != nil {
		t.Error("a version's file is gone")
	}
}

func TestAPlaceThatIsAway(t *testing.T) {
	ws := t.TempDir()
	b := open(t, ws, nil)
	b.drop(field)
	b.capture(field, predicted)
	if err := os.Rename(b.Settings().Remote, b.Settings().Remote+"-away"); err != nil {
		t.Fatal(err)
	}
	p := b.place("nas", func(p station.Place) bool { return !p.Looked.IsZero() && !p.Answers })
	if p.Say == "" || p.Hint == "" {
		t.Errorf("%+v", p)
	}
	if err := b.PushTo(t.Context(), "nas"); err == nil {
		t.Error("a push to nowhere went well")
	}
	if err := os.Rename(b.Settings().Remote+"-away", b.Settings().Remote); err != nil {
		t.Fatal(err)
	}
	if err := b.PushTo(t.Context(), "nas"); err != nil {
		t.Fatal(err)
	}
	b.place("nas", func(p station.Place) bool { return p.Answers && p.Say == "" && p.Behind == 0 })
}

func TestCommitsNeedAName(t *testing.T) {
	b := open(t, t.TempDir(), func(s *config.Settings) { s.Person = config.Person{} })
	if err := b.CommitAll(t.Context(), "Nobody's"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
}
