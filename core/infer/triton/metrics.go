package triton

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

var _ infer.Gauge = (*Engine)(nil)

// maxMetrics bounds what is read: a server with thousands of models has megabytes.
const maxMetrics = 32 << 20

// Metrics is where the server is expected to tell how busy it is.
func (e *Engine) Metrics() string { return e.metrics }

// Busy reads the server's metrics, which Triton gives over plain HTTP at a port of its own; a
// proxy before it may want the certificates that the server wants.
// A server that was started without them is fault.NotFound or fault.Offline.
func (e *Engine) Busy(ctx context.Context) (infer.Load, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, e.metrics, http.NoBody)
	if err != nil {
		return infer.Load{}, badAddress(e.metrics, err)
	}
	a, err := e.asker.Do(r)
	if err != nil {
		return infer.Load{}, fault.New(fault.Offline, "The inference server "+e.name+" does not tell how busy it is.",
			"Its metrics are expected at "+e.metrics+".", err)
	}
	defer a.Body.Close() //nolint:errcheck // read only
	if a.StatusCode != http.StatusOK {
		return infer.Load{}, fault.New(fault.NotFound, "The inference server "+e.name+" does not tell how busy it is.",
			"Its metrics are expected at "+e.metrics+".", fmt.Errorf("status %d", a.StatusCode))
	}
	return readLoad(io.LimitReader(a.Body, maxMetrics))
}

// readLoad reads Prometheus' text format, as far as it is about load.
func readLoad(r io.Reader) (infer.Load, error) {
	l := infer.Load{CPU: -1, GPU: -1}
	var gpus int
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, "nv_") {
			continue
		}
		space := strings.LastIndexByte(line, ' ')
		name, _, _ := strings.Cut(line[:max(space, 0)], "{")
		v, err := strconv.ParseFloat(line[space+1:], 64)
		if err != nil {
			return l, fmt.Errorf("metrics: %w", err)
		}
		switch name {
		case "nv_inference_pending_request_count":
			l.Waiting += int(v)
		case "nv_inference_request_success":
			l.Answered += int64(v)
		case "nv_inference_request_failure":
			l.Failed += int64(v)
		case "nv_inference_queue_duration_us":
			l.Queued += time.Duration(v) * time.Microsecond
		case "nv_inference_request_duration_us":
			l.Spent += time.Duration(v) * time.Microsecond
		case "nv_cpu_utilization":
			l.CPU = v
		case "nv_cpu_memory_used_bytes":
			l.HostUsed = int64(v)
		case "nv_cpu_memory_total_bytes":
			l.HostBytes = int64(v)
		case "nv_gpu_utilization":
			l.GPU = max(l.GPU, 0) + v
			gpus++
		case "nv_gpu_memory_used_bytes":
			l.GPUUsed += int64(v)
		case "nv_gpu_memory_total_bytes":
			l.GPUMemory += int64(v)
		}
	}
	l.GPU /= float64(cmp.Or(gpus, 1)) // the mean of several
	return l, lines.Err()
}
