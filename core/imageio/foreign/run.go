package foreign

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/process"
)

// result is what the converted file is called while it is made, in a folder of its own.
const result = "converted.ome.tif"

// often is how often is looked how far a converter is.
const often = 500 * time.Millisecond

// Why a converter was ended.
var (
	errIdle  = errors.New("it does nothing")
	errVain  = errors.New("it writes nothing")
	errLarge = errors.New("it writes too much")
)

// run has a converter write dir/[result] of o. A silence is no reason to end it, who reads a large file
// through says nothing for as long; one that neither writes nor computes is, or only computes for hours.
func (c Converter) run(ctx context.Context, s *Shelf, o original, dir string, grown func(size int64)) error {
	in, err := c.input(o, dir)
	if err != nil {
		return err
	}
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(running, c.Program, c.args(in, result)...) //nolint:gosec // the operator's own program, no shell
	process.Own(cmd)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8") // its words are looked into
	cmd.WaitDelay = 2 * time.Second
	var said tail
	cmd.Stdout, cmd.Stderr = &said, &said
	begun := time.Now()
	if err = cmd.Start(); err == nil {
		var watch sync.WaitGroup
		ended := make(chan struct{})
		watch.Go(func() { s.watch(cmd, dir, grown, ended, stop) })
		err = cmd.Wait()
		close(ended)
		watch.Wait()
		process.KillAll(cmd) // a helper that it has left behind
	}
	s.Log.InfoContext(ctx, "converted", slog.String("file", o.path), slog.String("by", c.Program), slog.Duration("took", time.Since(begun)),
		slog.Any("error", err), slog.String("said", said.String()))
	why, hint := context.Cause(running), "Try again; if that does not help, export the file as OME-TIFF to look at it here."
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(why, errIdle):
		return fault.New(fault.Invalid, fmt.Sprintf("%s has stopped working on “%s”: it did nothing for %v.", c.Name, o.name, s.Patience), hint, why)
	case errors.Is(why, errVain):
		return fault.New(fault.Invalid, fmt.Sprintf("%s gets nowhere with “%s”: it wrote nothing for %v.", c.Name, o.name, stubborn*s.Patience), hint, why)
	case errors.Is(why, errLarge), err == nil && size(dir) > s.Most:
		return s.tooLarge(o, errLarge)
	case why != nil: // no room
		return why
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return c.failed(o, err, said.String())
	}
	return nil
}

// input is what a converter that runs in dir is told to read: a plain name, where that can be had.
func (c Converter) input(o original, dir string) (string, error) {
	if o.plain != "" && os.Symlink(o.path, filepath.Join(dir, o.plain)) == nil { // Windows lets few people do that
		return o.plain, nil
	}
	const meant = `&|<>^%!"` // by cmd.exe, which runs such programs and can't be told not to
	switch strings.ToLower(filepath.Ext(c.Program)) {
	case ".bat", ".cmd":
		if strings.ContainsAny(o.path, meant) {
			return "", fault.New(fault.Invalid, "“"+o.name+"” can't be given to "+c.Name+": Windows would take a part of its path for a command.",
				"Give it, and the folders above it, a name without any of "+meant+", or install OpenReadout; then open it again.", errors.New(o.path))
		}
	}
	return o.path, nil
}

// watch tells how large the files in dir are until the converter ends, has room made for them as they grow, and ends
// one that gets nowhere or fills the disk.
func (s *Shelf) watch(cmd *exec.Cmd, dir string, grown func(size int64), ended <-chan struct{}, stop context.CancelCauseFunc) {
	const much = 64 << 20 // bytes for which room is made
	tick := time.NewTicker(min(often, s.Patience))
	defer tick.Stop()
	v, roomy := vigil{wrote: time.Now(), worked: time.Now()}, int64(0)
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		written := size(dir)
		if grown != nil {
			grown(written)
		}
		computed, told := process.CPU(cmd)
		err := v.look(time.Now(), written, computed, told, s.Patience)
		if written > s.Most {
			err = errLarge
		}
		if err == nil && written-roomy >= much {
			roomy, err = written, s.Room(0)
		}
		if err != nil {
			stop(err)
			return
		}
	}
}

// vigil is what a converter has done by now, and when it did last.
type vigil struct {
	written, computed int64
	wrote, worked     time.Time
}

// stubborn is how many times the patience with one that does nothing that with one is that computes and writes
// nothing.
const stubborn = 18

// look reports why a converter is to be ended that has done so much by now; told: what it has computed is known.
func (v *vigil) look(now time.Time, written, computed int64, told bool, patience time.Duration) error {
	if written != v.written {
		v.wrote, v.worked = now, now
	}
	if !told || computed != v.computed {
		v.worked = now
	}
	v.written, v.computed = written, computed
	switch {
	case now.Sub(v.worked) >= patience:
		return errIdle
	case now.Sub(v.wrote) >= stubborn*patience:
		return errVain
	}
	return nil
}

// size is how much lies in a folder.
func size(dir string) (all int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // it is renamed under our eyes
		}
		if st, err := d.Info(); err == nil && st.Mode().IsRegular() {
			all += st.Size()
		}
		return nil
	})
	return all
}

// failed says why a converter did not make it.
func (c Converter) failed(o original, err error, said string) error {
	cause := fmt.Errorf("%s: %w: %s", c.Program, err, said)
	low := strings.ToLower(said)
	for _, full := range []string{"no space left", "enospc", "os error 28", "not enough space", "quota exceeded"} {
		if strings.Contains(low, full) {
			return fault.New(fault.Full, "The disk is full: “"+o.name+"” could not be converted.", "Free some room; the work goes on by itself.",
				errors.Join(syscall.ENOSPC, cause))
		}
	}
	kind, why := fault.Invalid, ""
	ended, _ := errors.AsType[*exec.ExitError](err)
	if ended != nil && c.Name == "OpenReadout" && ended.ExitCode() == 4 {
		kind, why = fault.Corrupt, " The file may be damaged: copy it again from the instrument."
	}
	say := "“" + o.name + "” could not be converted by " + c.Name
	switch line := reason(said); {
	case line != "":
		say += ": " + line
	case ended != nil && ended.ExitCode() < 0:
		say += ", which was ended from outside"
		why = " The computer may have too little memory for it."
	}
	return fault.New(kind, strings.TrimRight(say, ".")+".", "It is kept and versioned all the same; export it as OME-TIFF to look at it here."+why, cause)
}

// reason is the line that says most of what a program said: the last that is called an error, else the
// last one.
func reason(said string) string {
	const most = 200
	lines := strings.Split(strings.TrimSpace(said), "\n")
	line := strings.TrimSpace(lines[len(lines)-1])
	for _, l := range lines {
		if words, is := strings.CutPrefix(l, "error: "); is {
			line = strings.TrimSpace(words)
		} else if strings.Contains(l, "Exception") && strings.HasPrefix(line, "at ") { // of Java's, the last line is of the stack
			line = strings.TrimSpace(l)
		}
	}
	if r := []rune(line); len(r) > most {
		line = string(r[:most]) + "…"
	}
	return line
}

// tail keeps the last of what a program says.
type tail struct{ last []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 8 << 10
	t.last = append(t.last, p...)
	t.last = t.last[max(0, len(t.last)-most):]
	return len(p), nil
}

func (t *tail) String() string { return strings.ToValidUTF8(strings.TrimSpace(string(t.last)), "?") }
