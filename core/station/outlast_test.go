package station

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// TestOutlast: a trouble that passes is waited for, one that does not is said when patience is at
// its end, and one that can't pass at once.
func TestOutlast(t *testing.T) {
	away, off := fault.New(fault.Offline, "Away.", "", nil), fault.New(fault.Invalid, "Off.", "", nil)
	for name, c := range map[string]struct {
		fails func(try int, p infer.Progress) error
		bring error
		want  error
		tries int
		waits int
		lasts time.Duration // at most
	}{
		"well":    {func(int, infer.Progress) error { return nil }, nil, nil, 1, 0, 0},
		"invalid": {func(int, infer.Progress) error { return off }, nil, off, 1, 0, 0},
		"passes": {func(try int, _ infer.Progress) error {
			if try < 3 {
				return away
			}
			return nil
		}, away, nil, 3, 1, time.Minute},
		"stays":            {func(int, infer.Progress) error { return away }, nil, away, 0, 1, 11 * time.Minute},
		"can't be brought": {func(int, infer.Progress) error { return away }, off, off, 1, 1, time.Minute},
		"gets further each time": {func(try int, p infer.Progress) error {
			if p.Add(int64(try)); try < 1000 {
				return away
			}
			return nil
		}, nil, nil, 1000, 999, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			waits, tries, begun := 0, 0, time.Now()
			q := Question{Patience: 10 * time.Minute, Waits: func(error) { waits++ }}
			err := q.outlast(t.Context(), func() error { return c.bring }, func(p infer.Progress) error {
				tries++
				return c.fails(tries, p)
			})
			if !errors.Is(err, c.want) || c.tries > 0 && tries != c.tries || waits != c.waits || time.Since(begun) > c.lasts {
				t.Errorf("%s: %v after %d tries, %d waits, %v", name, err, tries, waits, time.Since(begun))
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	q := Question{Patience: time.Hour, Waits: func(error) { cancel() }}
	if err := q.outlast(ctx, func() error { return nil }, func(infer.Progress) error { return away }); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if err := (Question{}).outlast(t.Context(), nil, func(infer.Progress) error { return away }); !errors.Is(err, away) {
		t.Errorf("without patience: %v", err)
	}
}
