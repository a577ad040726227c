package station

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"log/slog"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/health"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/release"
	"coverslip.dev/coverslip/core/session"
)

// Shelf is what a tracker and registry held when they last answered.
type Shelf struct {
	Name     string // of the registry, for people
	At       time.Time
	Server   bool // not the workspace's own
	Offline  bool
	Say      string // why it does not answer now
	Hint     string
	Models   []model.Model
	Versions map[string][]model.Version // by model, the newest first
	Runs     []model.Run
	History  map[string][]release.Promotion // by model, the newest first
}

// platform is a tracker and registry in one: a server, or the workspace's own.
type platform interface {
	model.Tracker
	model.Registry
}

// runsShown is how many runs of an experiment are kept for the screen.
const runsShown = 500

// shelves keep what the platforms say, so that screens show it with the cable pulled.
type shelves struct {
	feed event.Feed[string, Shelf] // "local" and "mlflow"

	store *session.Store
	board *health.Board
	log   *slog.Logger
	poke  chan struct{}

	mu     sync.Mutex // guards all below
	local  platform
	server platform // nil: none is connected
}

const (
	localShelf  = "local"
	serverShelf = "mlflow"
)

func newShelves(local platform, store *session.Store, board *health.Board, log *slog.Logger) *shelves {
	return &shelves{local: local, store: store, board: board, log: log, poke: make(chan struct{}, 1)}
}

// connect uses server from now on, or only the workspace's own where it is nil. What another
// server has said is no longer shown.
func (s *shelves) connect(server platform) {
	s.mu.Lock()
	if !same(s.server, server) {
		s.feed.Drop(serverShelf)
		s.board.Clear(serverShelf)
	}
	s.server = server
	s.mu.Unlock()
	s.refreshSoon()
}

// same reports whether two platforms are one; nil is none.
func same(a, b platform) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Name() == b.Name()
}

// show puts what p has said on the screens, or what is remembered of it; false if another is
// connected by now.
func (s *shelves) show(key string, p platform, sh Shelf) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key == serverShelf && !same(s.server, p) {
		return false
	}
	if sh.Offline {
		s.board.Raise(health.Trouble{Code: key, Title: sh.Name, Say: sh.Say, Hint: sh.Hint, Severity: health.Warning})
	} else {
		s.board.Clear(key)
	}
	s.feed.Put(key, sh)
	return true
}

func (s *shelves) refreshSoon() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// inUse returns the platform that decisions go to, the server's where there is one, and its key
// in the feed.
func (s *shelves) inUse() (string, platform) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return serverShelf, s.server
	}
	return localShelf, s.local
}

func (s *shelves) platform() platform {
	_, p := s.inUse()
	return p
}

// shelf returns what the platform in use last said; heard is whether it has.
func (s *shelves) shelf() (sh Shelf, heard bool) {
	key, _ := s.inUse()
	return s.feed.Row(key)
}

// version is a version as its platform last listed it; zero where it did not.
func (s *shelves) version(p platform, m infer.Ref) model.Version {
	key, use := s.inUse()
	if !same(use, p) {
		key = localShelf
	}
	sh, _ := s.feed.Row(key)
	for _, v := range sh.Versions[m.Model] {
		if v.Version == m.Version {
			return v
		}
	}
	return model.Version{}
}

// watch asks the platforms again and again until ctx ends.
func (s *shelves) watch(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		s.mu.Lock()
		local, server := s.local, s.server
		s.mu.Unlock()
		s.refresh(ctx, localShelf, local)
		if server != nil {
			s.refresh(ctx, serverShelf, server)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-s.poke:
		}
	}
}

func (s *shelves) refresh(ctx context.Context, key string, p platform) {
	limited, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	keep := "shelf/" + key + "/" + p.Name()
	if _, ok := s.feed.Row(key); !ok && key == serverShelf { // it may take long to answer
		if sh := s.remembered(ctx, key, keep); !sh.At.IsZero() {
			s.show(key, p, sh)
		}
	}
	sh, err := readShelf(limited, p)
	sh.Server = key == serverShelf
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		sh = s.remembered(ctx, key, keep)
		sh.Name, sh.Server, sh.Offline = p.Name(), key == serverShelf, true
		sh.Say, sh.Hint = fault.Explain(err)
		s.log.Debug("platform does not answer", slog.String("platform", p.Name()), slog.Any("error", err))
		s.show(key, p, sh)
		return
	}
	if !s.show(key, p, sh) {
		return
	}
	var b bytes.Buffer
	err = gob.NewEncoder(&b).Encode(sh) // not JSON: a metric may be NaN
	if err == nil {
		err = s.store.Keep(ctx, keep, b.Bytes())
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		s.log.Warn("shelf not kept", slog.Any("error", err))
	}
}

// remembered returns what is on show, or what the session has of an earlier day.
func (s *shelves) remembered(ctx context.Context, key, keep string) Shelf {
	if sh, ok := s.feed.Row(key); ok {
		return sh
	}
	var sh Shelf
	b, _, err := s.store.Kept(ctx, keep)
	if err == nil && b != nil {
		err = gob.NewDecoder(bytes.NewReader(b)).Decode(&sh)
	}
	if err != nil {
		s.log.Warn("shelf not remembered", slog.Any("error", err))
	}
	return sh
}

// readShelf reads a whole platform.
func readShelf(ctx context.Context, p platform) (Shelf, error) {
	sh := Shelf{Name: p.Name(), At: time.Now(), Versions: map[string][]model.Version{}, History: map[string][]release.Promotion{}}
	var err error
	if sh.Models, err = p.Models(ctx); err != nil {
		return sh, err
	}
	for _, m := range sh.Models {
		vs, err := p.Versions(ctx, m.Name)
		if err != nil {
			return sh, err
		}
		sh.Versions[m.Name], sh.History[m.Name] = vs, release.History(vs)
	}
	es, err := p.Experiments(ctx)
	if err != nil {
		return sh, err
	}
	for _, e := range es {
		rs, err := p.Runs(ctx, e.ID, runsShown)
		if err != nil {
			return sh, err
		}
		sh.Runs = append(sh.Runs, rs...)
	}
	return sh, nil
}

// ReadShelf asks the platform in use once, or tells what was last seen of it.
func (s *Station) ReadShelf(ctx context.Context) Shelf {
	key, p := s.shelves.inUse()
	s.shelves.refresh(ctx, key, p)
	sh, _ := s.shelves.shelf()
	return sh
}
