package zarr

import (
	"time"

	"coverslip.dev/coverslip/core/imageio"
)

// OpenWeb is the store of a web server that may be silent for so long in the middle of an answer.
func OpenWeb(address string, silent time.Duration) (Store, error) {
	w, err := newWeb(address)
	if err != nil {
		return nil, err
	}
	w.silent = silent
	return w, nil
}

// Unpacker returns what undoes a step of a chunk: its codec, the size of a sample, and how many
// bytes must come out, fewer than 0 for any number.
func Unpacker() func(name string, sample, size int, src []byte) ([]byte, error) {
	c := newCodecs()
	return func(name string, sample, size int, src []byte) ([]byte, error) {
		return c.unpack(packing{name: name, size: sample}, src, size)
	}
}

// Kept is how many bytes of chunks an image of one array keeps.
func Kept(shape, chunk []int) int64 {
	a := &array{shape: shape, chunk: chunk, decoder: decoder{typ: imageio.Uint16}}
	return level{array: a, t: -1, c: 0, z: 1, y: 2, x: 3}.kept()
}

// Impatient is the format, asking servers again at once.
func Impatient() Format { return Format{wait: time.Nanosecond} }
