package infer

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/recipe"
)

// Keep is a folder in which a network's answers are kept as they come, so that who asks
// again, after the power went or for another threshold, asks for what is missing only.
// It can be thrown away at any time. Its zero value keeps nothing.
type Keep struct {
	Dir   string
	Bytes int64  // of all files, at most, but while one is written; what was not used for longest goes
	Of    string // tells networks apart that have one name and version: a hash
	share int    // files that the answers to one image go to; 0: one
	Spare bool   // nobody counts on them: where they can't be kept, on a full disk for one, they are not
}

const ending = ".answers"

// answers is the file of the answers to the blocks of one plane. A record is a head of four
// numbers (mark, block, bytes, CRC-32C) and the outputs. What a crash cut off is not counted
// when the file is opened; what the disk has damaged, when it is read.
type answers struct {
	keep Keep
	path string
	most int64 // bytes

	mu  sync.Mutex // guards all below
	f   *os.File
	end int64
	at  map[int]record
}

type record struct {
	from int64
	size int
	crc  uint32
}

const (
	mark     = 0x41534e41
	headSize = 16
)

// open returns the answers for a key, if any are to be kept.
func (k Keep) open(key string) (*answers, error) {
	if k.Dir == "" {
		return nil, nil //nolint:nilnil // nothing is kept
	}
	if err := os.MkdirAll(k.Dir, 0o755); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(k.Of + "\n" + key))
	path := filepath.Join(k.Dir, hex.EncodeToString(sum[:16])+ending)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // at worst it goes too early
	k.trim(path)
	a := &answers{keep: k, path: path, f: f, most: k.Bytes / int64(max(k.share, 1)), at: map[int]record{}}
	a.scan()
	return a, nil
}

// kept is a file of answers.
type kept struct {
	path string
	size int64
	used time.Time
}

func (k Keep) files() (all []kept, total int64) {
	paths, _ := filepath.Glob(filepath.Join(k.Dir, "*"+ending)) // no pattern from outside
	for _, p := range paths {
		if st, err := os.Stat(p); err == nil {
			all = append(all, kept{p, st.Size(), st.ModTime()})
			total += st.Size()
		}
	}
	return all, total
}

// Size is how many bytes are kept.
func (k Keep) Size() int64 {
	_, total := k.files()
	return total
}

// Clear removes all that is kept, and returns how many bytes that was.
func (k Keep) Clear() int64 {
	before := k.Size()
	k.Bytes = 0
	k.trim("")
	return before - k.Size()
}

// trim removes the files that were not used for longest, but not the one at own.
func (k Keep) trim(own string) {
	all, total := k.files()
	slices.SortFunc(all, func(a, b kept) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.path, b.path)) })
	for _, f := range all {
		if total <= k.Bytes {
			return
		}
		if f.path != own && os.Remove(f.path) == nil {
			total -= f.size
		}
	}
}

// scan finds the records; new ones go behind the last whole one.
func (a *answers) scan() {
	st, err := a.f.Stat()
	if err != nil {
		return
	}
	var head [headSize]byte
	for {
		if _, err := a.f.ReadAt(head[:], a.end); err != nil {
			return
		}
		le := binary.LittleEndian
		r := record{from: a.end + headSize, size: int(le.Uint32(head[8:])), crc: le.Uint32(head[12:])}
		if le.Uint32(head[:]) != mark || r.from+int64(r.size) > st.Size() {
			return
		}
		a.at[int(le.Uint32(head[4:]))] = r
		a.end = r.from + int64(r.size)
	}
}

// read returns what was answered to a block; nil if that is not known.
func (a *answers) read(block int, m *recipe.Model) map[string]*recipe.Array {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	r, ok := a.at[block]
	a.mu.Unlock()
	if !ok {
		return nil
	}
	b := make([]byte, r.size)
	if _, err := a.f.ReadAt(b, r.from); err != nil || sumOf(block, b) != r.crc {
		return nil
	}
	out, err := unpack(b, m)
	if err != nil {
		return nil
	}
	return out
}

// write keeps an answer. A full disk, or one that fails, is no reason to stop: the answer is
// not kept.
func (a *answers) write(block int, out map[string]*recipe.Array, m *recipe.Model) {
	if a == nil {
		return
	}
	b := pack(out, m)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.end+headSize+int64(len(b)) > a.most {
		return
	}
	le := binary.LittleEndian
	head := le.AppendUint32(le.AppendUint32(nil, mark), uint32(block))             //nolint:gosec // fewer blocks
	head = le.AppendUint32(le.AppendUint32(head, uint32(len(b))), sumOf(block, b)) //nolint:gosec // fewer bytes
	if _, err := a.f.WriteAt(slices.Concat(head, b), a.end); err != nil {
		a.most = 0
		return
	}
	a.at[block] = record{a.end + headSize, len(b), le.Uint32(head[12:])}
	a.end += headSize + int64(len(b))
}

// full reports whether there is no room for one more answer like those that are kept.
func (a *answers) full() bool {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	n := int64(len(a.at))
	if n == 0 { // a share may be less than one answer
		return a.keep.share > 1 && a.most < 4<<20
	}
	return a.end+a.end/n > a.most
}

func (a *answers) close() error {
	if a == nil {
		return nil
	}
	a.keep.trim(a.path)
	return a.f.Close()
}

func sumOf(block int, b []byte) uint32 {
	t := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(binary.LittleEndian.AppendUint32(nil, uint32(block)), t), t, b) //nolint:gosec // fewer blocks
}

// pack writes outputs in the order of the description: the number of axes, their sizes, and
// the numbers.
func pack(out map[string]*recipe.Array, m *recipe.Model) []byte {
	var b bytes.Buffer
	for i := range m.Outputs {
		a := out[m.Outputs[i].ID]
		b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(a.Shape)))) //nolint:gosec // a few
		for _, n := range a.Shape {
			b.Write(binary.LittleEndian.AppendUint32(nil, uint32(n))) //nolint:gosec // pixels
		}
		b.Write(bytesOf(a.Data))
	}
	return b.Bytes()
}

func unpack(b []byte, m *recipe.Model) (map[string]*recipe.Array, error) {
	out := map[string]*recipe.Array{}
	next := func() (int, error) {
		if len(b) < 4 {
			return 0, io.ErrUnexpectedEOF
		}
		v := binary.LittleEndian.Uint32(b)
		b = b[4:]
		return int(v), nil
	}
	for i := range m.Outputs {
		t := &m.Outputs[i]
		a, total := &recipe.Array{}, 1
		axes, err := next()
		if err == nil && axes != len(t.Axes) {
			err = fmt.Errorf("%d axes", axes)
		}
		for k := 0; k < axes && err == nil; k++ {
			var n int
			n, err = next()
			a.Shape, a.Axes = append(a.Shape, n), append(a.Axes, t.Axes[k].ID)
			if total *= n; err == nil && (n > len(b) || total > len(b)) {
				err = io.ErrUnexpectedEOF
			}
		}
		if err == nil && len(b) < 4*total {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		a.Data, b = floatsOf(b[:4*total]), b[4*total:]
		out[t.ID] = a
	}
	return out, nil
}
