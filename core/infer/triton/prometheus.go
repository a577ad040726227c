package triton

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// stale is when what Prometheus has of a server is no more how busy it is now. It reads servers once a
// minute unless somebody set it otherwise, and a moment goes by until it has what it read.
const stale = 90 * time.Second

// maxTold bounds an answer, which is a few numbers or the names of a lab's servers.
const maxTold = 4 << 20

// alive are metrics of which a Triton has one at least; busy are those that [sums] know.
const (
	alive = `nv_inference_request_success|nv_cpu_utilization|nv_gpu_utilization`
	busy  = `nv_inference_(pending_request_count|request_success|request_failure|queue_duration_us|request_duration_us)|` +
		`nv_[cg]pu_(utilization|memory_used_bytes|memory_total_bytes)`
)

// prometheus takes at for the address of a Prometheus, as it may have been copied from a browser;
// ?instance=… behind it chooses one.
func (m *meter) prometheus(at url.URL) {
	m.instance = at.Query().Get("instance")
	at.RawQuery, at.Fragment = "", ""
	switch path.Base(at.Path) {
	case "metrics", "graph", "query", "targets":
		at.Path = path.Dir(at.Path)
	}
	m.base = strings.TrimRight(at.String(), "/")
}

// readLab returns what Prometheus has of the server; errStranger if it is none.
func (m *meter) readLab(ctx context.Context) (infer.Load, error) {
	instance, err := m.find(ctx)
	if err != nil {
		return infer.Load{}, err
	}
	last, values := questions(instance)
	now, err := m.query(ctx, "max("+last+")", "")
	if err != nil {
		return infer.Load{}, err
	}
	if len(now) == 0 || now[0].Value.age() > stale {
		return infer.Load{}, m.silent(ctx, instance, last)
	}
	read := now[0].Value.v
	all, err := m.query(ctx, values, strconv.FormatFloat(read, 'f', 3, 64)) // what it said at that moment
	if err != nil {
		return infer.Load{}, err
	}
	var s sums
	for _, one := range all {
		s.add(one.Metric["__name__"], one.Value.v)
	}
	return s.at(read, instance), nil
}

// at is the load at a moment, in seconds.
func (s *sums) at(moment float64, instance string) infer.Load {
	l := s.load()
	l.At, l.Instance = time.UnixMilli(int64(math.Round(1000*moment))), instance
	return l
}

// questions ask when an instance was read last, and what [sums] add up. Several jobs may read one.
func questions(instance string) (last, values string) {
	label := "instance=" + strconv.Quote(instance)
	var times []string
	for name := range strings.SplitSeq(alive, "|") {
		times = append(times, "timestamp("+name+"{"+label+"})")
	}
	return strings.Join(times, " or "),
		"max by (__name__, gpu_uuid) (sum by (__name__, gpu_uuid, job) ({__name__=~" + strconv.Quote(busy) + "," + label + "}))"
}

// Was implements [infer.Recorder] where Prometheus watches the server.
func (e *Engine) Was(ctx context.Context, from time.Time, every time.Duration) ([]infer.Load, error) {
	if !e.meter.lab.Load() {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, quick)
	defer cancel()
	return e.meter.was(ctx, from, every)
}

func (m *meter) was(ctx context.Context, from time.Time, every time.Duration) ([]infer.Load, error) {
	instance, err := m.find(ctx)
	if err != nil {
		return nil, err
	}
	last, values := questions(instance)
	steps := url.Values{
		"start": {seconds(from)}, "end": {seconds(time.Now())}, "step": {strconv.FormatFloat(every.Seconds(), 'f', 3, 64)},
	}
	read, err := m.course(ctx, "max("+last+")", steps)
	if err != nil {
		return nil, err
	}
	all, err := m.course(ctx, values, steps)
	if err != nil {
		return nil, err
	}
	out := make([]infer.Load, int(time.Since(from)/every)+1)
	said := make([]sums, len(out))
	step := func(v value) int {
		i := int(math.Round((v.at - float64(from.UnixMilli())/1000) / every.Seconds()))
		return min(max(i, 0), len(out)-1)
	}
	for _, one := range all {
		for _, v := range one.Values {
			said[step(v)].add(one.Metric["__name__"], v.v)
		}
	}
	for _, one := range read {
		for _, v := range one.Values {
			if i := step(v); v.age() <= stale {
				out[i] = said[i].at(v.v, instance)
			}
		}
	}
	return out, nil
}

