package triton

import (
	"bytes"
	"math"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/triton/internal/kserve"
)

// TestCodecWrites: what is written is what the generated code would write.
func TestCodecWrites(t *testing.T) {
	q := &question{model: "m", version: "3", in: []infer.Tensor{
		{Port: infer.Port{Name: "image", Type: "FP32", Shape: []int64{1, 1, 2, 1}}, Data: []byte("12345678")},
		{Port: infer.Port{Name: "none", Type: "UINT8", Shape: []int64{0}}},
		{Port: infer.Port{Name: "more", Type: "UINT8", Shape: []int64{300}}, Data: bytes.Repeat([]byte{7}, 300)},
	}}
	b, err := codec{}.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	got := &kserve.ModelInferRequest{}
	if err := proto.Unmarshal(b.Materialize(), got); err != nil {
		t.Fatal(err)
	}
	want := &kserve.ModelInferRequest{ModelName: "m", ModelVersion: "3"}
	for _, x := range q.in {
		want.Inputs = append(want.Inputs, &kserve.ModelInferRequest_InferInputTensor{Name: x.Name, Datatype: x.Type, Shape: x.Shape})
		want.RawInputContents = append(want.RawInputContents, append([]byte{}, x.Data...))
	}
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !slices.ContainsFunc(b, func(p mem.Buffer) bool {
		return p.Len() > 0 && &p.ReadOnlyData()[0] == &q.in[0].Data[0]
	}) {
		t.Error("the tensor was copied")
	}
}

