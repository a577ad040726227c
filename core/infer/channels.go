package infer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
)

// Named are the options with the channel that the image has under a model's name for it, where
// the model takes one.
func (o Options) Named(m *recipe.Model, info imageio.Info) Options {
	t := first(m)
	if t == nil {
		return o
	}
	if i := theOne(t, info.Channels); i >= 0 {
		o.Channel = i
	}
	return o
}

// Choose are the options with channels of the image for a model, in its order; none: as they are.
func (o Options) Choose(m *recipe.Model, channels []int) (Options, error) {
	t := first(m)
	if len(channels) == 0 || t == nil {
		return o, nil
	}
	o.Channels = nil
	if o.Channel = channels[0]; wide(t) > 1 || len(channels) > 1 {
		o.Channels = channels
	}
	return o, misfit(wide(t), len(channels))
}

// misfit refuses another number of channels than a model takes.
func misfit(takes, chosen int) error {
	if takes == chosen {
		return nil
	}
	say := fmt.Sprintf("The model takes %d channels, not %d.", takes, chosen)
	if takes == 1 {
		say = fmt.Sprintf("The model takes one channel, not %d.", chosen)
	}
	return fault.New(fault.Invalid, say, "Choose as many, in its order, or leave the choice out.", nil)
}

// Given is what of an image a model is given.
type Given struct {
	Channels []int  // of its inputs, in their order
	Note     string // what was guessed of them; empty: nothing
}

// Given tells what a model is given of an image.
func (o Options) Given(m *recipe.Model, info imageio.Info) (g Given, err error) {
	defer broken(&err, Ref{Model: m.Name}.broken())
	for i := range m.Inputs {
		t := &m.Inputs[i]
		if t.Optional {
			continue
		}
		channels, err := o.channels(t, i == 0, info.Channels)
		if err != nil {
			return g, err
		}
		g.Channels = append(g.Channels, channels...)
		if wide(t) == 1 || i == 0 && len(o.Channels) > 0 {
			continue
		}
		if note := guessed(t.Axis(string(recipe.Channel)).Names, channels, info); note != "" {
			g.Note = note
		}
	}
	return g, nil
}

// guessed tells that these channels were given to an input without all of its names for them; empty: they
// have them, it has none, or they are the colours of an image, which have one order everywhere.
func guessed(names []string, channels []int, info imageio.Info) string {
	named, n := strings.Join(names, ", "), len(called(names, info.Channels))
	switch {
	case n == len(channels), len(info.Channels) < len(channels), strings.Trim(named, ", ") == "":
		return ""
	case n > 0:
		return fmt.Sprintf("The image has %d of the %d channels that the model names (%s), and none was chosen: for the others it was given what was left, in order.",
			n, len(channels), named)
	case info.Colored():
		return ""
	}
	return fmt.Sprintf("The image has none of the %d channels that the model names (%s), and none was chosen: it was given the first, in order.",
		len(channels), named)
}

// mostChannels is how many may be chosen.
const mostChannels = 64

// ParseChannels reads numbers of channels that are written with commas.
func ParseChannels(s string) (all []int, err error) {
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.ParseUint(part, 10, 30)
		if err != nil || len(all) == mostChannels {
			return nil, fmt.Errorf("channels %q are not like 1,0", s)
		}
		all = append(all, int(n))
	}
	return all, nil
}

// first is the input that what was chosen is for; nil: the model has none.
func first(m *recipe.Model) *recipe.Tensor {
	if len(m.Inputs) == 0 {
		return nil
	}
	return &m.Inputs[0]
}

// wide is how many channels an input takes.
func wide(t *recipe.Tensor) int {
	if a := t.Axis(string(recipe.Channel)); a != nil {
		return a.Size.At(1)
	}
	return 1
}

// theOne is the channel with an input's name for its only one; -1: there is none.
func theOne(t *recipe.Tensor, have []imageio.Channel) int {
	if a := t.Axis(string(recipe.Channel)); a != nil && a.Size.At(1) == 1 {
		if of := called(a.Names, have); len(of) == 1 {
			return of[0]
		}
	}
	return -1
}

// called are the channels that have these names, in their order.
func called(names []string, have []imageio.Channel) (all []int) {
	for _, name := range names {
		i := slices.IndexFunc(have, func(c imageio.Channel) bool { return strings.EqualFold(c.Name, name) && name != "" })
		if i >= 0 {
			all = append(all, i)
		}
	}
	return all
}

// channels are those of the image for the channels of an input. What was chosen is for the first
// input.
func (o Options) channels(t *recipe.Tensor, isFirst bool, have []imageio.Channel) ([]int, error) {
	n := wide(t)
	switch {
	case n == 1 && (!isFirst || len(o.Channels) == 0):
		if i := theOne(t, have); i >= 0 && !isFirst {
			return []int{i}, nil
		}
		return []int{o.Channel}, nil
	case isFirst && len(o.Channels) > 0:
		return o.Channels, misfit(n, len(o.Channels))
	}
	names := t.Axis(string(recipe.Channel)).Names
	out := called(names, have)
	switch {
	case len(out) == n:
		return out, nil
	case len(have) == 1 && (n == 3 || strings.Join(names, "") == ""): // grey, for a network of colours
		return slices.Repeat([]int{0}, n), nil
	case len(have) < n:
		return nil, fault.New(fault.Invalid, fmt.Sprintf("The model takes %d channels, and the image has %d.", n, len(have)),
			"Choose another model.", nil)
	}
	return filled(names, n, have), nil
}

// filled are n channels: those with names in the places of these, and in the other places those that
// are left, in their order.
func filled(names []string, n int, have []imageio.Channel) []int {
	out, used := slices.Repeat([]int{-1}, n), map[int]bool{}
	for i, name := range names[:min(len(names), n)] {
		if of := called([]string{name}, have); len(of) == 1 {
			out[i], used[of[0]] = of[0], true
		}
	}
	next := 0
	for i, of := range out {
		if of >= 0 {
			continue
		}
		for used[next] {
			next++
		}
		out[i] = next
		next++
	}
	return out
}
