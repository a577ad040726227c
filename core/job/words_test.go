package job

import (
	"testing"
	"time"
)

func TestWords(t *testing.T) {
	start := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	j := Job{Started: start, Done: 46e6, Total: 310e6, Files: 3, AllFiles: 12}
	for _, c := range []struct {
		after time.Duration
		want  string
	}{
		{time.Second, "3 of 12 files · 46 MB of 310 MB"},
		{2 * time.Second, "3 of 12 files · 46 MB of 310 MB · 23 MB/s · 11s left"},
	} {
		if got := j.Words(start.Add(c.after)); got != c.want {
			t.Errorf("after %v: %q, not %q", c.after, got, c.want)
		}
	}
	j.Done, j.Files, j.Ended = 310e6, 12, start.Add(10*time.Second)
	if got := j.Words(start.Add(time.Hour)); got != "12 of 12 files · 310 MB of 310 MB · 31 MB/s" {
		t.Errorf("ended: %q", got)
	}
	if got := (Job{Done: 3, Total: 4}).Words(start); got != "" {
		t.Errorf("no transfer: %q", got)
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_600: "1.0 MB", 12_345_678: "12 MB", 4 << 40: "4.4 TB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %q, not %q", n, got, want)
		}
	}
}
