package dataset

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// meta is what a file system tells of a file. A file whose meta has not changed has not
// been written to.
type meta struct {
	size         int64
	mtime, ctime int64 // ns; ctime 0 where there is none
	ino          uint64
	mode         fs.FileMode
}

func metaOf(st fs.FileInfo) meta {
	m := meta{size: st.Size(), mtime: st.ModTime().UnixNano(), mode: st.Mode()}
	m.ctime, m.ino = identity(st)
	return m
}

// unwritten reports whether a file with meta m, then n, was not written to in between. A
// new name or mode alone changes the ctime, so that is left out.
func (m meta) unwritten(n meta) bool { return m.size == n.size && m.mtime == n.mtime }

// digest is an MD5.
type digest [16]byte

// memory remembers the hashes of the work tree's files, so that what has not changed is
// not read again, by this process or a later one. Losing it costs time only.
//
// A file is recognised by size, times and inode. Two writes within one tick of the file
// system's clock look the same, so what was young when it was hashed is not remembered.
// What is not yet on the disk when a power cut comes may come back with other bytes under
// the same meta: such files count only while the machine has not been started anew.
type memory struct {
	dir string // .dvc/tmp/coverslip

	mu     sync.Mutex // guards all below
	loaded bool
	known  map[string]memo
	fresh  []string // paths whose memos are not in the file yet
	worn   bool     // the file holds more waste than memos, or damage
	now    int64    // the file system's clock, as of asked
	slack  int64    // its tick, ns, generously
	asked  time.Time
}

// memo is a file as it was when it was hashed.
type memo struct {
	size, mtime, ctime int64
	ino                uint64
	sum                digest
	young              bool // perhaps not on the disk yet
}

func (k memo) fits(m meta) bool {
	return k.size == m.size && k.mtime == m.mtime && k.ctime == m.ctime && k.ino == m.ino
}

// The ticks of file systems: some keep whole or even seconds only.
const (
	fineTick   = 50 * time.Millisecond
	coarseTick = 3 * time.Second
)

// settles is how long after its last change a file is on the disk, even if no one synced
// it: Linux takes half a minute.
const settles = 2 * time.Minute

// recall returns the hash of a file that has not changed since it was remembered.
func (y *memory) recall(rel string, m meta) (digest, bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.load()
	k, ok := y.known[rel]
	return k.sum, ok && k.fits(m)
}

// clock returns the time of the file system that the work tree is on, which on a network
// share is another machine's. An old answer is on the safe side. y.mu is held.
func (y *memory) clock() (now, slack int64) {
	if !y.asked.IsZero() && time.Since(y.asked) < time.Second {
		return y.now, y.slack
	}
	y.asked, y.now, y.slack = time.Now(), 0, int64(coarseTick)
	if os.MkdirAll(y.dir, 0o755) != nil { //nolint:gosec // as the rest of .dvc
		return y.now, y.slack // nothing is old enough
	}
	f, err := os.CreateTemp(y.dir, tempPrefix+"*")
	if err != nil {
		return y.now, y.slack
	}
	if st, err := f.Stat(); err == nil {
		if y.now = st.ModTime().UnixNano(); y.now%int64(time.Second) != 0 {
			y.slack = int64(fineTick)
		}
	}
	_ = f.Close()
	_ = os.Remove(f.Name())
	return y.now, y.slack
}

// begin is to be called before the files that learn is told of are read.
func (y *memory) begin() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.clock()
}

// learn remembers the hash of a file whose meta was m before it was read and after.
func (y *memory) learn(rel string, m meta, sum digest) { y.keep(rel, m, sum, false) }

// made remembers a file that this program has just written and no one else had open: where
// the clock is fine, its youth tells nothing.
func (y *memory) made(rel string, m meta, sum digest) { y.keep(rel, m, sum, true) }

func (y *memory) keep(rel string, m meta, sum digest, own bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	now, slack := y.now, y.slack
	last := max(m.mtime, m.ctime)
	if last > now-slack && (!own || slack > int64(fineTick)) {
		return
	}
	y.load()
	k := memo{m.size, m.mtime, m.ctime, m.ino, sum, own || last > now-int64(settles)}
	if old, ok := y.known[rel]; ok && old == k {
		return
	}
	y.known[rel] = k
	y.fresh = append(y.fresh, rel)
}

// file is where the memory is kept.
func (y *memory) file() string { return filepath.Join(y.dir, "hashes") }

// boot names the time since the machine was started, empty where nothing tells.
func boot() string {
	if runtime.GOOS != "linux" {
		return ""
	}
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(id) < 36 {
		return ""
	}
	return string(id[:36])
}
