package pipeline

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/process"
)

// killWait is how long a stopped command gets to end by itself, and how long the output of
// what an ended command left behind is still listened to.
const killWait = 2 * time.Second

// lastLines is how many lines of a command are kept to say why it failed.
const lastLines = 12

// commands runs the commands of a stage, one by one. If ctx ends, the running one and all
// that it has started are ended.
func commands(ctx context.Context, s *Stage, o Options, root string) error {
	if st, err := os.Stat(filepath.Join(root, filepath.FromSlash(s.Dir))); err != nil || !st.IsDir() {
		return fault.New(fault.NotFound, "The stage "+s.Name+" runs in the folder "+s.Dir+", which is not there.",
			"Make the folder, or correct wdir in "+s.File+".", err)
	}
	for _, line := range s.Cmd {
		if err := ctx.Err(); err != nil {
			return err
		}
		o.say(s.Name, "> "+line)
		if err := command1(ctx, s, line, o, root); err != nil {
			return err
		}
	}
	return nil
}

func command1(ctx context.Context, s *Stage, line string, o Options, root string) error {
	cmd := shell(ctx, o.Shell, line)
	cmd.Dir = filepath.Join(root, filepath.FromSlash(s.Dir))
	cmd.Env = append(cmd.Environ(), "DVC_ROOT="+root, "DVC_STAGE="+s.Name)
	cmd.WaitDelay = killWait
	w := &lineWriter{line: func(l string) { o.say(s.Name, l) }}
	cmd.Stdout, cmd.Stderr = w, w
	runtime.LockOSThread() // on Linux, the command ends with the thread that started it
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	w.flush()
	if ctx.Err() != nil {
		process.KillAll(cmd)
		return ctx.Err()
	}
	if err == nil || errors.Is(err, exec.ErrWaitDelay) { // a helper that it has left behind may go on
		return nil
	}
	return fault.New(fault.Invalid, "The stage "+s.Name+" went wrong: "+err.Error()+". "+w.told(),
		"Correct its command or what it reads, then run it again.", err)
}

// maxLine bounds the bytes of one line; longer ones are cut into several.
const maxLine = 16 << 10

// lineWriter calls line for each line written to it. A carriage return ends one, too:
// progress bars are written that way.
type lineWriter struct {
	line func(string)
	part []byte
	last []string
}

func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		i := bytes.IndexAny(p, "\r\n")
		if i < 0 {
			w.part = append(w.part, p...)
			for len(w.part) >= maxLine {
				w.end(w.part[:maxLine])
				w.part = w.part[maxLine:]
			}
			return n, nil
		}
		w.part = append(w.part, p[:i]...)
		if len(w.part) > 0 || p[i] == '\n' && i > 0 {
			w.flush()
		}
		p = p[i+1:]
	}
	return n, nil
}

func (w *lineWriter) flush() {
	if len(w.part) > 0 {
		w.end(w.part)
		w.part = w.part[:0]
	}
}

func (w *lineWriter) end(text []byte) {
	l := strings.ToValidUTF8(string(text), "\uFFFD")
	w.line(l)
	w.last = append(w.last, l)
	if len(w.last) > lastLines {
		w.last = w.last[1:]
	}
}

// told is the last that the command wrote.
func (w *lineWriter) told() string { return strings.Join(w.last, "\n") }
