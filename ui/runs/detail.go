package runs

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"coverslip.dev/coverslip/ui/kit"
)

func (s *Screen) choose(id string) {
	s.chosen = id
	r := s.find(id)
	if r == nil {
		return
	}
	names := slices.Sorted(maps.Keys(r.Metrics))
	if !slices.Contains(names, s.metric) {
		s.metric = ""
		if len(names) > 0 {
			s.metric = names[0]
		}
	}
	s.pick.SetOptions(names)
	if s.metric != "" {
		s.pick.SetSelected(s.metric)
	} else {
		s.pick.ClearSelected()
	}
	s.facts.Set(runFacts(*r))
	s.show()
	s.ask()
}

// ask wants the curve of what is chosen, unless it is here.
func (s *Screen) ask() {
	s.showCurve()
	c := s.val.Curve
	if s.act.Curve != nil && s.metric != "" && (c.Run != s.chosen || c.Metric != s.metric) {
		s.act.Curve(s.chosen, s.metric)
	}
}

func (s *Screen) showCurve() {
	p := kit.Plot{XUnit: "step %s", Lines: []kit.Line{{Tone: kit.Busy}}}
	if c := s.val.Curve; c.Run == s.chosen && c.Metric == s.metric {
		p.Empty = c.Say
		for _, at := range c.Points {
			p.X, p.Lines[0].Y = append(p.X, at.Step), append(p.Lines[0].Y, at.Value)
		}
	}
	s.chart.Set(p)
}

func runFacts(r Run) []kit.Fact {
	facts := []kit.Fact{{Name: "Experiment", Value: r.Experiment}, {Name: "By", Value: r.User}}
	if took := r.Ended.Sub(r.Started).Round(time.Second); !r.Ended.IsZero() && took > 0 { // one that was written down at once took nobody knows how long
		facts = append(facts, kit.Fact{Name: "Took", Value: took.String()})
	}
	for _, k := range slices.Sorted(maps.Keys(r.Metrics)) {
		facts = append(facts, kit.Fact{Name: k, Value: strconv.FormatFloat(r.Metrics[k], 'g', 6, 64)})
	}
	for _, k := range slices.Sorted(maps.Keys(r.Params)) {
		facts = append(facts, kit.Fact{Name: k, Value: r.Params[k]})
	}
	return facts
}
