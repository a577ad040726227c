package modeltest

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

func trackerChecks() map[string]func(*testing.T, Platform) {
	return map[string]func(*testing.T, Platform){
		"runs": runs, "newest runs": newestRuns, "history": history, "odd values": oddValues,
		"log again": logAgain, "many at once": manyMetrics, "put": put, "absent runs": absentRuns,
		"unnamed experiment": unnamedExperiment,
	}
}

// experiment returns the one of that name.
func experiment(t *testing.T, p Platform, name string) model.Experiment {
	t.Helper()
	es, err := p.Experiments(t.Context())
	check(t, "experiments", err)
	i := slices.IndexFunc(es, func(e model.Experiment) bool { return e.Name == name })
	if i < 0 {
		t.Fatalf("no experiment %q among %d", name, len(es))
	}
	return es[i]
}

func start(t *testing.T, p Platform, experiment, name string) model.Run {
	t.Helper()
	r, err := p.Start(t.Context(), experiment, name, nil, nil)
	check(t, "start", err)
	return r
}

func runs(t *testing.T, p Platform) {
	t.Helper()
	ctx, name := t.Context(), unique("experiment")
	begun := time.Now().Add(-2 * time.Second)
	params := map[string]string{}
	for i := range 150 { // more than a server takes at once
		params[fmt.Sprintf("p%d", i)] = strings.Repeat("x", i)
	}
	delete(params, "p0") // an empty value is no value on some servers
	r, err := p.Start(ctx, name, "first run", params, map[string]string{"commit": "4b825dc", "who": "Zoë"})
	check(t, "start", err)
	if r.ID == "" || r.Name != "first run" || r.Experiment != name || r.Status != "RUNNING" {
		t.Errorf("started: %+v", r)
	}
	check(t, "log", p.Log(ctx, r.ID, model.Metric{Name: "loss", Value: 2, Step: 1}, model.Metric{Name: "loss", Value: 1, Step: 2}))
	got := only(t, p, name)
	if got.ID != r.ID || got.Name != r.Name || got.Experiment != name || got.Status != "RUNNING" || !got.Ended.IsZero() {
		t.Errorf("running: %+v", got)
	}
	if got.Started.Before(begun) || got.Started.After(time.Now().Add(2*time.Second)) {
		t.Errorf("started at %v, now it is %v", got.Started, time.Now())
	}
	if got.Tags["commit"] != "4b825dc" || got.Tags["who"] != "Zoë" || got.Metrics["loss"] != 1 {
		t.Errorf("tags %v, metrics %v", got.Tags, got.Metrics)
	}
	for k, v := range params {
		if got.Params[k] != v {
			t.Errorf("param %s is %q, not %q", k, got.Params[k], v)
		}
	}
	check(t, "finish", p.Finish(ctx, r.ID, false))
	if got = only(t, p, name); got.Status != "FINISHED" || got.Ended.Before(got.Started) {
		t.Errorf("finished: %+v", got)
	}
	check(t, "finish", p.Finish(ctx, r.ID, true))
	if got = only(t, p, name); got.Status != "FAILED" {
		t.Errorf("failed: %+v", got)
	}
}

// only returns the one run of an experiment.
func only(t *testing.T, p Platform, name string) model.Run {
	t.Helper()
	rs, err := p.Runs(t.Context(), experiment(t, p, name).ID, 10)
	check(t, "runs", err)
	if len(rs) != 1 {
		t.Fatalf("%d runs, want 1", len(rs))
	}
	return rs[0]
}

func newestRuns(t *testing.T, p Platform) {
	t.Helper()
	name := unique("experiment")
	var ids []string
	for i := range 4 {
		ids = append(ids, start(t, p, name, fmt.Sprint("run ", i)).ID)
		tick(t) // starts are told apart by the ms
	}
	slices.Reverse(ids)
	e := experiment(t, p, name)
	for _, limit := range []int{2, 4, 9} {
		rs, err := p.Runs(t.Context(), e.ID, limit)
		check(t, "runs", err)
		var got []string
		for _, r := range rs {
			got = append(got, r.ID)
		}
		if want := ids[:min(limit, 4)]; !slices.Equal(got, want) {
			t.Errorf("at most %d runs: %v, want %v", limit, got, want)
		}
	}
}

func tick(t *testing.T) {
	t.Helper()
	timer := time.NewTimer(3 * time.Millisecond)
	defer timer.Stop()
	<-timer.C
}

func history(t *testing.T, p Platform) {
	t.Helper()
	ctx, r := t.Context(), start(t, p, unique("experiment"), "run")
	at := time.UnixMilli(1_700_000_000_123).UTC()
	want := []model.Metric{
		{Name: "val/ap 0.5", Value: 0.25, Step: -1, At: at},
		{Name: "val/ap 0.5", Value: 0.5, Step: 0, At: at},
		{Name: "val/ap 0.5", Value: 0.1, Step: 7, At: at},
		{Name: "val/ap 0.5", Value: 1e-300, Step: 1 << 40, At: at.Add(time.Millisecond)},
	}
	check(t, "log", p.Log(ctx, r.ID, want[3], want[1], model.Metric{Name: "other", Value: 9, At: at}))
	check(t, "log", p.Log(ctx, r.ID, want[2], want[0]))
	got, err := p.History(ctx, r.ID, "val/ap 0.5")
	check(t, "history", err)
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("history\n%v, want\n%v", got, want)
	}
	got, err = p.History(ctx, r.ID, "never logged")
	if err != nil || len(got) != 0 {
		t.Errorf("a metric that was never logged: %v, %v", got, err)
	}
}

