package capture

import (
	"errors"
	"fmt"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// track is what is known of one file.
type track struct {
	File
	state   State
	say     string
	changed time.Time // by our clock
	seen    time.Time // the last look
	looks   int       // that found it unchanged
	checked time.Time // when it was last found not to be whole
	pause   time.Duration
}

// ready reports whether it is time to ask whether the file is whole.
func (t *track) ready(quiet time.Duration, now time.Time) bool {
	return t.Size > 0 && t.looks >= steady && now.Sub(t.changed) >= quiet && now.Sub(t.checked) >= t.pause
}

// apply takes in what the disk found.
func (w *watch) apply(f findings, now time.Time) error {
	if f.err != nil {
		return w.lost(f.err, now)
	}
	if w.away || w.slow {
		if err := w.returned(now); err != nil {
			return err
		}
	}
	w.full = w.full || f.folder
	busy, err := w.sawAll(f.files, now)
	if err != nil {
		return err
	}
	for path, err := range f.checks {
		if err := w.judged(path, err, now); err != nil {
			return err
		}
	}
	gone := f.gone
	if f.full {
		w.follow(f.dirs)
		gone = append(gone, w.notIn(f.files)...)
		w.every = min(w.every*3/2, max(everyIdle, w.Every))
		if err := w.closed(f.shut, now); err != nil {
			return err
		}
	}
	if busy || len(gone) > 0 {
		w.every = w.Every
	}
	return w.drop(gone, now)
}

// notIn lists the files that are followed and were not found by a full look.
func (w *watch) notIn(files map[string]File) []string {
	var gone []string
	for path := range w.tracks {
		if _, ok := files[path]; !ok {
			gone = append(gone, path)
		}
	}
	return gone
}

// drop forgets files that went.
func (w *watch) drop(gone []string, now time.Time) error {
	for _, path := range gone {
		t, ok := w.tracks[path]
		if !ok {
			continue
		}
		delete(w.tracks, path)
		if err := w.see(Sighting{File: t.File, State: Gone, Since: now}); err != nil {
			return err
		}
	}
	return nil
}

// sawAll takes in one look at files and reports whether any had changed.
func (w *watch) sawAll(files map[string]File, now time.Time) (changed bool, err error) {
	for path, file := range files {
		moved, err := w.saw(path, file, now)
		if err != nil {
			return false, err
		}
		changed = changed || moved
	}
	return changed, nil
}

// saw takes in one look at a file and reports whether it had changed.
func (w *watch) saw(path string, file File, now time.Time) (changed bool, err error) {
	if !w.wants(path) {
		return false, nil
	}
	t, known := w.tracks[path]
	if !known {
		t = &track{File: file, changed: now, seen: now}
		w.tracks[path] = t
		return true, w.tell(t, w.first(t), 0)
	}
	if t.Size != file.Size || !t.Modified.Equal(file.Modified) {
		rate := 0.0
		if d := now.Sub(t.seen).Seconds(); d > 0 && file.Size > t.Size {
			rate = float64(file.Size-t.Size) / d
		}
		*t = track{File: file, changed: now, seen: now, state: t.state, say: t.say}
		return true, w.tell(t, w.first(t), rate)
	}
	t.seen = now
	t.looks++
	if t.state == Arriving && t.looks >= steady {
		return false, w.tell(t, Sighting{State: Waiting, Say: fmt.Sprintf("It counts as finished when it has not changed for %v.", w.Quiet)}, 0)
	}
	return false, nil
}

// first is what to say of a file that just came or changed.
func (w *watch) first(t *track) Sighting {
	if t.Size == 0 {
		return Sighting{
			State: Waiting, Say: "The file is empty: the instrument has not written anything into it yet.",
			Hint: "If it stays empty, the acquisition was broken off.",
		}
	}
	return Sighting{State: Arriving}
}

// tell passes on s, filled from t.
func (w *watch) tell(t *track, s Sighting, rate float64) error {
	t.state, t.say = s.State, s.Say
	s.File, s.Rate, s.Since = t.File, rate, t.changed
	return w.see(s)
}

// judged takes in whether a file is whole.
func (w *watch) judged(path string, whole error, now time.Time) error {
	t, ok := w.tracks[path]
	if !ok || t.looks < steady { // it went, or changed while it was checked
		return nil
	}
	s := Sighting{State: Done}
	missing, isMissing := errors.AsType[errMissing](whole)
	switch {
	case whole == nil:
	case isMissing:
		s = Sighting{State: Waiting, Say: "It waits for “" + string(missing) + "”, which belongs to it."}
	case fault.KindOf(whole) == fault.NotFound:
		return nil // the next look tells
	case fault.KindOf(whole) == fault.Corrupt, fault.KindOf(whole) == fault.Denied, fault.Again(whole):
		s.State = Waiting
		s.Say, s.Hint = fault.Explain(whole)
	default: // can't be read here, and is kept all the same
		s.Say, s.Hint = fault.Explain(whole)
	}
	if s.State == Waiting {
		t.checked = now
		t.pause = min(max(2*t.pause, w.Quiet), max(everyIdle, w.Quiet))
		if t.state == Waiting && t.say == s.Say {
			return nil
		}
	}
	return w.tell(t, s, 0)
}

// lost tells that the folder can't be read; its files are not gone, they may come back
// with it.
func (w *watch) lost(err error, now time.Time) error {
	w.full, w.every = true, w.Every
	clear(w.watched)
	if w.away {
		return nil
	}
	w.away = true
	say := "The folder “" + w.Path + "” can't be reached."
	hint := "Check that the drive or the share is connected; the watch goes on by itself."
	if k := fault.KindOf(err); k == fault.Denied || k == fault.Invalid {
		say, hint = fault.Explain(err)
	}
	return w.see(Sighting{File: File{Path: w.Path}, State: Away, Since: now, Say: say, Hint: hint})
}

func (w *watch) returned(now time.Time) error {
	w.away, w.slow = false, false
	return w.see(Sighting{File: File{Path: w.Path}, State: Back, Since: now})
}

// closed tells of folders inside that may not be read.
func (w *watch) closed(shut map[string]error, now time.Time) error {
	for path := range w.shut {
		if _, still := shut[path]; !still {
			delete(w.shut, path)
			if err := w.see(Sighting{File: File{Path: path}, State: Gone, Since: now}); err != nil {
				return err
			}
		}
	}
	for path, cause := range shut {
		if w.shut[path] {
			continue
		}
		w.shut[path] = true
		say, hint := fault.Explain(cause)
		if err := w.see(Sighting{File: File{Path: path}, State: Waiting, Since: now, Say: say, Hint: hint}); err != nil {
			return err
		}
	}
	return nil
}
