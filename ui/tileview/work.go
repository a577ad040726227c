package tileview

import (
	"container/list"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// cacheBytes bounds what decoded tiles take up, unless one screen takes up more: mostCaches times as
// much at most, where the image has coarser levels. A 1080p view of
// four 16-bit channels is 25 MB at 1:1 and up to 75 MB just before the next coarser level is taken;
// the source's cache holds what lies around.
const (
	cacheBytes = 88 << 20
	mostCaches = 6
)

// work is what the screen's thread and the workers share: the tiles in memory
// and the tiles that are wanted.
type work struct {
	mu      sync.Mutex // guards all below
	more    chan struct{}
	crew    *crew
	src     imageio.Source
	info    imageio.Info
	opened  int // grows with every image, and where spans change: a tile of before is dropped
	spans   []span
	colors  []Channel
	tint    Tint
	palette palette
	stale   bool     // palette is older than colors
	measure bool     // the spans are still to be found
	later   bool     // measuring found the server away
	asked   *tileKey // the plane whose samples are to be measured anew

	tiles  map[tileKey]*list.Element
	used   *list.List // of *tile, the latest used first
	bytes  int
	limit  int
	need   int       // bytes of what the screen shows: with less it would be read again and again
	wanted []tileKey // nearest to the centre first; replaced every frame
	shown  [2]int    // the plane and the time on the screen, as tiles name them
	busy   map[tileKey]bool
	broken map[tileKey]bool
	told   bool             // a trouble of this image was told
	away   map[tileKey]bool // of broken: their server was busy or out of reach
	lost   time.Time        // when it was last so
	gone   bool             // that was told, and nothing was read since
}

// crew is who reads one image: a worker a core but for the screen's. Each image has its own, for a read
// of a server that went silent takes long to end, and one of a share that is gone never does.
type crew struct{ free int }

func newCrew() *crew { return &crew{max(1, runtime.NumCPU()-1)} }

func newWork() *work {
	return &work{
		more: make(chan struct{}, 1), crew: newCrew(), limit: cacheBytes, tiles: map[tileKey]*list.Element{}, used: list.New(),
		busy: map[tileKey]bool{}, broken: map[tileKey]bool{}, away: map[tileKey]bool{},
	}
}

func (w *work) open(src imageio.Source, info imageio.Info) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.src, w.info, w.crew = src, info, newCrew()
	w.spans, w.measure, w.later, w.asked = nil, src != nil, false, nil
	w.forget()
	w.need, w.wanted, w.broken, w.told = 0, nil, map[tileKey]bool{}, false
	w.away, w.gone = map[tileKey]bool{}, false
	w.signal()
}

// forget drops all tiles, and those that are being read; w.mu is held.
func (w *work) forget() {
	w.opened++
	w.tiles, w.used, w.bytes, w.busy = map[tileKey]*list.Element{}, list.New(), 0, map[tileKey]bool{}
}

// ask has the samples of a plane measured.
func (w *work) ask(plane tileKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = &plane
	w.signal()
}

func (w *work) recolor(cs []Channel, tint Tint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.colors, w.tint = append(w.colors[:0:0], cs...), tint
	w.palette.gen++
	w.stale = true
}

// mixed returns the colours of now; w.mu is held.
func (w *work) mixed() palette {
	if w.stale {
		w.palette = newPalette(w.palette.gen, w.colors, w.spans, w.tint)
		w.stale = false
	}
	return w.palette
}

