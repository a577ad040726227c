package imageio

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"coverslip.dev/coverslip/core/fault"
)

// Crash is a panic, as an error.
type Crash struct {
	Value any
	Stack []byte
}

func (c *Crash) Error() string { return fmt.Sprintf("%v\n%s", c.Value, c.Stack) }

// Recover is to be deferred. It makes an error of a panic: a reader that a hostile file brings
// down takes nobody with it.
func Recover(err *error) {
	if r := recover(); r != nil {
		*err = fault.New(fault.Corrupt, "The image can't be read.", "Copy it again from the instrument.", &Crash{r, debug.Stack()})
	}
}

// Judged is what check finds out of whether a file is whole. One that brings it down is fault.Invalid, as
// waiting for more of it does not help.
func Judged(check func() error) error {
	err := func() (err error) {
		defer Recover(&err)
		return check()
	}()
	if c, ok := errors.AsType[*Crash](err); ok {
		return fault.New(fault.Invalid, "The image can't be read.", "It is kept as it is.", c)
	}
	return err
}

// Guard makes an error of a panic of src, also in goroutines of whoever reads tiles of it.
func Guard(src Source) Source { return guarded{src} }

type guarded struct{ Source }

func (g guarded) ReadTile(ctx context.Context, t Tile) (px *Pixels, err error) {
	defer Recover(&err)
	return g.Source.ReadTile(ctx, t)
}
