package triton

import "google.golang.org/protobuf/encoding/protowire"

// The fields of onnx.proto that lead to a network's nodes and to the dimensions of its ports.
const (
	modelGraph = 7

	graphNodes   = 1
	graphWeights = 5 // of GraphProto; each a TensorProto
	graphInputs  = 11
	graphOutputs = 12 // of both each is a ValueInfoProto
	weightName   = 8

	valueName   = 1
	valueType   = 2
	typeTensor  = 1 // of TypeProto
	tensorShape = 2
	shapeDim    = 1
	dimValue    = 1
)

// whole reports whether onnx can be read to its end as a network that computes something, as far
// as its outer fields tell. What was cut, or is no network, must not be sent: Triton drops the
// versions beside one that fails and may end itself by that, and it waits for ever for a file
// without bytes.
func whole(onnx []byte) bool {
	nodes := 0
	ok := fields(onnx, func(f protowire.Number, graph []byte) bool {
		return f != modelGraph || fields(graph, func(f protowire.Number, _ []byte) bool {
			if f == graphNodes {
				nodes++
			}
			return true
		})
	})
	return ok && nodes > 0
}

// freeFirst reports whether the first of several dimensions of each input and output of a
// network is free, as it must be where several questions are joined. A network that can't be
// read is none.
func freeFirst(onnx []byte) bool {
	var ports [][]byte
	weights := map[string]bool{} // old networks name them among the inputs
	ok := fields(onnx, func(f protowire.Number, graph []byte) bool {
		return f != modelGraph || fields(graph, func(f protowire.Number, b []byte) bool {
			if f == graphInputs || f == graphOutputs {
				ports = append(ports, b)
			}
			if f == graphWeights {
				weights[string(field(b, weightName))] = true
			}
			return true
		})
	})
	for _, p := range ports {
		if weights[string(field(p, valueName))] {
			continue
		}
		dims := 0
		free := fields(field(field(field(p, valueType), typeTensor), tensorShape), func(f protowire.Number, dim []byte) bool {
			if f == shapeDim {
				dims++
			}
			return f != shapeDim || dims > 1 || fixed(dim) == 0
		})
		ok = ok && free && dims > 1
	}
	return ok && len(ports) > 0
}

// fixed is the size of a dimension; 0: it is free.
func fixed(dim []byte) uint64 {
	for len(dim) > 0 {
		f, kind, n := protowire.ConsumeTag(dim)
		if n < 0 {
			return 0
		}
		if f == dimValue && kind == protowire.VarintType {
			v, _ := protowire.ConsumeVarint(dim[n:])
			return v
		}
		m := protowire.ConsumeFieldValue(f, kind, dim[n:])
		if m < 0 {
			return 0
		}
		dim = dim[n+m:]
	}
	return 0
}

// field is the first of a message's fields with a number; nil: there is none.
func field(b []byte, number protowire.Number) []byte {
	var found []byte
	fields(b, func(f protowire.Number, v []byte) bool {
		if f == number {
			found = v
		}
		return f != number
	})
	return found
}

// fields calls each with the fields of a message that have bytes, until it returns false or
// what follows can't be read; then it returns false itself.
func fields(b []byte, each func(f protowire.Number, v []byte) bool) bool {
	for len(b) > 0 {
		f, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return false
		}
		m := protowire.ConsumeFieldValue(f, kind, b[n:])
		if m < 0 {
			return false
		}
		if kind == protowire.BytesType {
			v, _ := protowire.ConsumeBytes(b[n:])
			if !each(f, v) {
				return false
			}
		}
		b = b[n+m:]
	}
	return true
}
