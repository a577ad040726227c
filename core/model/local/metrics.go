package local

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

// point is a line of metrics.jsonl.
type point struct {
	Name  string `json:"name"`
	Value number `json:"value"`
	Step  int64  `json:"step"`
	At    int64  `json:"at"` // Unix time in ms, as MLflow has it
}

// number is a float64 that JSON can hold even where it is no number: as a string then.
type number float64

// MarshalJSON writes "NaN", "+Inf" and "-Inf" as strings.
func (n number) MarshalJSON() ([]byte, error) {
	s := strconv.FormatFloat(float64(n), 'g', -1, 64)
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		s = strconv.Quote(s)
	}
	return []byte(s), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *number) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(string(bytes.Trim(b, `"`)), 64)
	*n = number(f)
	return err
}

func (p point) metric() model.Metric {
	return model.Metric{Name: p.Name, Value: float64(p.Value), Step: p.Step, At: time.UnixMilli(p.At).UTC()}
}

// Log appends values to a run. The same value twice counts once, so that a caller may try
// again.
func (s *Store) Log(ctx context.Context, run string, ms ...model.Metric) error {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for _, m := range ms {
		if m.Name == "" {
			return fault.New(fault.Invalid, "A metric has no name.", "Name it.", nil)
		}
		if m.At.IsZero() {
			m.At = time.Now()
		}
		if err := enc.Encode(point{m.Name, number(m.Value), m.Step, m.At.UnixMilli()}); err != nil {
			return err
		}
	}
	return s.writing(ctx, func() error {
		if _, err := s.run(run); err != nil {
			return err
		}
		if err := appendLines(s.path(runsDir, run, "metrics.jsonl"), lines.Bytes()); err != nil {
			return fmt.Errorf("log metrics: %w", err)
		}
		return nil
	})
}

// appendLines appends whole lines, after it has taken away what a crash cut off.
func appendLines(path string, lines []byte) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644) //nolint:gosec // a lab shares it
	if err != nil {
		return err
	}
	end, err := wholeLines(f)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.WriteAt(lines, end)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// wholeLines returns where the last whole line of f ends.
func wholeLines(f *os.File) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	buf := make([]byte, 4096)
	for err == nil && end > 0 {
		from := max(0, end-int64(len(buf)))
		b := buf[:end-from]
		if _, err = f.ReadAt(b, from); err != nil {
			break
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			return from + int64(i) + 1, nil
		}
		end = from
	}
	return end, err
}

// History returns all values of a metric, by step; none if the run has no such metric.
func (s *Store) History(ctx context.Context, run, metric string) ([]model.Metric, error) {
	if err := live(ctx, "history"); err != nil {
		return nil, err
	}
	if _, err := s.run(run); err != nil {
		return nil, err
	}
	var ps []point
	_, err := s.points(run, 0, func(p point) {
		if p.Name == metric {
			ps = append(ps, p)
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(ps, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.Step, b.Step), cmp.Compare(a.At, b.At), cmp.Compare(a.Value, b.Value))
	})
	ps = slices.CompactFunc(ps, func(a, b point) bool {
		return a.Step == b.Step && a.At == b.At && cmp.Compare(a.Value, b.Value) == 0 // NaN equals NaN here
	})
	out := make([]model.Metric, len(ps))
	for i, p := range ps {
		out[i] = p.metric()
	}
	return out, nil
}

// points reads the metrics of a run from an offset on and returns where the last whole
// line ends. What follows that is still being written.
func (s *Store) points(run string, from int64, each func(point)) (int64, error) {
	f, err := os.Open(s.path(runsDir, run, "metrics.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return from, nil
	}
	if err != nil {
		return from, fmt.Errorf("read metrics: %w", err)
	}
	defer f.Close() //nolint:errcheck // was only read
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return from, fmt.Errorf("read metrics: %w", err)
	}
	for r := bufio.NewReaderSize(f, 64<<10); ; {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return from, nil
		}
		if err != nil {
			return from, fmt.Errorf("read metrics: %w", err)
		}
		var p point
		if err := json.Unmarshal(line, &p); err != nil {
			return from, fault.New(fault.Corrupt, "The metrics of a run in this workspace are damaged.",
				"Restore the file from a backup.", fmt.Errorf("run %s at byte %d: %w", run, from, err))
		}
		each(p)
		from += int64(len(line))
	}
}

// tail is what is known of a run's metrics: they only grow, so only the rest is read.
type tail struct {
	read int64
	last map[string]point
}

// last returns the last value of each metric of a run: that of the highest step.
func (s *Store) last(run string) (map[string]float64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tails[run]
	if t == nil {
		t = &tail{last: map[string]point{}}
		s.tails[run] = t
	}
	var err error
	t.read, err = s.points(run, t.read, func(p point) {
		l, ok := t.last[p.Name]
		if !ok || cmp.Or(cmp.Compare(p.Step, l.Step), cmp.Compare(p.At, l.At)) >= 0 {
			t.last[p.Name] = p
		}
	})
	if err != nil {
		return nil, err
	}
	out := make(map[string]float64, len(t.last))
	for name, p := range t.last {
		out[name] = float64(p.Value)
	}
	return out, nil
}
