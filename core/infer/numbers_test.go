package infer

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/servertest"
)

// numpyHalves gives float32 to numpy and takes its float16, and the float32 of all float16.
const numpyHalves = `import sys, numpy as np
np.seterr(all="ignore")
x = np.fromfile(sys.argv[1], "<f4")
x.astype("<f2").tofile(sys.argv[1] + ".half")
np.arange(1 << 16).astype("<u2").view("<f2").astype("<f4").tofile(sys.argv[1] + ".all")
`

// TestHalvesAsNumpyHasThem compares bits, of all binary16 and of float32 of all sizes, those in
// the middle between two binary16 among them. A NaN may have any payload.
func TestHalvesAsNumpyHasThem(t *testing.T) {
	python := servertest.Need(t, "COVERSLIP_TEST_RECIPES_PYTHON")
	var x []byte
	for h := range uint32(1 << 16) {
		bits := math.Float32bits(fromHalf(uint16(h))) //nolint:gosec // sixteen bits
		if h&0x7fff < 0x400 {                         // the next of a subnormal is 2^-24 further
			bits = math.Float32bits(fromHalf(uint16(h)) + float32(math.Copysign(1.0/(1<<25), float64(fromHalf(uint16(h)))))) //nolint:gosec // sixteen bits
			x = binary.LittleEndian.AppendUint32(x, bits)
		}
		for _, more := range []uint32{0, 1, 0xfff, 0x1000, 0x1001, 0x1fff} {
			x = binary.LittleEndian.AppendUint32(x, bits+more)
		}
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // no secret
	for range 200_000 {
		x = binary.LittleEndian.AppendUint32(x, random.Uint32())
	}
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, x, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), python, "-c", numpyHalves, path).CombinedOutput(); err != nil { //nolint:gosec // the test's own
		t.Fatalf("%v: %s", err, said)
	}
	half, err := os.ReadFile(path + ".half")
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	for i := 0; i < len(x); i += 4 {
		v := math.Float32frombits(le.Uint32(x[i:]))
		want := le.Uint16(half[i/2:])
		if got := toHalf(v); got != want && !(isNaN(v) && isNaN(fromHalf(got))) {
			t.Fatalf("%v (%#x) is %#x, numpy has %#x", v, le.Uint32(x[i:]), got, want)
		}
	}
	all, err := os.ReadFile(path + ".all")
	if err != nil {
		t.Fatal(err)
	}
	for h := range uint16(math.MaxUint16) {
		got, want := fromHalf(h), math.Float32frombits(le.Uint32(all[4*int(h):]))
		if math.Float32bits(got) != math.Float32bits(want) && !(isNaN(got) && isNaN(want)) {
			t.Fatalf("%#x is %v, numpy has %v", h, got, want)
		}
	}
}

// TestBrain: bfloat16 is the first half of a float32, rounded.
func TestBrain(t *testing.T) {
	for x, want := range map[float32]uint16{
		0: 0, 1: 0x3f80, -2: 0xc000, 3.140625: 0x4049, 1 + 1.0/256: 0x3f80, 1 + 3.0/256: 0x3f82, 1 + 1.1/256: 0x3f81,
		math.MaxFloat32: 0x7f80, float32(math.Inf(-1)): 0xff80, math.SmallestNonzeroFloat32: 0,
	} {
		if got := toBrain(x); got != want {
			t.Errorf("%v is %#x, want %#x", x, got, want)
		}
	}
	nan := encoded(t, "BF16", math.Float32frombits(0x7f800001))
	if a, err := decode(nan); err != nil || !isNaN(a.Data[0]) {
		t.Errorf("NaN comes back as %v, %v", a, err)
	}
}

func encoded(t *testing.T, kind string, x ...float32) Tensor {
	t.Helper()
	out, err := encode(&recipe.Array{Shape: []int{len(x)}, Data: x}, Port{Name: "IN", Type: kind})
	if err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	return out
}

// TestNumbersComeBack: what a port takes is what it gives.
func TestNumbersComeBack(t *testing.T) {
	for kind, x := range map[string][]float32{
		"BOOL": {0, 1}, "UINT8": {0, 255}, "INT8": {-128, 127}, "UINT16": {0, 65535}, "INT16": {-32768, 32767},
		"UINT32": {0, 1 << 31}, "INT32": {-1 << 31, 1 << 30}, "UINT64": {0, 1 << 63}, "INT64": {-1 << 62, 1 << 62},
		"FP16": {-65504, 0.5, 1.0 / (1 << 24), float32(math.Inf(1))}, "BF16": {-3, 1 << 100, float32(math.Inf(-1))},
		"FP32": {-0.1, 1e30}, "FP64": {-0.1, 1e30},
	} {
		a, err := decode(encoded(t, kind, x...))
		if err != nil || !slices.Equal(a.Data, x) {
			t.Errorf("%s: %v comes back as %v, %v", kind, x, a, err)
		}
	}
	if got := encoded(t, "UINT8", 254.9, 255.9, -0.9).Data; !bytes.Equal(got, []byte{254, 255, 0}) {
		t.Errorf("fractions: %v", got)
	}
}

// TestNothingIsWrapped: a number that a port can't take is refused, and said.
func TestNothingIsWrapped(t *testing.T) {
	for _, c := range []struct {
		kind string
		x    float32
		says string
	}{
		{"UINT8", 3000, "from 0 to 255, and was to be given 3000."},
		{"UINT8", 256, "256."},
		{"UINT8", -1, "-1."},
		{"UINT8", float32(math.NaN()), "NaN."},
		{"UINT16", 65536, "from 0 to 65535"},
		{"INT8", 128, "from -128 to 127"},
		{"INT16", -32769, "from -32768"},
		{"UINT32", 1 << 32, "4294967295"},
		{"INT32", 1 << 31, "2147483647"},
		{"INT64", 1 << 63, "9223372036854775807"},
		{"UINT64", -1, "from 0 to 18446744073709551615"},
		{"UINT64", float32(math.Inf(1)), "+Inf."},
		{"FP16", 65520, "numbers from -65504 to 65504"},
	} {
		_, err := encode(&recipe.Array{Shape: []int{2}, Data: []float32{1, c.x}}, Port{Type: c.kind})
		if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, c.says) {
			t.Errorf("%s of %v: %v", c.kind, c.x, err)
		}
	}
	if _, err := encode(&recipe.Array{}, Port{Type: "BYTES"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("text: %v", err)
	}
}
