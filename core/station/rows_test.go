package station

import (
	"context"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/job"
)

// TestRowsAreBytes has the rows of an image that is written told as bytes, of which all are known
// once, and not as files.
func TestRowsAreBytes(t *testing.T) {
	info := imageio.Info{Type: imageio.Uint16, Levels: make([]imageio.Level, 1)}
	info.Levels[0].Size.X = 10
	var jobs job.Runner
	_ = jobs.Do(t.Context(), "pyramid", "", func(_ context.Context, p *job.Progress) error {
		told := rows(info, p)
		for _, done := range []int64{4, 8, 9} {
			told(done, 9)
		}
		return nil
	})
	for _, j := range jobs.Jobs.All() {
		if j.Done != 180 || j.Total != 180 || j.AllFiles != 0 {
			t.Errorf("%d of %d bytes, %d files", j.Done, j.Total, j.AllFiles)
		}
	}
}
