package tileview

import (
	"context"
	"time"
)

// restAfter is how long a view stands still before its pixels are interpolated.
const restAfter = 100 * time.Millisecond

// rest says whether the picture stands still. It is of the screen's thread, but for moved.
type rest struct {
	moved chan struct{} // told to the clock
	at    time.Time     // when it moved last
	still bool
}

// stir says that the picture moves: the next frames are to be fast.
func (v *View) stir() {
	v.rest.at, v.rest.still = time.Now(), false
	select {
	case v.rest.moved <- struct{}{}:
	default:
	}
}

// settle paints once more, finely, if nothing has moved since the clock ran out.
func (v *View) settle() {
	if v.rest.still || time.Since(v.rest.at) < restAfter {
		return
	}
	v.rest.still = true
	if v.between() {
		v.redraw()
	}
}

// between reports whether pixels of the image fall between those of the screen. Enlarged ones
// are shown as they are, each a square.
func (v *View) between() bool {
	if v.src == nil || len(v.info.Levels) == 0 {
		return false
	}
	downs := v.downsamples()
	return v.at.scale*downs[level(downs, v.at.scale)] < 1-1e-9
}

// runRest waits for stillness, until ctx ends.
func (v *View) runRest(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-v.rest.moved:
		}
		clock := time.NewTimer(restAfter)
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				clock.Stop()
				return
			case <-v.rest.moved:
				clock.Reset(restAfter)
			case <-clock.C:
				waiting = false
			}
		}
		v.post(v.settle)
	}
}
