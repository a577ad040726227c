package fault_test

import (
	"context"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

func TestKindOf(t *testing.T) {
	inner := fault.New(fault.Corrupt, "The image is cut short.", "Copy it again.", fs.ErrNotExist)
	for _, c := range []struct {
		err  error
		want fault.Kind
	}{
		{fmt.Errorf("open: %w", inner), fault.Corrupt},
		{fmt.Errorf("write: %w", syscall.ENOSPC), fault.Full},
		{fmt.Errorf("stat: %w", fs.ErrNotExist), fault.NotFound},
		{fmt.Errorf("call: %w", context.Canceled), fault.Canceled},
		{fmt.Errorf("call: %w", context.DeadlineExceeded), fault.Offline},
		{fmt.Errorf("odd"), fault.Internal},
	} {
		if got := fault.KindOf(c.err); got != c.want {
			t.Errorf("%v: kind %d, want %d", c.err, got, c.want)
		}
	}
}

func TestExplainPrefersTheFault(t *testing.T) {
	say, hint := fault.Explain(fmt.Errorf("tile 3: %w", fault.New(fault.Corrupt, "The image is cut short.", "Copy it again.", nil)))
	if say != "The image is cut short." || hint != "Copy it again." {
		t.Errorf("got %q, %q", say, hint)
	}
	if say, hint := fault.Explain(syscall.ENOSPC); say == "" || hint == "" {
		t.Error("a full disk has no words")
	}
}
