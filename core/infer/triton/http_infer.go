package triton

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"coverslip.dev/coverslip/core/infer"
)

// headSize is the header by which Triton's binary extension says how many bytes of a
// body are JSON; the tensors' bytes follow.
const headSize = "Inference-Header-Content-Length"

// binary is what the JSON says of bytes that follow it.
type binary struct {
	Size int64 `json:"binary_data_size"`
}

// httpTensor is a tensor whose bytes follow.
type httpTensor struct {
	httpPort
	Binary *binary `json:"parameters,omitempty"`
}

func (w *httpWire) ask(ctx context.Context, model, version string, in []infer.Tensor) ([]infer.Tensor, error) {
	var head struct {
		Inputs []httpTensor `json:"inputs"`
		Wanted struct {
			Binary bool `json:"binary_data_output"`
		} `json:"parameters"`
	}
	head.Wanted.Binary = true
	head.Inputs = []httpTensor{}
	parts := [][]byte{nil}
	for _, t := range in {
		head.Inputs = append(head.Inputs, httpTensor{httpPort(t.Port), &binary{int64(len(t.Data))}})
		parts = append(parts, t.Data)
	}
	var err error
	if parts[0], err = json.Marshal(head); err != nil {
		return nil, err
	}
	sizes := map[string]string{headSize: strconv.Itoa(len(parts[0])), "Content-Type": "application/octet-stream"}
	rsp, err := w.do(ctx, http.MethodPost, parts, sizes, modelPath(model, version, "infer")...)
	if err != nil {
		return nil, err
	}
	defer rsp.Body.Close() //nolint:errcheck // it was read
	out, err := readTensors(rsp)
	return out, lost(ctx, err)
}

func readTensors(rsp *http.Response) ([]infer.Tensor, error) {
	size, err := strconv.ParseInt(rsp.Header.Get(headSize), 10, 32)
	if err != nil || size < 0 || size > 16<<20 {
		return nil, fmt.Errorf("answer without tensors: %d bytes of JSON, %w", size, err)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(rsp.Body, text); err != nil {
		return nil, err
	}
	var head struct{ Outputs []httpTensor }
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	var out []infer.Tensor
	for _, t := range head.Outputs {
		if t.Binary == nil || t.Binary.Size < 0 {
			return nil, fmt.Errorf("output %s has no bytes", t.Name)
		}
		data, err := read(rsp, t.Binary.Size)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", t.Name, err)
		}
		out = append(out, infer.Tensor{Port: infer.Port(t.httpPort), Data: data})
	}
	return out, nil
}

// read takes size bytes from the body. It makes room for them at once only where the
// server has said how long its answer is; a proxy may leave that out.
func read(rsp *http.Response, size int64) ([]byte, error) {
	if size <= rsp.ContentLength {
		data := make([]byte, size)
		_, err := io.ReadFull(rsp.Body, data)
		return data, err
	}
	data, err := io.ReadAll(io.LimitReader(rsp.Body, size))
	if err == nil && int64(len(data)) < size {
		err = io.ErrUnexpectedEOF
	}
	return data, err
}
