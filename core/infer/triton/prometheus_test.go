package triton_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// until asks e how busy it is until that is as wanted: Prometheus reads a server now and then.
func until(t *testing.T, e *triton.Engine, what string, wanted func(infer.Load, error) bool) infer.Load {
	t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(2 * time.Minute); ; <-again.C {
		l, err := e.Busy(t.Context())
		if wanted(l, err) {
			return l
		}
		if time.Now().After(end) {
			_, hint := fault.Explain(cmp.Or(err, fmt.Errorf("none")))
			t.Fatalf("%s: %+v, %v, %s", what, l, err, hint)
		}
	}
}

// TestPrometheus wants a real Prometheus to tell what the real server's own page tells, and of one that
// has ended since when it did.
func TestPrometheus(t *testing.T) {
	s := servertest.StartTriton(t)
	lab, instance := s.Watched(t)
	e := dial(t, triton.Options{Address: s.GRPC, Backend: "python", Metrics: lab + "/graph?instance=" + instance})
	page := dial(t, triton.Options{Address: s.GRPC, Metrics: s.Metrics})
	until(t, e, "of a server without models", func(_ infer.Load, err error) bool { return err == nil })
	ref := infer.Ref{Model: infertest.UniqueName(), Version: "1"}
	if err := e.Load(t.Context(), infer.Bundle{Ref: ref, ONNX: infertest.Affine1()}); err != nil {
		t.Fatal(err)
	}
	for range 7 {
		if err := infertest.Ask(t.Context(), e, ref, 2, 1, 1, 1, 8, 8); err != nil {
			t.Fatal(err)
		}
	}
	got := until(t, e, "Prometheus tells what the page does", func(l infer.Load, err error) bool {
		want, perr := page.Busy(t.Context())
		same := l
		same.CPU, same.HostUsed, same.At, same.Instance = want.CPU, want.HostUsed, want.At, "" // of another moment
		return err == nil && perr == nil && l.Answered == 7 && same == want
	})
	if got.CPU < 0 || got.CPU > 1 || got.HostUsed < 1<<20 || got.At.IsZero() || got.Instance != instance {
		t.Errorf("%+v", got)
	}
	course, err := e.Was(t.Context(), got.At.Add(-10*time.Second), time.Second)
	if err != nil || len(course) < 10 || !slices.ContainsFunc(course, func(l infer.Load) bool { return l == got }) {
		t.Errorf("%v at\n%+v, but was\n%+v", err, got, course)
	}
	if course, err := page.Was(t.Context(), got.At, time.Second); err != nil || course != nil {
		t.Errorf("a page remembers %+v, %v", course, err)
	}
	s.Signal(t, syscall.SIGKILL)
	until(t, e, "of a server that has ended", func(_ infer.Load, err error) bool {
		_, hint := fault.Explain(cmp.Or(err, error(fault.New(fault.Internal, "", "", nil))))
		return fault.KindOf(err) == fault.Offline && strings.Contains(hint, "has had no metrics of "+instance+" since ")
	})
}

// TestPrometheusFinds the lab's server by its host and the port where metrics are expected.
func TestPrometheusFinds(t *testing.T) {
	e := dial(t, triton.Options{
		Address: servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"), Metrics: servertest.Need(t, "COVERSLIP_TEST_PROMETHEUS"),
	})
	until(t, e, "the lab's", func(l infer.Load, err error) bool { return err == nil && l.Instance == "127.0.0.1:8002" })
}

