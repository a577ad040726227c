package dataset

import (
	"os"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/folder"
)

// far is a folder that claims to be a store elsewhere, which tells of no changes.
type far struct{ remote.Remote }

func (far) Caps() remote.Caps { return remote.Caps{Parallel: 4} }

// counted pushes to a remote and returns how many calls that took.
func counted(t *testing.T, r *Repository, to remote.Remote) (Transfer, int64) {
	t.Helper()
	count := &remote.Faulty{Remote: to, Fail: remote.FailAt(0, nil)}
	done, err := r.Push(t.Context(), count, nil)
	if err != nil {
		t.Fatal(err)
	}
	return done, count.Calls()
}

func TestPushOfNothingNewAsksLittle(t *testing.T) {
	r := plates(t)
	nas := folder.Open(t.TempDir())
	for name, to := range map[string]remote.Remote{"folder": nas, "store": far{folder.Open(t.TempDir())}} {
		if done, _ := counted(t, r, to); done.Moved != 15 {
			t.Errorf("%s: %+v", name, done)
		}
		if done, calls := counted(t, reopened(t, r), to); done.Moved != 0 || done.Present != 15 || calls > 3 { // each output once
			t.Errorf("%s: %+v in %d calls", name, done, calls)
		}
	}
	other := plates(t) // another bench pushes to the same folder
	put(t, other, "more", "more")
	add(t, other, "more", nil)
	counted(t, other, nas)
	if _, calls := counted(t, r, nas); calls <= 3 {
		t.Errorf("%d calls, although someone was at the folder", calls)
	}
}

// bucket claims to be one of that name at a server.
type bucket struct {
	far
	server string
}

func (bucket) Name() string        { return "s3://images" }
func (b bucket) Caps() remote.Caps { return remote.Caps{Parallel: 4, Server: b.server} }

func TestBucketsOfOneNameAtTwoServers(t *testing.T) {
	r := plates(t)
	one, two := bucket{far{folder.Open(t.TempDir())}, "here:9000"}, bucket{far{folder.Open(t.TempDir())}, "there:9000"}
	for _, to := range []bucket{one, two} {
		if done, _ := counted(t, r, to); done.Moved != 15 {
			t.Errorf("%s: %+v", to.server, done)
		}
	}
	if r.seenAt(one).since.IsZero() || r.seenAt(two).since.IsZero() || r.seenAt(one).file == r.seenAt(two).file {
		t.Error("what was seen at one counts for the other")
	}
}

func TestAStoreThatLostSomething(t *testing.T) {
	r := plates(t)
	at := far{folder.Open(t.TempDir())}
	counted(t, r, at)
	outs, err := r.Outputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plate := outs[1]
	entries, err := r.cache.tree(plate.MD5)
	if err != nil {
		t.Fatal(err)
	}
	lost := entries[3]
	lose := func(oid string) {
		t.Helper()
		if err := at.Remove(t.Context(), key(oid)); err != nil {
			t.Fatal(err)
		}
	}
	lose(plate.MD5)
	lose(lost.MD5)
	if done, _ := counted(t, r, at); done.Moved != 2 {
		t.Errorf("a list is gone: %+v", done)
	}
	lose(lost.MD5)
	if c, err := r.Audit(t.Context(), at, AuditOptions{}, nil); err != nil || len(c.Flaws) != 1 {
		t.Fatalf("%+v, %v", c, err)
	}
	if done, _ := counted(t, r, at); done.Moved != 1 {
		t.Errorf("after an audit: %+v", done)
	}
	// D2: the list of a new folder is a proof of files that were there once, too.
	lose(lost.MD5)
	put(t, r, "plate 1/new.tif", "new")
	commit(t, r, "new", add(t, r, "plate 1", nil).Changed...)
	if done, _ := counted(t, r, at); done.Moved != 3 {
		t.Errorf("a new folder over a file that is gone: %+v", done)
	}
	wantWhole(t, folder.Open(at.Name()))
	lose(lost.MD5)
	s := r.seenAt(at)
	s.since = time.Now().Add(-2 * trusted)
	s.save(at)
	if done, _ := counted(t, r, at); done.Moved != 1 {
		t.Errorf("two days later: %+v", done)
	}
}

// TestPushBringsTheCommitsSince pushes versions that came and went between two pushes.
func TestPushBringsTheCommitsSince(t *testing.T) {
	r := plates(t)
	at := far{folder.Open(t.TempDir())}
	counted(t, r, at)
	for _, text := range []string{"2", "3"} {
		put(t, r, "vol.bin", text)
		commit(t, r, text, add(t, r, "vol.bin", nil).Changed...)
	}
	if done, _ := counted(t, r, at); done.Moved != 2 {
		t.Errorf("%+v", done)
	}
	if err := os.Remove(r.cache.path(sum([]byte("3")))); err != nil {
		t.Fatal(err)
	}
	if done, calls := counted(t, r, at); done.Moved != 0 || calls > 3 {
		t.Errorf("%+v in %d calls", done, calls)
	}
}

func TestDamagedRecordOfARemoteIsNone(t *testing.T) {
	r := plates(t)
	at := far{folder.Open(t.TempDir())}
	counted(t, r, at)
	file := r.seenAt(at).file
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		for _, data := range []string{string(whole[:i]), string(whole[:i]) + string(whole[i]^1) + string(whole[i+1:])} {
			if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			if s := r.seenAt(at); s.len() != 0 || !s.since.IsZero() {
				t.Fatalf("byte %d: %+v", i, s)
			}
		}
	}
}

func FuzzSeen(f *testing.F) {
	s := seen{place: "p", head: strings.Repeat("0", 40), since: time.Unix(1, 0), file: f.TempDir() + "/s"}
	s.dirs, s.files = map[digest]struct{}{{1}: {}}, map[digest]struct{}{{2}: {}}
	s.save(far{folder.Open("p")})
	data, err := os.ReadFile(s.file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(_ *testing.T, data []byte) {
		s := seen{place: "p", dirs: map[digest]struct{}{}, files: map[digest]struct{}{}}
		s.read(data)
	})
}
