package gateway

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// counts are what Prometheus asks for.
type counts struct {
	objects, bytes atomic.Int64

	mu       sync.Mutex // guards all below
	requests map[string]int64
	seconds  map[string]*histogram // by route
}

type histogram struct {
	below [11]int64 // by edges
	n     int64
	sum   float64
}

// edges of the buckets, in seconds.
func edges() [11]float64 {
	return [11]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60}
}

func newCounts() counts {
	return counts{requests: map[string]int64{}, seconds: map[string]*histogram{}}
}

func (c *counts) request(route string, code int, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests[fmt.Sprintf(`route="%s",code="%d"`, route, code)]++
	h := c.seconds[route]
	if h == nil {
		h = &histogram{}
		c.seconds[route] = h
	}
	h.n++
	h.sum += took.Seconds()
	for i, e := range edges() {
		if took.Seconds() <= e {
			h.below[i]++
		}
	}
}

// metrics answers in Prometheus' text format.
func (g *Gateway) metrics(w http.ResponseWriter, _ *http.Request) error {
	var b strings.Builder
	one := func(kind, name, help string, v int64) {
		fmt.Fprintf(&b, "# HELP coverslip_gateway_%s %s\n# TYPE coverslip_gateway_%s %s\ncoverslip_gateway_%s %d\n", name, help, name, kind, name, v)
	}
	one("counter", "objects_total", "Objects found.", g.counts.objects.Load())
	one("counter", "upload_bytes_total", "Bytes of images that came in.", g.counts.bytes.Load())
	_, spooled := g.spooled.add("", 0)
	one("gauge", "waiting", "Images that wait for an engine.", g.waiting.Load())
	one("gauge", "running", "Images under way.", int64(g.places.under()))
	one("gauge", "jobs_waiting", "Jobs that wait.", int64(g.jobs.waiting()))
	one("gauge", "spool_bytes", "Bytes of uploads on the disk.", spooled)
	g.counts.write(&b)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, err := w.Write([]byte(b.String()))
	return err
}

func (c *counts) write(b *strings.Builder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b.WriteString("# HELP coverslip_gateway_requests_total Requests answered.\n# TYPE coverslip_gateway_requests_total counter\n")
	for _, k := range sorted(c.requests) {
		fmt.Fprintf(b, "coverslip_gateway_requests_total{%s} %d\n", k, c.requests[k])
	}
	b.WriteString("# HELP coverslip_gateway_seconds Time to the end of an answer.\n# TYPE coverslip_gateway_seconds histogram\n")
	for _, route := range sorted(c.seconds) {
		h := c.seconds[route]
		for i, e := range edges() {
			fmt.Fprintf(b, "coverslip_gateway_seconds_bucket{route=%q,le=\"%g\"} %d\n", route, e, h.below[i])
		}
		fmt.Fprintf(b, "coverslip_gateway_seconds_bucket{route=%q,le=\"+Inf\"} %d\n", route, h.n)
		fmt.Fprintf(b, "coverslip_gateway_seconds_sum{route=%q} %g\ncoverslip_gateway_seconds_count{route=%q} %d\n", route, h.sum, route, h.n)
	}
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
