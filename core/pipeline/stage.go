package pipeline

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Stage is a step of a pipeline: a command, what it reads, and what it makes. Paths are
// relative to the dataset's folder. A .dvc file is one, too, without a command.
type Stage struct {
	Name   string // as the dvc program calls it: train, or sub/dvc.yaml:train
	File   string // the dvc.yaml or .dvc file
	Desc   string
	Dir    string // where the commands run
	Cmd    []string
	Deps   []Dep
	Params []Params
	Outs   []Out
	Frozen bool   // not to be run
	Always bool   // to be run each time
	Group  string // the foreach or matrix that it comes from
	// Upstream are the stages that make what it reads, and the .dvc files that version it.
	Upstream []string

	key string // its name in the dvc.yaml
	cmd any    // as the lock file has it: a text or a list
}

// Dep is a file or folder that a stage reads.
type Dep struct {
	Path    string
	Outside bool // it is not in the dataset

	as string // as written in the dvc.yaml
}

// Params are the values of a parameter file that a stage depends on.
type Params struct {
	Path string
	Keys []string // none: all of the file

	as string // from the stage's folder
}

// Out is a file or folder that a stage makes.
type Out struct {
	Path    string
	Kind    string // "out", "metric" or "plot"
	Cached  bool   // versioned by DVC; else git does that
	Persist bool   // not removed before the stage runs
	Stays   bool   // pushed nowhere
	Remote  string // the only one that it goes to; empty: any

	as string // as written in the dvc.yaml
}

// source reports whether it is a .dvc file.
func (s *Stage) source() bool { return s.cmd == nil }

// callback reports whether the stage is nothing but a command.
func (s *Stage) callback() bool { return len(s.Deps)+len(s.Params)+len(s.Outs) == 0 }

// reads are the paths in the dataset that it reads.
func (s *Stage) reads() []string {
	var all []string
	for _, d := range s.Deps {
		if !d.Outside {
			all = append(all, d.Path)
		}
	}
	for _, p := range s.Params {
		all = append(all, p.Path)
	}
	return all
}

// writes are the paths that it makes.
func (s *Stage) writes() []string {
	var all []string
	for _, o := range s.Outs {
		all = append(all, o.Path)
	}
	return all
}

// joinPath joins like path.Join, but an absolute name stays what it is.
func joinPath(dir, name string) string {
	if path.IsAbs(name) || filepath.IsAbs(name) {
		return name
	}
	return path.Join(dir, name)
}

// inside reports whether a path names something in the dataset that stages may use.
func inside(p string) bool {
	if !fs.ValidPath(p) || strings.ContainsAny(p, "\x00\n\r") || !filepath.IsLocal(filepath.FromSlash(p)) {
		return false
	}
	for part := range strings.SplitSeq(strings.ToLower(p), "/") {
		if part == ".git" || part == ".dvc" {
			return false
		}
	}
	return true
}

