package triton

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"google.golang.org/grpc/codes"

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
	Binary *binary `json:"parameters"`
}

// httpQuestion is the JSON of a question.
type httpQuestion struct {
	Parameters map[string]any  `json:"parameters"`
	Inputs     []httpAsked     `json:"inputs"`
	Outputs    []httpRequested `json:"outputs,omitempty"`
}

type httpAsked struct {
	httpPort
	Parameters map[string]any `json:"parameters"`
}

type httpRequested struct {
	Name       string         `json:"name"`
	Parameters map[string]any `json:"parameters"`
}

// httpParts are the bodies of a question: its JSON, and the tensors that follow.
func httpParts(q *question) ([][]byte, error) {
	head := httpQuestion{Parameters: q.parameters(), Inputs: []httpAsked{}}
	parts := [][]byte{nil}
	head.Parameters["binary_data_output"] = true
	for i, t := range q.in {
		in := httpAsked{httpPort: httpPort(t.Port)}
		if s := q.shared; s != nil {
			in.Parameters = s.parameters(s.in[i], int64(len(t.Data)))
		} else {
			in.Parameters = map[string]any{"binary_data_size": len(t.Data)}
			parts = append(parts, t.Data)
		}
		head.Inputs = append(head.Inputs, in)
	}
	if s := q.shared; s == nil || len(s.out) == 0 {
		for _, name := range q.terms.Outputs {
			head.Outputs = append(head.Outputs, httpRequested{name, map[string]any{"binary_data": true}})
		}
	} else {
		for _, p := range s.out {
			head.Outputs = append(head.Outputs, httpRequested{p.port.Name, s.parameters(p.at, p.size)})
		}
	}
	var err error
	parts[0], err = json.Marshal(head)
	return parts, err
}

func (w *httpWire) ask(ctx context.Context, q *question) ([]infer.Tensor, error) {
	parts, err := httpParts(q)
	if err != nil {
		return nil, err
	}
	headers := map[string]string{headSize: strconv.Itoa(len(parts[0])), "Content-Type": "application/octet-stream"}
	if w.compress {
		if parts, err = squeeze(parts); err != nil {
			return nil, err
		}
		headers["Content-Encoding"], headers["Accept-Encoding"] = "gzip", "gzip"
	}
	rsp, err := w.post(ctx, q, parts, headers)
	if err != nil {
		return nil, err
	}
	body := rsp.Body
	defer body.Close() //nolint:errcheck // it was read
	if rsp.Header.Get("Content-Encoding") == "gzip" {
		if rsp.Body, err = gzip.NewReader(rsp.Body); err != nil {
			return nil, lost(ctx, err)
		}
		rsp.ContentLength = -1 // unknown
	}
	out, err := readTensors(rsp, q.shared)
	if err == nil {
		_, _ = io.CopyN(io.Discard, body, 1) // the end of what comes in chunks, or the connection can't be used again
	}
	return out, lost(ctx, err)
}

// squeeze makes one compressed part of several.
func squeeze(parts [][]byte) ([][]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		if _, err := z.Write(p); err != nil {
			return nil, err
		}
	}
	err = z.Close()
	return [][]byte{b.Bytes()}, err
}

// maxHead bounds the JSON of an answer.
const maxHead = 16 << 20

// readTensors reads an answer. Outputs with a place in shared memory have no bytes here.
func readTensors(rsp *http.Response, via *shared) ([]infer.Tensor, error) {
	text, err := readHead(rsp)
	if err != nil {
		return nil, err
	}
	var head struct{ Outputs []httpTensor }
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	var out []infer.Tensor
	left := int64(mostBytes)
	for _, t := range head.Outputs {
		if via.holds(t.Name) {
			out = append(out, infer.Tensor{Port: infer.Port(t.httpPort)})
			continue
		}
		if t.Binary == nil && slices.Contains(t.Shape, 0) { // where all outputs are empty no bytes follow
			out = append(out, infer.Tensor{Port: infer.Port(t.httpPort)})
			continue
		}
		if t.Binary == nil || t.Binary.Size < 0 {
			return nil, fmt.Errorf("output %s has no bytes", t.Name)
		}
		if left -= t.Binary.Size; left < 0 {
			return nil, &refusal{code: codes.ResourceExhausted, text: fmt.Sprintf("output %s of %d bytes is larger than max", t.Name, t.Binary.Size)}
		}
		data, err := read(rsp, t.Binary.Size)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", t.Name, err)
		}
		out = append(out, infer.Tensor{Port: infer.Port(t.httpPort), Data: data})
	}
	return out, nil
}

// readHead reads the JSON of an answer, which is all of it if no bytes follow.
func readHead(rsp *http.Response) ([]byte, error) {
	if rsp.Header.Get(headSize) == "" {
		return io.ReadAll(io.LimitReader(rsp.Body, maxHead))
	}
	size, err := strconv.ParseInt(rsp.Header.Get(headSize), 10, 32)
	if err != nil || size < 0 || size > maxHead {
		return nil, fmt.Errorf("answer without tensors: %d bytes of JSON, %w", size, err)
	}
	text := make([]byte, size)
	_, err = io.ReadFull(rsp.Body, text)
	return text, err
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