// same takes NaN as equal to itself.
func same(a, b model.Metric) bool {
	return a.Name == b.Name && a.Step == b.Step && a.At.Equal(b.At) &&
		(a.Value == b.Value || math.IsNaN(a.Value) && math.IsNaN(b.Value))
}

func oddValues(t *testing.T, p Platform) {
	t.Helper()
	ctx, name := t.Context(), unique("experiment")
	r := start(t, p, name, "run")
	values := map[string]float64{
		"nan": math.NaN(), "inf": math.Inf(1), "minus inf": math.Inf(-1), "third": 1. / 3, "tiny": -5e-300, "zero": 0,
	}
	for k, v := range values {
		check(t, "log "+k, p.Log(ctx, r.ID, model.Metric{Name: k, Value: v, Step: 3}))
	}
	last := only(t, p, name).Metrics
	for k, v := range values {
		h, err := p.History(ctx, r.ID, k)
		check(t, "history of "+k, err)
		if len(h) != 1 || !near(h[0].Value, v) || !near(last[k], v) {
			t.Errorf("%s: history %v, last %v, want %v", k, h, last[k], v)
		}
	}
}

// near is equality, but an infinity may come back as the greatest number.
func near(got, want float64) bool {
	switch {
	case math.IsNaN(want):
		return math.IsNaN(got)
	case math.IsInf(want, 0):
		return math.Abs(got) >= math.MaxFloat64 && math.Signbit(got) == math.Signbit(want)
	}
	return got == want
}

func logAgain(t *testing.T, p Platform) {
	t.Helper()
	ctx, r := t.Context(), start(t, p, unique("experiment"), "run")
	ms := []model.Metric{
		{Name: "loss", Value: 1, Step: 1, At: time.UnixMilli(5)},
		{Name: "loss", Value: math.NaN(), Step: 2, At: time.UnixMilli(6)},
	}
	for range 3 { // as after a lost answer
		check(t, "log", p.Log(ctx, r.ID, ms...))
	}
	got, err := p.History(ctx, r.ID, "loss")
	check(t, "history", err)
	if !slices.EqualFunc(got, ms, same) {
		t.Errorf("history %v, want %v", got, ms)
	}
	check(t, "log nothing", p.Log(ctx, r.ID))
}

func manyMetrics(t *testing.T, p Platform) {
	t.Helper()
	ctx, r := t.Context(), start(t, p, unique("experiment"), "run")
	var ms []model.Metric
	for i := range 2500 { // more than a server takes at once
		ms = append(ms, model.Metric{Name: "loss", Value: float64(i), Step: int64(i), At: time.UnixMilli(int64(i))})
	}
	check(t, "log", p.Log(ctx, r.ID, ms...))
	got, err := p.History(ctx, r.ID, "loss")
	check(t, "history", err)
	if !slices.EqualFunc(got, ms, same) {
		t.Errorf("%d values, want %d in order", len(got), len(ms))
	}
}

// put checks what Put refuses; what it keeps is read back in each adapter's own tests.
func put(t *testing.T, p Platform) {
	t.Helper()
	ctx, r := t.Context(), start(t, p, unique("experiment"), "run")
	for range 2 {
		check(t, "put", p.Put(ctx, r.ID, "figures/loss curve %.txt", strings.NewReader("picture")))
	}
	for _, path := range []string{"", ".", "../x", "/etc/x", "a/../../x", "a//b"} {
		wantKind(t, "put at "+path, p.Put(ctx, r.ID, path, strings.NewReader("x")), fault.Invalid)
	}
	cable := fault.New(fault.Offline, "The cable is out.", "", nil)
	err := p.Put(ctx, r.ID, "cut.txt", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(cable)))
	if !errors.Is(err, cable) {
		t.Errorf("put of a reader that fails: %v", err)
	}
}

func absentRuns(t *testing.T, p Platform) {
	t.Helper()
	ctx := t.Context()
	_, runs := p.Runs(ctx, absentExperiment, 10)
	_, history := p.History(ctx, absentRun, "loss")
	for what, err := range map[string]error{
		"runs": runs, "history": history,
		"log":    p.Log(ctx, absentRun, model.Metric{Name: "loss"}),
		"put":    p.Put(ctx, absentRun, "x.txt", strings.NewReader("x")),
		"finish": p.Finish(ctx, absentRun, false),
	} {
		wantKind(t, what, err, fault.NotFound)
	}
}

func unnamedExperiment(t *testing.T, p Platform) {
	t.Helper()
	_, err := p.Start(t.Context(), "", "run", nil, nil)
	wantKind(t, "start", err, fault.Invalid)
	r := start(t, p, unique("experiment"), "run")
	wantKind(t, "log", p.Log(t.Context(), r.ID, model.Metric{Value: 1}), fault.Invalid)
}
