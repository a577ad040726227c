package triton

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

var _ infer.Gauge = (*Engine)(nil)

// maxMetrics bounds what is read: a server with thousands of models has megabytes.
const maxMetrics = 32 << 20

// meter is where a server's metrics are: on Triton's own page, or with a Prometheus that reads that.
type meter struct {
	name   string // of the server, for people
	client *http.Client
	page   string // Triton's own

	lab      atomic.Bool // it is a Prometheus
	base     string      // of its addresses
	instance string      // that a person chose there; empty: that of host
	host     string      // of the server, as its address has it
	port     string      // where its metrics are expected
}

// meterOf makes a meter of a server at u; an empty address stands for the usual one.
func meterOf(name string, u *url.URL, address string, files Files) *meter {
	m := &meter{name: name, host: u.Hostname(), port: metricsPort(u)}
	m.page = cmp.Or(address, "http://"+net.JoinHostPort(m.host, m.port)+"/metrics")
	m.client = files.client(m.page)
	if at, err := url.Parse(m.page); err == nil {
		m.prometheus(*at)
		if at.Path == "" || at.Path == "/" {
			at.Path = "/metrics" // Triton answers at others too, with nothing
		}
		m.page = at.String()
	}
	return m
}

// Busy reads the server's metrics, which Triton gives over plain HTTP at a port of its own; a
// proxy before it may want the certificates that the server wants. Where their address is that of a
// Prometheus, that is asked what it has of the server.
// A server that was started without them is fault.NotFound or fault.Offline.
func (e *Engine) Busy(ctx context.Context) (infer.Load, error) {
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	return e.meter.read(ctx)
}

// errStranger is of an address at which something else answers.
var errStranger = errors.New("no metrics of Triton")

func (m *meter) read(ctx context.Context) (infer.Load, error) {
	var first error
	if !m.lab.Load() {
		l, err := m.readPage(ctx)
		if !errors.Is(err, errStranger) {
			return l, err
		}
		first = err
	}
	l, err := m.readLab(ctx)
	lab := !errors.Is(err, errStranger)
	if m.lab.Store(lab); lab {
		return l, err
	}
	return l, m.untold(fault.NotFound, "Its metrics are expected at "+m.page+".", cmp.Or(first, err))
}

func (m *meter) readPage(ctx context.Context) (infer.Load, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.page, http.NoBody)
	if err != nil {
		return infer.Load{}, badAddress(m.page, err)
	}
	a, err := m.client.Do(r)
	if err != nil {
		return infer.Load{}, m.untold(fault.Offline, "Its metrics are expected at "+m.page+".", err)
	}
	defer a.Body.Close() //nolint:errcheck // read only
	switch a.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return infer.Load{}, m.untold(fault.Denied, "Its metrics are expected at "+m.page+", which asks for a login: "+
			"none but a client certificate can be given there.", fmt.Errorf("status %d", a.StatusCode))
	default:
		return infer.Load{}, fmt.Errorf("%w: status %d", errStranger, a.StatusCode)
	}
	l, err := readLoad(io.LimitReader(a.Body, maxMetrics))
	if err != nil && !errors.Is(err, errStranger) {
		err = m.untold(fault.Offline, "Its metrics are expected at "+m.page+".", err)
	}
	return l, err
}

func (m *meter) untold(kind fault.Kind, why string, err error) error {
	return fault.New(kind, "The inference server "+m.name+" does not tell how busy it is.", why, err)
}

// readLoad reads Prometheus' text format, as far as it is about load. What holds nothing of Triton is
// errStranger: its zeros would be no measurements.
func readLoad(r io.Reader) (infer.Load, error) {
	var s sums
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
			return infer.Load{}, fmt.Errorf("%w: %w", errStranger, err)
		}
		s.add(name, v)
	}
	err := lines.Err()
	if errors.Is(err, bufio.ErrTooLong) || err == nil && s.lines == 0 {
		err = errStranger
	}
	return s.load(), err
}

// sums are what the lines of a server's metrics say together.
type sums struct {
	infer.Load

	lines, cpus, gpus int
}

func (s *sums) add(name string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return // of what could not be measured
	}
	s.lines++
	switch name {
	case "nv_inference_pending_request_count":
		s.Waiting += int(v)
	case "nv_inference_request_success":
		s.Answered += int64(v)
	case "nv_inference_request_failure":
		s.Failed += int64(v)
	case "nv_inference_queue_duration_us":
		s.Queued += time.Duration(v) * time.Microsecond
	case "nv_inference_request_duration_us":
		s.Spent += time.Duration(v) * time.Microsecond
	case "nv_cpu_utilization":
		s.CPU += v
		s.cpus++
	case "nv_cpu_memory_used_bytes":
		s.HostUsed = int64(v)
	case "nv_cpu_memory_total_bytes":
		s.HostBytes = int64(v)
	case "nv_gpu_utilization":
		s.GPU += v
		s.gpus++
	case "nv_gpu_memory_used_bytes":
		s.GPUUsed += int64(v)
	case "nv_gpu_memory_total_bytes":
		s.GPUMemory += int64(v)
	}
}

// load is the mean of several processors.
func (s *sums) load() infer.Load {
	l := s.Load
	l.CPU, l.GPU = mean(s.CPU, s.cpus), mean(s.GPU, s.gpus)
	return l
}

// mean is -1 of none.
func mean(sum float64, n int) float64 {
	if n == 0 {
		return -1
	}
	return sum / float64(n)
}
