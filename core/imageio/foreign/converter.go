package foreign

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/process"
)

// Converter is a program that converts to OME-TIFF.
type Converter struct {
	Name    string // for people
	Program string // its path
	args    func(in, out string) []string
}

// version tells a program from another one, and from a newer one in its place.
func (c Converter) version() string {
	at := c.Program
	if st, err := os.Stat(at); err == nil {
		at += st.ModTime().String()
	}
	return at
}

// ErrNone is what the error wraps where no converter is installed.
var ErrNone = errors.New("no converter")

// Find returns the converter that a person has set, a path or the name of a program, or if that is empty the
// first that is installed: the program openreadout, a Python that has it, the program bfconvert.
func Find(ctx context.Context, set string) (Converter, error) {
	if set != "" {
		at, err := exec.LookPath(set)
		if err != nil {
			return Converter{}, fault.New(fault.Invalid, "The image converter “"+set+"” is not on this computer.",
				"Correct it in Settings, Image converter (outside of a workspace: COVERSLIP_CONVERTER), or leave it empty.", errors.Join(ErrNone, err))
		}
		return named(ctx, at)
	}
	for _, name := range []string{"openreadout", "python3", "python", "bfconvert"} {
		if at, err := exec.LookPath(name); err == nil {
			if c, err := named(ctx, at); err == nil {
				return c, nil
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return Converter{}, err
	}
	return Converter{}, ErrNone
}

// Finder is [Find] that looks again only after a while: each look may start several programs.
type Finder struct {
	mu  sync.Mutex // guards all below
	set string
	at  time.Time // zero: never looked
	c   Converter
	err error
}

// Find returns what [Find] did a moment ago for the same setting, or asks it.
func (f *Finder) Find(ctx context.Context, set string) (Converter, error) {
	const moment = 10 * time.Second // who installs one, opens the file again soon
	f.mu.Lock()
	if !f.at.IsZero() && f.set == set && time.Since(f.at) < moment {
		defer f.mu.Unlock()
		return f.c, f.err
	}
	f.mu.Unlock()
	c, err := Find(ctx, set)
	if ctx.Err() == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.set, f.at, f.c, f.err = set, time.Now(), c, err
	}
	return c, err
}

// named returns the converter at a path by its name.
func named(ctx context.Context, at string) (Converter, error) {
	at, err := filepath.Abs(at)
	if err != nil {
		return Converter{}, err
	}
	switch name := strings.ToLower(filepath.Base(at)); {
	case strings.HasPrefix(name, "bfconvert"):
		return Converter{"Bio-Formats", at, bioFormats}, nil
	case strings.HasPrefix(name, "python"), strings.HasPrefix(name, "pypy"):
		cmd := exec.CommandContext(ctx, at, "-c", own+"import importlib.util as u; sys.exit(u.find_spec('openreadout') is None)") //nolint:gosec // the operator's own Python
		process.Own(cmd)
		if err := cmd.Run(); ctx.Err() != nil {
			return Converter{}, ctx.Err()
		} else if err != nil {
			return Converter{}, fault.New(fault.Invalid, "The Python “"+at+"” does not have OpenReadout.",
				"Install it (pip install openreadout), or correct Settings, Image converter.", errors.Join(ErrNone, err))
		}
		return Converter{"OpenReadout", at, module}, nil
	}
	return Converter{"OpenReadout", at, openReadout}, nil
}

// openReadout are the arguments of the program openreadout, which copies a pyramid that is there, checks what
// it has written, and gives it its name last.
func openReadout(in, out string) []string {
	return []string{"export", "--format", "ome-tiff", "--output", out, "--", in}
}

// own begins a script for Python: what lies in the folder where it runs is none of its modules.
const own = "import sys; sys.path[:] = [p for p in sys.path if p]; "

// module are the arguments of a Python that does the same: its package brings no program.
func module(in, out string) []string {
	const script = own + `
import openreadout
try:
    with openreadout.File(sys.argv[1]) as f:
        f.export(sys.argv[2], to="ome-tiff")
except openreadout.OpenReadoutError as e:
    print("error:", str(e).split(" (hint:")[0], file=sys.stderr)
    sys.exit(e.exit_code)
`
	return []string{"-c", script, in, out}
}

// bioFormats are the arguments of bfconvert. It asks nobody for a newer one of itself, takes no other
// files for planes of this one, and keeps a pyramid as such.
func bioFormats(in, out string) []string {
	return []string{"-no-upgrade", "-nogroup", "-noflat", "-bigtiff", "-compression", "zlib", "-tilex", "512", "-tiley", "512", in, out}
}
