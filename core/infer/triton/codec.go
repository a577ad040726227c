package triton

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/triton/internal/kserve"
)

// codec writes a question and reads an answer without copies of their tensors, which
// the generated code would make. Measured with 8 MiB each way it halves the processor time.
// The rest of a question is written here too, the rest of an answer is read by the generated
// code.
type codec struct{}

// The fields of raw bytes in inference.proto.
const (
	rawInput  = 7 // of ModelInferRequest
	rawOutput = 6 // of ModelInferResponse

	streamFault  = 1 // of ModelStreamInferResponse
	streamAnswer = 2
)

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
	b, err := q.head()
	if err != nil || q.shared != nil {
		return mem.BufferSlice{mem.SliceBuffer(b)}, err
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

// The other fields of ModelInferRequest, and of what lies in it.
const (
	askModel      = 1
	askVersion    = 2
	askParameters = 4
	askInputs     = 5
	askOutputs    = 6

	inputName       = 1
	inputType       = 2
	inputShape      = 3
	inputParameters = 4

	outputName       = 1
	outputParameters = 2
)

// head is all but the raw bytes.
func (q *question) head() ([]byte, error) {
	b := appendText(make([]byte, 0, 512), askModel, q.model)
	b = appendText(b, askVersion, q.version)
	b = appendParameters(b, askParameters, q.parameters())
	ok := utf8.ValidString(q.model)
	var in, shape []byte
	for i, t := range q.in {
		ok = ok && utf8.ValidString(t.Name) && utf8.ValidString(t.Type)
		in = appendText(in[:0], inputName, t.Name)
		in = appendText(in, inputType, t.Type)
		shape = shape[:0]
		for _, d := range t.Shape {
			shape = protowire.AppendVarint(shape, uint64(d)) //nolint:gosec // the same bits
		}
		in = appendBytes(in, inputShape, shape)
		if s := q.shared; s != nil {
			in = appendParameters(in, inputParameters, s.parameters(s.in[i], int64(len(t.Data))))
		}
		b = appendBytes(b, askInputs, in)
	}
	if s := q.shared; s == nil || len(s.out) == 0 {
		for _, name := range q.terms.Outputs {
			ok = ok && utf8.ValidString(name)
			b = appendBytes(b, askOutputs, appendText(in[:0], outputName, name))
		}
	} else {
		for _, p := range s.out {
			out := appendText(in[:0], outputName, p.port.Name)
			b = appendBytes(b, askOutputs, appendParameters(out, outputParameters, s.parameters(p.at, p.size)))
		}
	}
	if !ok {
		return nil, errors.New("a name in the question is not UTF-8")
	}
	return b, nil
}

// appendParameters writes a map of InferParameter.
func appendParameters(b []byte, field protowire.Number, p map[string]any) []byte {
	var entry, value [64]byte
	for k, v := range p {
		x := value[:0]
		switch v := v.(type) {
		case bool:
			x = protowire.AppendVarint(protowire.AppendTag(x, 1, protowire.VarintType), protowire.EncodeBool(v))
		case int64:
			x = protowire.AppendVarint(protowire.AppendTag(x, 2, protowire.VarintType), uint64(v)) //nolint:gosec // the same bits
		case string:
			x = protowire.AppendString(protowire.AppendTag(x, 3, protowire.BytesType), v)
		case uint64:
			x = protowire.AppendVarint(protowire.AppendTag(x, 5, protowire.VarintType), v)
		}
		b = appendBytes(b, field, appendBytes(appendText(entry[:0], 1, k), 2, x))
	}
	return b
}

// appendText leaves out what is empty, as protobuf does.
func appendText(b []byte, field protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

// Unmarshal reads each tensor straight into a slice of its own.
func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	r := data.Reader()
	defer r.Close() //nolint:errcheck // lets go of the buffers
	switch v := v.(type) {
	case *answer:
		return v.read(r, r.Remaining())
	case *part:
		return v.read(r)
	}
	return fmt.Errorf("codec can't read %T", v)
}

// read reads n bytes.
func (a *answer) read(r *mem.Reader, n int) error {
	var raw [][]byte
	var head []byte // all fields but the raw ones
	end := r.Remaining() - n
	for r.Remaining() > end {
		field, size, err := open(r, end)
		if err != nil {
			return err
		}
		b := make([]byte, size)
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		if field == rawOutput {
			raw = append(raw, b)
		} else {
			head = protowire.AppendBytes(protowire.AppendTag(head, field, protowire.BytesType), b)
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

// part is a ModelStreamInferResponse: one of several answers, or what went wrong.
type part struct {
	answer
	fault string
}

func (p *part) read(r *mem.Reader) error {
	for r.Remaining() > 0 {
		field, size, err := open(r, 0)
		if err != nil {
			return err
		}
		if field == streamAnswer {
			if err := p.answer.read(r, size); err != nil {
				return err
			}
			continue
		}
		b := make([]byte, size)
		if _, err := io.ReadFull(r, b); err != nil {
			return err
		}
		if field == streamFault {
			p.fault = string(b)
		}
	}
	return nil
}

// open reads which field comes and how many bytes it has, which must end before the last
// end bytes of r.
func open(r *mem.Reader, end int) (protowire.Number, int, error) {
	tag, err := varint(r)
	if err != nil {
		return 0, 0, err
	}
	field, kind := protowire.DecodeTag(tag)
	if kind != protowire.BytesType {
		return 0, 0, fmt.Errorf("field %d of an answer has wire type %d", field, kind)
	}
	size, err := varint(r)
	if err != nil {
		return 0, 0, err
	}
	if size > uint64(max(r.Remaining()-end, 0)) { //nolint:gosec // never negative
		return 0, 0, io.ErrUnexpectedEOF
	}
	return field, int(size), nil //nolint:gosec // no larger than the message
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
