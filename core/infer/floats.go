package infer

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// bytesOf returns numbers as tensors have them: a view, where the machine allows it.
func bytesOf(x []float32) []byte {
	if littleEndian() {
		return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x)) //nolint:gosec // the same memory, as bytes
	}
	out := make([]byte, 0, 4*len(x))
	for _, v := range x {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

// floatsOf returns the numbers of a tensor: a view, where the machine allows it and b lies
// as it must.
func floatsOf(b []byte) []float32 {
	p := unsafe.Pointer(unsafe.SliceData(b)) //nolint:gosec // looked at before it is used
	if littleEndian() && uintptr(p)%4 == 0 {
		return unsafe.Slice((*float32)(p), len(b)/4) //nolint:gosec // aligned and little-endian
	}
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func littleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }
