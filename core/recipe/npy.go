package recipe

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// maxNPY bounds how many numbers a test tensor may have.
const maxNPY = 1 << 28

// ReadNPY reads a test tensor (NumPy's format 1 to 3) whose axes are those of t.
func ReadNPY(r io.Reader, t *Tensor) (*Array, error) {
	a, err := readNPY(bufio.NewReader(r))
	if err != nil {
		return nil, fault.New(fault.Corrupt, "A test image of the model can't be read.", "Ask whoever made the model for a new copy.", err)
	}
	if len(a.Shape) != len(t.Axes) {
		return nil, invalid(fmt.Sprintf("The test image of the model's tensor %q has %d axes, not %d.", t.ID, len(a.Shape), len(t.Axes)), nil)
	}
	a.Axes = t.axisNames()
	return a, nil
}

func readNPY(r *bufio.Reader) (*Array, error) {
	head := make([]byte, 8)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	if string(head[:6]) != "\x93NUMPY" {
		return nil, fmt.Errorf("no numpy file: %q", head[:6])
	}
	size := make([]byte, 2)
	if head[6] >= 2 {
		size = make([]byte, 4)
	}
	if _, err := io.ReadFull(r, size); err != nil {
		return nil, err
	}
	n := uint32(binary.LittleEndian.Uint16(size))
	if len(size) == 4 {
		n = binary.LittleEndian.Uint32(size)
	}
	if n > 1<<16 {
		return nil, fmt.Errorf("header of %d bytes", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, err
	}
	h, err := parseNPYHeader(string(text))
	if err != nil {
		return nil, err
	}
	return h.read(r)
}

// npyHeader says how the numbers of a file lie.
type npyHeader struct {
	order   binary.ByteOrder
	kind    byte // of a number: f, i, u or b
	size    int  // of a number in bytes
	fortran bool
	shape   []int
	n       int
}

func parseNPYHeader(text string) (npyHeader, error) {
	field := func(pattern string) string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if m == nil {
			return ""
		}
		return m[1]
	}
	descr := field(`'descr':\s*'([^']+)'`)
	h := npyHeader{order: binary.LittleEndian, fortran: field(`'fortran_order':\s*(\w+)`) == "True", n: 1}
	if len(descr) < 3 {
		return h, fmt.Errorf("type %q", descr)
	}
	if descr[0] == '>' {
		h.order = binary.BigEndian
	}
	h.kind = descr[1]
	size, err := strconv.Atoi(descr[2:])
	if err != nil || !strings.Contains("f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1", descr[1:]) {
		return h, fmt.Errorf("type %q", descr)
	}
	h.size = size
	for s := range strings.SplitSeq(field(`'shape':\s*\(([^)]*)\)`), ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		k, err := strconv.Atoi(s)
		if err != nil || k < 0 || k > maxNPY {
			return h, fmt.Errorf("shape has %q", s)
		}
		h.shape = append(h.shape, k)
		if h.n *= k; h.n > maxNPY {
			return h, fmt.Errorf("%d numbers", h.n)
		}
	}
	return h, nil
}

func (h npyHeader) read(r io.Reader) (*Array, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(h.n*h.size)))
	if err != nil {
		return nil, err
	}
	if len(b) != h.n*h.size {
		return nil, io.ErrUnexpectedEOF
	}
	a := NewArray(nil, h.shape)
	for i := range a.Data {
		a.Data[i] = h.number(b[i*h.size:])
	}
	if h.fortran {
		a.Data = transposed(a)
	}
	return a, nil
}

func (h npyHeader) number(b []byte) float32 {
	switch {
	case h.kind == 'f' && h.size == 4:
		return math.Float32frombits(h.order.Uint32(b))
	case h.kind == 'f':
		return float32(math.Float64frombits(h.order.Uint64(b)))
	case h.kind == 'b', h.kind == 'u' && h.size == 1:
		return float32(b[0])
	case h.size == 1:
		return float32(int8(b[0]))
	case h.kind == 'u' && h.size == 2:
		return float32(h.order.Uint16(b))
	case h.size == 2:
		return float32(int16(h.order.Uint16(b)))
	case h.kind == 'u' && h.size == 4:
		return float32(h.order.Uint32(b))
	case h.size == 4:
		return float32(int32(h.order.Uint32(b)))
	case h.kind == 'u':
		return float32(h.order.Uint64(b))
	}
	return float32(int64(h.order.Uint64(b)))
}

// transposed brings numbers whose first axis runs fastest into C order.
func transposed(a *Array) []float32 {
	out := make([]float32, len(a.Data))
	at := make([]int, len(a.Shape))
	for _, v := range a.Data {
		i := 0
		for k, n := range a.Shape {
			i = i*n + at[k]
		}
		out[i] = v
		for k := range at { // the first axis counts fastest
			if at[k]++; at[k] < a.Shape[k] {
				break
			}
			at[k] = 0
		}
	}
	return out
}
