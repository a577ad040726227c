package mlflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// tensor is an input or output in MLflow's form.
type tensor struct {
	Name string `json:"name"`
	Type string `json:"type"` // "tensor"
	Spec struct {
		Type  string  `json:"dtype"` // NumPy's name
		Shape []int64 `json:"shape"` // -1: any
	} `json:"tensor-spec"`
}

// signature returns what an ONNX file takes and gives, as MLflow writes it into MLmodel.
// The numbers are those of the fields in onnx.proto.
func signature(onnx []byte) (inputs, outputs string, err error) {
	file, err := parse(onnx)
	if err != nil {
		return "", "", err
	}
	graph, err := parse(file.last(7)) // ModelProto.graph
	if err != nil {
		return "", "", err
	}
	weights := map[string]bool{}
	for _, b := range graph.parts[5] { // GraphProto.initializer
		w, err := parse(b)
		if err != nil {
			return "", "", err
		}
		weights[string(w.last(8))] = true // TensorProto.name
	}
	in, ierr := tensors(graph.parts[11])                                       // GraphProto.input
	out, oerr := tensors(graph.parts[12])                                      // GraphProto.output
	in = slices.DeleteFunc(in, func(t tensor) bool { return weights[t.Name] }) // old files list those too
	if err := errors.Join(ierr, oerr); err != nil {
		return "", "", err
	}
	if len(in) == 0 || len(out) == 0 {
		return "", "", errors.New("no inputs or no outputs")
	}
	i, ierr := json.Marshal(in)
	o, oerr := json.Marshal(out)
	return string(i), string(o), errors.Join(ierr, oerr)
}

// tensors reads ValueInfoProtos.
func tensors(list [][]byte) ([]tensor, error) {
	var out []tensor
	for _, b := range list {
		value, err := parse(b)
		if err != nil {
			return nil, err
		}
		t := tensor{Name: string(value.last(1)), Type: "tensor"}
		kind, err := parse(value.last(2)) // ValueInfoProto.type
		if err != nil {
			return nil, err
		}
		body, err := parse(kind.last(1)) // TypeProto.tensor_type
		if err != nil {
			return nil, err
		}
		var ok bool
		if t.Spec.Type, ok = dtype(body.numbers[1]); !ok { // Tensor.elem_type
			return nil, fmt.Errorf("%q is no tensor with a NumPy type", t.Name)
		}
		if t.Spec.Shape, err = shape(body.last(2)); err != nil { // Tensor.shape
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// shape reads a TensorShapeProto.
func shape(b []byte) ([]int64, error) {
	dims, err := parse(b)
	if err != nil {
		return nil, err
	}
	out := []int64{}
	for _, b := range dims.parts[1] { // dim
		dim, err := parse(b)
		if err != nil {
			return nil, err
		}
		size := int64(-1)
		if v, ok := dim.numbers[1]; ok && v < 1<<40 { // dim_value; else it has a name: any
			size = int64(v)
		}
		out = append(out, size)
	}
	return out, nil
}

// dtype is NumPy's name of TensorProto.DataType.
func dtype(elem uint64) (string, bool) {
	name, ok := map[uint64]string{
		1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
		10: "float16", 11: "float64", 12: "uint32", 13: "uint64",
	}[elem]
	return name, ok
}

// message is one level of a Protobuf message, by field: what is bytes, and the last of what
// is a number.
type message struct {
	parts   map[protowire.Number][][]byte
	numbers map[protowire.Number]uint64
}

// last returns the last part of a field, which counts where only one may be.
func (m message) last(n protowire.Number) []byte {
	if p := m.parts[n]; len(p) > 0 {
		return p[len(p)-1]
	}
	return nil
}

func parse(b []byte) (message, error) {
	m := message{map[protowire.Number][][]byte{}, map[protowire.Number]uint64{}}
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return m, protowire.ParseError(size)
		}
		b = b[size:]
		if size = protowire.ConsumeFieldValue(n, kind, b); size < 0 {
			return m, protowire.ParseError(size)
		}
		if kind == protowire.BytesType {
			part, _ := protowire.ConsumeBytes(b) // its size was checked above
			m.parts[n] = append(m.parts[n], part)
		}
		if kind == protowire.VarintType {
			m.numbers[n], _ = protowire.ConsumeVarint(b)
		}
		b = b[size:]
	}
	return m, nil
}
