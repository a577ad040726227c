package mlflow

import (
	"encoding/json"
	"errors"
	"fmt"

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
	var graph []byte
	if err := fields(onnx, func(n protowire.Number, b []byte, _ uint64) error {
		if n == 7 { // ModelProto.graph
			graph = b
		}
		return nil
	}); err != nil {
		return "", "", err
	}
	weights := map[string]bool{}
	var in, out []tensor
	err = fields(graph, func(n protowire.Number, b []byte, _ uint64) error {
		var t tensor
		var err error
		switch n {
		case 5: // GraphProto.initializer; old files list weights as inputs too
			err = fields(b, func(n protowire.Number, b []byte, _ uint64) error {
				if n == 8 { // TensorProto.name
					weights[string(b)] = true
				}
				return nil
			})
		case 11: // GraphProto.input
			t, err = valueInfo(b)
			in = append(in, t)
		case 12: // GraphProto.output
			t, err = valueInfo(b)
			out = append(out, t)
		}
		return err
	})
	if err != nil {
		return "", "", err
	}
	var fed []tensor
	for _, t := range in {
		if !weights[t.Name] {
			fed = append(fed, t)
		}
	}
	if len(fed) == 0 || len(out) == 0 {
		return "", "", errors.New("no inputs or no outputs")
	}
	i, ierr := json.Marshal(fed)
	o, oerr := json.Marshal(out)
	return string(i), string(o), errors.Join(ierr, oerr)
}

// valueInfo reads a ValueInfoProto of a tensor.
func valueInfo(b []byte) (tensor, error) {
	t := tensor{Type: "tensor"}
	var elem uint64
	t.Spec.Shape = []int64{}
	err := fields(b, func(n protowire.Number, b []byte, _ uint64) error {
		switch n {
		case 1: // name
			t.Name = string(b)
		case 2: // type
			return fields(b, func(n protowire.Number, b []byte, _ uint64) error {
				if n != 1 { // TypeProto.tensor_type
					return fmt.Errorf("%q is no tensor", t.Name)
				}
				return fields(b, func(n protowire.Number, b []byte, v uint64) error {
					switch n {
					case 1: // elem_type
						elem = v
					case 2: // shape
						return fields(b, func(_ protowire.Number, dim []byte, _ uint64) error {
							d := int64(-1)
							err := fields(dim, func(n protowire.Number, _ []byte, v uint64) error {
								if n == 1 && v < 1<<40 { // dim_value; else a name: any
									d = int64(v)
								}
								return nil
							})
							t.Spec.Shape = append(t.Spec.Shape, d)
							return err
						})
					}
					return nil
				})
			})
		}
		return nil
	})
	var ok bool
	if t.Spec.Type, ok = dtype(elem); err == nil && !ok {
		err = fmt.Errorf("element type %d of %q has no name in NumPy", elem, t.Name)
	}
	return t, err
}

// dtype is NumPy's name of TensorProto.DataType.
func dtype(elem uint64) (string, bool) {
	name, ok := map[uint64]string{
		1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
		10: "float16", 11: "float64", 12: "uint32", 13: "uint64",
	}[elem]
	return name, ok
}

// fields calls each with the fields of a message: their bytes, or their number.
func fields(b []byte, each func(n protowire.Number, b []byte, v uint64) error) error {
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return protowire.ParseError(size)
		}
		b = b[size:]
		var inner []byte
		var v uint64
		switch kind {
		case protowire.BytesType:
			inner, size = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			v, size = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type, protowire.Fixed64Type, protowire.StartGroupType, protowire.EndGroupType:
			size = protowire.ConsumeFieldValue(n, kind, b)
		default:
			return fmt.Errorf("wire type %d", kind)
		}
		if size < 0 {
			return protowire.ParseError(size)
		}
		if err := each(n, inner, v); err != nil {
			return err
		}
		b = b[size:]
	}
	return nil
}
