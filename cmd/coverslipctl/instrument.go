package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/station"
)

// instrumentUsage is the command's line of help.
const instrumentUsage = "instrument list | add NAME FOLDER [OPTION…] | set NAME [--name NEW] [--folder FOLDER] [OPTION…] | remove NAME; " +
	"options: --profile NAME --model NAME --quiet 30s --share=true, and of an own profile --match GLOB --group REGEXP --companion GLOB --marker GLOB --max-wait 5m"

// instrument shows and changes which folders are watched, and what is written there.
func instrument(ctx context.Context, c call, args []string) error {
	if len(args) == 0 {
		return usageError("say list, add, set or remove")
	}
	o := newOptions()
	rest, err := c.parse(o.flags, args[1:])
	if err != nil {
		return err
	}
	want, edit := 0, (func([]station.Instrument) ([]station.Instrument, error))(nil)
	switch args[0] {
	case "list":
	case "add":
		want, edit = 2, func(all []station.Instrument) ([]station.Instrument, error) { return o.add(all, rest[0], rest[1]) }
	case "set":
		want, edit = 1, func(all []station.Instrument) ([]station.Instrument, error) { return o.set(all, rest[0]) }
	case "remove":
		want, edit = 1, func(all []station.Instrument) ([]station.Instrument, error) { return o.remove(all, rest[0]) }
	default:
		return usageError("say list, add, set or remove, not " + args[0])
	}
	if len(rest) != want {
		return usageError(fmt.Sprintf("%s takes %d names", args[0], want))
	}
	if edit != nil {
		if err := station.EditInstruments(ctx, c.dir, edit); err != nil {
			return err
		}
	}
	return c.printInstruments()
}

// options are the words of a call about one instrument.
type options struct {
	flags                                       *flag.FlagSet
	name, folder, profile, model, group, marker string
	match, companions                           []string
	quiet, maxWait                              time.Duration
	share                                       bool
}

func newOptions() *options {
	o := &options{flags: flag.NewFlagSet("instrument", flag.ContinueOnError)}
	o.flags.StringVar(&o.name, "name", "", "another name of the instrument")
	o.flags.StringVar(&o.folder, "folder", "", "where it writes")
	o.flags.StringVar(&o.profile, "profile", "", "what it writes: "+strings.Join(station.ProfileNames(), ", "))
	o.flags.StringVar(&o.model, "model", "", "the registered model that its captures are sent to; empty: that of the settings")
	o.flags.DurationVar(&o.quiet, "quiet", 0, "a capture unchanged for so long is finished; 0: as the profile says")
	o.flags.BoolVar(&o.share, "share", false, "treat the folder as a network share")
	o.flags.Func("match", "names that are taken, such as *.ome.tif; may be given again, empty: all", repeated(&o.match))
	o.flags.StringVar(&o.group, "group", "", "regular expression whose group names the capture that a file belongs to")
	o.flags.Func("companion", "name that must be there before a capture is finished; may be given again, empty: none", repeated(&o.companions))
	o.flags.StringVar(&o.marker, "marker", "", "name of the file that says that the acquisition has ended")
	o.flags.DurationVar(&o.maxWait, "max-wait", 0, "how long companions and the marker are waited for; 0: for ever")
	return o
}

// repeated gathers what is given again and again; an empty one is left out.
func repeated(into *[]string) func(string) error {
	return func(s string) error {
		if s != "" {
			*into = append(*into, s)
		}
		return nil
	}
}

func find(all []station.Instrument, name string) int {
	return slices.IndexFunc(all, func(f station.Instrument) bool { return f.Instrument == name })
}

func taken(name string) error {
	return fault.New(fault.Exists, "There is an instrument named “"+name+"” already.", "Choose another name, or change that one with instrument set.", nil)
}

func unknown(name string) error {
	return fault.New(fault.NotFound, "There is no instrument named “"+name+"”.", "See instrument list.", nil)
}

func (o *options) add(all []station.Instrument, name, folder string) ([]station.Instrument, error) {
	if strings.TrimSpace(name) == "" {
		return nil, usageError("an instrument needs a name")
	}
	if find(all, name) >= 0 {
		return nil, taken(name)
	}
	f := station.Instrument{Instrument: name}
	o.folder = cmp.Or(o.folder, folder)
	err := o.apply(&f)
	return append(all, f), err
}

