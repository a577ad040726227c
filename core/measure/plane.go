package measure

import (
	"context"
	"fmt"
	"image"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// plane is where pixels are read from.
type plane struct {
	src    imageio.Source
	z, t   int
	failed error // the first that went wrong
	away   int   // how often in a row nobody answered
}

// patience is how often somebody who does not answer is asked again.
const patience = 3

// read reads a rectangle of a channel. Where a server is away, what is left is not waited for.
func (p *plane) read(ctx context.Context, rect image.Rectangle, c int) (*imageio.Pixels, error) {
	if p.away >= patience {
		return nil, p.failed
	}
	px, err := imageio.ReadRegion(ctx, p.src, imageio.Region{Rect: rect, C: c, Z: p.z, T: p.t})
	if err == nil {
		p.away = 0
		return px, nil
	}
	if p.failed == nil {
		p.failed = fmt.Errorf("measure channel %d: %w", c, err)
	}
	if p.away++; fault.KindOf(err) != fault.Offline {
		p.away = 0
	}
	return nil, err
}
