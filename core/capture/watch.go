package capture

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watch calls see for each file of the folder whenever there is something new to say of
// it, until ctx ends or see fails. A folder that is not there is waited for. see is called
// from the calling goroutine, and holds up the watch while it runs.
func (f Folder) Watch(ctx context.Context, see func(Sighting) error) error {
	share := remote(f.Path)
	w := &watch{
		Folder: f.withDefaults(share), see: see, tracks: map[string]*track{},
		dirty: map[string]bool{}, watched: map[string]bool{}, shut: map[string]bool{}, full: true,
	}
	w.every = w.Every
	events, errs := w.listen(share)
	if w.notify != nil {
		defer w.notify.Close() //nolint:errcheck // nothing was written
	}
	// Both hold one, so that the disk's goroutine ends by itself after its last call.
	ask, answer := make(chan survey, 1), make(chan findings, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go w.disk(ctx, ask, answer) // not waited for: a dead share would keep us
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-events:
			w.hint(e, ok)
		case lost := <-errs:
			w.full = w.full || lost != nil // events were lost
		case found := <-answer:
			w.asked = time.Time{}
			err = w.apply(found, time.Now())
		case <-timer.C:
			err = w.turn(ask, time.Now())
		}
		if err != nil {
			return err
		}
		timer.Reset(max(0, time.Until(w.next())))
	}
}

// watch is the state of a watched folder; one goroutine owns it.
type watch struct {
	Folder
	see    func(Sighting) error
	tracks map[string]*track

	notify  *fsnotify.Watcher // nil where there are no events
	watched map[string]bool   // folders that send events
	deaf    bool              // the system has no more events to give: look instead
	dirty   map[string]bool   // paths that events named
	full    bool              // a full look is due
	looked  time.Time         // the last full look
	turned  time.Time         // the last look of any kind
	asked   time.Time         // since when the disk is working; zero: it is not
	every   time.Duration     // between full looks where there are no events
	away    bool              // the folder can't be read
	slow    bool              // and someone was told that the share does not answer
	shut    map[string]bool   // folders inside that may not be read
}

// listen starts events on a folder of this machine.
func (w *watch) listen(share bool) (<-chan fsnotify.Event, <-chan error) {
	if share {
		return nil, nil
	}
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, nil //nolint:nilerr // out of watches: look instead
	}
	w.notify = n
	return n.Events, n.Errors
}

// hint notes what an event names; what happened is for the disk to tell.
func (w *watch) hint(e fsnotify.Event, ok bool) {
	if !ok {
		w.deaf = true
		return
	}
	if w.watched[e.Name] || e.Name == w.Path { // a folder came, went or was renamed
		w.full = w.full || e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename)
		return
	}
	if w.wants(e.Name) || e.Has(fsnotify.Create) && !passing(filepath.Base(e.Name)) {
		w.dirty[e.Name] = true // what comes may be a folder, whatever the profile takes
	}
}

// hears reports whether events can be relied on.
func (w *watch) hears() bool { return w.notify != nil && !w.deaf && !w.away }

// next is when there is something to do again.
func (w *watch) next() time.Time {
	switch {
	case w.slow && !w.asked.IsZero():
		return w.asked.Add(24 * time.Hour) // everything is said; only the answer helps
	case !w.asked.IsZero():
		return w.asked.Add(patience)
	}
	pause := w.every
	if w.hears() {
		pause = rescan
	}
	at := w.looked.Add(pause)
	if w.full || len(w.dirty) > 0 || w.open() {
		soon := w.turned.Add(w.beat())
		if soon.Before(at) {
			at = soon
		}
	}
	return at
}

// open reports whether a file is on its way that is looked at by itself: on a share the
// listing tells all at once.
func (w *watch) open() bool {
	if w.away {
		return false
	}
	for _, t := range w.tracks {
		if t.state != Done {
			return true
		}
	}
	return false
}

// turn asks the disk for what is due.
func (w *watch) turn(ask chan<- survey, now time.Time) error {
	if !w.asked.IsZero() {
		return w.unanswered(now)
	}
	pause := w.every
	if w.hears() {
		pause = rescan
	}
	s := survey{full: w.full || now.Sub(w.looked) >= pause}
	for path, t := range w.tracks {
		if t.state == Done || w.away {
			continue
		}
		w.dirty[path] = true
		if t.ready(w.Quiet, now) {
			s.check = append(s.check, path)
		}
	}
	if !s.full && len(w.dirty) == 0 {
		return nil
	}
	s.paths = slices.Collect(maps.Keys(w.dirty))
	clear(w.dirty)
	w.full = false
	w.turned, w.asked = now, now
	if s.full {
		w.looked = now
	}
	ask <- s
	return nil
}

// unanswered tells once that a share hangs.
func (w *watch) unanswered(now time.Time) error {
	w.turned = now
	if w.slow || now.Sub(w.asked) < patience {
		return nil
	}
	w.slow = true
	return w.see(Sighting{
		File: File{Path: w.Path}, State: Away, Since: w.asked,
		Say: "The folder “" + w.Path + "” does not answer.", Hint: "Check the network; the watch goes on by itself.",
	})
}

// follow asks for events of folders that were found.
func (w *watch) follow(dirs []string) {
	if w.notify == nil {
		return
	}
	here := map[string]bool{}
	for _, d := range dirs {
		here[d] = true
		if w.watched[d] {
			continue
		}
		if err := w.notify.Add(d); err != nil {
			w.deaf = w.deaf || !errors.Is(err, fsnotify.ErrClosed)
			continue
		}
		w.watched[d] = true
		w.full = true // files may have come before the events began
	}
	for d := range w.watched {
		if !here[d] {
			delete(w.watched, d)
		}
	}
}
