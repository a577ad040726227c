package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
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
}

// lockName is where the records of a dvc.yaml are.
func lockName(file string) string { return path.Join(path.Dir(file), "dvc.lock") }

// locks reads the dvc.lock files of the graph, by the dvc.yaml each belongs to.
func (g *Graph) locks() (map[string]*lockFile, error) {
	all := map[string]*lockFile{}
	for _, file := range g.Files {
		name := lockName(file)
		text, err := g.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			text, err = nil, nil
		}
		if err != nil {
			return nil, err
		}
		if all[file], err = parseLock(name, text); err != nil {
			return nil, fault.New(fault.Corrupt, name+" is damaged: "+err.Error()+".",
				"Take an older version of it from git, or delete it: then every stage runs again.", nil)
		}
	}
	return all, nil
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

// with returns the text with the entry of a stage. The rest stays as it is: only the
// stage's own lines are new.
func (l *lockFile) with(stage string, entry *object) string {
	one := newObject()
	one.set(stage, entry)
	lines := "  " + emitYAML(one, 2)
	if len(l.all.keys) == 0 {
		return "schema: '2.0'\nstages:\n" + lines
	}
	from, to, ok := l.span(stage)
	if !ok || strings.Contains(l.text, "&id0") || len(anchors(entry)) > 0 { // whose names count through the file
		return l.rewritten(stage, entry)
	}
	return l.text[:from] + lines + l.text[to:]
}

// rewritten is for a file that is not laid out as DVC does it.
func (l *lockFile) rewritten(stage string, entry *object) string {
	all := l.all.clone()
	stages := newObject()
	if old, ok := all.values["stages"].(*object); ok {
		stages = old.clone()
	}
	stages.set(stage, entry)
	all.set("stages", stages)
	return emitYAML(all, 0)
}

// span is where the lines of a stage are, or at the end of all stages where they go; not
// ok if the stages are not in lines of their own with two blanks before them.
func (l *lockFile) span(stage string) (from, to int, ok bool) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(l.text), &doc); err != nil || len(doc.Content) != 1 {
		return 0, 0, false
	}
	top := doc.Content[0]
	end := len(l.text)
	var stages *yaml.Node
	for i := 0; i+1 < len(top.Content); i += 2 {
		if stages != nil {
			end = l.line(top.Content[i].Line)
			break
		}
		if top.Content[i].Value == "stages" {
			stages = top.Content[i+1]
		}
	}
	if !strings.HasSuffix(l.text, "\n") || stages == nil || stages.Kind != yaml.MappingNode || stages.Style&yaml.FlowStyle != 0 {
		return 0, 0, false
	}
	from, to = end, end
	for i := 0; i+1 < len(stages.Content); i += 2 {
		k := stages.Content[i]
		if k.Column != 3 {
			return 0, 0, false
		}
		at := l.line(k.Line)
		if k.Value == stage {
			from = at
		} else if from != end && to == end {
			to = at
		}
	}
	return from, to, true
}

// line is where a line, counted from one, begins.
func (l *lockFile) line(n int) int {
	at := 0
	for ; n > 1; n-- {
		at += strings.IndexByte(l.text[at:], '\n') + 1
	}
	return at
}