// notes is a Prometheus that knows instances, and read them some time ago.
func notes(t *testing.T, instances []string, ago time.Duration) string {
	t.Helper()
	mux := http.NewServeMux()
	say := func(w http.ResponseWriter, data any) {
		if err := json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data}); err != nil {
			t.Error(err)
		}
	}
	mux.HandleFunc("/prometheus/api/v1/label/instance/values", func(w http.ResponseWriter, _ *http.Request) { say(w, instances) })
	mux.HandleFunc("/prometheus/api/v1/query", func(w http.ResponseWriter, r *http.Request) {
		now, of := float64(time.Now().UnixMilli())/1000, r.FormValue("query")
		one := func(v float64, labels ...string) map[string]any {
			m := map[string]string{}
			for i := 0; i < len(labels); i += 2 {
				m[labels[i]] = labels[i+1]
			}
			return map[string]any{"metric": m, "value": []any{now, fmt.Sprint(v)}}
		}
		var result []any
		switch {
		case strings.HasPrefix(of, "max by") && r.FormValue("time") != "":
			result = append(result, one(5, "__name__", "nv_inference_request_success"), one(0.5, "__name__", "nv_gpu_utilization", "gpu_uuid", "x"),
				one(1, "__name__", "nv_gpu_utilization", "gpu_uuid", "y"))
		case ago >= 0:
			result = append(result, one(now-ago.Seconds()))
		}
		say(w, map[string]any{"resultType": "vector", "result": result})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html></html>") })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL + "/prometheus"
}

// TestWhichOfPrometheus: the server is found among others, or a sentence says what there is.
func TestWhichOfPrometheus(t *testing.T) {
	const none = -1
	for what, c := range map[string]struct {
		address, chosen string
		known           []string
		ago             time.Duration
		want            string // the instance, or words of the hint
	}{
		"by its host":      {"grpc://GPU-1:8001", "", []string{"gpu-1:9002", "gpu-2:8002"}, 0, "gpu-1:9002"},
		"by its port":      {"http://gpu-1:9000", "", []string{"gpu-1:8002", "gpu-1:9002", "gpu-2:9002"}, time.Second, "gpu-1:9002"},
		"the only one":     {"grpc://127.0.0.1:8001", "", []string{"triton"}, time.Minute, "triton"},
		"the chosen":       {"grpc://gpu-1:8001", "?instance=gpu-2:8002", []string{"gpu-1:8002", "gpu-2:8002"}, 0, "gpu-2:8002"},
		"none there":       {"grpc://gpu-1", "", nil, 0, "has metrics of no Triton server. "},
		"another host":     {"grpc://gpu-1", "", []string{"a:8002", "b:8002"}, 0, "of no Triton server on gpu-1, but of a:8002, b:8002. "},
		"two on the host":  {"grpc://gpu-1", "", []string{"gpu-1:1", "gpu-1:2"}, 0, "several Triton servers on gpu-1: gpu-1:1, gpu-1:2. "},
		"the chosen away":  {"grpc://gpu-1", "?instance=c", []string{"a:8002"}, 0, "of no Triton server c, but of a:8002."},
		"read long ago":    {"grpc://gpu-1", "", []string{"gpu-1:8002"}, 2 * time.Minute, "has had no metrics of gpu-1:8002 since "},
		"read last night":  {"grpc://gpu-1", "", []string{"gpu-1:8002"}, none, "has had no metrics of gpu-1:8002 for a while; "},
		"many on the host": {"grpc://x", "", strings.Split("a b c d e f g h i j", " "), 0, "a, b, c, d, e, f, g, h and 2 more. "},
	} {
		lab := notes(t, c.known, c.ago)
		e := dial(t, triton.Options{Address: c.address, Metrics: lab + c.chosen})
		for range 2 { // the second time it is known to be Prometheus
			l, err := e.Busy(t.Context())
			if err == nil {
				if l.Instance != c.want || l.Answered != 5 || l.GPU != 0.75 || l.CPU != -1 || l.At.IsZero() {
					t.Errorf("%s: %+v", what, l)
				}
			} else if _, hint := fault.Explain(err); !strings.HasPrefix(hint, "Prometheus at "+lab+" has ") || !strings.Contains(hint, c.want) {
				t.Errorf("%s: %v, %s", what, err, hint)
			}
		}
	}
}

// TestNoMetricsThere: what answers without being Triton's page or Prometheus is no server at rest.
func TestNoMetricsThere(t *testing.T) {
	for what, answer := range map[string]http.HandlerFunc{
		"nothing": func(http.ResponseWriter, *http.Request) {},
		"a login": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Log in</html>") },
		"another": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status": "fine"}`) },
		"no page": http.NotFound,
		"a wall":  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"a number": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"status": "success", "data": 1}`)
		},
	} {
		s := httptest.NewServer(answer)
		t.Cleanup(s.Close)
		e := dial(t, triton.Options{Address: "grpc://127.0.0.1:9", Metrics: s.URL})
		l, err := e.Busy(t.Context())
		kind := fault.NotFound
		if what == "a wall" {
			kind = fault.Denied
		}
		if _, hint := fault.Explain(cmp.Or(err, os.ErrInvalid)); fault.KindOf(err) != kind || !strings.HasPrefix(hint, "Its metrics are expected at "+s.URL+"/metrics") {
			t.Errorf("%s: %+v, %v", what, l, err)
		}
	}
}

// TestPrometheusCantSay passes on what it says of a question, and of one that went away.
func TestPrometheusCantSay(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/api/") {
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"status": "error", "errorType": "timeout", "error": "query timed out"}`)
	}))
	at, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	e := dial(t, triton.Options{Address: "grpc://127.0.0.1:9", Metrics: s.URL})
	for _, want := range []string{"can't say: query timed out.", "does not answer."} {
		_, err := e.Busy(t.Context())
		if _, hint := fault.Explain(err); fault.KindOf(err) != fault.Offline || hint != "Prometheus at http://"+at.Host+" "+want {
			t.Errorf("%v, %s", err, hint)
		}
		s.Close()
	}
}
