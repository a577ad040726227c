package station

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/health"
	"coverslip.dev/coverslip/core/remote"
)

// Place is where the dataset's data lies: a remote of DVC, the git server, or this machine.
type Place struct {
	Key       string // names it in calls; ThisMachine for the cache
	Name, URL string
	Git       bool
	Default   bool

	Looked    time.Time // when its state was last asked for; zero: not yet
	Answers   bool
	Behind    int    // files of the present version, or commits of the git server, that it lacks
	Say, Hint string // why it does not answer, or why the last push to it broke off

	Kept
}

// Kept is what is remembered of a place from day to day.
type Kept struct {
	Has     string        // the version that was pushed from here last
	Pushed  time.Time     // when
	Checked time.Time     // last audit, or verification of this machine
	Check   dataset.Check // its flaws only in part: see flawsKept
	Missing int
	Damaged int
	Deep    bool // every byte was read
}

// Keys of places that are no remotes.
const (
	ThisMachine = "" // the cache
	GitServer   = "git server"
)

// flawsKept is how many flaws of a check are remembered by name.
const flawsKept = 500

// glance is how long a place may take to say what it has.
const glance = 20 * time.Second

// places keep what is known of the places.
type places struct {
	feed event.Feed[string, Place]
	poke chan struct{}

	mu sync.Mutex // guards changes of rows
}

// Places are where the data lies, this machine under the empty key.
func (s *Station) Places() *event.Feed[string, Place] { return &s.places.feed }

// LookAtPlaces asks the places soon what they have.
func (s *Station) LookAtPlaces() {
	select {
	case s.places.poke <- struct{}{}:
	default:
	}
}

// keepPlaces asks the places whenever someone wants to know, until ctx ends.
func (s *Station) keepPlaces(ctx context.Context) error {
	for {
		if err := s.listPlaces(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "places not listed", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.places.poke:
		}
		if err := s.listPlaces(ctx); err != nil {
			continue
		}
		var g errgroup.Group
		g.SetLimit(4)
		for key := range s.places.feed.All() {
			g.Go(func() error { s.look(ctx, key); return nil })
		}
		if err := g.Wait(); err != nil {
			return err
		}
	}
}

// listPlaces puts a row for every place into the feed, with what is remembered of it.
func (s *Station) listPlaces(ctx context.Context) error {
	remotes, err := s.repo.Remotes()
	if err != nil {
		return err
	}
	all := map[string]Place{ThisMachine: {Name: "This computer", URL: s.repo.CacheDir()}}
	for _, r := range remotes {
		all[r.Name] = Place{Key: r.Name, Name: r.Name, URL: r.URL, Default: r.Default}
	}
	if url := s.file.Settings().Git.URL; url != "" {
		all[GitServer] = Place{Key: GitServer, Name: "Git server", URL: url, Git: true}
	}
	for key := range s.places.feed.All() {
		if _, still := all[key]; !still {
			s.places.feed.Drop(key)
			s.board.Clear("place/" + key)
		}
	}
	for key, p := range all {
		if was, ok := s.places.feed.Row(key); ok && was.URL == p.URL && was.Default == p.Default {
			continue
		}
		b, _, err := s.store.Kept(ctx, "place/"+p.URL)
		if err == nil && b != nil {
			err = json.Unmarshal(b, &p.Kept)
		}
		if err != nil {
			return err
		}
		s.places.feed.Put(key, p)
		s.warn(p)
	}
	return nil
}

// warn has the station say that data of a place was found missing or damaged, until it is
// there and whole.
func (s *Station) warn(p Place) {
	code := "place/" + p.Key
	n := p.Missing + p.Damaged
	if n == 0 {
		s.board.Clear(code)
		return
	}
	what, hint := "files on "+p.Name+" are", "Mend them under Datasets, Places."
	if p.Key == ThisMachine {
		what, hint = "files on this computer are", "Pull them under Datasets, Places."
	}
	if n == 1 {
		what = strings.NewReplacer("files", "file", " are", " is").Replace(what)
	}
	s.board.Raise(health.Trouble{Code: code, Title: p.Name, Say: fmt.Sprintf("%d %s missing or damaged.", n, what), Hint: hint, Severity: health.Warning})
}

// change changes what is known of a place; with keep it is remembered.
func (s *Station) change(ctx context.Context, key string, keep bool, do func(*Place)) {
	s.places.mu.Lock()
	defer s.places.mu.Unlock()
	p, ok := s.places.feed.Row(key)
	if !ok {
		return
	}
	do(&p)
	s.places.feed.Put(key, p)
	s.warn(p)
	if !keep {
		return
	}
	b, err := json.Marshal(p.Kept)
	if err == nil {
		err = s.store.Keep(context.WithoutCancel(ctx), "place/"+p.URL, b)
	}
	if err != nil {
		s.log.WarnContext(ctx, "place not remembered", slog.Any("error", err))
	}
}

// look asks one place what it has.
func (s *Station) look(ctx context.Context, key string) {
	limited, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	behind, err := s.behind(limited, key)
	if ctx.Err() != nil {
		return
	}
	s.change(ctx, key, false, func(p *Place) {
		p.Looked, p.Answers = time.Now(), err == nil
		switch {
		case err != nil:
			p.Say, p.Hint = fault.Explain(err)
		case p.Git && behind > 0: // it is not asked here: what it said last stands
			p.Behind = behind
		default:
			p.Say, p.Hint, p.Behind = "", "", behind
		}
	})
}

// behind counts what a place lacks of the present version.
func (s *Station) behind(ctx context.Context, key string) (int, error) {
	switch key {
	case ThisMachine:
		return s.repo.Lacking(ctx)
	case GitServer:
		ahead, err := s.repo.Ahead(ctx, dataset.Upstream)
		if fault.KindOf(err) == fault.NotFound {
			ahead, err = s.repo.Ahead(ctx, "")
		}
		return len(ahead), err
	}
	c, err := s.remoteNamed(key)
	if err != nil {
		return 0, err
	}
	at, err := openPlace(c, s.secrets) // without patience: a person waits
	if err != nil {
		return 0, err
	}
	found, err := s.repo.Audit(ctx, at, dataset.AuditOptions{}, nil)
	s.damaged(ctx, &found)
	n := 0
	for _, f := range found.Flaws {
		if f.What == dataset.FlawMissing {
			n++
		}
	}
	return n, errors.Join(err, at.Close())
}

func (s *Station) remoteNamed(name string) (dataset.RemoteConfig, error) {
	all, err := s.repo.Remotes()
	if err != nil {
		return dataset.RemoteConfig{}, err
	}
	for _, c := range all {
		if c.Name == name {
			return c, nil
		}
	}
	return dataset.RemoteConfig{}, fault.New(fault.NotFound, "The dataset has no remote "+name+".", "Set it under Settings.", nil)
}

// at opens a remote by its name, with patience.
func (s *Station) at(name string) (remote.Remote, error) {
	c, err := s.remoteNamed(name)
	if err != nil {
		return nil, err
	}
	return openRemote(c, s.secrets)
}
