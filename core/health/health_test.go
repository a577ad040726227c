package health_test

import (
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/health"
)

func TestRaiseKeepsSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b health.Board
		start := time.Now()
		b.Raise(health.Trouble{Code: "server/a", Say: "No answer."})
		time.Sleep(time.Minute)
		b.Raise(health.Trouble{Code: "server/a", Say: "Still no answer."})
		got := b.Troubles.All()["server/a"]
		if !got.Since.Equal(start) || got.Say != "Still no answer." {
			t.Errorf("got %+v", got)
		}
		b.Clear("server/a")
		if len(b.Troubles.All()) != 0 {
			t.Error("not cleared")
		}
	})
}