func (d definition) stage(file string) (*Stage, error) {
	s := &Stage{Name: d.name, File: file, Dir: d.dir, key: d.name, Group: d.group}
	if file != "dvc.yaml" {
		s.Name = file + ":" + d.name
	}
	if !validName(d.name) {
		return nil, fmt.Errorf("the name %q holds signs that a stage's name can't have", d.name)
	}
	if !inside(d.dir) {
		return nil, fmt.Errorf("its folder %s is outside of the dataset", d.dir)
	}
	var err error
	if s.Cmd, s.cmd, err = command(d.body); err != nil {
		return nil, err
	}
	s.Desc, _ = d.body.values["desc"].(string)
	s.Frozen, _ = d.body.values["frozen"].(bool)
	s.Always, _ = d.body.values["always_changed"].(bool)
	if err := s.readDeps(d.body); err != nil {
		return nil, err
	}
	for _, k := range []string{"outs", "metrics", "plots"} {
		if err := s.readOuts(d.body, k); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// validName reports whether a stage may have the name. DVC refuses more signs when it adds
// a stage, but not when it reads one.
func validName(name string) bool {
	return name != "" && !strings.ContainsAny(name, "\n\r\x00\u0085\u2028\u2029")
}

// command returns the commands one by one, and as they were written.
func command(body *object) (lines []string, as any, err error) {
	v, _ := body.get("cmd")
	switch x := v.(type) {
	case string:
		if strings.TrimSpace(x) == "" {
			return nil, nil, fmt.Errorf("cmd is missing")
		}
		text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(x)
		return strings.Split(strings.TrimSuffix(text, "\n"), "\n"), x, nil
	case []any:
		for _, e := range x {
			line, ok := e.(string)
			if !ok {
				return nil, nil, fmt.Errorf("a command is no text")
			}
			lines = append(lines, line)
		}
		if len(lines) > 0 {
			return lines, x, nil
		}
	}
	return nil, nil, fmt.Errorf("cmd is missing")
}

// named reports whether a file has the name of a pipeline or of versioned data.
func named(p string) bool { return path.Base(p) == "dvc.yaml" || strings.HasSuffix(p, ".dvc") }

// listOf returns the list under a key; none if the key is missing.
func listOf(body *object, key string) ([]any, error) {
	v, _ := body.get(key)
	list, ok := v.([]any)
	if v != nil && !ok {
		return nil, fmt.Errorf("%s is no list", key)
	}
	return list, nil
}

func (s *Stage) readDeps(body *object) error {
	deps, err := listOf(body, "deps")
	if err != nil {
		return err
	}
	for _, v := range deps {
		as, ok := v.(string)
		if !ok || as == "" {
			return fmt.Errorf("an entry of deps is no path")
		}
		d := Dep{Path: joinPath(s.Dir, as), as: as}
		d.Outside = strings.Contains(as, "://") || !inside(d.Path)
		if named(as) {
			return fmt.Errorf("%s is DVC's own, and so nothing that a stage reads", as)
		}
		s.Deps = append(s.Deps, d)
	}
	params, err := listOf(body, "params")
	if err != nil {
		return err
	}
	for _, v := range params {
		if err := s.readParams(v); err != nil {
			return err
		}
	}
	slices.SortStableFunc(s.Params, func(a, b Params) int { // as the lock file has them
		if first := boolInt(b.as == "params.yaml") - boolInt(a.as == "params.yaml"); first != 0 {
			return first
		}
		return strings.Compare(a.as, b.as)
	})
	return nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// readParams takes over an entry of params: a key of params.yaml, or files with their keys.
func (s *Stage) readParams(v any) error {
	if key, ok := v.(string); ok {
		s.addParams("params.yaml", []any{key})
		return nil
	}
	files, ok := v.(*object)
	if !ok {
		return fmt.Errorf("an entry of params is neither a key nor a file")
	}
	for _, name := range files.keys {
		keys, ok := files.values[name].([]any)
		if files.values[name] != nil && !ok {
			return fmt.Errorf("the keys of %s are no list", name)
		}
		if !inside(joinPath(s.Dir, name)) {
			return fmt.Errorf("the parameter file %s is outside of the dataset", name)
		}
		s.addParams(name, keys)
	}
	return nil
}

// addParams joins the entries of one file; one without keys stands for all of it.
func (s *Stage) addParams(name string, keys []any) {
	p := Params{Path: joinPath(s.Dir, name), as: name}
	for _, k := range keys {
		p.Keys = append(p.Keys, plainText(k))
	}
	i := slices.IndexFunc(s.Params, func(old Params) bool { return old.as == p.as })
	switch {
	case i < 0:
		s.Params = append(s.Params, p)
	case len(p.Keys) == 0:
		s.Params[i].Keys = nil
	case len(s.Params[i].Keys) > 0:
		for _, k := range p.Keys {
			if !slices.Contains(s.Params[i].Keys, k) {
				s.Params[i].Keys = append(s.Params[i].Keys, k)
			}
		}
	}
}

func (s *Stage) readOuts(body *object, key string) error {
	list, err := listOf(body, key)
	if err != nil {
		return err
	}
	for _, v := range list {
		switch x := v.(type) {
		case string:
			err = s.addOut(x, newObject(), key)
		case *object:
			err = s.addOuts(x, key)
		default:
			err = fmt.Errorf("an entry of %s is no path", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addOuts takes over outputs with options.
func (s *Stage) addOuts(o *object, key string) error {
	for _, as := range o.keys {
		flags, ok := o.values[as].(*object)
		if !ok {
			return fmt.Errorf("%s of %s is no mapping", as, key)
		}
		if err := s.addOut(as, flags, key); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) addOut(as string, flags *object, key string) error {
	o := Out{Path: joinPath(s.Dir, as), Kind: strings.TrimSuffix(key, "s"), Cached: true, as: as}
	if as == "" || strings.Contains(as, "://") || !inside(o.Path) || o.Path == "." {
		return fmt.Errorf("it would make %q, which is outside of the dataset", as)
	}
	if base := path.Base(o.Path); named(base) || base == "dvc.lock" || base == ".gitignore" || base == ".dvcignore" {
		return fmt.Errorf("it would make %q, which is DVC's or git's own", as)
	}
	i := slices.IndexFunc(s.Outs, func(old Out) bool { return old.as == as && old.Kind == o.Kind })
	if i < 0 {
		i = len(s.Outs)
		s.Outs = append(s.Outs, o)
	}
	if b, ok := flags.values["cache"].(bool); ok {
		s.Outs[i].Cached = b
	}
	if b, ok := flags.values["push"].(bool); ok {
		s.Outs[i].Stays = !b
	}
	if name, ok := flags.values["remote"].(string); ok {
		s.Outs[i].Remote = name
	}
	if b, ok := flags.values["persist"].(bool); ok {
		s.Outs[i].Persist = b
	}
	return nil
}
