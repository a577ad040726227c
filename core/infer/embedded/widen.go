package embedded

import (
	"slices"

	ort "github.com/yalue/onnxruntime_go"
	"google.golang.org/protobuf/encoding/protowire"
)

// The fields of onnx.proto that a node, a constant and an output more need.
const (
	modelGraph   = 7
	graphNode    = 1
	graphWeights = 5
	graphOutput  = 12
	nodeInput    = 1
	nodeOutput   = 2
	nodeOperator = 4
	nodeDetail   = 5
	detailName   = 1
	detailInt    = 3
	detailType   = 20
	valueName    = 1
	valueType    = 2
	weightSize   = 1
	weightType   = 2
	weightInts   = 7
	weightName   = 8
	typeTensor   = 1
	elementType  = 1

	isInt   = 2 // AttributeProto.INT
	isFloat = 1 // TensorProto.FLOAT, as ort.TensorElementDataTypeFloat
	isInt64 = 7 // TensorProto.INT64
)

// widened returns a network whose outputs the binding can take, and their names. Of 16-bit floating
// numbers, for which it has no Go type, it copies half the bytes: they come as 32-bit ones. A
// number without dimensions it refuses: such a one gets a dimension, of one, if numbers is set.
// Each such output gets nodes behind the network's bytes: protobuf puts together what two
// messages in a row have.
func widened(onnx []byte, out []ort.InputOutputInfo, numbers bool) (network []byte, names []string, ports []ort.InputOutputInfo) {
	ports = slices.Clone(out)
	var graph []byte
	scalars := false
	for i, p := range ports {
		name := p.Name
		if p.DataType == ort.TensorElementDataTypeFloat16 || p.DataType == ort.TensorElementDataTypeBFloat16 {
			ports[i].DataType = ort.TensorElementDataTypeFloat
			to := text(nil, detailName, "to")
			to = count(to, detailInt, isFloat)
			to = count(to, detailType, isInt)
			graph = node(graph, "Cast", name+"/coverslip/float32", message(nil, nodeDetail, to), name)
			name += "/coverslip/float32"
		}
		if numbers && len(p.Dimensions) == 0 && p.OrtValueType == ort.ONNXTypeTensor { // also where they are not known: then it is left as it is
			graph = node(graph, "Expand", name+"/coverslip/one", nil, name, theOne)
			name, scalars = name+"/coverslip/one", true
		}
		if name != p.Name {
			kind := message(nil, valueType, message(nil, typeTensor, count(nil, elementType, uint64(ports[i].DataType))))
			graph = message(graph, graphOutput, append(text(nil, valueName, name), kind...))
		}
		names = append(names, name)
	}
	if graph == nil {
		return onnx, names, ports
	}
	if scalars {
		one := count(count(nil, weightSize, 1), weightType, isInt64)
		graph = message(graph, graphWeights, text(count(one, weightInts, 1), weightName, theOne))
	}
	return message(slices.Clone(onnx), modelGraph, graph), names, ports
}

// theOne is a constant, the shape [1].
const theOne = "coverslip/shape"

// node adds a node to a graph.
func node(graph []byte, operator, out string, detail []byte, in ...string) []byte {
	var n []byte
	for _, name := range in {
		n = text(n, nodeInput, name)
	}
	n = text(text(n, nodeOutput, out), nodeOperator, operator)
	return message(graph, graphNode, append(n, detail...))
}

func message(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

func text(b []byte, field protowire.Number, s string) []byte { return message(b, field, []byte(s)) }

func count(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}
