package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
)

// seen is what this machine has seen at a remote as a whole, of the outputs of the last
// push, so that the next asks only for what is new. Someone may have removed objects there
// since: each push asks for some of them and forgets all if one is gone, a day later it
// looks at everything again, and [Repository.Audit] does so at once. The files of a folder
// that is new to the remote are always looked for. Losing this costs time only.
type seen struct {
	file  string
	place string              // which remote
	since time.Time           // when all of it was looked at
	head  string              // commit whose history's objects are all there
	dirs  map[digest]struct{} // .dir objects that are there with all their files
	files map[digest]struct{} // outputs that are single files
}

// trusted is how long it counts.
const trusted = 24 * time.Hour

// probes is for how many objects a push asks although they were seen before.
const probes = 64

const seenMagic = "coverslip seen 1\n"

// seenAt reads what was seen at a remote: nothing, if that is not to be trusted.
func (r *Repository) seenAt(at remote.Remote) *seen {
	sum := sha256.Sum256([]byte(at.Caps().Server + "\x00" + at.Name()))
	s := &seen{
		file: filepath.Join(r.memory.dir, "seen-"+hex.EncodeToString(sum[:16])), place: place(at),
		dirs: map[digest]struct{}{}, files: map[digest]struct{}{},
	}
	if data, err := os.ReadFile(s.file); err != nil || !s.read(data) || time.Since(s.since) > trusted || time.Until(s.since) > 0 {
		s.forget()
	}
	return s
}

// forgetSeen has the next push to a remote look at everything.
func (r *Repository) forgetSeen(at remote.Remote) { _ = os.Remove(r.seenAt(at).file) }

// place names a remote. For a folder it also tells when something was last put there or
// removed, so that nothing counts after someone else was at it.
func place(at remote.Remote) string {
	if !at.Caps().Local {
		return at.Name()
	}
	top := filepath.Join(at.Name(), "files", "md5")
	list, err := os.ReadDir(top)
	h := sha256.New()
	for _, d := range list {
		st, serr := d.Info()
		if serr != nil {
			err = serr
			break
		}
		_, ino := identity(st)
		_, _ = fmt.Fprintln(h, d.Name(), ino, st.ModTime().UnixNano())
	}
	if err != nil {
		return at.Name()
	}
	return at.Name() + "\x00" + hex.EncodeToString(h.Sum(nil))
}

func (s *seen) forget() {
	s.since, s.head = time.Time{}, ""
	clear(s.dirs)
	clear(s.files)
}

// read takes in a file: the magic, and after their CRC-32C: place and head, each after its
// length as a byte pair, the time, how many .dir objects there are, and all digests.
func (s *seen) read(data []byte) bool {
	text, ok := strings.CutPrefix(string(data), seenMagic)
	if !ok || len(text) < 4 || crc32.Checksum([]byte(text[4:]), crc32.MakeTable(crc32.Castagnoli)) != uint32(word(text[:4]+"\x00\x00\x00\x00")) { //nolint:gosec // four bytes
		return false
	}
	text = text[4:]
	var words [2]string
	for i := range words {
		if len(text) < 2 || len(text)-2 < int(text[0])|int(text[1])<<8 {
			return false
		}
		n := 2 + (int(text[0]) | int(text[1])<<8)
		words[i], text = text[2:n], text[n:]
	}
	if words[0] != s.place || len(text) < 16 || (len(text)-16)%len(digest{}) != 0 {
		return false
	}
	s.head = words[1]
	s.since = time.Unix(int64(word(text)), 0) //nolint:gosec // as written
	dirs := word(text[8:])
	for i := 16; i < len(text); i += len(digest{}) {
		d := digest([]byte(text[i : i+len(digest{})]))
		if uint64(i-16)/uint64(len(digest{})) < dirs { //nolint:gosec // i is from 16 on
			s.dirs[d] = struct{}{}
		} else {
			s.files[d] = struct{}{}
		}
	}
	return true
}

// save keeps it for the next push.
func (s *seen) save(at remote.Remote) {
	s.place = place(at)
	b := make([]byte, 4, 4+len(s.place)+64+16*(len(s.dirs)+len(s.files)))
	for _, w := range []string{s.place, s.head} {
		b = append(b, byte(len(w)), byte(len(w)>>8)) //nolint:gosec // paths and hashes are short
		b = append(b, w...)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(s.since.Unix())) //nolint:gosec // after 1970
	b = binary.LittleEndian.AppendUint64(b, uint64(len(s.dirs)))
	for _, set := range []map[digest]struct{}{s.dirs, s.files} {
		for d := range set {
			b = append(b, d[:]...)
		}
	}
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], crc32.MakeTable(crc32.Castagnoli)))
	_ = writeFile(filepath.Dir(s.file), s.file, slices.Concat([]byte(seenMagic), b)) // the next push looks for itself
}

// has reports whether an object was seen.
func (s *seen) has(oid string) bool {
	if hash, isDir := strings.CutSuffix(oid, dirSuffix); isDir {
		d, _ := digestOf(hash)
		_, ok := s.dirs[d]
		return ok
	}
	d, _ := digestOf(oid)
	_, ok := s.files[d]
	return ok
}

func (s *seen) len() int { return len(s.dirs) + len(s.files) }

// set makes it hold the given objects and no other.
func (s *seen) set(oids []string) {
	clear(s.dirs)
	clear(s.files)
	for _, oid := range oids {
		hash, isDir := strings.CutSuffix(oid, dirSuffix)
		d, _ := digestOf(hash)
		if isDir {
			s.dirs[d] = struct{}{}
		} else {
			s.files[d] = struct{}{}
		}
	}
}

// probe asks the remote for some of the outputs' objects that were seen, those of folders
// first, and forgets all if one is gone.
func (s *seen) probe(ctx context.Context, at remote.Remote, outs []Output) error {
	var dirs, files []string
	for _, o := range outs {
		switch {
		case o.MD5 == "" || o.out.legacy || !s.has(o.MD5):
		case o.out.isDir():
			dirs = append(dirs, o.MD5)
		default:
			files = append(files, o.MD5)
		}
	}
	ask := slices.Concat(dirs, files)
	if len(ask) > probes { // evenly
		step := float64(len(ask)) / probes
		for i := range probes {
			ask[i] = ask[int(float64(i)*step)]
		}
		ask = ask[:probes]
	}
	gone := make([]bool, len(ask))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, at.Caps().Parallel))
	for i, oid := range ask {
		g.Go(func() error {
			_, err := at.Stat(gctx, key(oid))
			if gone[i] = fault.KindOf(err) == fault.NotFound; gone[i] {
				return nil
			}
			return err
		})
	}
	err := g.Wait()
	if slices.Contains(gone, true) {
		s.forget()
	}
	return err
}
