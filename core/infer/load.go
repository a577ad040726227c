package infer

import (
	"context"
	"time"
)

// Gauge is what an engine can tell besides where it counts what it does. Ask with a type
// assertion.
type Gauge interface {
	// Busy returns how busy the engine is now, and its counters since it was started.
	Busy(ctx context.Context) (Load, error)
}

// Recorder is a Gauge that may know how busy the engine was, as somebody watches it. Ask with a type
// assertion.
type Recorder interface {
	// Was returns how busy the engine was at some time and every so long after that, until now; nothing if
	// nobody watched. A Load without At is of a time that nobody knows of.
	Was(ctx context.Context, from time.Time, every time.Duration) ([]Load, error)
}

// Repository is what an engine can do besides where models of its own lie ready, unloaded.
// Ask with a type assertion.
type Repository interface {
	// LoadStored loads a model that lies in the engine's repository, and returns when it
	// answers requests.
	LoadStored(ctx context.Context, model string) error
}

// Load is how busy an engine is. Shares are 0…1, and -1 where nobody knows.
type Load struct {
	Waiting             int           // requests that wait for a model, anybody's
	Answered            int64         // requests since the start
	Spent               time.Duration // on those, waiting included
	Queued              time.Duration // of that, waiting for a model
	Failed              int64         // requests since the start
	CPU, GPU            float64
	GPUUsed, GPUMemory  int64 // bytes
	HostUsed, HostBytes int64
	At                  time.Time // when it was so, by the clock of who tells; zero: now
	Instance            string    // as which another server that watches it, such as Prometheus, tells that; empty: it does itself
}
