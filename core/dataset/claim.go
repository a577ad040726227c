package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"coverslip.dev/coverslip/core/fault"
)

// claims is DVC's .dvc/tmp/rwlock: who reads and who writes which paths while it does not
// hold the dataset's lock, as when a stage's command runs. Paths are absolute.
type claims struct {
	Write map[string]claim   `json:"write,omitempty"`
	Read  map[string][]claim `json:"read,omitempty"`
}

// claim is a process that works on a path.
type claim struct {
	PID int    `json:"pid"`
	Cmd string `json:"cmd"`
}

// Claim says to dvc and to other programs that this process reads and writes files and
// folders of the work tree without holding the lock, until release is called. It is Busy if
// another process works on one of them. What of it is left by a process that has ended is
// taken away.
func (r *Repository) Claim(ctx context.Context, cmd string, read, write []string) (release func() error, err error) {
	me := claim{os.Getpid(), cmd}
	reads, writes := r.absAll(read), r.absAll(write)
	err = r.editClaims(ctx, func(c *claims) error {
		if err := c.free(me, reads, writes); err != nil {
			return err
		}
		c.take(me, reads, writes)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return func() error {
		return r.editClaims(context.WithoutCancel(ctx), func(c *claims) error {
			c.drop(func(o claim) bool { return o == me })
			return nil
		})
	}, nil
}

func (c *claims) take(me claim, reads, writes []string) {
	for _, p := range reads {
		if !slices.Contains(c.Read[p], me) {
			c.Read[p] = append(c.Read[p], me)
		}
	}
	for _, p := range writes {
		c.Write[p] = me
	}
}

// drop takes away the claims that gone is true of.
func (c *claims) drop(gone func(claim) bool) {
	maps.DeleteFunc(c.Write, func(_ string, o claim) bool { return gone(o) })
	for p, list := range c.Read {
		if list = slices.DeleteFunc(list, gone); len(list) == 0 {
			delete(c.Read, p)
		} else {
			c.Read[p] = list
		}
	}
}

// unclaimed fails if another process works on one of the paths, which are to be written.
func (r *Repository) unclaimed(paths ...string) error {
	c, err := r.readClaims()
	if err != nil {
		return err
	}
	return c.free(claim{os.Getpid(), ""}, nil, r.absAll(paths))
}

func (r *Repository) absAll(paths []string) []string {
	out := make([]string, len(paths))
	for i, p := range paths {
		out[i] = r.abs(p)
	}
	return out
}

func (r *Repository) readClaims() (*claims, error) {
	c := &claims{}
	text, err := os.ReadFile(filepath.Join(r.tmp(), "rwlock"))
	if err == nil && len(text) > 0 {
		if json.Unmarshal(text, c) != nil {
			return nil, fault.New(fault.Corrupt, "The file .dvc/tmp/rwlock of the dataset is damaged, and dvc will not work on it either.",
				"If no dvc command runs, delete that file.", nil)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if c.Write == nil {
		c.Write = map[string]claim{}
	}
	if c.Read == nil {
		c.Read = map[string][]claim{}
	}
	return c, err
}

func (r *Repository) editClaims(ctx context.Context, edit func(*claims) error) error {
	unlock, err := r.lockNamed(ctx, "rwlock.lock")
	if err != nil {
		return err
	}
	defer unlock()
	c, err := r.readClaims()
	if err != nil {
		return err
	}
	c.drop(func(o claim) bool { return !lives(o.PID) })
	if err := edit(c); err != nil {
		return err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("claim paths: %w", err)
	}
	return writeFile(r.tmp(), filepath.Join(r.tmp(), "rwlock"), text)
}

// free is Busy if anyone but me writes one of the paths, or reads one that is to be written.
func (c *claims) free(me claim, read, write []string) error {
	blocks := func(at string, o claim, paths []string) bool {
		mine := o == me || me.Cmd == "" && o.PID == me.PID // a check without a claim is of this process
		return !mine && slices.ContainsFunc(paths, func(p string) bool { return overlap(p, at) }) && lives(o.PID)
	}
	busy := func(at string, o claim) error {
		return fault.New(fault.Busy, "Another program works on "+filepath.Base(at)+" of this dataset.",
			"It goes on by itself once that has ended: "+o.Cmd+".", fmt.Errorf("process %d claims %s", o.PID, at))
	}
	for at, o := range c.Write {
		if blocks(at, o, slices.Concat(read, write)) {
			return busy(at, o)
		}
	}
	for at, list := range c.Read {
		for _, o := range list {
			if blocks(at, o, write) {
				return busy(at, o)
			}
		}
	}
	return nil
}

// overlap reports whether a path is the other, or lies in it.
func overlap(a, b string) bool {
	in := func(a, b string) bool { return a == b || strings.HasPrefix(a, b+string(filepath.Separator)) }
	return in(a, b) || in(b, a)
}

// lives reports whether a process of this machine runs.
func lives(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release() //nolint:errcheck // a handle
	if runtime.GOOS == "windows" {
		return true
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, fs.ErrPermission)
}