func seconds(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

// find returns as which instance Prometheus knows the server. One that was there today counts too: another
// must not pass for a server that is away.
func (m *meter) find(ctx context.Context) (string, error) {
	today := strconv.FormatInt(time.Now().Add(-24*time.Hour).Unix(), 10)
	var all []string
	if err := m.ask(ctx, "label/instance/values", url.Values{"match[]": {`{__name__=~"` + alive + `"}`}, "start": {today}}, &all); err != nil {
		return "", err
	}
	instance, why := m.choose(all)
	if why != "" {
		return "", m.untold(fault.NotFound, "Prometheus at "+m.base+" has metrics of "+why, nil)
	}
	return instance, nil
}

// choose returns which instance is the server, or why none is.
func (m *meter) choose(all []string) (instance, why string) {
	write := " Write behind the address which one is meant: " + m.base + "?instance="
	if m.instance != "" {
		if slices.Contains(all, m.instance) {
			return m.instance, ""
		}
		return "", "no Triton server " + m.instance + ", but of " + some(all) + "."
	}
	var here, there []string
	for _, in := range all {
		host, port, err := net.SplitHostPort(in)
		if err != nil {
			host = in
		}
		if strings.EqualFold(host, m.host) {
			here = append(here, in)
			if port == m.port {
				there = append(there, in)
			}
		}
	}
	switch {
	case len(all) == 0:
		return "", "no Triton server. Whoever runs it has it read the server's port for metrics, usually 8002."
	case len(there) == 1:
		return there[0], ""
	case len(here) == 1:
		return here[0], ""
	case len(here) > 1:
		return "", "several Triton servers on " + m.host + ": " + some(here) + "." + write + here[0] + "."
	case len(all) == 1:
		return all[0], "" // under a name of the lab's own
	}
	return "", "no Triton server on " + m.host + ", but of " + some(all) + "." + write + all[0] + "."
}

// some lists names, not all of many.
func some(all []string) string {
	const most = 8
	switch {
	case len(all) == 0:
		return "none"
	case len(all) > most:
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}

// silent says since when Prometheus has had no metrics of an instance; last asks when it read them. Of a
// server that was there for moments only long ago it does not know.
func (m *meter) silent(ctx context.Context, instance, last string) error {
	since := "for a while"
	for _, times := range []string{"10m:1s", "6h:1m"} {
		was, err := m.query(ctx, "max(max_over_time(("+last+")["+times+"]))", "")
		if err != nil {
			return err
		}
		if len(was) > 0 {
			since = "since " + time.Now().Add(-was[0].Value.age()).Format("15:04:05")
			break
		}
	}
	return m.untold(fault.Offline, "Prometheus at "+m.base+" has had no metrics of "+instance+" "+since+"; its page Targets says why.", nil)
}

// sample is one value of an answer, or its course.
type sample struct {
	Metric map[string]string `json:"metric"`
	Value  value             `json:"value"`
	Values []value           `json:"values"`
}

// value is a number, and the time that was asked about, in seconds.
type value struct{ at, v float64 }

// age is for one that is a time itself: both are by Prometheus' clock.
func (v value) age() time.Duration { return time.Duration((v.at - v.v) * float64(time.Second)) }

// UnmarshalJSON implements [json.Unmarshaler]: it is written as [seconds, "number"].
func (v *value) UnmarshalJSON(b []byte) error {
	var text string
	err := json.Unmarshal(b, &[]any{&v.at, &text})
	if err != nil {
		return err
	}
	v.v, err = strconv.ParseFloat(text, 64)
	return err
}

// query asks about a time; empty: now.
func (m *meter) query(ctx context.Context, question, at string) ([]sample, error) {
	v := url.Values{"query": {question}}
	if at != "" {
		v.Set("time", at)
	}
	return m.samples(ctx, "query", v)
}

// course asks about several times.
func (m *meter) course(ctx context.Context, question string, steps url.Values) ([]sample, error) {
	v := maps.Clone(steps)
	v.Set("query", question)
	return m.samples(ctx, "query_range", v)
}

func (m *meter) samples(ctx context.Context, what string, v url.Values) ([]sample, error) {
	var data struct {
		Result []sample `json:"result"`
	}
	err := m.ask(ctx, what, v, &data)
	return data.Result, err
}

// ask has Prometheus answer, and puts what it says into data.
func (m *meter) ask(ctx context.Context, what string, v url.Values, data any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.base+"/api/v1/"+what+"?"+v.Encode(), http.NoBody)
	if err != nil {
		return badAddress(m.base, err)
	}
	a, err := m.client.Do(r)
	if err != nil {
		return m.untold(fault.Offline, "Prometheus at "+m.base+" does not answer.", err)
	}
	defer a.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(a.Body, maxTold))
	if err != nil {
		return m.untold(fault.Offline, "Prometheus at "+m.base+" does not answer.", err)
	}
	told := struct {
		Status, Error string
		Data          any
	}{Data: data}
	err = json.Unmarshal(text, &told)
	switch {
	case told.Status == "error":
		return m.untold(fault.Offline, "Prometheus at "+m.base+" can't say: "+told.Error+".", nil)
	case err != nil || told.Status != "success":
		return fmt.Errorf("%w, nor Prometheus: status %d, %.80q", errStranger, a.StatusCode, text)
	}
	return nil
}
