package capture

import (
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// track is what is known of a file of a capture that is not finished.
type track struct {
	File

	unit  *unit
	looks int  // that found it unchanged
	whole bool // its format says so, since it last changed
}

// stamp is what is remembered of a file that was Done: there may be millions.
type stamp struct {
	size, modified int64
	several        bool // it was one of several
}

// of reports whether the file is still as it was.
func (s stamp) of(f File) bool { return s.size == f.Size && s.modified == f.Modified.UnixNano() }

// unit is what becomes one capture.
type unit struct {
	path    string
	several bool
	store   bool              // of which the profile says nothing
	one     *track            // of a single file
	files   map[string]*track // of several

	state   State
	say     string
	told    bool          // something was said of it
	young   int           // files that have not been found unchanged often enough
	marked  bool          // the file is there that ends the acquisition
	changed time.Time     // by our clock
	found   bool          // it was there before the watch, and has not changed since
	longest time.Duration // between two changes
	grew    int64         // bytes since seen
	seen    time.Time     // when its rate was last told
	checked time.Time     // when it was last found not to be whole
	pause   time.Duration // until it is checked again
}

// all are the unit's files.
func (u *unit) all() iter.Seq[*track] {
	return func(yield func(*track) bool) {
		if !u.several {
			if u.one != nil {
				yield(u.one)
			}
			return
		}
		for _, t := range u.files {
			if !yield(t) {
				return
			}
		}
	}
}

func (u *unit) len() int {
	if u.several {
		return len(u.files)
	}
	return 1
}

// file is the unit as a whole.
func (u *unit) file() File {
	f := File{Path: u.path}
	for t := range u.all() {
		f.Size += t.Size
		if t.Modified.After(f.Modified) {
			f.Modified = t.Modified
		}
	}
	return f
}

// sorted are the files of several, by their paths.
func (u *unit) sorted() []File {
	var out []File
	for _, p := range slices.Sorted(maps.Keys(u.files)) {
		out = append(out, u.files[p].File)
	}
	return out
}

// touch notes that a file of the unit came, changed or went.
func (u *unit) touch(grew int64, now time.Time) {
	if u.several && !u.changed.IsZero() {
		u.longest = max(u.longest, now.Sub(u.changed))
	}
	u.changed, u.checked, u.pause, u.found = now, time.Time{}, 0, false
	u.grew += max(grew, 0)
}

// quiet is how long nothing may change: an instrument that makes pauses is given more time,
// one that has said that it is done less.
func (w *watch) quiet(u *unit) time.Duration {
	least := w.Quiet
	switch {
	case u.store:
		least = w.storeQuiet
	case u.marked:
		return min(w.Quiet, w.beat())
	}
	return max(least, min(3*u.longest, longestQuiet))
}

// ready reports whether it is time to ask whether the unit is whole.
func (w *watch) ready(u *unit, now time.Time) bool {
	if !u.several && u.one.Size == 0 {
		return false
	}
	return u.young == 0 && now.Sub(u.changed) >= w.quiet(u) && now.Sub(u.checked) >= u.pause
}

// unitOf returns the unit that a file belongs to, a new one if it is the first.
func (w *watch) unitOf(file string) *unit {
	name, kin := w.rules.nameOf(w.Path, file)
	several := kin != alone
	if !several {
		name = file
	}
	u, ok := w.units[name]
	if !ok || u.several != several {
		u = &unit{path: name, several: several, store: kin == stored}
		if several {
			u.files = map[string]*track{}
			w.reopen(u)
		}
		w.units[name] = u
	}
	return u
}

// add begins to follow a file.
func (w *watch) add(file File) *unit {
	u := w.unitOf(file.Path)
	t := &track{File: file, unit: u}
	w.tracks[file.Path] = t
	if u.several {
		u.files[file.Path] = t
	} else {
		u.one = t
	}
	u.young++
	name := filepath.Base(file.Path)
	u.marked = u.marked || w.Profile.Marker != "" && match(w.Profile.Marker, name)
	return u
}

// remove stops following a file, and its unit with the last one.
func (w *watch) remove(t *track) (last bool) {
	delete(w.tracks, t.Path)
	u := t.unit
	delete(u.files, t.Path)
	if t.looks < steady {
		u.young--
	}
	if u.several && len(u.files) > 0 {
		return false
	}
	delete(w.units, u.path)
	return true
}

// finish makes the unit Done. Only stamps are kept.
func (w *watch) finish(u *unit) {
	for t := range u.all() {
		w.done[t.Path] = stamp{t.Size, t.Modified.UnixNano(), u.several}
		delete(w.tracks, t.Path)
	}
	delete(w.units, u.path)
	if u.several {
		w.pauses[u.path] = u.longest
	}
}

// reopen has a unit that was Done before arrive anew, with the files that it had.
func (w *watch) reopen(u *unit) {
	longest, ok := w.pauses[u.path]
	if !ok {
		return
	}
	delete(w.pauses, u.path)
	u.longest = longest
	last := filepath.Base(u.path)
	for path, s := range w.done {
		if !s.several || !strings.Contains(path, last) {
			continue
		}
		if name, _ := w.rules.nameOf(w.Path, path); name != u.path {
			continue
		}
		delete(w.done, path)
		t := &track{File: File{path, s.size, time.Unix(0, s.modified)}, unit: u, looks: steady, whole: true}
		w.tracks[path], u.files[path] = t, t
	}
}

// growth says how a unit arrives.
func (u *unit) growth(rate float64) string {
	var say []string
	if u.several {
		say = append(say, fmt.Sprintf("%d files so far", u.len()))
	}
	switch {
	case rate >= 1e6:
		say = append(say, fmt.Sprintf("still growing, %.0f MB/s", rate/1e6))
	case rate > 0:
		say = append(say, fmt.Sprintf("still growing, %.0f kB/s", max(1, rate/1e3)))
	}
	if len(say) == 0 {
		return ""
	}
	text := strings.Join(say, ", ") + "."
	return strings.ToUpper(text[:1]) + text[1:]
}
