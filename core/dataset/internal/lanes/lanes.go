// Package lanes computes the MD5s (RFC 1321) of some inputs side by side: one input alone
// leaves most of a processor idle, since each step of MD5 waits for the one before.
package lanes

import (
	"crypto/md5"
	"encoding"
	"encoding/binary"
)

// Width is how many inputs are hashed side by side.
const Width = 8

// few is from how many inputs on the lanes are faster than one input after the other.
const few = 3

// Sums puts the MD5 of each input into sums, which is as long. It is fastest with a multiple
// of [Width] inputs of about the same length.
func Sums(inputs [][]byte, sums [][md5.Size]byte) {
	for len(inputs) > 0 {
		n := min(Width, len(inputs))
		some(inputs[:n], sums[:n])
		inputs, sums = inputs[n:], sums[n:]
	}
}

// some does at most Width inputs.
func some(inputs [][]byte, sums [][md5.Size]byte) {
	var state [4][Width]uint32
	for word, start := range [...]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476} { // RFC 1321, 3.3
		for lane := range state[word] {
			state[word][lane] = start
		}
	}
	taken := 0 // bytes, of each input that is longer
	for vectors() {
		n := round(&state, inputs, taken)
		if n == 0 {
			break
		}
		taken += n
	}
	for lane, in := range inputs {
		sums[lane] = finish(&state, lane, in, min(taken, len(in)/md5.BlockSize*md5.BlockSize))
	}
}

// round takes in the bytes from taken on, up to the last whole block of the shortest input
// that is not done, and returns how many; 0 if there are too few inputs.
func round(state *[4][Width]uint32, inputs [][]byte, taken int) int {
	var data [Width]*byte
	n, some, lanes := 0, (*byte)(nil), 0
	for lane, in := range inputs {
		left := (len(in) - taken) / md5.BlockSize
		if left <= 0 {
			continue
		}
		if lanes++; lanes == 1 || left < n {
			n = left
		}
		data[lane] = &in[taken]
		some = data[lane]
	}
	if lanes < few {
		return 0
	}
	kept := *state
	idle := data
	for lane := range data {
		if data[lane] == nil { // it computes something that no one wants
			data[lane] = some
		}
	}
	blocks(state, &data, n)
	for lane := range idle {
		if idle[lane] == nil {
			for word := range state {
				state[word][lane] = kept[word][lane]
			}
		}
	}
	return n * md5.BlockSize
}

// finish returns the MD5 of in, of which state holds the first taken bytes.
func finish(state *[4][Width]uint32, lane int, in []byte, taken int) (sum [md5.Size]byte) {
	h := md5.New()
	saved := append(make([]byte, 0, 92), "md5\x01"...) // as [md5.New] saves itself
	for word := range state {
		saved = binary.BigEndian.AppendUint32(saved, state[word][lane])
	}
	saved = append(saved, make([]byte, md5.BlockSize)...)
	saved = binary.BigEndian.AppendUint64(saved, uint64(taken)) //nolint:gosec // not negative
	if from, ok := h.(encoding.BinaryUnmarshaler); !ok || from.UnmarshalBinary(saved) != nil {
		return md5.Sum(in)
	}
	h.Write(in[taken:])
	h.Sum(sum[:0])
	return sum
}
