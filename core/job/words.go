package job

import (
	"fmt"
	"strings"
	"time"
)

// settled is how long work must have run before its rate says anything.
const settled = 2 * time.Second

// Rate returns how many units a second the job has done so far, 0 while that says nothing.
func (j Job) Rate(now time.Time) float64 {
	if !j.Ended.IsZero() {
		now = j.Ended
	}
	took := now.Sub(j.Started)
	if j.Started.IsZero() || took < settled && j.Ended.IsZero() || took <= 0 {
		return 0
	}
	return float64(j.Done) / took.Seconds()
}

// Left returns how long the job will still run at its rate, 0 where nobody knows.
func (j Job) Left(now time.Time) time.Duration {
	rate := j.Rate(now)
	if rate <= 0 || j.Total <= j.Done || !j.Ended.IsZero() {
		return 0
	}
	return time.Duration(float64(j.Total-j.Done) / rate * float64(time.Second))
}

// Words says how far a transfer is, such as "3 of 12 files · 45 MB of 310 MB · 23 MB/s ·
// 12 s left"; empty for other work.
func (j Job) Words(now time.Time) string {
	if j.AllFiles == 0 {
		return ""
	}
	parts := []string{fmt.Sprintf("%d of %d files", j.Files, j.AllFiles)}
	if j.Total > 0 {
		parts = append(parts, Bytes(j.Done)+" of "+Bytes(j.Total))
	}
	if rate := j.Rate(now); rate > 0 {
		parts = append(parts, Bytes(int64(rate))+"/s")
	}
	if left := j.Left(now); left > 0 {
		parts = append(parts, left.Round(time.Second).String()+" left")
	}
	return strings.Join(parts, " · ")
}

// Bytes writes a number of bytes in decimal units, as disks are sold.
func Bytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	v, i := float64(n), 0
	for v >= 999.5 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	switch {
	case i == 0:
		return fmt.Sprintf("%d B", n)
	case v < 10:
		return fmt.Sprintf("%.1f %s", v, units[i])
	}
	return fmt.Sprintf("%.0f %s", v, units[i])
}
