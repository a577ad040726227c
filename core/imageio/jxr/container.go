package jxr

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// The tags of the container's directory that count here.
const (
	tagPixelFormat    = 0xbc01
	tagImageOffset    = 0xbcc0
	tagImageByteCount = 0xbcc1
)

// codestream finds the codestream of the first picture of a file, which is laid out like a TIFF;
// src may also be a bare codestream.
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
	var offset, size int64
	for i := range count {
		e := entries[12*i : 12*i+12]
		v := int64(le.Uint32(e[8:]))
		if le.Uint16(e[2:]) == 3 { // SHORT
			v = int64(le.Uint16(e[8:]))
		}
		switch le.Uint16(e) {
		case tagImageOffset:
			offset = v
		case tagImageByteCount:
			size = v
		}
	}
	if offset == 0 || offset > int64(len(src)) {
		return nil, errShort
	}
	if rest := int64(len(src)) - offset; size == 0 || size > rest { // as encoders left it that did not know
		size = rest
	}
	return src[offset : offset+size], nil
}
