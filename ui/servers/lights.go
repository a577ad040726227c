package servers

import (
	"fmt"
	"time"

	"coverslip.dev/coverslip/ui/kit"
)

// light is one answer to what a person wants to know of a server.
type light struct {
	say  string
	tone kit.Tone
}

// lights are whether it answers, whether a model is ready, how much of mine and of others
// waits, whether it is as quick as usual, and how busy its processors are. What is unknown
// has no light.
func lights(v Server, mine Queue) []light {
	switch {
	case !v.Asked:
		return []light{{"not asked yet", kit.Neutral}}
	case !v.Answers:
		return []light{{"does not answer", kit.Bad}}
	}
	out := []light{{"answers", kit.Good}, ready(v.Models)}
	if !v.Ready {
		out[1] = light{"not ready for captures", kit.Bad}
	}
	if v.InUse {
		out = append(out, queue(mine))
	}
	if v.Busy != nil {
		if l, some := others(*v.Busy); some {
			out = append(out, l)
		}
	}
	if v.Latency > 0 && v.Address != "" {
		out = append(out, speed(v))
	}
	if v.Busy != nil {
		if l, known := processors(*v.Busy); known {
			out = append(out, l)
		}
	}
	return out
}

func ready(models []Model) light {
	n := 0
	for _, m := range models {
		if m.State == Ready {
			n++
		}
	}
	switch n {
	case 0:
		return light{"no model is ready", kit.Held}
	case 1:
		return light{"a model is ready", kit.Good}
	}
	return light{fmt.Sprintf("%d models are ready", n), kit.Good}
}

// patient is how long people wait without asking what is going on.
const patient = time.Minute

// queue says how many of this workspace's captures are to be predicted.
func queue(q Queue) light {
	l := light{"none of your captures waits", kit.Good}
	switch n := q.Running + q.Waiting; n {
	case 0:
		return l
	case 1:
		l.say = "1 of your captures is left"
	default:
		l.say = fmt.Sprintf("%d of your captures are left", n)
	}
	if q.Left >= time.Second {
		l.say += ", about " + span(q.Left)
	}
	if q.Left > patient {
		l.tone = kit.Held
	}
	return l
}

// others says how much waits on the server that is not this program's.
func others(b Busy) (l light, some bool) {
	n := b.Waiting - b.Mine
	if n <= 0 {
		return l, false
	}
	l = light{fmt.Sprintf("%d requests of others wait", n), kit.Neutral}
	if n == 1 {
		l.say = "a request of others waits"
	}
	if b.Left >= time.Second {
		l.say += ", about " + span(b.Left)
	}
	if b.Left > patient {
		l.tone = kit.Held
	}
	return l, true
}

// span is a time in words, as exact as a guess deserves.
func span(d time.Duration) string {
	if d < 90*time.Second {
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f min", d.Minutes())
}

// speed compares with what is usual: three times as long is slow, if anybody notices it. It is
// that of models, where one was asked of late.
func speed(v Server) light {
	what := "a check takes "
	if v.OfModels {
		what = "models take "
	}
	what += millis(v.Latency)
	switch {
	case v.Usual == 0:
		return light{what, kit.Neutral}
	case v.Latency > 3*v.Usual && v.Latency > 200*time.Millisecond:
		return light{"slow: " + what + ", usually " + millis(v.Usual), kit.Held}
	}
	return light{what + ", as usual", kit.Good}
}

func millis(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// full is the share from which on a processor or its memory is the limit.
const full = 0.95

func processors(b Busy) (l light, known bool) {
	l.tone = kit.Good
	switch {
	case b.GPU >= 0:
		l.say = fmt.Sprintf("GPU %.0f %% busy", 100*b.GPU)
		if b.Total > 0 {
			l.say += fmt.Sprintf(", %.1f of %.0f GB", float64(b.Memory)/1e9, float64(b.Total)/1e9)
		}
	case b.CPU >= 0:
		l.say = fmt.Sprintf("CPU %.0f %% busy", 100*b.CPU)
	default:
		return l, false
	}
	if max(b.GPU, 0) > full || b.GPU < 0 && b.CPU > full || b.Total > 0 && float64(b.Memory) > full*float64(b.Total) {
		l.tone = kit.Held
	}
	return l, true
}
