package station

import (
	"context"
	"log/slog"

	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/health"
)

// tellTroubles writes to the log what is on the board, and what has gone from it: without a window
// nobody sees that.
func (s *Station) tellTroubles(ctx context.Context) error {
	said := map[string]health.Trouble{}
	return s.board.Troubles.Watch(ctx, func(news []event.Change[string, health.Trouble]) error {
		for _, c := range news {
			was, known := said[c.Key]
			switch {
			case c.Gone && known:
				s.log.WarnContext(ctx, "trouble is over", slog.String("title", was.Title), slog.String("was", was.Say))
				delete(said, c.Key)
			case !c.Gone && (!known || was.Say != c.Value.Say):
				s.log.WarnContext(ctx, "trouble", slog.String("title", c.Value.Title), slog.String("say", c.Value.Say), slog.String("hint", c.Value.Hint))
				said[c.Key] = c.Value
			}
		}
		return nil
	})
}

// tellHeld writes to the log that a capture is held for a reason. The quiet before each is none, nor is
// a file that the instrument has only made so far.
func (s *Station) tellHeld(g Sighting) {
	if g.Hint != "" && g.Size > 0 {
		s.log.Warn("capture is held", slog.String("path", g.Path), slog.String("say", g.Say), slog.String("hint", g.Hint))
	}
}