func (o *options) set(all []station.Instrument, name string) ([]station.Instrument, error) {
	i := find(all, name)
	if i < 0 {
		return nil, unknown(name)
	}
	if o.name != "" && o.name != name && find(all, o.name) >= 0 {
		return nil, taken(o.name)
	}
	return all, o.apply(&all[i])
}

func (o *options) remove(all []station.Instrument, name string) ([]station.Instrument, error) {
	i := find(all, name)
	if i < 0 {
		return nil, unknown(name)
	}
	return slices.Delete(all, i, i+1), nil
}

// apply changes what was named, and leaves the rest of f as it is.
func (o *options) apply(f *station.Instrument) (err error) {
	given := map[string]bool{}
	o.flags.Visit(func(x *flag.Flag) { given[x.Name] = true })
	f.Instrument = cmp.Or(o.name, f.Instrument)
	if o.folder != "" {
		if f.Path, err = filepath.Abs(o.folder); err != nil {
			return err
		}
	}
	if given["profile"] {
		f.Profile, f.Own = o.profile, nil
	}
	if given["model"] {
		f.Model = o.model
	}
	if given["quiet"] {
		f.Quiet = o.quiet
	}
	if given["share"] {
		f.Share = o.share
	}
	if !given["match"] && !given["group"] && !given["companion"] && !given["marker"] && !given["max-wait"] {
		return nil
	}
	if f.Own == nil {
		if f.Own, err = station.OwnProfile(f.Profile); err != nil {
			return err
		}
		f.Profile = ""
	}
	own := f.Own
	for name, set := range map[string]func(){
		"match": func() { own.Match = o.match }, "group": func() { own.Group = o.group }, "companion": func() { own.Companions = o.companions },
		"marker": func() { own.Marker = o.marker }, "max-wait": func() { own.MaxWait = o.maxWait },
	} {
		if given[name] {
			set()
		}
	}
	return nil
}

// shown is an instrument as it is printed.
type shown struct {
	Name       string   `json:"name"`
	Folder     string   `json:"folder"`
	Profile    string   `json:"profile"` // own: the lab's
	Model      string   `json:"model,omitempty"`
	Quiet      string   `json:"quiet,omitempty"`
	Share      bool     `json:"share,omitempty"`
	Match      []string `json:"match,omitempty"`
	Group      string   `json:"group,omitempty"`
	Companions []string `json:"companions,omitempty"`
	Marker     string   `json:"marker,omitempty"`
	MaxWait    string   `json:"max_wait,omitempty"`
}

func (c call) printInstruments() error {
	folders, err := station.Instruments(c.dir)
	if err != nil {
		return err
	}
	all, lines := make([]shown, 0, len(folders)), make([]string, 0, len(folders))
	for _, f := range folders {
		s := shown{Name: f.Instrument, Folder: f.Path, Profile: cmp.Or(f.Profile, "single"), Model: f.Model, Quiet: duration(f.Quiet), Share: f.Share}
		if o := f.Own; o != nil {
			s.Profile, s.Match, s.Group, s.Companions, s.Marker = "own", o.Match, o.Group, o.Companions, o.Marker
			s.Quiet, s.MaxWait = duration(cmp.Or(f.Quiet, o.Quiet)), duration(o.MaxWait)
		}
		all = append(all, s)
		lines = append(lines, s.line())
	}
	if len(lines) == 0 {
		lines = append(lines, "No instrument's folder is watched yet. Profiles: "+strings.Join(station.ProfileNames(), ", ")+".")
	}
	return c.print(all, lines...)
}

func (s shown) line() string {
	parts := []string{fmt.Sprintf("%-20s %-14s %s", s.Name, s.Profile, s.Folder)}
	for _, part := range [][2]string{
		{"model", s.Model},
		{"quiet", s.Quiet},
		{"match", strings.Join(s.Match, " ")},
		{"group", s.Group},
		{"companions", strings.Join(s.Companions, " ")},
		{"marker", s.Marker},
		{"at most", s.MaxWait},
	} {
		if part[1] != "" {
			parts = append(parts, part[0]+" "+part[1])
		}
	}
	if s.Share {
		parts = append(parts, "share")
	}
	return strings.Join(parts, "  ")
}

// duration is empty for none.
func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
