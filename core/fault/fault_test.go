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

// TestOnce: nothing is promised where nobody tries again.
func TestOnce(t *testing.T) {
	for hint, want := range map[string]string{
		"":                            "",
		"Copy it again.":              "Copy it again.",
		"The work goes on by itself.": "Try again in a while.",
		"Check that it runs; the work goes on by itself.":                                "Check that it runs; then try again.",
		"It goes on by itself; if no git is running, remove .git/index.lock.":            "Try again in a while; if no git is running, remove .git/index.lock.",
		"Write its address with grpcs://. The work goes on by itself when it answers.":   "Write its address with grpcs://. Then try again.",
		"It may be so: choose another. If it was stopped, the work goes on by itself.":   "It may be so: choose another. Then try again.",
		"Whoever runs it renews it; the work goes on by itself then. The log says more.": "Whoever runs it renews it; then try again. The log says more.",
	} {
		if _, got := fault.Once(fault.New(fault.Offline, "It is away.", hint, nil)); got != want {
			t.Errorf("%q became %q, want %q", hint, got, want)
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
