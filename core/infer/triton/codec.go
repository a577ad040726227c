package triton

import (
	"fmt"
	"io"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/triton/internal/kserve"
)

// codec writes a question and reads an answer without copies of their tensors, which
// the generated code would make: protobuf's two fields of raw bytes are done here, the
// rest by the generated code. Measured with 8 MiB each way it halves the processor time.
type codec struct{}

// The fields of raw bytes in inference.proto.
const (
	rawInput  = 7 // of ModelInferRequest
	rawOutput = 6 // of ModelInferResponse
)

// question is a ModelInferRequest.
type question struct {
	model, version string
	in             []infer.Tensor
}

// answer is a ModelInferResponse.
type answer struct {
	tensors []infer.Tensor
}

// Name is the content type's: on the wire this is protobuf.
func (codec) Name() string { return "proto" }

// Marshal gives the tensors' own bytes to the transport.
func (codec) Marshal(v any) (mem.BufferSlice, error) {
	q, ok := v.(*question)
	if !ok {
		return nil, fmt.Errorf("codec can't write %T", v)
	}
	head := &kserve.ModelInferRequest{ModelName: q.model, ModelVersion: q.version}
	for _, t := range q.in {
		head.Inputs = append(head.Inputs, &kserve.ModelInferRequest_InferInputTensor{Name: t.Name, Datatype: t.Type, Shape: t.Shape})
	}
	b, err := proto.Marshal(head)
	if err != nil {
		return nil, err
	}
	var out mem.BufferSlice
	for _, t := range q.in {
		b = protowire.AppendTag(b, rawInput, protowire.BytesType)
		b = protowire.AppendVarint(b, uint64(len(t.Data)))
		out = append(out, mem.SliceBuffer(b), mem.SliceBuffer(t.Data))
		b = nil
	}
	return append(out, mem.SliceBuffer(b)), nil
}

// Unmarshal reads each tensor straight into a slice of its own.
func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	a, ok := v.(*answer)
	if !ok {
		return fmt.Errorf("codec can't read %T", v)
	}
	r := data.Reader()
	defer r.Close() //nolint:errcheck // lets go of the buffers
	var raw [][]byte
	var head []byte // all fields but the raw ones
	for r.Remaining() > 0 {
		tag, err := varint(r)
		if err != nil {
			return err
		}
		field, kind := protowire.DecodeTag(tag)
		if kind != protowire.BytesType {
			return fmt.Errorf("field %d of an answer has wire type %d", field, kind)
		}
		size, err := varint(r)
		if err != nil {
			return err
		}
		if size > uint64(r.Remaining()) { //nolint:gosec // never negative
			return io.ErrUnexpectedEOF
		}
		b := make([]byte, size)
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		if field == rawOutput {
			raw = append(raw, b)
		} else {
			head = protowire.AppendBytes(protowire.AppendTag(head, field, kind), b)
		}
	}
	m := &kserve.ModelInferResponse{}
	if err := proto.Unmarshal(head, m); err != nil {
		return err
	}
	if len(raw) != len(m.GetOutputs()) {
		return fmt.Errorf("an answer of %d tensors has the bytes of %d", len(m.GetOutputs()), len(raw))
	}
	for i, o := range m.GetOutputs() {
		p := infer.Port{Name: o.GetName(), Type: o.GetDatatype(), Shape: o.GetShape()}
		a.tensors = append(a.tensors, infer.Tensor{Port: p, Data: raw[i]})
	}
	return nil
}

func varint(r io.ByteReader) (uint64, error) {
	var b [10]byte
	for i := range b {
		c, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		b[i] = c
		if c < 0x80 {
			v, n := protowire.ConsumeVarint(b[:i+1])
			return v, protowire.ParseError(n)
		}
	}
	return 0, protowire.ParseError(-1)
}
