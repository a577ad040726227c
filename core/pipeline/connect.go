package pipeline

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// made is an output and the stage that makes it.
type made struct {
	path  string
	stage int
}

// connect finds what feeds each stage, and refuses what DVC refuses: one output of two
// stages, an output inside of another, a dvc.yaml inside of an output, and circles.
func (g *Graph) connect() error {
	var outs []made
	for i, s := range g.Stages {
		for _, o := range s.Outs {
			outs = append(outs, made{o.Path, i})
		}
	}
	byPath := slices.Clone(outs)
	slices.SortFunc(byPath, func(a, b made) int { return strings.Compare(a.path+"/", b.path+"/") })
	for i := 1; i < len(byPath); i++ { // what lies in a folder comes right after it
		a, b := byPath[i-1], byPath[i]
		if a.path == b.path || strings.HasPrefix(b.path, a.path+"/") {
			return g.invalid(fmt.Sprintf("Both %s and %s make %s.", g.Stages[a.stage].Name, g.Stages[b.stage].Name, b.path),
				"Let each make files or folders of its own.")
		}
	}
	for _, s := range g.Stages {
		if o, ok := covering(byPath, s.File); ok {
			return g.invalid(s.File+" lies in "+o.path+", which a stage makes anew.", "Move it out of there.")
		}
	}
	for i := range g.Stages {
		g.Stages[i].Upstream = g.upstream(&g.Stages[i], byPath)
	}
	return g.circle()
}

func (g *Graph) invalid(say, hint string) error { return fault.New(fault.Invalid, say, hint, nil) }

// covering returns the output that is p or that p lies in.
func covering(byPath []made, p string) (made, bool) {
	for ; p != "." && p != "/"; p = path.Dir(p) {
		i, ok := slices.BinarySearchFunc(byPath, p, func(m made, p string) int { return strings.Compare(m.path+"/", p+"/") })
		if ok {
			return byPath[i], true
		}
	}
	return made{}, false
}

// upstream lists the stages whose outputs a stage reads, in the order of what it reads.
func (g *Graph) upstream(s *Stage, byPath []made) []string {
	var names []string
	add := func(m made) {
		if n := g.Stages[m.stage].Name; !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	for _, p := range s.reads() {
		if m, ok := covering(byPath, p); ok {
			add(m)
			continue
		}
		under := p + "/"
		if p == "." {
			under = ""
		}
		i, _ := slices.BinarySearchFunc(byPath, under, func(m made, p string) int { return strings.Compare(m.path+"/", p) })
		for ; i < len(byPath) && strings.HasPrefix(byPath[i].path, under); i++ {
			add(byPath[i])
		}
	}
	return names
}

// circle refuses stages that wait for one another.
func (g *Graph) circle() error {
	const under, done = 1, 2
	state := make([]int, len(g.Stages))
	var visit func(i int, trail []string) error
	visit = func(i int, trail []string) error {
		name := g.Stages[i].Name
		trail = append(trail, name)
		switch state[i] {
		case done:
			return nil
		case under:
			trail = trail[slices.Index(trail, name):]
			return g.invalid("The stages wait for one another: "+strings.Join(trail, ", ")+".",
				"Take one of them out of the circle in dvc.yaml.")
		}
		state[i] = under
		for _, n := range g.Stages[i].Upstream {
			if err := visit(g.byID[n], trail); err != nil {
				return err
			}
		}
		state[i] = done
		return nil
	}
	for i := range g.Stages {
		if err := visit(i, nil); err != nil {
			return err
		}
	}
	return nil
}

// plan is the order in which to look at the wanted stages (none: all) and at all that they
// need, which comes first. A frozen stage needs nothing.
func (g *Graph) plan(wanted []int) []int {
	var order []int
	seen := make([]bool, len(g.Stages))
	var visit func(i int)
	visit = func(i int) {
		if seen[i] {
			return
		}
		seen[i] = true
		if !g.Stages[i].Frozen {
			for _, n := range g.Stages[i].Upstream {
				visit(g.byID[n])
			}
		}
		order = append(order, i)
	}
	if len(wanted) > 0 { // in the order of the files, as DVC does
		wanted = slices.Sorted(slices.Values(wanted))
	}
	for i := range g.Stages {
		if len(wanted) == 0 || slices.Contains(wanted, i) {
			visit(i)
		}
	}
	return order
}