func (w *work) signal() {
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// look returns a tile that is in memory, as the latest used; w.mu is held.
func (w *work) look(k tileKey) *tile {
	if e, ok := w.tiles[k]; ok {
		w.used.MoveToFront(e)
	}
	return w.have(k)
}

// have is look that leaves the order of use; w.mu is held.
func (w *work) have(k tileKey) *tile {
	e, ok := w.tiles[k]
	if !ok {
		return nil
	}
	t, _ := e.Value.(*tile)
	return t
}

// keep puts a tile into memory; w.mu is held.
func (w *work) keep(t *tile) {
	if e, ok := w.tiles[t.key]; ok {
		if old, ok := e.Value.(*tile); ok {
			w.bytes -= old.bytes()
		}
		w.used.Remove(e)
	}
	w.tiles[t.key] = w.used.PushFront(t)
	w.bytes += t.bytes()
	w.trim()
}

// trim drops the longest unused; w.mu is held.
func (w *work) trim() {
	for w.bytes > max(w.limit, w.need) && w.used.Len() > 1 {
		e := w.used.Back()
		if old, ok := w.used.Remove(e).(*tile); ok {
			delete(w.tiles, old.key)
			w.bytes -= old.bytes()
		}
	}
}

// task is one thing for a worker to do.
type task struct {
	crew    *crew
	opened  int
	src     imageio.Source
	info    imageio.Info
	measure bool
	asked   bool // by a person
	key     tileKey
	spans   []span
	colors  palette
}

// hired returns the crew of the image that is open.
func (w *work) hired() *crew {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.crew
}

// next takes the most wanted task, if that crew is hired and one of it free.
func (w *work) next(of *crew) (task, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := task{crew: of, opened: w.opened, src: w.src, info: w.info, spans: w.spans}
	if w.crew != of || of.free == 0 || w.src == nil || !w.choose(&t) {
		return task{}, false
	}
	of.free--
	return t, true
}

// choose says what is to be done first; w.mu is held.
func (w *work) choose(t *task) bool {
	if w.measure {
		w.measure = false
		t.measure, t.key = true, tileKey{z: w.info.Z / 2}
		return true
	}
	if w.spans == nil {
		return false // a worker measures
	}
	if w.asked != nil {
		t.measure, t.asked, t.key = true, true, *w.asked
		w.asked = nil
		return true
	}
	t.colors = w.mixed()
	for len(w.wanted) > 0 {
		k := w.wanted[0]
		w.wanted = w.wanted[1:]
		if w.busy[k] || w.broken[k] || w.look(k) != nil {
			continue
		}
		w.busy[k] = true
		t.key = k
		return true
	}
	return false
}

// free says that a worker has done its task.
func (w *work) free(t task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t.crew.free++
	w.signal()
}

// done takes a worker's tile; nil if it could not be read. It returns whether the screen has waited
// for it, and whether there is a trouble to tell of, or with no error the end of one.
func (w *work) done(t task, made *tile, err error) (awaited, tell bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t.opened != w.opened {
		return false, false
	}
	awaited = w.shown == [2]int{t.key.z, t.key.t} // else it was read ahead
	delete(w.busy, t.key)
	switch {
	case err == nil:
		w.keep(made)
		if tell = w.gone && len(w.away) == 0; tell {
			w.gone = false
		}
	case errors.Is(err, context.Canceled):
	case fault.Again(err):
		w.broken[t.key] = true
		w.away[t.key] = true
		w.lost = time.Now()
		tell = !w.gone
		w.gone = true
	default:
		w.broken[t.key] = true
		tell = !w.told
		w.told = true
	}
	return awaited, tell
}

// askAgain is how long a server that was busy or out of reach is left alone.
const askAgain = 2 * time.Second

// reach has asked for again what a server did not give out, once it had time to recover.
func (w *work) reach() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.away) == 0 && !w.later || time.Since(w.lost) < askAgain {
		return
	}
	if w.later {
		w.later, w.measure = false, true
		w.signal()
	}
	for k := range w.away {
		delete(w.broken, k)
	}
	clear(w.away)
}

// unmeasured notes that the server with the samples was out of reach, and returns whether that is to
// be told.
func (w *work) unmeasured(opened int) (tell bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if opened != w.opened {
		return false
	}
	tell = !w.gone
	w.later, w.gone, w.lost = true, true, time.Now()
	return tell
}

// measured takes what the samples span, and whether their server was out of reach.
func (w *work) measured(opened int, spans []span, gone bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if opened != w.opened {
		return false
	}
	if w.spans != nil && !slices.Equal(w.spans, spans) {
		w.forget()
	}
	w.spans, w.gone = spans, w.gone || gone
	w.stale = true
	w.palette.gen++
	w.signal()
	return true
}
