package capture

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// apply takes in what the disk found.
func (w *watch) apply(f findings, now time.Time) {
	if err := w.reached(f); err != nil {
		w.lost(err, now)
		return
	}
	if w.away || w.slow {
		w.returned(now)
	}
	w.full = w.full || f.folder
	busy := w.sawAll(f.files, now)
	gone := f.gone
	if f.full {
		w.begun = true
		w.follow(f.dirs)
		gone = append(gone, w.notIn(f)...)
		w.every = min(w.every*3/2, max(everyIdle, w.Every))
		w.closed(f.shut, now)
	}
	w.drop(gone, now)
	for _, v := range f.verdicts {
		w.judged(v, now)
	}
	if busy || len(gone) > 0 || w.pending() {
		w.every = w.Every
	}
}

// reached is why the folder can't be read, nil if it can: an empty one on another disk is
// where the share was mounted.
func (w *watch) reached(f findings) error {
	if f.err != nil || !f.full || f.device == w.device {
		return f.err
	}
	if len(f.files) == 0 && len(w.tracks)+len(w.done) > 0 {
		return errUnmounted
	}
	w.device = f.device
	return nil
}

// pending reports whether a capture will soon be asked whether it is whole, for the first
// time. What is held after that may be held for days.
func (w *watch) pending() bool {
	for _, u := range w.units {
		if u.checked.IsZero() && (u.several || u.one.Size > 0) {
			return true
		}
	}
	return false
}

// notIn lists the files that are followed and were not found by a full look, but for those
// in folders that it could not read.
func (w *watch) notIn(f findings) []string {
	var gone []string
	lacks := func(path string) bool {
		if _, ok := f.files[path]; ok {
			return false
		}
		for dir := range f.shut {
			if strings.HasPrefix(path, dir+string(filepath.Separator)) {
				return false
			}
		}
		return true
	}
	for path := range w.tracks {
		if lacks(path) {
			gone = append(gone, path)
		}
	}
	for path := range w.done {
		if lacks(path) {
			gone = append(gone, path)
		}
	}
	return gone
}

// drop forgets files that went. A finished capture of several that loses files stays as it
// is: people clear an instrument's disk.
func (w *watch) drop(gone []string, now time.Time) {
	for _, path := range gone {
		if s, ok := w.done[path]; ok {
			delete(w.done, path)
			if s.several {
				continue
			}
			file := File{Path: path, Size: s.size, Modified: time.Unix(0, s.modified)}
			w.see(Sighting{File: file, State: Gone, Since: now})
			continue
		}
		t, ok := w.tracks[path]
		if !ok {
			continue
		}
		u, was := t.unit, t.unit.file()
		if w.remove(t) {
			w.see(Sighting{File: was, State: Gone, Since: now})
		} else {
			u.touch(0, now)
		}
	}
}

// sawAll takes in one look at files and reports whether any had changed.
func (w *watch) sawAll(files map[string]File, now time.Time) (changed bool) {
	touched := map[*unit]bool{}
	for _, file := range files {
		w.saw(file, touched, now)
	}
	for u := range touched {
		w.arrives(u, now)
	}
	for _, u := range w.units {
		if u.state != Arriving || u.young > 0 || touched[u] {
			continue
		}
		say := fmt.Sprintf("It counts as finished when it has not changed for %v.", w.quiet(u).Round(100*time.Millisecond))
		w.tell(u, Sighting{State: Waiting, Say: say})
	}
	return len(touched) > 0
}

// saw takes in one look at a file; touched gets its unit if it had changed.
func (w *watch) saw(file File, touched map[*unit]bool, now time.Time) {
	if !w.wants(file.Path) {
		return
	}
	if s, ok := w.done[file.Path]; ok {
		if s.of(file) {
			return
		}
		delete(w.done, file.Path)
	}
	t, known := w.tracks[file.Path]
	switch {
	case !known:
		u := w.add(file)
		u.touch(file.Size, now)
		u.found = !w.begun
		touched[u] = true
	case t.Size != file.Size || !t.Modified.Equal(file.Modified):
		t.unit.touch(file.Size-t.Size, now)
		if t.looks >= steady {
			t.unit.young++
		}
		t.File, t.looks, t.whole = file, 0, false
		touched[t.unit] = true
	case t.looks < steady:
		if t.looks++; t.looks == steady {
			t.unit.young--
		}
	}
}

// arrives tells of a unit that came or changed, unless an earlier watch has finished it.
func (w *watch) arrives(u *unit, now time.Time) {
	rate := 0.0
	if d := now.Sub(u.seen).Seconds(); !u.seen.IsZero() && d > 0 {
		rate = float64(u.grew) / d
	}
	u.grew, u.seen = 0, now
	if !u.told && w.Known(u.file()) {
		w.finish(u)
		return
	}
	if !u.several && u.one.Size == 0 {
		w.tell(u, Sighting{
			State: Waiting, Say: "The file is empty: the instrument has not written anything into it yet.",
			Hint: "If it stays empty, the acquisition was broken off.",
		})
		return
	}
	w.tell(u, Sighting{State: Arriving, Rate: rate, Say: u.growth(rate)})
}

// tell passes on s, filled from u.
func (w *watch) tell(u *unit, s Sighting) {
	u.state, u.say, u.told = s.State, s.Say, true
	if s.File, s.Since = u.file(), u.changed; u.found && s.Modified.Before(s.Since) {
		s.Since = s.Modified // it did not come just now, but before the watch began
	}
	if s.State == Done {
		s.Files = u.sorted()
		w.finish(u)
	}
	w.see(s)
}

// judged takes in whether a capture is whole.
func (w *watch) judged(v verdict, now time.Time) {
	u, ok := w.units[v.unit]
	if !ok || u.young > 0 || now.Sub(u.changed) < w.quiet(u) {
		return // it went, or changed while it was checked
	}
	for _, path := range v.whole {
		if t := w.tracks[path]; t != nil {
			t.whole = true
		}
	}
	s := Sighting{State: Done}
	missing, isMissing := errors.AsType[errMissing](v.err)
	switch {
	case v.err == nil && v.more:
		return // the rest is for the next look
	case v.err == nil:
	case isMissing && w.Profile.MaxWait > 0 && now.Sub(u.changed) >= w.Profile.MaxWait:
		s.Say = fmt.Sprintf("It was taken without “%s”, which did not come within %v.", missing.name(), w.Profile.MaxWait)
	case isMissing:
		s = Sighting{State: Waiting, Say: "It waits for “" + missing.name() + "”, which belongs to it."}
	case fault.KindOf(v.err) == fault.NotFound:
		return // the next look tells
	case fault.KindOf(v.err) == fault.Corrupt, fault.KindOf(v.err) == fault.Denied, fault.Again(v.err):
		s.State = Waiting
		s.Say, s.Hint = fault.Explain(v.err)
		s.Say = v.of(u) + s.Say
	default: // can't be read here, and is kept all the same
		s.Say, s.Hint = fault.Explain(v.err)
		s.Say = v.of(u) + s.Say
	}
	if s.State == Waiting {
		u.checked = now
		u.pause = min(max(2*u.pause, w.Quiet), max(everyIdle, w.Quiet))
		if u.state == Waiting && u.say == s.Say {
			return
		}
	}
	w.tell(u, s)
}
