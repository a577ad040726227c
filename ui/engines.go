package ui

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/servers"
)

func (w *window) serversActions() servers.Actions {
	return servers.Actions{
		Check: func(string) { w.refresh() }, Settings: func() { w.shell.Open("settings") },
		Load: w.loadOn, Unload: w.unloadFrom,
	}
}

func (w *window) loadOn(id, model, version string, done func()) {
	w.longs.do(func(ctx context.Context) error {
		defer bind.Screen(done)
		return w.station.LoadOn(ctx, id, infer.Ref{Model: model, Version: version})
	})
}

func (w *window) unloadFrom(id, model string) {
	w.longs.do(func(ctx context.Context) error { return w.station.UnloadFrom(ctx, id, model) })
}

func (w *window) setServers(all map[string]station.Server) {
	defer w.strip()
	if w.shell.Page() != "servers" {
		return // filled when it is opened: a screen out of sight has the window drawn anew for nothing
	}
	mine := w.station.Queue()
	v := servers.Values{Takeover: w.station.Settings().Takeover, Mine: servers.Queue(mine)}
	serving := w.station.Serving()
	used := w.inUse(all, serving)
	for key, s := range all {
		row := server(s, serving)
		row.ID, row.InUse = key, slices.Contains(used, key)
		v.Servers = append(v.Servers, row)
	}
	order := func(id string) int { // as they are set up, then the built-in engine
		if id == "" {
			return len(all)
		}
		return slices.IndexFunc(w.station.Settings().Servers, func(s config.Server) bool { return s.Address == id })
	}
	slices.SortFunc(v.Servers, func(a, b servers.Server) int { return cmp.Compare(order(a.ID), order(b.ID)) })
	sh := w.shelf()
	for _, m := range sh.Models {
		for _, ver := range sh.Versions[m.Name] {
			v.Registered = append(v.Registered, servers.Version{Name: m.Name, Version: ver.Version})
		}
	}
	w.servers.Set(v)
}

// server is how a server is shown.
func server(s station.Server, serving []infer.Ref) servers.Server {
	row := servers.Server{
		Name: s.Name, Address: s.Address, Kind: "Triton", Asked: !s.Checked.IsZero(), Answers: s.Answers, Ready: s.Ready, Control: s.Control,
		Latency: s.Latency, OfModels: s.OfModels, Usual: s.Usual, Checked: s.Checked, Say: s.Say, Hint: s.Hint, Course: course(s.Past),
	}
	if s.Address == "" {
		row.Kind = "Built in, ONNX Runtime"
	} else if s.Answers && s.Load == nil {
		row.Silent = "It does not tell how busy it is. " + s.Untold + " Another address can be written in Settings, Servers, More."
	}
	if l := s.Load; l != nil {
		if l.Instance != "" {
			row.Kind += "; Prometheus tells how busy it is, as " + l.Instance
		}
		row.Busy = &servers.Busy{Waiting: l.Waiting, Mine: s.Mine, Left: s.Left, CPU: l.CPU, GPU: l.GPU, Memory: l.GPUUsed, Total: l.GPUMemory}
	}
	if len(s.Off) > 0 && s.Say == "" {
		row.Say, row.Hint = off(s, serving)
	}
	for _, m := range s.Models {
		row.Models = append(row.Models, servedModel(m, s.Tested, serving))
	}
	return row
}

// off says what follows from that a person took models off a server.
func off(s station.Server, serving []infer.Ref) (say, hint string) {
	names, was, it := strings.Join(s.Off, ", "), "The model "+s.Off[0]+" was", "it is"
	if len(s.Off) > 1 {
		was, it = "The models "+names+" were", "they are"
	}
	say = was + " unloaded here by hand."
	if idle(s, serving) {
		return say, "Captures are not predicted on this server until " + it + " loaded again."
	}
	return say, "Captures are not predicted with " + names + " on this server until " + it + " loaded again; with other models they are."
}

// idle reports whether all models that captures are predicted with were taken off a server.
func idle(s station.Server, serving []infer.Ref) bool {
	return len(s.Off) > 0 && !slices.ContainsFunc(serving, func(m infer.Ref) bool { return !slices.Contains(s.Off, m.Model) })
}

func servedModel(m infer.Status, tested map[string]infer.Verdict, serving []infer.Ref) servers.Model {
	x := servers.Model{Name: m.Model, Version: m.Version, Serving: m.Ready && slices.Contains(serving, m.Ref)}
	switch {
	case m.Ready:
		x.State = servers.Ready
	case m.Loading:
		x.State = servers.Loading
	case m.Failed:
		x.State = servers.Failed
		x.Why, _, _ = strings.Cut(m.Why, "\n") // the rest is a traceback
	}
	if v, ok := tested[m.String()]; ok {
		x.Test, x.Passed = v.Say, v.Passed
	}
	return x
}

func course(past []station.Moment) servers.Course {
	var c servers.Course
	for _, m := range past {
		c.At = append(c.At, m.At.Local())
		c.Answered, c.Failed = append(c.Answered, m.Answered), append(c.Failed, m.Failed)
		c.Each, c.Queued = append(c.Each, m.Each), append(c.Queued, m.Queued)
		c.Waiting = append(c.Waiting, m.Waiting)
		c.CPU, c.GPU = append(c.CPU, m.CPU), append(c.GPU, m.GPU)
	}
	return c
}

// inUse are the keys of the engines that predictions go to now, none if they wait.
func (w *window) inUse(all map[string]station.Server, serving []infer.Ref) []string {
	var used []string
	set := w.station.Settings()
	for _, s := range set.Servers {
		if v := all[s.Address]; v.Ready && !idle(v, serving) {
			used = append(used, s.Address)
		}
	}
	if len(used) == 0 && (len(set.Servers) == 0 || set.Takeover) {
		return []string{""}
	}
	return used
}
