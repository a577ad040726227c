package station

import (
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/measure"
)

// TestTrackTableKnowsTheTime where the image says how long it is from one time point to the next; where
// it does not, none is made up.
func TestTrackTableKnowsTheTime(t *testing.T) {
	rows := []measure.Row{{Object: annotation.Object{Track: 1}, X: 4, Y: 5, Area: 6, Channels: make([]measure.Intensity, 1)}}
	for every, want := range map[time.Duration]string{0: "1,3,,4,5,6,0,0", 500 * time.Millisecond: "1,3,1.5,4,5,6,0,0"} {
		var b strings.Builder
		table := newTrackTable(&b, imageio.Info{Interval: every})
		if err := table.write(3, rows); err != nil {
			t.Fatal(err)
		}
		if err := table.end(); err != nil || !strings.HasSuffix(b.String(), "\n"+want+"\n") {
			t.Errorf("every %v: %q, want %q, %v", every, b.String(), want, err)
		}
	}
}
