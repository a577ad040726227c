package embedded

import (
	"slices"

	ort "github.com/yalue/onnxruntime_go"
	"google.golang.org/protobuf/encoding/protowire"
)

// The fields of onnx.proto that a node and an output more need.
const (
	modelGraph   = 7
	graphNode    = 1
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
	typeTensor   = 1
	elementType  = 1

	isInt   = 2 // AttributeProto.INT
	isFloat = 1 // TensorProto.FLOAT
)

// widened returns a network whose outputs of 16-bit floating numbers come as 32-bit ones, and
// the names of its outputs: the binding copies half the bytes of what it has no Go type for.
// Each such output gets a node that casts it, behind the network's bytes: protobuf puts
// together what two messages in a row have.
func widened(onnx []byte, out []ort.InputOutputInfo) (network []byte, names []string, ports []ort.InputOutputInfo) {
	ports = slices.Clone(out)
	var graph []byte
	for i, p := range ports {
		names = append(names, p.Name)
		if p.DataType != ort.TensorElementDataTypeFloat16 && p.DataType != ort.TensorElementDataTypeBFloat16 {
			continue
		}
		ports[i].DataType = ort.TensorElementDataTypeFloat
		names[i] += "/coverslip/float32"
		to := text(nil, detailName, "to")
		to = count(to, detailInt, isFloat)
		to = count(to, detailType, isInt)
		node := text(nil, nodeInput, p.Name)
		node = text(node, nodeOutput, names[i])
		node = text(node, nodeOperator, "Cast")
		graph = message(graph, graphNode, message(node, nodeDetail, to))
		kind := message(nil, valueType, message(nil, typeTensor, count(nil, elementType, isFloat)))
		graph = message(graph, graphOutput, append(text(nil, valueName, names[i]), kind...))
	}
	if graph == nil {
		return onnx, names, ports
	}
	return message(slices.Clone(onnx), modelGraph, graph), names, ports
}

func message(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

func text(b []byte, field protowire.Number, s string) []byte { return message(b, field, []byte(s)) }

func count(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}
