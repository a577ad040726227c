package infertest

import (
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/infer"
)

// The networks are made by testdata/gen_models.py, which says what they compute.
var (
	//go:embed testdata/affine-1.onnx
	affine1 []byte
	//go:embed testdata/affine-2.onnx
	affine2 []byte
	//go:embed testdata/split.onnx
	split []byte
	//go:embed testdata/slow.onnx
	slow []byte
	//go:embed testdata/single.onnx
	single []byte
	//go:embed testdata/half.onnx
	half []byte
	//go:embed testdata/scalar.onnx
	scalar []byte
)

// Affine1 is a network that answers 2x + 1.
func Affine1() []byte { return slices.Clone(affine1) }

// Affine2 is a network that answers 3x - 1.
func Affine2() []byte { return slices.Clone(affine2) }

// Split is a network with the two outputs prob and dist, of half the size.
func Split() []byte { return slices.Clone(split) }

// Slow is a network that needs a second or so for 1024 x 1024 pixels.
func Slow() []byte { return slices.Clone(slow) }

// Single is a network that answers 2x + 1, to one image at a time.
func Single() []byte { return slices.Clone(single) }

// Half is a network that answers 2x + 1 in numbers of 16 bits.
func Half() []byte { return slices.Clone(half) }

// Scalar is a network with the outputs y, which is 2x + 1, and top, the largest of these numbers.
func Scalar() []byte { return slices.Clone(scalar) }

// Recipe is a coverslip.yaml for a network that takes images from 0 on and has such outputs.
func Recipe(outputs ...string) []byte {
	var list []string
	for _, o := range outputs {
		list = append(list, "{id: "+o+", axes: bcyx}")
	}
	return fmt.Appendf(nil, "name: contract\ntask: instances\nclass: thing\ninputs: [{id: image, axes: bcyx, min: 1, step: 1}]\n"+
		"outputs: [%s]\ndecode: {id: components, kwargs: {threshold: 1}}\n", strings.Join(list, ", "))
}

// UniqueName is a name for a model that no other test uses on the same server.
func UniqueName() string { return fmt.Sprintf("contract-%08x", rand.Uint32()) } //nolint:gosec // no secret

// Image makes an input of the networks: 0, 0.5, 1, … in rows.
func Image(shape ...int64) infer.Tensor {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	data := make([]byte, 0, 4*n)
	for i := range n {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(i)/2))
	}
	return infer.Tensor{Port: infer.Port{Name: "image", Type: "FP32", Shape: shape}, Data: data}
}

// Numbers returns the FP32 numbers of t.
func Numbers(t infer.Tensor) []float32 {
	out := make([]float32, len(t.Data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return out
}

// Ask asks an affine network and tells what is wrong with its answer, which should be
// a*x + plus.
func Ask(ctx context.Context, e infer.Engine, m infer.Ref, a, plus float32, shape ...int64) error {
	in := Image(shape...)
	out, err := e.Infer(ctx, m, []infer.Tensor{in})
	if err != nil {
		return fmt.Errorf("ask %s: %w", m, err)
	}
	if len(out) != 1 || out[0].Name != "y" || out[0].Type != "FP32" || !slices.Equal(out[0].Shape, shape) || len(out[0].Data) != len(in.Data) {
		return fmt.Errorf("%s answered %d tensors: %+v", m, len(out), ports(out))
	}
	x, y := Numbers(in), Numbers(out[0])
	for i := range y {
		if y[i] != a*x[i]+plus {
			return fmt.Errorf("%s answered %v at %d, want %v", m, y[i], i, a*x[i]+plus)
		}
	}
	return nil
}

func ports(list []infer.Tensor) []infer.Port {
	out := make([]infer.Port, len(list))
	for i, t := range list {
		out[i] = t.Port
	}
	return out
}
