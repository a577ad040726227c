package models

import (
	"slices"
	"strings"

	"coverslip.dev/coverslip/ui/kit"
)

// stamp is a time; where a column has no room for it, day.
const stamp, day = "2006-01-02 15:04", "2006-01-02"

func (s *Screen) chosen() (Model, Version) {
	var m Model
	for _, x := range s.val.Models {
		if x.Name == s.model {
			m = x
		}
	}
	for _, v := range m.Versions {
		if v.Number == s.version {
			return m, v
		}
	}
	return m, Version{}
}

func (s *Screen) chooseModel(i int) {
	if i < len(s.listed) && s.listed[i].Name != s.model {
		s.model, s.version = s.listed[i].Name, ""
		s.show()
	}
}

func (s *Screen) chooseVersion(i int) {
	if m, _ := s.chosen(); i < len(m.Versions) {
		s.version = m.Versions[i].Number
		s.show()
	}
}

// show puts the values and what is chosen onto the screen.
func (s *Screen) show() {
	if m, _ := s.chosen(); m.Name == "" && len(s.val.Models) > 0 {
		s.model, s.version = s.val.Models[0].Name, ""
	}
	s.showNames()
	m, _ := s.chosen()
	if s.version == "" && len(m.Versions) > 0 {
		s.version = m.Versions[0].Number
	}
	s.showVersions(m)
	s.showHistory(m)
	s.showChosen()
}

// showNames lists the models that have every word of the filter in their names. The one that is chosen stays so.
func (s *Screen) showNames() {
	s.listed = nil
	for _, m := range s.val.Models {
		name := strings.ToLower(m.Name)
		if !slices.ContainsFunc(strings.Fields(s.filter), func(word string) bool { return !strings.Contains(name, word) }) {
			s.listed = append(s.listed, m)
		}
	}
	at := slices.IndexFunc(s.listed, func(m Model) bool { return m.Name == s.model })
	rows := make([][]kit.Cell, len(s.listed))
	for i, m := range s.listed {
		rows[i] = []kit.Cell{{Text: m.Name, Strong: i == at}}
	}
	shown(s.none, len(rows) == 0)
	s.names.Set(rows, at)
}

func (s *Screen) showVersions(m Model) {
	at := -1
	rows := make([][]kit.Cell, len(m.Versions))
	for i, v := range m.Versions {
		if v.Number == s.version {
			at = i
		}
		var tags []kit.Tag
		for _, a := range v.Aliases {
			tags = append(tags, kit.Tag{Text: a, Tone: aliasTone(a)})
		}
		if v.Stage != "" && v.Stage != "None" {
			tags = append(tags, kit.Tag{Text: "stage " + v.Stage})
		}
		rows[i] = []kit.Cell{
			{Text: v.Number, Strong: true}, {Tags: tags}, {Text: v.Created.Format(day)}, {Text: v.Run, Quiet: true}, {Text: join(v.Metrics)},
		}
	}
	s.versions.Set(rows, at)
}

func aliasTone(a string) kit.Tone {
	switch a {
	case "champion":
		return kit.Good
	case "challenger":
		return kit.Held
	}
	return kit.Neutral
}

func join(fs []kit.Fact) string {
	parts := make([]string, len(fs))
	for i, f := range fs {
		parts[i] = f.Name + " " + f.Value
	}
	return strings.Join(parts, " · ")
}

func (s *Screen) showHistory(m Model) {
	rows := make([][]kit.Cell, len(m.History))
	for i, h := range m.History {
		from := h.From
		if from == "" {
			from = "none"
		}
		var tags []kit.Tag
		if h.Back {
			tags = append(tags, kit.Tag{Text: "back", Tone: kit.Held})
		}
		if h.Outside {
			tags = append(tags, kit.Tag{Text: "outside", Tone: kit.Bad})
		}
		rows[i] = []kit.Cell{
			{Text: h.At.Format(stamp)}, {Text: h.Who}, {Text: moved(h.Alias, from, h.To), Tags: tags}, {Text: h.Why},
		}
	}
	shown(s.history, len(rows) > 0)
	shown(s.never, len(rows) == 0)
	s.history.Set(rows, -1)
}

// chooseMove shows a promotion in full: the reason is longer than its column.
func (s *Screen) chooseMove(i int) {
	if m, _ := s.chosen(); i < len(m.History) {
		h := m.History[i]
		s.facts.Set([]kit.Fact{
			{Name: "When", Value: h.At.Format(stamp)},
			{Name: "Who", Value: h.Who},
			{Name: h.Alias, Value: moved("champion", h.From, h.To)},
			{Name: "Why", Value: h.Why},
		})
	}
}

// moved leaves the champion unnamed: it is what mostly moves.
func moved(alias, from, to string) string {
	if alias != "champion" {
		return alias + " " + from + " to " + to
	}
	return from + " to " + to
}

func (s *Screen) showChosen() {
	m, v := s.chosen()
	s.title.SetText(m.Name)
	if m.Description != "" {
		s.title.SetText(m.Name + " — " + m.Description)
	}
	facts := []kit.Fact{{Name: "Version", Value: v.Number}, {Name: "Created", Value: v.Created.Format(stamp)}, {Name: "By", Value: v.By}, {Name: "Run", Value: v.Run}}
	s.facts.Set(append(append(facts, v.Metrics...), v.Facts...))
	busy := s.val.Progress != ""
	if busy || v.Number == "" || slices.Contains(v.Aliases, "champion") || s.act.Promote == nil {
		s.promote.Disable()
	} else {
		s.promote.Enable()
	}
	if busy || !hasAlias(m, "previous") || s.act.RollBack == nil {
		s.back.Disable()
	} else {
		s.back.Enable()
	}
}

func hasAlias(m Model, alias string) bool {
	return slices.ContainsFunc(m.Versions, func(v Version) bool { return slices.Contains(v.Aliases, alias) })
}

func holder(m Model, alias string) string {
	for _, v := range m.Versions {
		if slices.Contains(v.Aliases, alias) {
			return v.Number
		}
	}
	return ""
}

func (s *Screen) askPromote() {
	m, v := s.chosen()
	now := "No version is in force yet."
	if h := holder(m, "champion"); h != "" {
		now = "Version " + h + " is in force now."
	}
	kit.AskReason(s, kit.Question{
		Title:    "Promote " + m.Name + " version " + v.Number + "?",
		Sentence: now + " The new one is loaded on the server and must answer a probe before the alias moves.",
		Hold:     "Why is it better? The reason stays in the history.", Button: "Promote",
	}, func(reason string) { s.act.Promote(m.Name, v.Number, reason) })
}

func (s *Screen) askBack() {
	m, _ := s.chosen()
	kit.AskReason(s, kit.Question{
		Title:    "Roll " + m.Name + " back to version " + holder(m, "previous") + "?",
		Sentence: "It is loaded and probed like any other version before the alias moves.",
		Hold:     "What is wrong with the one in force?", Button: "Roll back", Danger: true,
	}, func(reason string) { s.act.RollBack(m.Name, reason) })
}
