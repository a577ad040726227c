package imageio

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// Uint16s returns the samples of 16-bit pixels, a view where the machine allows it: nobody
// may write to it. It is nil for pixels of another type.
func (p *Pixels) Uint16s() []uint16 {
	if p.Type != Uint16 {
		return nil
	}
	if v := view16(p.Data); v != nil {
		return v
	}
	out := make([]uint16, len(p.Data)/2)
	for i := range out {
		out[i] = binary.LittleEndian.Uint16(p.Data[2*i:])
	}
	return out
}

// Float32s appends the samples, whatever their type, to dst and returns it: 32-bit integers
// and doubles lose digits.
func (p *Pixels) Float32s(dst []float32) []float32 {
	n := p.Size.X * p.Size.Y
	at := len(dst)
	if cap(dst)-at < n {
		dst = append(make([]float32, 0, at+n), dst...)
	}
	dst = dst[:at+n]
	out := dst[at:]
	if v := p.Uint16s(); v != nil {
		for i, s := range v[:n] {
			out[i] = float32(s)
		}
		return dst
	}
	if p.Type == Uint8 {
		for i, s := range p.Data[:n] {
			out[i] = float32(s)
		}
		return dst
	}
	for i := range out {
		out[i] = float32(p.Sample(i))
	}
	return dst
}

// Sample returns the i-th sample, counted row by row.
func (p *Pixels) Sample(i int) float64 {
	le := binary.LittleEndian
	switch p.Type {
	case Uint8:
		return float64(p.Data[i])
	case Int8:
		return float64(int8(p.Data[i]))
	case Uint16:
		return float64(le.Uint16(p.Data[2*i:]))
	case Int16:
		return float64(int16(le.Uint16(p.Data[2*i:]))) //nolint:gosec // the same bits
	case Uint32:
		return float64(le.Uint32(p.Data[4*i:]))
	case Int32:
		return float64(int32(le.Uint32(p.Data[4*i:]))) //nolint:gosec // the same bits
	case Float32:
		return float64(math.Float32frombits(le.Uint32(p.Data[4*i:])))
	case Float64:
		return math.Float64frombits(le.Uint64(p.Data[8*i:]))
	}
	return 0
}

// viewable reports whether b can be looked at as 16-bit numbers of this machine.
func viewable(b []byte) bool {
	one := [2]byte{1, 0}
	return len(b) >= 2 && binary.NativeEndian.Uint16(one[:]) == 1 &&
		uintptr(unsafe.Pointer(unsafe.SliceData(b)))%2 == 0 //nolint:gosec // only the address is looked at
}

func view16(b []byte) []uint16 {
	if !viewable(b) {
		return nil
	}
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/2) //nolint:gosec // aligned and little-endian, as viewable checked
}
