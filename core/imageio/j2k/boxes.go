package j2k

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// codestream returns the codestream of a JP2 file (Annex I), or what is one already.
func codestream(src []byte) ([]byte, error) {
	if !bytes.HasPrefix(src, []byte("\x00\x00\x00\x0cjP  ")) {
		return src, nil
	}
	return box(src, "jp2c")
}

// box looks for a box of that kind.
func box(src []byte, kind string) ([]byte, error) {
	for len(src) >= 8 {
		n, head := uint64(binary.BigEndian.Uint32(src)), uint64(8)
		is := string(src[4:8])
		switch n {
		case 0: // to the end
			n = uint64(len(src))
		case 1:
			if len(src) < 16 {
				return nil, errShort
			}
			n, head = binary.BigEndian.Uint64(src[8:]), 16
		}
		if n < head {
			return nil, fmt.Errorf("j2k: box %q of %d bytes", is, n)
		}
		body := src[min(head, uint64(len(src))):min(n, uint64(len(src)))]
		switch {
		case is == kind:
			return body, nil
		case is == "jp2h" && kind == "jp2c": // at the top alone: within another one it means nothing
			if _, err := box(body, "pclr"); err == nil {
				return nil, fmt.Errorf("%w: a palette", ErrUnsupported)
			}
		}
		if n > uint64(len(src)) {
			break
		}
		src = src[n:]
	}
	return nil, errShort
}
