package jxr

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// tagImageOffset is what counts in the container's directory: the codestream says all the rest.
const tagImageOffset = 0xbcc0

// codestream finds the codestream of the first picture of a file, which is laid out like a TIFF;
// src may also be a bare codestream. How many bytes it has is not asked, nor does jxrlib: it
// knows its end.
func codestream(src []byte) ([]byte, error) {
	if bytes.HasPrefix(src, []byte("WMPHOTO\x00")) {
		return src, nil
	}
	le := binary.LittleEndian
	if len(src) < 8 || string(src[:3]) != "II\xbc" || src[3] > 1 {
		return nil, fmt.Errorf("%w: no JPEG XR", errDamaged)
	}
	at := int64(le.Uint32(src[4:]))
	if at > int64(len(src)-2) {
		return nil, errShort
	}
	entries := src[at+2:]
	count := int(le.Uint16(src[at:]))
	if len(entries) < 12*count {
		return nil, errShort
	}
	offset := int64(0)
	for i := range count {
		e := entries[12*i : 12*i+12]
		if le.Uint16(e) == tagImageOffset {
			offset = int64(le.Uint32(e[8:]))
		}
	}
	if offset == 0 || offset > int64(len(src)) {
		return nil, errShort
	}
	return src[offset:], nil
}
