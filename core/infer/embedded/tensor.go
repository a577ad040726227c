package embedded

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"coverslip.dev/coverslip/core/infer"
)

// number is a type of numbers: Triton's word, ONNX Runtime's, and bytes of one.
type number struct {
	name string
	ort  ort.TensorElementDataType
	size int
}

func numbers() []number {
	return []number{
		{"FP32", ort.TensorElementDataTypeFloat, 4},
		{"FP64", ort.TensorElementDataTypeDouble, 8},
		{"FP16", ort.TensorElementDataTypeFloat16, 2},
		{"BF16", ort.TensorElementDataTypeBFloat16, 2},
		{"UINT8", ort.TensorElementDataTypeUint8, 1},
		{"INT8", ort.TensorElementDataTypeInt8, 1},
		{"UINT16", ort.TensorElementDataTypeUint16, 2},
		{"INT16", ort.TensorElementDataTypeInt16, 2},
		{"UINT32", ort.TensorElementDataTypeUint32, 4},
		{"INT32", ort.TensorElementDataTypeInt32, 4},
		{"UINT64", ort.TensorElementDataTypeUint64, 8},
		{"INT64", ort.TensorElementDataTypeInt64, 8},
		{"BOOL", ort.TensorElementDataTypeBool, 1},
	}
}

// ports translates what a network says of its inputs or outputs.
func ports(list []ort.InputOutputInfo) ([]infer.Port, error) {
	var out []infer.Port
	for _, p := range list {
		all := numbers()
		i := slices.IndexFunc(all, func(n number) bool { return n.ort == p.DataType })
		if p.OrtValueType != ort.ONNXTypeTensor || i < 0 {
			return nil, fmt.Errorf("%s is no tensor of plain numbers: %s", p.Name, p.String())
		}
		out = append(out, infer.Port{Name: p.Name, Type: all[i].name, Shape: slices.Clone(p.Dimensions)})
	}
	return out, nil
}

func names(list []infer.Port) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.Name
	}
	return out
}

// value makes t ready for the input p. It uses t's bytes, not a copy, where they lie as
// the processor wants them.
func value(p infer.Port, t infer.Tensor) (*ort.CustomDataTensor, error) {
	all := numbers()
	i := slices.IndexFunc(all, func(n number) bool { return n.name == t.Type })
	if i < 0 || t.Type != p.Type {
		return nil, fmt.Errorf("its input %s is of %s, not of %s", p.Name, p.Type, t.Type)
	}
	if !fits(p.Shape, t.Shape) {
		return nil, fmt.Errorf("its input %s has shape %v, not %v", p.Name, p.Shape, t.Shape)
	}
	size := int64(all[i].size)
	for _, d := range t.Shape {
		if d <= 0 || size > 1<<40/d {
			return nil, fmt.Errorf("its input %s can't have shape %v", p.Name, t.Shape)
		}
		size *= d
	}
	if size != int64(len(t.Data)) {
		return nil, fmt.Errorf("its input %s needs %d bytes, not %d", p.Name, size, len(t.Data))
	}
	data := t.Data
	if uintptr(unsafe.Pointer(unsafe.SliceData(data)))%uintptr(all[i].size) != 0 { //nolint:gosec // reads an address, follows none
		data = append(make([]byte, 0, len(data)), data...) // a fresh slice is aligned
	}
	return ort.NewCustomDataTensor(t.Shape, data, all[i].ort)
}

// fits tells whether a tensor of shape has may go into a port of shape want.
func fits(want, has []int64) bool {
	return len(has) > 0 && slices.EqualFunc(want, has, func(w, h int64) bool { return w < 0 || w == h })
}

// outputs takes the numbers of those that are wanted, or all, out of what a run gave; they
// stay when values is freed.
func outputs(list []infer.Port, values []ort.Value, wanted []string) ([]infer.Tensor, error) {
	var out []infer.Tensor
	for i, p := range list {
		if len(wanted) > 0 && !slices.Contains(wanted, p.Name) {
			continue
		}
		data, err := content(values[i])
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", p.Name, err)
		}
		p.Shape = slices.Clone(values[i].GetShape())
		out = append(out, infer.Tensor{Port: p, Data: data})
	}
	return out, nil
}

func content(v ort.Value) ([]byte, error) {
	switch t := v.(type) {
	case *ort.Tensor[float32]:
		return raw(t.GetData()), nil
	case *ort.Tensor[float64]:
		return raw(t.GetData()), nil
	case *ort.Tensor[uint8]:
		return t.GetData(), nil
	case *ort.Tensor[int8]:
		return raw(t.GetData()), nil
	case *ort.Tensor[uint16]:
		return raw(t.GetData()), nil
	case *ort.Tensor[int16]:
		return raw(t.GetData()), nil
	case *ort.Tensor[uint32]:
		return raw(t.GetData()), nil
	case *ort.Tensor[int32]:
		return raw(t.GetData()), nil
	case *ort.Tensor[uint64]:
		return raw(t.GetData()), nil
	case *ort.Tensor[int64]:
		return raw(t.GetData()), nil
	case *ort.Tensor[bool]:
		return raw(t.GetData()), nil
	}
	return nil, fmt.Errorf("no plain numbers: %T", v)
}

// raw returns the bytes of s, which are little-endian on every machine that this
// program is built for. The binding has copied them into memory of Go's own.
func raw[T ort.TensorData](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0]))) //nolint:gosec // the same memory, seen as bytes
}

func free(list []ort.Value) {
	for _, v := range list {
		if v != nil && !reflect.ValueOf(v).IsNil() { // the binding leaves such behind where it fails
			_ = v.Destroy() // frees memory only
		}
	}
}
