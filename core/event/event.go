// Package event carries the newest state of things to those who watch them.
//
// A [Feed] is a table that can be watched: a watcher first gets every row, then
// what changes. A slow watcher misses steps but never the last one, and never
// holds up the one who puts.
package event

import (
	"context"
	"maps"
	"sync"
)

// Change is a row's new value, or that the row is gone.
type Change[K comparable, V any] struct {
	Key   K
	Value V
	Gone  bool
}

// Feed is a watchable table; its zero value is empty and ready. All methods may
// be called from any goroutine.
type Feed[K comparable, V any] struct {
	mu       sync.Mutex // guards all below, and the pending maps of watchers
	rows     map[K]V
	watchers map[*watcher[K, V]]struct{}
}

type watcher[K comparable, V any] struct {
	pending map[K]Change[K, V]
	order   []K           // keys of pending, oldest first
	wake    chan struct{} // holds a token while pending is not empty
}

func (w *watcher[K, V]) note(c Change[K, V]) {
	if _, waiting := w.pending[c.Key]; !waiting {
		w.order = append(w.order, c.Key)
	}
	w.pending[c.Key] = c
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Put sets the row at key.
func (f *Feed[K, V]) Put(key K, v V) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rows == nil {
		f.rows = map[K]V{}
	}
	f.rows[key] = v
	for w := range f.watchers {
		w.note(Change[K, V]{Key: key, Value: v})
	}
}

// Drop removes the row at key.
func (f *Feed[K, V]) Drop(key K) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.rows[key]; !ok {
		return
	}
	delete(f.rows, key)
	for w := range f.watchers {
		w.note(Change[K, V]{Key: key, Gone: true})
	}
}

// Row returns the row at key.
func (f *Feed[K, V]) Row(key K) (V, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	v, ok := f.rows[key]
	return v, ok
}

// All returns a copy of the table.
func (f *Feed[K, V]) All() map[K]V {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.rows)
}

// Watch calls fn with every row, then with what changed, until ctx ends or fn
// fails. It calls from this goroutine, one call at a time; an empty table makes
// no first call.
func (f *Feed[K, V]) Watch(ctx context.Context, fn func([]Change[K, V]) error) error {
	w := &watcher[K, V]{pending: map[K]Change[K, V]{}, wake: make(chan struct{}, 1)}
	f.enter(w)
	defer f.leave(w)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.wake:
		}
		if err := fn(f.take(w)); err != nil {
			return err
		}
	}
}

func (f *Feed[K, V]) enter(w *watcher[K, V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for k, v := range f.rows {
		w.note(Change[K, V]{Key: k, Value: v})
	}
	if f.watchers == nil {
		f.watchers = map[*watcher[K, V]]struct{}{}
	}
	f.watchers[w] = struct{}{}
}

func (f *Feed[K, V]) leave(w *watcher[K, V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.watchers, w)
}

func (f *Feed[K, V]) take(w *watcher[K, V]) []Change[K, V] {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Change[K, V], len(w.order))
	for i, k := range w.order {
		out[i] = w.pending[k]
	}
	w.order = w.order[:0]
	clear(w.pending)
	return out
}
