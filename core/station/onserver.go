package station

import (
	"errors"
	"strings"
	"sync"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// onServer is a model's name as a server takes it: its own, unless there is more in it than letters, digits and
// dots. A server makes a folder of it and parts of commands, so of a blank or a bracket it makes
// nothing, and may hang. Two models have two names there.
func onServer(name string) string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case '0' <= r && r <= '9', 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z', r == '.', r == '_', r == '-':
			return r
		}
		return '_'
	}, name)
	if plain == name && len(name) <= mostOfName {
		return name
	}
	return plain[:min(len(plain), mostOfName)] + "-" + digest(name)[:8]
}

// mostOfName is how much of a model's name its name on servers has: it is a folder's there.
const mostOfName = 100

// aliases are the models that were brought to servers under other names than their own. A model
// that is the server's already is called as it is. The zero value is ready.
type aliases struct {
	there sync.Map // by own name
	own   sync.Map // by the name there
}

// add notes that a model has that name on the servers.
func (a *aliases) add(own, there string) {
	if own == there {
		return
	}
	a.there.Store(own, there)
	a.own.Store(there, own)
}

// on is m by the name that it has on the servers.
func (a *aliases) on(m infer.Ref) infer.Ref {
	if name, ok := a.there.Load(m.Model); ok {
		m.Model, _ = name.(string)
	}
	return m
}

// of is m, which a server told of, by its own name.
func (a *aliases) of(m infer.Ref) infer.Ref {
	if name, ok := a.own.Load(m.Model); ok {
		m.Model, _ = name.(string)
	}
	return m
}

// said is what went wrong with a model on a server, told by the model's own name.
func (a *aliases) said(err error, model string) error {
	there := a.on(infer.Ref{Model: model}).Model
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || there == model {
		return err
	}
	return fault.New(f.Kind, strings.ReplaceAll(f.Say, there, model), strings.ReplaceAll(f.Hint, there, model), f.Err)
}
