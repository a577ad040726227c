package dataset

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"os"
	"slices"

	"coverslip.dev/coverslip/core/disk"
)

// The file of the memory is memoryMagic, then batches that were appended one by one:
// length and CRC-32C of a payload, then the payload. It is a boot id, one byte of length
// before it, and the memos: length of the path as a varint, the path, and memoSize bytes.
// A batch that a crash has torn ends the reading.
const (
	memoryMagic = "coverslip hashes 1\n"
	memoSize    = 8 + 8 + 8 + 8 + 16 + 1
)

// waste is how many memos may be out of date before the file is written anew.
const waste = 10_000

// load reads the file once. y.mu is held.
func (y *memory) load() {
	if y.loaded {
		return
	}
	y.loaded = true
	data, err := os.ReadFile(y.file())
	y.known = make(map[string]memo, len(data)/(memoSize+32)) // if paths are that long
	if err != nil {
		y.worn = !errors.Is(err, os.ErrNotExist)
		return
	}
	read, whole := readMemory(data, boot(), y.known)
	y.worn = !whole || read > 2*len(y.known)+waste
}

// ahead reads the file while the caller does something else.
func (y *memory) ahead() {
	go func() {
		y.mu.Lock()
		defer y.mu.Unlock()
		y.load()
	}()
}

// readMemory adds the memos in a file to known, and returns how many there were and
// whether it ended where it should.
func readMemory(data []byte, boot string, known map[string]memo) (read int, whole bool) {
	if len(data) < len(memoryMagic) || string(data[:len(memoryMagic)]) != memoryMagic {
		return 0, false
	}
	data = data[len(memoryMagic):]
	for len(data) >= 8 {
		n, sum := binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[4:])
		if uint64(n) > uint64(len(data)-8) || crc32.Checksum(data[8:8+n], crc32.MakeTable(crc32.Castagnoli)) != sum {
			return read, false
		}
		k, ok := readBatch(string(data[8:8+n]), boot, known)
		if read += k; !ok {
			return read, false
		}
		data = data[8+n:]
	}
	return read, len(data) == 0
}

// readBatch shares the memory of its text with the paths.
func readBatch(text, boot string, known map[string]memo) (read int, ok bool) {
	if text == "" || int(text[0]) >= len(text) {
		return 0, false
	}
	same := boot != "" && text[1:1+text[0]] == boot
	for text = text[1+text[0]:]; text != ""; read++ {
		n, w := varint(text)
		if w == 0 || n > uint64(len(text)) || uint64(len(text)-w) < n+memoSize {
			return read, false
		}
		rel := text[w : w+int(n)]                                                                                                    //nolint:gosec // below len(text)
		b := text[w+int(n):]                                                                                                         //nolint:gosec // below len(text)
		k := memo{size: int64(word(b)), mtime: int64(word(b[8:])), ctime: int64(word(b[16:])), ino: word(b[24:]), young: b[48] != 0} //nolint:gosec // as written
		copy(k.sum[:], b[32:48])
		if k.young && !same {
			delete(known, rel)
		} else {
			known[rel] = k
		}
		text = b[memoSize:]
	}
	return read, true
}

func varint(s string) (v uint64, width int) {
	for i := 0; i < len(s) && i < 9; i++ {
		v |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

func word(s string) (v uint64) {
	for i := range 8 {
		v |= uint64(s[i]) << (8 * i)
	}
	return v
}

// batch writes the memos of the given paths as the file has them.
func (y *memory) batch(rels []string) []byte {
	id := boot()
	b := make([]byte, 8, 64+len(rels)*(memoSize+64))
	b = append(append(b, byte(len(id))), id...)
	for _, rel := range rels {
		k := y.known[rel]
		b = append(binary.AppendUvarint(b, uint64(len(rel))), rel...)
		for _, v := range []uint64{uint64(k.size), uint64(k.mtime), uint64(k.ctime), k.ino} { //nolint:gosec // bits
			b = binary.LittleEndian.AppendUint64(b, v)
		}
		b = append(b, k.sum[:]...)
		young := byte(0)
		if k.young {
			young = 1
		}
		b = append(b, young)
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)-8)) //nolint:gosec // far below 4 GiB
	binary.LittleEndian.PutUint32(b[4:], crc32.Checksum(b[8:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// save appends what was learned to the file, or writes it anew if it is worn. Where that
// can't be done, or another process is at it, it is learned again some day.
func (y *memory) save() {
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.fresh) == 0 && !y.worn || os.MkdirAll(y.dir, 0o755) != nil { //nolint:gosec // as the rest of .dvc
		return
	}
	f, err := os.OpenFile(y.file(), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644) //nolint:gosec // as the rest of .dvc
	if err != nil {
		return
	}
	defer f.Close() //nolint:errcheck // it also unlocks
	if free, err := disk.TryLock(f); !free || err != nil {
		return
	}
	if now, err := os.Stat(y.file()); err != nil || !sameFile(f, now) {
		return // another process has put a new one there
	}
	if y.worn {
		y.rewrite()
		return
	}
	rels := y.fresh
	slices.Sort(rels)
	data := y.batch(slices.Compact(rels))
	if st, err := f.Stat(); err == nil && st.Size() == 0 {
		data = append([]byte(memoryMagic), data...)
	}
	if _, err := f.Write(data); err != nil {
		y.worn = true
		return
	}
	y.fresh = nil
}

// rewrite puts a file of this process's and the other ones' memos into the place of the
// old one, which is locked.
func (y *memory) rewrite() {
	if data, err := os.ReadFile(y.file()); err == nil {
		theirs := map[string]memo{}
		readMemory(data, boot(), theirs)
		maps.Copy(theirs, y.known)
		y.known = theirs
	}
	data := append([]byte(memoryMagic), y.batch(slices.Sorted(maps.Keys(y.known)))...)
	if writeFile(y.dir, y.file(), data) == nil {
		y.fresh, y.worn = nil, false
	}
}

func sameFile(f *os.File, st os.FileInfo) bool {
	have, err := f.Stat()
	return err == nil && os.SameFile(have, st)
}
