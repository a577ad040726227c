package wire

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// Options are the options of a remote in DVC's settings. They are read one by one; Close
// then refuses those that nobody has asked for. The first that makes no sense is the
// fault that Close returns.
type Options struct {
	remote string // for people
	left   map[string]string
	bad    error
}

// Read starts reading options.
func Read(remote string, conf map[string]string) *Options {
	return &Options{remote: remote, left: maps.Clone(conf)}
}

// Text returns an option, empty where it is not set.
func (o *Options) Text(name string) string {
	v := o.left[name]
	delete(o.left, name)
	return v
}

// Flag returns an option that is true or false.
func (o *Options) Flag(name string, unset bool) bool {
	v, ok := o.left[name]
	delete(o.left, name)
	switch strings.ToLower(v) {
	case "true":
		return true
	case "false":
		return false
	}
	if ok {
		o.Refuse("The option "+name+" of "+o.remote+" is neither true nor false.", "Change it in the dataset's .dvc/config.")
	}
	return unset
}

// Number returns an option that is a number of at least 1, 0 where it is not set.
func (o *Options) Number(name string) int {
	v, ok := o.left[name]
	delete(o.left, name)
	n, err := strconv.Atoi(v)
	if ok && (err != nil || n < 1) {
		o.Refuse("The option "+name+" of "+o.remote+" is no number from 1 on.", "Change it in the dataset's .dvc/config.")
		return 0
	}
	return n
}

// Skip passes over options that change nothing here.
func (o *Options) Skip(names ...string) {
	for _, name := range names {
		delete(o.left, name)
	}
}

// Unable refuses options that dvc honours and Coverslip does not: without them the data
// would be kept otherwise than the lab has decided.
func (o *Options) Unable(names ...string) {
	for _, name := range names {
		if v, ok := o.left[name]; ok && !strings.EqualFold(v, "false") {
			o.Refuse("Coverslip can't honour the option "+name+" of "+o.remote+".", "Push with dvc, or remove the option from .dvc/config.")
		}
		delete(o.left, name)
	}
}

// Jobs reads the options that every remote has, and returns how many calls at once they
// ask for: unset where they don't. Every pull is verified, so "verify" changes nothing.
func (o *Options) Jobs(unset int) int {
	o.Skip("checksum_jobs", "no_traverse", "verify")
	o.Unable("worktree", "version_aware")
	if n := o.Number("jobs"); n > 0 {
		return min(n, 64)
	}
	return unset
}

// Refuse notes that the options make no sense.
func (o *Options) Refuse(say, hint string) {
	if o.bad == nil {
		o.bad = fault.New(fault.Invalid, say, hint, nil)
	}
}

// Close returns what is wrong with the options.
func (o *Options) Close() error {
	if left := slices.Sorted(maps.Keys(o.left)); len(left) > 0 {
		o.Refuse("The option “"+left[0]+"” of "+o.remote+" is unknown.", "Correct or remove it in the dataset's .dvc/config.")
	}
	return o.bad
}