// TestCodecWritesTerms: parameters, outputs and places in shared memory are written as the
// generated code would write them.
func TestCodecWritesTerms(t *testing.T) {
	q := &question{model: "m", patience: time.Second, final: true, in: []infer.Tensor{
		{Port: infer.Port{Name: "x", Type: "UINT8", Shape: []int64{3, 100}}, Data: make([]byte, 300)},
	}}
	q.terms = infer.Terms{Priority: 2, Outputs: []string{"y"}, Sequence: infer.Sequence{ID: 1 << 63, Start: true}}
	flag := func(v bool) *kserve.InferParameter {
		return &kserve.InferParameter{ParameterChoice: &kserve.InferParameter_BoolParam{BoolParam: v}}
	}
	number := func(v int64) *kserve.InferParameter {
		return &kserve.InferParameter{ParameterChoice: &kserve.InferParameter_Int64Param{Int64Param: v}}
	}
	where := func(at, size int64) map[string]*kserve.InferParameter {
		name := &kserve.InferParameter{ParameterChoice: &kserve.InferParameter_StringParam{StringParam: "r"}}
		return map[string]*kserve.InferParameter{
			"shared_memory_region": name, "shared_memory_offset": number(at), "shared_memory_byte_size": number(size),
		}
	}
	input := &kserve.ModelInferRequest_InferInputTensor{Name: "x", Datatype: "UINT8", Shape: []int64{3, 100}}
	output := &kserve.ModelInferRequest_InferRequestedOutputTensor{Name: "y"}
	want := &kserve.ModelInferRequest{
		ModelName: "m",
		Parameters: map[string]*kserve.InferParameter{
			"priority": {ParameterChoice: &kserve.InferParameter_Uint64Param{Uint64Param: 2}},
			"timeout":  number(1e6), "sequence_id": number(math.MinInt64), "sequence_start": flag(true), "sequence_end": flag(false),
			"triton_enable_empty_final_response": flag(true),
		},
		Inputs: []*kserve.ModelInferRequest_InferInputTensor{input}, Outputs: []*kserve.ModelInferRequest_InferRequestedOutputTensor{output},
		RawInputContents: [][]byte{q.in[0].Data},
	}
	same := func() {
		t.Helper()
		b, err := codec{}.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		got := &kserve.ModelInferRequest{}
		if err := proto.Unmarshal(b.Materialize(), got); err != nil || !proto.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	same()
	q.shared = &shared{region: &region{}, in: []int64{0}, out: []place{{port: infer.Port{Name: "y"}, at: 320, size: 300}}}
	q.shared.name = "r"
	input.Parameters, output.Parameters, want.RawInputContents = where(0, 300), where(320, 300), nil
	same()
	q.model = "\xff"
	if _, err := (codec{}).Marshal(q); err == nil {
		t.Error("a model's name that is not UTF-8 was written")
	}
}

func response() *kserve.ModelInferResponse {
	return &kserve.ModelInferResponse{
		ModelName: "m", ModelVersion: "3", Id: "x",
		Parameters: map[string]*kserve.InferParameter{"k": {ParameterChoice: &kserve.InferParameter_BoolParam{BoolParam: true}}},
		Outputs: []*kserve.ModelInferResponse_InferOutputTensor{
			{Name: "prob", Datatype: "FP32", Shape: []int64{1, 1, 1, 2}}, {Name: "dist", Datatype: "UINT8", Shape: []int64{200}},
		},
		RawOutputContents: [][]byte{[]byte("12345678"), bytes.Repeat([]byte{9}, 200)},
	}
}

// TestCodecReads: answers cut into frames anywhere are read as the generated code would.
func TestCodecReads(t *testing.T) {
	whole, err := proto.Marshal(response())
	if err != nil {
		t.Fatal(err)
	}
	for _, frame := range []int{1, 2, 7, 64, len(whole)} {
		var data mem.BufferSlice
		for part := range slices.Chunk(whole, frame) {
			data = append(data, mem.SliceBuffer(part))
		}
		a := &answer{}
		if err := (codec{}).Unmarshal(data, a); err != nil {
			t.Fatalf("frames of %d: %v", frame, err)
		}
		for i, o := range response().GetOutputs() {
			got := a.tensors[i]
			if got.Name != o.GetName() || got.Type != o.GetDatatype() || !slices.Equal(got.Shape, o.GetShape()) ||
				!bytes.Equal(got.Data, response().GetRawOutputContents()[i]) {
				t.Errorf("frames of %d: tensor %d is %+v", frame, i, got)
			}
		}
	}
	for n := range whole {
		if err := (codec{}).Unmarshal(mem.BufferSlice{mem.SliceBuffer(whole[:n])}, &answer{}); err == nil && n > 0 && n > len(whole)-200 {
			t.Errorf("cut at %d of %d: no error", n, len(whole))
		}
	}
}

func FuzzCodecReads(f *testing.F) {
	whole, err := proto.Marshal(response())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte{0x32, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		a := &answer{}
		if err := (codec{}).Unmarshal(mem.BufferSlice{mem.SliceBuffer(b)}, a); err != nil {
			return
		}
		m := &kserve.ModelInferResponse{}
		if err := proto.Unmarshal(b, m); err != nil {
			t.Fatalf("read what the generated code does not: %v", err)
		}
		for i, raw := range m.GetRawOutputContents() {
			if !bytes.Equal(raw, a.tensors[i].Data) {
				t.Errorf("tensor %d differs", i)
			}
		}
	})
}

// BenchmarkCodec writes a question and reads an answer of 8 MiB each.
func BenchmarkCodec(b *testing.B) {
	data := make([]byte, 8<<20)
	q := &question{model: "m", version: "1", in: []infer.Tensor{{Port: infer.Port{Name: "image", Type: "UINT16", Shape: []int64{2048, 2048}}, Data: data}}}
	r := response()
	r.Outputs, r.RawOutputContents = r.GetOutputs()[:1], [][]byte{data}
	whole, err := proto.Marshal(r)
	if err != nil {
		b.Fatal(err)
	}
	var frames mem.BufferSlice
	for part := range slices.Chunk(whole, 16<<10) {
		frames = append(frames, mem.SliceBuffer(part))
	}
	b.Run("own", func(b *testing.B) {
		b.SetBytes(2 * int64(len(data)))
		for b.Loop() {
			if _, err := (codec{}).Marshal(q); err != nil {
				b.Fatal(err)
			}
			if err := (codec{}).Unmarshal(frames, &answer{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("generated", func(b *testing.B) {
		b.SetBytes(2 * int64(len(data)))
		m := &kserve.ModelInferRequest{ModelName: "m", RawInputContents: [][]byte{data}}
		for b.Loop() {
			if _, err := proto.Marshal(m); err != nil {
				b.Fatal(err)
			}
			if err := proto.Unmarshal(frames.Materialize(), &kserve.ModelInferResponse{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
