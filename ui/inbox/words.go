package inbox

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"coverslip.dev/coverslip/ui/kit"
)

// summary is the line beside the title.
func summary(all, needing int) string {
	switch {
	case all == 0:
		return ""
	case needing == 0:
		return plural(all, "capture")
	case needing == 1:
		return plural(all, "capture") + " · 1 waits for you"
	}
	return fmt.Sprintf("%s · %d wait for you", plural(all, "capture"), needing)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// listed names instruments in a sentence: up to two of them, else how many.
func listed(names []string) string {
	short := func(i int) string { return kit.Shortened(oneLine(names[i]), 180) }
	switch len(names) {
	case 0:
		return ""
	case 1:
		return short(0)
	case 2:
		return short(0) + " and " + short(1)
	}
	return plural(len(names), "instrument")
}

// oneLine is a name on one line: for what would break that, or is not seen, there is a sign.
func oneLine(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '⏎'
		}
		return r
	}, name)
}

// turn is a place in a line.
func turn(n int) string {
	ending := "th"
	if tens := n / 10 % 10; tens != 1 {
		switch n % 10 {
		case 1:
			ending = "st"
		case 2:
			ending = "nd"
		case 3:
			ending = "rd"
		}
	}
	if n == 1 {
		return "next in line"
	}
	return fmt.Sprintf("%d%s in line", n, ending)
}

// facts is the second line of a capture: its turn, objects, model, size, when.
func facts(r Row, now time.Time) string {
	var parts []string
	if r.Turn > 0 {
		parts = append(parts, turn(r.Turn))
	}
	if r.Objects >= 0 && r.Model != "" {
		parts = append(parts, plural(r.Objects, "object"))
	}
	if r.Model != "" {
		parts = append(parts, r.Model)
	}
	if r.Bytes > 0 {
		parts = append(parts, size(r.Bytes))
	}
	if !r.At.IsZero() {
		parts = append(parts, when(r.At, now))
	}
	return strings.Join(parts, " · ")
}

// size in powers of ten, as file managers show it.
func size(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n), 0
	for f >= unit && i < 4 {
		f /= unit
		i++
	}
	return fmt.Sprintf("%.3g %s", f, [...]string{"B", "kB", "MB", "GB", "TB"}[i])
}

func when(t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case t.YearDay() == now.YearDay() && t.Year() == now.Year():
		return "today " + t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}
