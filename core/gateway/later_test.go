package gateway_test

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/gateway"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
)

// outage is a real engine that can't be reached any more after some answers, until it is over.
type outage struct {
	infer.Engine
	answered, from atomic.Int64
	over           atomic.Bool
}

func (o *outage) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	if o.answered.Load() >= o.from.Load() && !o.over.Load() {
		return nil, fault.New(fault.Offline, "It can't be reached.", "Enter it in Settings; the work goes on by itself.", nil)
	}
	out, err := o.Engine.Infer(ctx, m, in)
	if err == nil {
		o.answered.Add(1)
	}
	return out, err
}

// openBefore starts a gateway that asks in small tiles before an engine that is away after half of them.
func openBefore(t *testing.T, change func(*gateway.Options)) (at string, en *outage, work string, tiles int64) {
	t.Helper()
	at, _ = open(t, func(o *gateway.Options) {
		en = &outage{Engine: o.Engine}
		o.Engine, work = en, o.Work
		o.Plane = func(imageio.Info) infer.Options { return infer.Options{Tile: 32, Overlap: 8, Parallel: 1} }
		if change != nil {
			change(o)
		}
	})
	en.over.Store(true)
	if code, _, body := call(t, "POST", at+"/v1/predict?format=csv", "image/png", picture(t, 60)); code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	tiles = en.answered.Swap(0)
	en.from.Store(tiles / 2)
	en.over.Store(false)
	if tiles < 9 {
		t.Fatalf("%d tiles", tiles)
	}
	return at, en, work, tiles
}

// until polls a job until it is as wanted.
func until(t *testing.T, job string, is func(state, detail, hint string) bool, change ...func(*http.Request)) {
	t.Helper()
	for {
		var f struct{ State, Detail, Hint string }
		_, _, body := call(t, "GET", job, "", nil, change...)
		if err := json.Unmarshal(body, &f); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if is(f.State, f.Detail, f.Hint) {
			return
		}
		if f.State == "failed" || f.State == "stopped" || f.State == "done" {
			t.Fatalf("%s", body)
		}
	}
}

// TestAJobOfAModelThatMayChange asks for all tiles again: whatever its server has under the name by
// then, the answer is that of one network.
func TestAJobOfAModelThatMayChange(t *testing.T) {
	at, en, _, tiles := openBefore(t, func(o *gateway.Options) { o.Models[0].Hash = "" })
	_, head, _ := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 60))
	job := at + head.Get("Location")
	until(t, job, func(state, detail, hint string) bool {
		return waits(state, detail, hint) && !strings.Contains(hint, "where it was")
	})
	before := en.answered.Load()
	en.over.Store(true)
	until(t, job, func(state, _, _ string) bool { return state == "done" })
	if n := en.answered.Load() - before; n != tiles {
		t.Errorf("%d tiles of %d were asked for again", n, tiles)
	}
}

func waits(state, detail, hint string) bool {
	return state == "queued" && detail == "It can't be reached." && strings.Contains(hint, "tried again by itself")
}

// TestJobsOutliveAnOutage: a job whose engine is gone half way waits and says so, and goes on
// where it was; nothing is asked twice. Whoever waits for a single answer is promised nothing.
func TestJobsOutliveAnOutage(t *testing.T) {
	at, en, work, tiles := openBefore(t, nil)
	_, head, _ := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 60))
	job := at + head.Get("Location")
	until(t, job, waits)
	code, _, body := call(t, "POST", at+"/v1/predict", "image/png", picture(t, 60))
	if code != http.StatusServiceUnavailable || !strings.Contains(string(body), "It can't be reached.") || strings.Contains(string(body), "by itself") || strings.Contains(string(body), "Settings") {
		t.Errorf("at once: %d %s", code, body)
	}
	_, head, _ = call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 3))
	until(t, at+head.Get("Location"), waits)
	if code, _, _ := call(t, "DELETE", at+head.Get("Location"), "", nil); code != http.StatusNoContent {
		t.Errorf("remove: %d", code)
	}
	measures(t, at, "jobs_waiting 1", "running 0")
	en.over.Store(true)
	until(t, job, func(state, _, _ string) bool { return state == "done" })
	if n := en.answered.Load(); n != tiles {
		t.Errorf("%d answers to %d tiles", n, tiles)
	}
	if code, _, body := call(t, "GET", job+"/result?format=csv", "", nil); code != http.StatusOK || strings.Count(string(body), "spot,") != 60 {
		t.Errorf("%d %s", code, body)
	}
	measures(t, at, "spool_bytes 0")
	if left, err := filepath.Glob(filepath.Join(work, "*", "answers-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestReadyWithManyUploads that wait for their engine: another one is told to come later, and what
// is done can be fetched.
func TestReadyWithManyUploads(t *testing.T) {
	at, _, _, _ := openBefore(t, func(o *gateway.Options) { o.MaxSpool, o.Tokens = int64(len(picture(t, 60))), o.Tokens[:1] })
	_, head, _ := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 60))
	until(t, at+head.Get("Location"), waits)
	code, head, body := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 60))
	if code != http.StatusServiceUnavailable || head.Get("Retry-After") == "" || !strings.Contains(string(body), "too many uploads") {
		t.Errorf("another one: %d %v %s", code, head, body)
	}
	if code, _, body := call(t, "GET", at+"/readyz", "", nil); code != http.StatusOK {
		t.Errorf("%d %s", code, body)
	}
}

// TestPatienceEnds: a job that gets no further fails in the end, and promises nothing then.
func TestPatienceEnds(t *testing.T) {
	at, _, _, _ := openBefore(t, func(o *gateway.Options) { o.Patience = 1 })
	_, head, _ := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 60))
	until(t, at+head.Get("Location"), func(state, detail, hint string) bool {
		return state == "failed" && detail == "It can't be reached." && hint != "" && !strings.Contains(hint, "by itself")
	})
}

// TestJobsThatWaitEnd with the gateway, and hold it up no longer than one that was never begun.
func TestJobsThatWaitEnd(t *testing.T) {
	at, _, _, _ := openBefore(t, nil)
	_, head, _ := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 60))
	until(t, at+head.Get("Location"), waits)
}

// TestResultsAtTheEnd: the result of a job that ended before the gateway was told to end can
// still be fetched.
func TestResultsAtTheEnd(t *testing.T) {
	at, stop := open(t, nil)
	_, head, _ := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 4))
	job := at + head.Get("Location")
	until(t, job, func(state, _, _ string) bool { return state == "done" })
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	for code := http.StatusOK; code != http.StatusServiceUnavailable; {
		code, _, _ = call(t, "GET", at+"/readyz", "", nil)
	}
	if code, _, body := call(t, "GET", job+"/result?format=csv", "", nil); code != http.StatusOK || strings.Count(string(body), "spot,") != 4 {
		t.Errorf("%d %s", code, body)
	}
	http.DefaultClient.CloseIdleConnections()
	<-ended
}
