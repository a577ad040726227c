package zarr

// Unpacker returns what undoes a step of a chunk: its codec, the size of a sample, and how many
// bytes must come out, fewer than 0 for any number.
func Unpacker() func(name string, sample, size int, src []byte) ([]byte, error) {
	c := newCodecs()
	return func(name string, sample, size int, src []byte) ([]byte, error) {
		return c.unpack(packing{name: name, size: sample}, src, size)
	}
}
