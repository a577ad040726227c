package servers

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"coverslip.dev/coverslip/ui/kit"
)

// Course is how a server did at its last checks, the oldest first; all have as many values,
// NaN where nobody knows.
type Course struct {
	At               []time.Time
	Answered, Failed []float64 // requests a second
	Each, Queued     []float64 // seconds that a request took, and waited in the queue
	Waiting          []float64 // requests, anybody's
	CPU, GPU         []float64 // 0…1
}

// charts draw a course.
type charts struct {
	each [6]*kit.Chart
	grid *fyne.Container
}

func newCharts() *charts {
	c := &charts{grid: container.NewGridWithColumns(3)}
	for i := range c.each {
		c.each[i] = kit.NewChart()
		c.grid.Add(container.NewStack(kit.NewGap(0, 150), c.each[i]))
	}
	return c
}

func (c *charts) set(v Course) {
	x := make([]float64, len(v.At))
	at := time.Local
	for i, t := range v.At {
		x[i], at = float64(t.Unix()), t.Location()
	}
	for i, p := range []kit.Plot{
		{Title: "Requests", Unit: "/s", Top: 1, Lines: []kit.Line{{Tone: kit.Busy, Y: v.Answered}}},
		{Title: "Time of a request", Unit: "ms", Top: 1, Empty: "Nothing was asked yet", Lines: []kit.Line{{Tone: kit.Busy, Y: times(v.Each, 1000)}}},
		{Title: "Of that, in the queue", Unit: "ms", Top: 1, Empty: "Nothing was asked yet", Lines: []kit.Line{{Tone: kit.Held, Y: times(v.Queued, 1000)}}},
		{Title: "Requests that wait", Top: 2, Lines: []kit.Line{{Tone: kit.Held, Y: v.Waiting}}},
		{Title: "Failures", Unit: "/min", Top: 2, Lines: []kit.Line{{Tone: kit.Bad, Y: times(v.Failed, 60)}}},
		{Title: "Processors", Unit: "%", Top: 100, Lines: []kit.Line{{Name: "CPU", Tone: kit.Neutral, Y: times(v.CPU, 100)}, {Name: "GPU", Tone: kit.Busy, Y: times(v.GPU, 100)}}},
	} {
		p.X, p.Clock, p.Zero = x, at, true
		c.each[i].Set(p)
	}
}

func times(v []float64, k float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = k * x
	}
	return out
}
