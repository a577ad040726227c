package station

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/health"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/embedded"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/servertest"
)

// tardy is an engine that takes a model only when it is let.
type tardy struct {
	*embedded.Engine
	let chan struct{}
}

func (t *tardy) Load(ctx context.Context, b infer.Bundle) error {
	select {
	case <-t.let:
		return t.Engine.Load(ctx, b)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestAServerThatLoadsSlowlyKeepsNoOtherWaiting: the other is checked again and again meanwhile,
// and has its model; so has the slow one in the end.
func TestAServerThatLoadsSlowlyKeepsNoOtherWaiting(t *testing.T) {
	library := servertest.Need(t, "COVERSLIP_TEST_ORT")
	log := slog.New(slog.DiscardHandler)
	var board health.Board
	e := newEngines(embedded.Open(library, embedded.Options{}), &board, readVerdicts(filepath.Join(t.TempDir(), "v.json"), log), log)
	t.Cleanup(func() { e.close() })
	slow, quick := &tardy{embedded.Open(library, embedded.Options{}), make(chan struct{})}, embedded.Open(library, embedded.Options{})
	if err := e.use([]remoteEngine{{address: "slow", Engine: slow}, {address: "quick", Engine: quick}}, true); err != nil {
		t.Fatal(err)
	}
	m := infer.Bundle{Ref: infer.Ref{Model: "m", Version: "1"}, ONNX: infertest.Affine1()}
	e.want(m, "lab")
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.watch(ctx, 10*time.Millisecond) }()
	row := func(address string) Server { s, _ := e.servers.Row(address); return s }
	until := func(what string, ok func() bool) {
		t.Helper()
		servertest.Until(t, ok, func() string { return fmt.Sprintf("%s: %+v", what, e.servers.All()) })
	}
	until("ready", func() bool { return row("quick").Ready })
	first := row("quick").Checked
	until("checked again", func() bool { return row("quick").Checked.After(first.Add(time.Nanosecond)) })
	if able := e.able(m.Ref); len(able) != 1 || row("slow").Ready {
		t.Errorf("%d servers have the model, the slow one stands as %+v", len(able), row("slow"))
	}
	if row(ownKey).Takeover {
		t.Error("the built-in engine works in place of a server that is there")
	}
	close(slow.let)
	until("the slow one", func() bool { return row("slow").Ready && len(e.able(m.Ref)) == 2 })
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
