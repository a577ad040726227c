package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"coverslip.dev/coverslip/core/fault"
)

// lockFile is a dvc.lock: the records of the stages of the dvc.yaml beside it.
type lockFile struct {
	name    string
	text    string
	all     *object // parsed
	records map[string]*record

	marks []mark // where stages begin; none: not known yet
	end   int    // where the last one ends
}

// mark is the place in a text where a stage begins.
type mark struct {
	stage string
	at    int
}

// lockName is where the records of a dvc.yaml are.
func lockName(file string) string { return path.Join(path.Dir(file), "dvc.lock") }

// locks reads the dvc.lock files of the graph, by the dvc.yaml each belongs to. Those of
// old that have not changed are taken over.
func (g *Graph) locks(old map[string]*lockFile) (map[string]*lockFile, error) {
	all := map[string]*lockFile{}
	for _, file := range g.Files {
		l, err := g.readLock(lockName(file), old[file])
		if err != nil {
			return nil, err
		}
		all[file] = l
	}
	return all, nil
}

func (g *Graph) readLock(name string, old *lockFile) (*lockFile, error) {
	text, err := g.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = nil, nil
	}
	if err != nil || old != nil && old.text == string(text) {
		return old, err
	}
	l, err := parseLock(name, text)
	if err != nil {
		return nil, fault.New(fault.Corrupt, name+" is damaged: "+err.Error()+".",
			"Take an older version of it from git, or delete it: then every stage runs again.", nil)
	}
	return l, nil
}

func parseLock(name string, text []byte) (*lockFile, error) {
	l := &lockFile{name: name, text: string(text), records: map[string]*record{}}
	v, err := parseYAML(text)
	if err != nil {
		return nil, err
	}
	var ok bool
	if l.all, ok = v.(*object); !ok && v != nil {
		return nil, fmt.Errorf("it is no mapping")
	}
	if l.all == nil {
		l.all = newObject()
	}
	if len(l.all.keys) == 0 {
		return l, nil
	}
	if schema, _ := l.all.get("schema"); schema != "2.0" {
		return nil, fmt.Errorf("its schema is not 2.0")
	}
	raw, _ := l.all.get("stages")
	stages, ok := raw.(*object)
	if raw != nil && !ok {
		return nil, fmt.Errorf("stages is no mapping")
	}
	if stages == nil {
		return l, nil
	}
	for _, k := range stages.keys {
		if l.records[k], err = parseRecord(stages.values[k]); err != nil {
			return nil, fmt.Errorf("stage %s: %w", k, err)
		}
	}
	return l, nil
}

// with returns the file with the entry of a stage. The rest stays as it is: only the
// stage's own lines are new.
func (l *lockFile) with(stage string, entry *object) (*lockFile, error) {
	if len(l.all.keys) == 0 {
		return parseLock(l.name, []byte("schema: '2.0'\nstages:\n"+lockLines(stage, entry)))
	}
	if unix := strings.ReplaceAll(l.text, "\r\n", "\n"); unix != l.text { // as git leaves it on Windows; DVC writes it so
		l, err := parseLock(l.name, []byte(unix))
		if err != nil {
			return nil, err
		}
		return l.with(stage, entry)
	}
	if len(l.marks) == 0 && !l.mark() {
		return parseLock(l.name, []byte(l.rewritten(stage, entry)))
	}
	from, to := l.span(stage)
	if len(anchors(entry)) > 0 || strings.Contains(l.text[from:to], "&id0") { // whose names count through the file
		return parseLock(l.name, []byte(l.rewritten(stage, entry)))
	}
	return l.spliced(stage, entry)
}

// lockLines are the lines of a stage.
func lockLines(stage string, entry *object) string {
	one := newObject()
	one.set(stage, entry)
	return "  " + emitYAML(one, 2)
}

// replaced is the parsed file with the entry of a stage.
func (l *lockFile) replaced(stage string, entry any) *object {
	all := l.all.clone()
	stages := newObject()
	if old, ok := all.values["stages"].(*object); ok {
		stages = old.clone()
	}
	stages.set(stage, entry)
	all.set("stages", stages)
	return all
}

// rewritten is for a file that is not laid out as DVC does it.
func (l *lockFile) rewritten(stage string, entry *object) string {
	return emitYAML(l.replaced(stage, entry), 0)
}

// spliced puts the lines of a stage where its old ones are, or behind all.
func (l *lockFile) spliced(stage string, entry *object) (*lockFile, error) {
	lines := lockLines(stage, entry)
	v, err := parseYAML([]byte(lines))
	if err != nil {
		return nil, err
	}
	o, _ := v.(*object)
	rec, err := parseRecord(o.values[stage])
	if err != nil {
		return nil, err
	}
	next := &lockFile{name: l.name, all: l.replaced(stage, o.values[stage]), records: maps.Clone(l.records), marks: slices.Clone(l.marks)}
	next.records[stage] = rec
	from, to := l.span(stage)
	if from == l.end {
		next.marks = append(next.marks, mark{stage, from})
	}
	next.text = l.text[:from] + lines + l.text[to:]
	longer := len(next.text) - len(l.text)
	next.end = l.end + longer
	for k := range next.marks {
		if next.marks[k].at > from {
			next.marks[k].at += longer
		}
	}
	return next, nil
}

// span is where the lines of a stage are; behind all, if it has none.
func (l *lockFile) span(stage string) (from, to int) {
	i := slices.IndexFunc(l.marks, func(m mark) bool { return m.stage == stage })
	switch {
	case i < 0:
		return l.end, l.end
	case i+1 < len(l.marks):
		return l.marks[i].at, l.marks[i+1].at
	}
	return l.marks[i].at, l.end
}

// mark finds where the stages begin; false if they are not in lines of their own with two
// blanks before them.
func (l *lockFile) mark() bool {
	if strings.ContainsAny(l.text, "\r\u0085\u2028\u2029") { // they end lines, too
		return false
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(l.text), &doc); err != nil || len(doc.Content) != 1 || !strings.HasSuffix(l.text, "\n") {
		return false
	}
	var lines []int // where each begins
	for at := 0; at < len(l.text); at += strings.IndexByte(l.text[at:], '\n') + 1 {
		lines = append(lines, at)
	}
	top := doc.Content[0]
	l.end = len(l.text)
	var stages *yaml.Node
	for i := 0; i+1 < len(top.Content); i += 2 {
		if stages != nil {
			l.end = lines[top.Content[i].Line-1]
			break
		}
		if top.Content[i].Value == "stages" {
			stages = top.Content[i+1]
		}
	}
	if stages == nil || stages.Kind != yaml.MappingNode || stages.Style&yaml.FlowStyle != 0 {
		return false
	}
	var marks []mark
	for i := 0; i+1 < len(stages.Content); i += 2 {
		k := stages.Content[i]
		if k.Column != 3 {
			return false
		}
		marks = append(marks, mark{k.Value, lines[k.Line-1]})
	}
	l.marks = marks
	return len(marks) > 0
}
