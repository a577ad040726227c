package station

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/health"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/embedded"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/pool"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// refusing is an engine that can load nothing, and counts what it was sent.
type refusing struct {
	infer.Engine
	sent atomic.Int64
	away atomic.Bool
}

func (r *refusing) Name() string                                   { return "refusing" }
func (r *refusing) Close() error                                   { return nil }
func (r *refusing) Models(context.Context) ([]infer.Status, error) { return nil, nil }
func (r *refusing) Unload(context.Context, string) error           { return nil }

func (r *refusing) Ready(context.Context) error {
	if r.away.Load() {
		return fault.New(fault.Offline, "It is away.", "", nil)
	}
	return nil
}

func (r *refusing) Load(context.Context, infer.Bundle) error {
	r.sent.Add(1)
	return fault.New(fault.Corrupt, "It can't be loaded.", "", nil)
}

func enginesOf(t *testing.T, library string) *engines {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	e := newEngines(embedded.Open(library, embedded.Options{}), &health.Board{}, readVerdicts(filepath.Join(t.TempDir(), "v.json"), log), log)
	t.Cleanup(func() { e.close() })
	return e
}

// TestWhatCantBeLoadedIsNotSentForEver: an hour long it is sent a dozen times; at once when the
// server comes back, when another version is in force and when a person asks. So does a gateway.
func TestWhatCantBeLoadedIsNotSentForEver(t *testing.T) {
	m := infer.Bundle{Ref: infer.Ref{Model: "m", Version: "1"}, ONNX: []byte("no network")}
	hour := func(t *testing.T, r *refusing, work func(context.Context)) {
		t.Helper()
		ctx, stop := context.WithTimeout(t.Context(), time.Hour+time.Second)
		defer stop()
		if work(ctx); r.sent.Load() < 10 || r.sent.Load() > 14 {
			t.Errorf("sent %d times", r.sent.Load())
		}
	}
	synctest.Test(t, func(t *testing.T) {
		e, r := enginesOf(t, ""), &refusing{}
		if err := e.use([]remoteEngine{{address: "a", Engine: r}}, false); err != nil {
			t.Fatal(err)
		}
		e.want(m, "lab")
		hour(t, r, func(ctx context.Context) { _ = e.watch(ctx, 5*time.Second) })
		at := e.all()[1]
		if s, _ := e.servers.Row("a"); s.Say != "It can't be loaded." {
			t.Errorf("it is let alone, and says %q", s.Say)
		}
		sent := func(what string) {
			t.Helper()
			r.sent.Store(0)
			if e.checkOne(t.Context(), at); r.sent.Load() != 1 {
				t.Errorf("%s: sent %d times", what, r.sent.Load())
			}
		}
		r.away.Store(true)
		e.checkOne(t.Context(), at)
		r.away.Store(false)
		sent("it was away")
		other := m
		other.Version = "2"
		e.want(other, "lab")
		sent("another version")
		e.want(other, "elsewhere")
		sent("of another registry")
		r.sent.Store(0)
		if e.check(t.Context()); r.sent.Load() != 1 {
			t.Errorf("a person asks: sent %d times", r.sent.Load())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		r := &refusing{}
		h := &hosts{members: []*pool.Member{pool.NewMember(r, nil)}}
		hour(t, r, func(ctx context.Context) {
			h.keep(ctx, []infer.Bundle{m}, reload, slog.New(slog.DiscardHandler))
		})
	})
}

// TestAServerThatIsAwayStopsNoRelease: a version is loaded where servers are, and proves itself on
// one that has it; without any it can't.
func TestAServerThatIsAwayStopsNoRelease(t *testing.T) {
	library := servertest.Need(t, "COVERSLIP_TEST_ORT")
	dead, err := triton.Dial(t.Context(), triton.Options{Address: "grpc://127.0.0.1:1", Backend: "python"})
	if err != nil {
		t.Fatal(err)
	}
	empty, full := embedded.Open(library, embedded.Options{}), embedded.Open(library, embedded.Options{})
	m := infer.Bundle{Ref: infer.Ref{Model: "m", Version: "2"}, ONNX: infertest.Affine1()}

	e := enginesOf(t, library)
	if err := e.use([]remoteEngine{{address: "dead", Engine: dead}, {address: "full", Engine: full}}, false); err != nil {
		t.Fatal(err)
	}
	if err := e.loadAll(t.Context(), m); err != nil {
		t.Errorf("loaded on one of two: %v", err)
	}
	if en, err := e.serving(t.Context(), m.Ref); err != nil || en != infer.Engine(full) {
		t.Errorf("proves itself on %v, %v", en, err)
	}
	e.mu.Lock()
	e.remote = append([]remoteEngine{{address: "empty", Engine: empty}}, e.remote...) // it came back, without the version
	e.mu.Unlock()
	if en, err := e.serving(t.Context(), m.Ref); err != nil || en != infer.Engine(full) {
		t.Errorf("beside one without it: proves itself on %v, %v", en, err)
	}
	if en, err := e.serving(t.Context(), m.Ref, infer.Ref{Model: "m", Version: "1"}); err != nil || en != infer.Engine(empty) {
		t.Errorf("nobody has both, who asks loads them on %v, %v", en, err)
	}
	bad := m
	bad.ONNX = []byte("no network")
	if err := e.loadAll(t.Context(), bad); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("what servers can't load: %v", err)
	}

	e = enginesOf(t, library)
	if err := e.use([]remoteEngine{{address: "dead", Engine: dead}}, false); err != nil {
		t.Fatal(err)
	}
	if err := e.loadAll(t.Context(), m); fault.KindOf(err) != fault.Offline {
		t.Errorf("no server is there: %v", err)
	}
	if en, err := e.serving(t.Context(), m.Ref); fault.KindOf(err) != fault.Offline {
		t.Errorf("no server is there: proves itself on %v, %v", en, err)
	}
}
