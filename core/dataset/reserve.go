package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// reservations are the paths that running stages read and write, in DVC's .dvc/tmp/rwlock.
// It is read and written under the dataset's lock.
type reservations struct {
	Read  map[string][]holder `json:"read"`
	Write map[string]holder   `json:"write"`
}

type holder struct {
	PID int    `json:"pid"`
	Cmd string `json:"cmd"`
}

// Reserve keeps dvc and other programs from running a stage that writes what this one
// reads or writes, or reads what it writes, until release is called. Where another has
// reserved that, it is fault.Busy. what says who reserves, for people.
func (r *Repository) Reserve(ctx context.Context, what string, read, write []string) (release func() error, err error) {
	me := holder{os.Getpid(), "coverslip " + what + " #" + strconv.FormatInt(time.Now().UnixNano(), 36)} // two of one process differ
	for _, list := range []*[]string{&read, &write} {
		full := make([]string, 0, len(*list))
		for _, rel := range *list {
			full = append(full, r.abs(rel))
		}
		*list = full
	}
	err = r.editReservations(ctx, func(all *reservations) error {
		if who, path := all.blocker(read, write); who != nil {
			return fault.New(fault.Busy, filepath.Base(path)+" is in use by another program that runs the pipeline.",
				"Try again when that has ended.", fmt.Errorf("process %d: %s", who.PID, who.Cmd))
		}
		for _, p := range read {
			all.Read[p] = append(all.Read[p], me)
		}
		for _, p := range write {
			all.Write[p] = me
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reserve for %s: %w", what, err)
	}
	return func() error {
		// Also when ctx has ended: what is left would be cleared once this process is gone, but not before.
		return r.editReservations(context.WithoutCancel(ctx), func(all *reservations) error {
			all.drop(func(h holder) bool { return h == me })
			return nil
		})
	}, nil
}

func (r *Repository) editReservations(ctx context.Context, edit func(*reservations) error) error {
	unlock, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	name := filepath.Join(r.tmp(), "rwlock")
	var all reservations
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reservations: %w", err)
	}
	if err == nil && json.Unmarshal(text, &all) != nil {
		return fault.New(fault.Corrupt, "The list of files in use, .dvc/tmp/rwlock, is damaged.",
			"Delete it when nobody runs the pipeline.", nil)
	}
	if all.Read == nil {
		all.Read = map[string][]holder{}
	}
	if all.Write == nil {
		all.Write = map[string]holder{}
	}
	all.drop(func(h holder) bool { return !running(h.PID) })
	if err := edit(&all); err != nil {
		return err
	}
	if text, err = json.Marshal(all); err != nil {
		return fmt.Errorf("reservations: %w", err)
	}
	return writeFile(r.tmp(), name, text)
}

// blocker returns who is in the way, and where.
func (all *reservations) blocker(read, write []string) (*holder, string) {
	for path, h := range all.Write {
		if slices.ContainsFunc(read, overlaps(path)) || slices.ContainsFunc(write, overlaps(path)) {
			return &h, path
		}
	}
	for path, list := range all.Read {
		if len(list) > 0 && slices.ContainsFunc(write, overlaps(path)) {
			return &list[0], path
		}
	}
	return nil, ""
}

// overlaps reports whether one of two paths is the other or lies in it.
func overlaps(a string) func(b string) bool {
	const sep = string(filepath.Separator)
	return func(b string) bool {
		return a == b || strings.HasPrefix(a, strings.TrimSuffix(b, sep)+sep) || strings.HasPrefix(b, strings.TrimSuffix(a, sep)+sep)
	}
}

func (all *reservations) drop(whom func(holder) bool) {
	for path, list := range all.Read {
		if all.Read[path] = slices.DeleteFunc(list, whom); len(all.Read[path]) == 0 {
			delete(all.Read, path)
		}
	}
	for path, h := range all.Write {
		if whom(h) {
			delete(all.Write, path)
		}
	}
}

// running reports whether there is a process of that number on this machine.
func running(pid int) bool {
	if pid <= 0 {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil || runtime.GOOS == "windows" { // where only a process that runs is found
		return err == nil
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}
