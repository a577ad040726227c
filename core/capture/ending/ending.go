// Package ending tells from a file's own format whether it is whole.
//
// Formats say where they end: by a last directory, by an end marker, or by sizes that
// their headers promise. Only that is looked at, never the pixels, so that a file of many
// gigabytes takes a few reads. A format that says nothing of its end counts as whole.
package ending

import (
	"errors"
	"fmt"
	"io"
	"os"

	"coverslip.dev/coverslip/core/fault"
)

// Check reports whether the file at path is whole. One that is not is fault.Corrupt.
func Check(path string) (err error) {
	r, err := os.Open(path) //nolint:gosec // an instrument's own file, only read
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	st, err := r.Stat()
	if err != nil {
		return err
	}
	return Whole(r, st.Size())
}

// Whole reports whether size bytes at r are a whole file of its format.
func Whole(r io.ReaderAt, size int64) error {
	if size == 0 {
		return fault.New(fault.Corrupt, "The file is empty: the instrument has not written anything into it yet.",
			"If it stays empty, the acquisition was broken off.", nil)
	}
	f := file{r, size}
	head := make([]byte, min(64, size))
	if err := f.read(head, 0); err != nil {
		return err
	}
	for _, k := range kinds() {
		if k.match(head) {
			return k.whole(f)
		}
	}
	return nil
}

// kind is a format: how its files begin, and whether one is whole.
type kind struct {
	match func(head []byte) bool
	whole func(file) error
}

func kinds() []kind {
	return []kind{
		{isTIFF, tiff},
		{starts("\x89PNG\r\n\x1a\n"), png},
		{starts("\xff\xd8\xff"), jpeg},
		{starts("PK\x03\x04"), zip},
		{starts("PK\x05\x06"), zip},
		{starts("ZISRAWFILE"), czi},
		{starts("\xda\xce\xbe\x0a"), nd2},
		{starts("\x70\x00\x00\x00"), lif},
		{starts("\x89HDF\r\n\x1a\n"), hdf5},
		{starts("RIFF"), riff},
		{starts("\x1a\x45\xdf\xa3"), matroska},
		{isBoxes, boxes},
	}
}

func starts(with string) func([]byte) bool {
	return func(head []byte) bool { return len(head) >= len(with) && string(head[:len(with)]) == with }
}

// file is what is looked at. Its bytes come from outside: every offset is checked.
type file struct {
	io.ReaderAt

	size int64
}

// read fills b from offset at; what lies behind the end makes the file cut short.
func (f file) read(b []byte, at int64) error {
	if at < 0 || at > f.size-int64(len(b)) {
		return cut(fmt.Errorf("%d bytes at %d of %d", len(b), at, f.size))
	}
	_, err := f.ReadAt(b, at)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) { // it shrank
		return cut(err)
	}
	return err
}

// inside checks that n bytes at offset at are there.
func (f file) inside(at, n uint64) error {
	if size := uint64(f.size); at > size || n > size-at { //nolint:gosec // a size is not negative
		return cut(fmt.Errorf("%d bytes at %d of %d", n, at, f.size))
	}
	return nil
}

// cut says that the file ends before its format says so.
func cut(cause error) error {
	return fault.New(fault.Corrupt, "The file is not complete: its end is missing.",
		"It is taken once the instrument has finished it. If nothing writes it any more, the acquisition was broken off.", cause)
}

// open says that the writer has not closed the file: what it writes last is missing.
func open(what string) error {
	return fault.New(fault.Corrupt, "The file is not closed yet: "+what+" is missing, which is written last.",
		"It is taken once the instrument has finished it. If nothing writes it any more, the acquisition was broken off.", nil)
}

// strange says that the bytes make no sense; such a file is kept all the same.
func strange(cause error) error {
	return fault.New(fault.Invalid, "The file is not as its format says, so nobody can tell whether it is complete.",
		"It is kept all the same.", cause)
}
