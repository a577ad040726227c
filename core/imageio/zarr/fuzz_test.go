package zarr_test

import (
	"testing"

	"coverslip.dev/coverslip/core/imageio/zarr"
)

// FuzzUnpack undoes any step of a chunk on any bytes. Its seeds are what numcodecs wrote: Blosc
// with each codec and shuffle, LZ4.
func FuzzUnpack(f *testing.F) {
	names := []string{"blosc", "lz4", "shuffle", "crc32c", "gzip", "zlib", "bz2", "zstd"}
	unpack := zarr.Unpacker()
	f.Fuzz(func(t *testing.T, name, sample uint8, size int16, src []byte) {
		out, err := unpack(names[int(name)%len(names)], int(sample), int(size), src)
		if step := int(name) % len(names); err == nil && size >= 0 && step != 2 && step != 3 && len(out) != int(size) {
			t.Fatalf("%s: %d bytes, not %d", names[step], len(out), size)
		}
	})
}
