package triton

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"coverslip.dev/coverslip/core/infer"
)

func parse(body []byte, head, length int64) ([]infer.Tensor, error) {
	h := http.Header{}
	h.Set(headSize, fmt.Sprint(head))
	return readTensors(&http.Response{Header: h, ContentLength: length, Body: io.NopCloser(bytes.NewReader(body))}, nil)
}

const twoTensors = `{"model_name":"m","outputs":[{"name":"prob","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},` +
	`{"name":"dist","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}}]}`

func TestReadTensors(t *testing.T) {
	body := append([]byte(twoTensors), "12345678abc"...)
	for _, length := range []int64{int64(len(body)), -1} { // -1: a proxy leaves it out
		out, err := parse(body, int64(len(twoTensors)), length)
		if err != nil || len(out) != 2 || string(out[0].Data) != "12345678" || string(out[1].Data) != "abc" || out[1].Shape[0] != 3 {
			t.Errorf("length %d: %+v, %v", length, out, err)
		}
		for n := range body {
			if _, err := parse(body[:n], int64(len(twoTensors)), length); err == nil {
				t.Errorf("length %d: cut at %d: no error", length, n)
			}
		}
	}
}

// TestReadTensorsBounded: a server that says it sends more than fits into a message is not
// believed, nor waited for.
func TestReadTensorsBounded(t *testing.T) {
	const huge = 1 << 62
	for _, head := range []string{
		fmt.Sprintf(`{"outputs":[{"parameters":{"binary_data_size":%d}}]}`, int64(huge)),
		fmt.Sprintf(`{"outputs":[{"parameters":{"binary_data_size":0}},{"parameters":{"binary_data_size":%d}}]}`, mostBytes+1),
	} {
		for _, length := range []int64{huge, -1} {
			if _, err := parse([]byte(head), int64(len(head)), length); asRefusal(err) == nil || !asRefusal(err).tooLarge() {
				t.Errorf("%s of %d bytes: %v", head, length, err)
			}
		}
	}
}

func FuzzReadTensors(f *testing.F) {
	f.Add([]byte(twoTensors+"12345678abc"), int64(len(twoTensors)), int64(-1))
	f.Add([]byte(`{"outputs":[{"parameters":{"binary_data_size":99999999999}}]}`), int64(60), int64(-1))
	f.Add([]byte(`{"outputs":[{}]}`), int64(1<<40), int64(0))
	f.Fuzz(func(t *testing.T, body []byte, head, length int64) {
		out, err := parse(body, head, length)
		if err != nil {
			return
		}
		for _, x := range out {
			if len(x.Data) > len(body) {
				t.Errorf("%d bytes out of %d", len(x.Data), len(body))
			}
		}
	})
}
