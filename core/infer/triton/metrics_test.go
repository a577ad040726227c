package triton_test

import (
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// TestLoad wants the real server's counters to move by what it was asked.
func TestLoad(t *testing.T) {
	s := servertest.StartTriton(t) // of our own, as models that others unload take their counters along
	e := dial(t, triton.Options{Address: s.GRPC, Backend: "python", Metrics: strings.TrimSuffix(s.Metrics, "/metrics")})
	ref := infer.Ref{Model: infertest.UniqueName(), Version: "1"}
	if err := e.Load(t.Context(), infer.Bundle{Ref: ref, ONNX: infertest.Affine1()}); err != nil {
		t.Fatal(err)
	}
	defer e.Unload(t.Context(), ref.Model) //nolint:errcheck // the test's end
	before, err := e.Busy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 7 {
		if err := infertest.Ask(t.Context(), e, ref, 2, 1, 1, 1, 8, 8); err != nil {
			t.Fatal(err)
		}
	}
	after := before
	for deadline := time.Now().Add(20 * time.Second); after.Answered < before.Answered+7 && time.Now().Before(deadline); {
		if after, err = e.Busy(t.Context()); err != nil { // counted a moment after the answer
			t.Fatal(err)
		}
	}
	if after.Answered != before.Answered+7 || after.Spent <= before.Spent || after.CPU < 0 || after.CPU > 1 || after.HostBytes < 1<<30 || after.Waiting != 0 {
		t.Errorf("%+v, then %+v", before, after)
	}
}

func TestReadLoad(t *testing.T) {
	text := `# HELP nv_inference_request_success Number of successful inference requests
nv_inference_request_success{model="a",version="1"} 3
nv_inference_request_success{model="b c",version="1"} 4
nv_inference_request_duration_us{model="a",version="1"} 1500
nv_inference_request_failure{model="a",reason="BACKEND",version="1"} 1
nv_inference_request_failure{model="a",reason="REJECTED",version="1"} 2
nv_inference_queue_duration_us{model="a",version="1"} 500
nv_inference_pending_request_count{model="a"} 2
nv_gpu_utilization{gpu_uuid="x"} 0.5
nv_gpu_utilization{gpu_uuid="y"} 1
nv_gpu_memory_used_bytes{gpu_uuid="x"} 1e+09
nv_cpu_utilization 0.25
other 1
`
	got, err := triton.ReadLoad(strings.NewReader(text))
	want := infer.Load{Waiting: 2, Answered: 7, Spent: 1500 * time.Microsecond, Queued: 500 * time.Microsecond, Failed: 3, CPU: 0.25, GPU: 0.75, GPUUsed: 1e9}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := triton.ReadLoad(strings.NewReader("nv_gpu_utilization x\n")); err == nil {
		t.Error("read a word as a number")
	}
	for _, page := range []string{"", "<!doctype html>\n<title>Log in</title>\n", strings.Repeat("x", 2<<20), "prometheus_build_info{version=\"2\"} 1\n"} {
		if got, err := triton.ReadLoad(strings.NewReader(page)); err == nil {
			t.Errorf("%.40q is %+v", page, got)
		}
	}
	e := dial(t, triton.Options{Address: "grpc://127.0.0.1:9", Metrics: "http://127.0.0.1:9/metrics"})
	if _, err := e.Busy(t.Context()); fault.KindOf(err) != fault.Offline {
		t.Errorf("nobody there: %v", err)
	}
}
