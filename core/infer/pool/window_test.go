package pool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// desk answers n questions at a time, each after its time; a question beyond waits.
type desk struct {
	places chan struct{}
	takes  time.Duration
}

// crowd has n ask at w's pace until ctx ends, and returns how many answers there were.
func (d *desk) crowd(ctx context.Context, w *window, n int) int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers := 0
	for range n {
		wg.Go(func() {
			for w.enter(ctx, 2) == nil {
				begun := time.Now()
				d.places <- struct{}{}
				time.Sleep(d.takes)
				<-d.places
				w.answered(begun)
				mu.Lock()
				answers++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return answers
}

// TestWindowFindsItsSize: under fake time, engines that work on different numbers of
// questions at a time are kept busy, with few questions that only wait.
func TestWindowFindsItsSize(t *testing.T) {
	for _, instances := range []int{1, 2, 4, 12, 32} {
		synctest.Test(t, func(t *testing.T) {
			const each = 20 * time.Millisecond
			d := &desk{make(chan struct{}, instances), each}
			w := newWindow()
			settle, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			d.crowd(settle, w, 48)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			got, most := d.crowd(ctx, w, 48), instances*int(time.Minute/each)
			w.mu.Lock()
			size := w.size
			w.mu.Unlock()
			t.Logf("%d instances: window %d, %.0f %% of what is possible", instances, size, 100*float64(got)/float64(most))
			if got < most*85/100 {
				t.Errorf("%d instances gave %d answers of %d", instances, got, most)
			}
			if size > 2*instances+1 {
				t.Errorf("%d instances have a window of %d", instances, size)
			}
		})
	}
}

// TestWindowFollows: an engine that becomes slower, or gets company, gets another window.
func TestWindowFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow()
		sizes := []int{}
		for _, instances := range []int{8, 1, 8} {
			d := &desk{make(chan struct{}, instances), 20 * time.Millisecond}
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			d.crowd(ctx, w, 48)
			cancel()
			sizes = append(sizes, w.size)
		}
		if sizes[0] < 7 || sizes[1] > 4 || sizes[2] < 7 {
			t.Errorf("windows of %v for 8, 1 and 8 instances", sizes)
		}
	})
}

// TestWindowOfFewQuestions: nothing is learnt from an engine that has little to do.
func TestWindowOfFewQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{make(chan struct{}, 8), 20 * time.Millisecond}
		w := newWindow()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d.crowd(ctx, w, 1)
		if w.now() != firstWindow {
			t.Errorf("one at a time made a window of %d", w.now())
		}
	})
}

// TestWindowRefused: a full queue makes it smaller at once, and who waits gets in later.
func TestWindowRefused(t *testing.T) {
	w := newWindow()
	w.limit, w.size = 8, 8
	for range 8 {
		if err := w.enter(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
	}
	if !w.refused() || w.now() != 4 {
		t.Errorf("window %d after a refusal", w.now())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.enter(ctx, 2); !errors.Is(err, context.Canceled) || len(w.waiting) != 0 {
		t.Errorf("beyond the window: %v", err)
	}
	for range 6 {
		w.leave()
	}
	if w.refused() || w.now() != 1 {
		t.Errorf("window %d after a refusal of the only one", w.now())
	}
	if err := w.enter(t.Context(), 2); err != nil || w.asked != 1 {
		t.Error(err)
	}
}

// TestWindowPriority: who is urgent gets the next place, others in the order they came.
func TestWindowPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWindow()
		w.limit = 1
		if err := w.enter(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		var order []int
		var wg sync.WaitGroup
		for i, priority := range []int{2, 3, 2, 1} {
			wg.Go(func() {
				if err := w.enter(t.Context(), priority); err != nil {
					t.Error(err)
				}
				order = append(order, i)
				w.leave()
			})
			synctest.Wait()
		}
		w.leave()
		wg.Wait()
		if !slices.Equal(order, []int{3, 0, 2, 1}) {
			t.Errorf("order %v", order)
		}
	})
}
