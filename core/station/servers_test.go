package station_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/servertest"
)

// TestOneOfTwoServersDies: two real servers share the work; one is killed while captures
// are predicted, and nothing is lost or done by this computer. When it is back it gets its
// model again and takes part.
func TestOneOfTwoServersDies(t *testing.T) {
	first, second := servertest.StartTriton(t), servertest.StartTriton(t)
	b := open(t, t.TempDir(), func(s *config.Settings) {
		s.Servers = []config.Server{
			{Address: first.GRPC, Backend: "python", Metrics: first.Metrics}, {Address: second.GRPC, Backend: "python", Metrics: second.Metrics},
		}
	})
	both := func() bool {
		x, _ := b.Servers().Row(first.GRPC)
		y, _ := b.Servers().Row(second.GRPC)
		return x.Ready && y.Ready
	}
	answered := func(address string) int64 {
		s, _ := b.Servers().Row(address)
		if s.Load == nil {
			return 0
		}
		return s.Load.Answered
	}
	say := func() string { return fmt.Sprintf("%+v", b.Servers().All()) }
	b.until(both, say)
	const captures = 6
	for i := range captures {
		b.dropAs(field, fmt.Sprintf("field-%d.ome.tif", i))
	}
	b.capture("field-0.ome.tif", predicted)
	first.Signal(t, syscall.SIGKILL)
	for i := range captures {
		var p intake.Predicted
		b.capture(fmt.Sprintf("field-%d.ome.tif", i), predicted).Out("infer", &p)
		if p.Objects < 100 || p.Engine == "this computer" {
			t.Errorf("capture %d: %+v", i, p)
		}
	}
	b.until(func() bool { s, ok := b.Servers().Row(first.GRPC); return ok && !s.Ready }, say)
	first.Up(t)
	b.until(both, say)
	before := answered(first.GRPC)
	met := func() bool { return answered(first.GRPC) > before && answered(second.GRPC) > 0 }
	for round := range 4 { // who is asked is whoever has less to do
		later := func(i int) string { return fmt.Sprintf("later-%d-%d.ome.tif", round, i) }
		for i := range captures {
			b.dropAs(field, later(i))
		}
		for i := range captures {
			b.capture(later(i), predicted)
		}
		for range 120 { // the charts are read every few seconds
			if met() {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	t.Error("not both are asked: " + say())
}
