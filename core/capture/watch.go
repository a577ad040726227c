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

// Watch calls see whenever there is something new to say of captures of the folder, all that
// came at once together and in order, until ctx ends or see fails. A folder that is not there
// is waited for; where a share is mounted later, it is watched as one from then on. see is
// called from the calling goroutine, and holds up the watch while it runs.
func (f Folder) Watch(ctx context.Context, see func([]Sighting) error) error {
	for {
		if err := f.watch(ctx, see); !errors.Is(err, errOtherDisk) {
			return err
		}
	}
}

// errOtherDisk ends the watch of a folder that is on a share now and was not, or the other way
// round. What was done is known.
var errOtherDisk = errors.New("on another kind of disk")

func (f Folder) watch(ctx context.Context, see func([]Sighting) error) error {
	rules, err := f.Profile.rules()
	if err != nil {
		return err
	}
	share := f.Share || asShare(ctx, f.Path, remote)
	w := &watch{
		Folder: f.withDefaults(share), rules: rules, storeQuiet: f.storeQuiet(share), tracks: map[string]*track{}, units: map[string]*unit{},
		done: map[string]stamp{}, pauses: map[string]time.Duration{}, dirty: map[string]bool{}, watched: map[string]bool{}, shut: map[string]bool{}, full: true,
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
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-events:
			w.hint(e, ok)
		case lost := <-errs:
			w.full = w.full || lost != nil // events were lost
		case found := <-answer:
			w.took, w.asked = time.Since(w.asked), time.Time{}
			if ctx.Err() == nil { // or it may be half a look
				w.apply(found, time.Now())
				if w.elsewhere(found, share) {
					return errOtherDisk
				}
			}
		case <-timer.C:
			w.turn(ask, time.Now())
		}
		if len(w.news) > 0 {
			if err := see(w.news); err != nil {
				return err
			}
			w.news = nil
		}
		timer.Reset(max(0, time.Until(w.next())))
	}
}

// asShare reports whether a folder is to be looked through as a share is, which works wherever it
// is. One that does not say what it is on lies on a dead share: nothing can end that call, and the
// first full look tells.
func asShare(ctx context.Context, path string, remote func(string) bool) bool {
	ctx, stop := context.WithTimeout(ctx, hesitation)
	defer stop()
	said := make(chan bool, 1)
	go func() { said <- remote(path) }() // not waited for, as in watch
	select {
	case share := <-said:
		return share
	case <-ctx.Done():
		return true
	}
}

// watch is the state of a watched folder; one goroutine owns it.
type watch struct {
	Folder

	rules rules
	// storeQuiet is Quiet of a store that the profile says nothing of.
	storeQuiet time.Duration

	news   []Sighting               // that were not passed on yet
	tracks map[string]*track        // files of captures that are not Done
	units  map[string]*unit         // their captures
	done   map[string]stamp         // files of those that are
	pauses map[string]time.Duration // the longest of captures of several that are Done

	notify  *fsnotify.Watcher // nil where there are no events
	watched map[string]bool   // folders that send events
	deaf    bool              // the system has no more events to give: look instead
	dirty   map[string]bool   // paths that events named
	full    bool              // a full look is due
	begun   bool              // there was one
	device  uint64            // that held the folder at the last full look
	looked  time.Time         // the last full look
	turned  time.Time         // the last look of any kind
	took    time.Duration     // it
	asked   time.Time         // since when the disk is working; zero: it is not
	every   time.Duration     // between full looks where there are no events
	away    bool              // the folder can't be read
	slow    bool              // and someone was told that the share does not answer
	since   time.Time         // when it went away
	said    time.Time         // when that was last said
	shut    map[string]bool   // folders inside that may not be read
}

// see has a sighting passed on.
func (w *watch) see(s Sighting) { w.news = append(w.news, s) }

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
	if w.full { // it will be seen anyway
		return
	}
	if w.wants(e.Name) || e.Has(fsnotify.Create) && !passing(filepath.Base(e.Name)) {
		w.dirty[e.Name] = true // what comes may be a folder, whatever the profile takes
	}
	if len(w.dirty) > crowd {
		w.full = true
		clear(w.dirty)
	}
}

// wants reports whether a file at path is looked at.
func (w *watch) wants(path string) bool { return w.rules.takes(filepath.Base(path)) }

// hears reports whether events can be relied on.
func (w *watch) hears() bool { return w.notify != nil && !w.deaf && !w.away }

// elsewhere reports whether the folder is on a share, and was not, or the other way round.
func (w *watch) elsewhere(f findings, share bool) bool {
	return f.full && f.err == nil && !w.away && !w.Share && f.share != share
}

// rest is how long after a full look the next one is due anyhow: a share that is slow to
// list is not listed all the time. An empty folder may be where one will be mounted.
func (w *watch) rest() time.Duration {
	if w.hears() && len(w.tracks)+len(w.done) > 0 {
		return rescan
	}
	return max(w.every, w.took)
}

// next is when there is something to do again.
func (w *watch) next() time.Time {
	switch {
	case w.slow && !w.asked.IsZero():
		return w.said.Add(patience)
	case !w.asked.IsZero():
		return w.asked.Add(patience)
	}
	at := w.looked.Add(w.rest())
	if w.hears() && (w.full || len(w.dirty) > 0 || len(w.units) > 0) {
		if soon := w.turned.Add(w.beat()); soon.Before(at) {
			at = soon
		}
	}
	return at
}

// turn asks the disk for what is due.
func (w *watch) turn(ask chan<- survey, now time.Time) {
	if !w.asked.IsZero() {
		w.unanswered(now)
		return
	}
	s := survey{full: w.full || !w.hears() || now.Sub(w.looked) >= w.rest()}
	s.check = w.due(now)
	if !s.full {
		w.young()
		s.paths = slices.Collect(maps.Keys(w.dirty))
	}
	if !s.full && len(s.paths) == 0 && len(s.check) == 0 {
		w.turned = now
		return
	}
	clear(w.dirty)
	w.full = false
	w.turned, w.asked = now, now
	if s.full {
		w.looked = now
	}
	ask <- s
}

// young has the files looked at that were not yet found unchanged often enough. The others
// are looked at once more when their capture is due.
func (w *watch) young() {
	for path, t := range w.tracks {
		if t.looks < steady {
			w.dirty[path] = true
		}
	}
}

// due are the captures whose time it is to be whole.
func (w *watch) due(now time.Time) []inquiry {
	if w.away {
		return nil
	}
	var all []inquiry
	files := 0
	for _, u := range w.units {
		if !w.ready(u, now) {
			continue
		}
		q := inquiry{unit: u.path, several: u.several, store: u.store, unread: map[string]bool{}}
		for t := range u.all() {
			q.files = append(q.files, t.File)
			if !t.whole {
				q.unread[t.Path] = true
			}
		}
		all = append(all, q)
		if files += len(q.files); files > portion {
			break
		}
	}
	return all
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
