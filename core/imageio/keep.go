package imageio

import (
	"context"

	"coverslip.dev/coverslip/core/fault"
)

// Keeper is a [Format] that has an image made of what it can't read itself, and keeps that by the
// name of the file's pixels.
type Keeper interface {
	// OpenKept opens the n-th image of the file at path, counted from 0, or for n < 0 the one that
	// Open opens. Its pixels are called id, where that is known.
	OpenKept(ctx context.Context, path, id string, n int) (Source, error)
}

// Rescuer is a [Keeper] that is asked for what another format refuses, as of a kind that it can't read.
type Rescuer interface {
	// Rescues reports whether it may be able to have files of the format of that name made readable.
	Rescues(format string) bool
}

// Making is the error of an image that is being made of what can't be read here: it can be opened
// when Done is closed, unless Why says why not.
type Making struct {
	Err  error // for people, as long as it lasts
	Done <-chan struct{}
	Why  func() error // asked when Done is closed; nil if the image is there
}

func (m *Making) Error() string { return m.Err.Error() }

func (m *Making) Unwrap() error { return m.Err }

// or is m of an image that its own format refuses: that is why, where nothing can be made of it either.
func (m *Making) or(refused error) *Making {
	return &Making{Err: m.Err, Done: m.Done, Why: func() error {
		why := m.Why()
		if k := fault.KindOf(why); why != nil && (k == fault.Invalid || k == fault.Corrupt) {
			return refused
		}
		return why
	}}
}
