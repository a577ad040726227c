package station

import (
	"context"
	"errors"
	"log/slog"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/capture"
	"coverslip.dev/coverslip/core/capture/ending"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/health"
	"coverslip.dev/coverslip/core/intake"
)

// Sighting is a file of an instrument that is not captured yet, or a folder that can't
// be read.
type Sighting struct {
	Path      string
	Size      int64
	Since     time.Time
	Say, Hint string // why it is held; empty while it simply arrives
}

// watchFolders watches the instruments' folders, and starts over when the settings change.
func (s *Station) watchFolders(ctx context.Context) error {
	for {
		turn, stop := context.WithCancel(ctx)
		g, turn := errgroup.WithContext(turn)
		for _, f := range s.file.Settings().Folders {
			g.Go(func() error { return s.watchFolder(turn, f) })
		}
		select {
		case <-ctx.Done():
		case <-s.settled:
		}
		stop()
		if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			s.log.Error("folder watch ended", slog.Any("error", err))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for file := range s.sightings.All() {
			s.sightings.Drop(file)
		}
	}
}

// rel is where a file of an instrument goes in the dataset: captures/instrument/…, with
// the folder's own sub-folders kept.
func rel(f config.Folder, file string) (string, error) {
	in, err := filepath.Rel(f.Path, file)
	if err != nil || !filepath.IsLocal(in) {
		return "", errors.New("file outside its folder")
	}
	name := f.Instrument
	if name == "" {
		name = filepath.Base(f.Path)
	}
	return path.Join("captures", plain(name), filepath.ToSlash(in)), nil
}

// plain makes a folder's name of an instrument's: letters, digits and dashes.
func plain(name string) string {
	word := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	return strings.ToLower(strings.Join(strings.FieldsFunc(name, word), "-"))
}

// found puts a finished file on the intake line.
func (s *Station) found(ctx context.Context, f config.Folder, file capture.File) error {
	r, err := rel(f, file.Path)
	if err != nil {
		return err
	}
	c := intake.Capture{Path: file.Path, Rel: r, Instrument: f.Instrument, Size: file.Size, Modified: file.Modified}
	_, err = s.flow.Add(ctx, c.ID(), intake.LineName, c.Title(), c)
	return err
}

// complete reports whether a file is whole by its format: first by its ends, then by
// what its description promises, where the format is one that can be looked into.
func (s *Station) complete(ctx context.Context, file string) error {
	if err := ending.Check(file); err != nil {
		return err
	}
	return s.opener.Complete(ctx, file)
}

// watchFolder watches one instrument's folder until ctx ends.
func (s *Station) watchFolder(ctx context.Context, f config.Folder) error {
	folder := capture.Folder{
		Path: f.Path, Quiet: f.Quiet,
		Complete: func(p string) error { return s.complete(ctx, p) },
	}
	return folder.Watch(ctx, func(g capture.Sighting) error {
		code := "folder/" + f.Path
		switch g.State {
		case capture.Away:
			s.board.Raise(health.Trouble{Code: code, Title: f.Path, Say: g.Say, Hint: g.Hint, Severity: health.Warning})
		case capture.Back:
			s.board.Clear(code)
		case capture.Gone:
			s.sightings.Drop(g.Path)
		case capture.Done:
			s.sightings.Drop(g.Path)
			return s.found(ctx, f, g.File)
		case capture.Arriving, capture.Waiting:
			s.sightings.Put(g.Path, Sighting{Path: g.Path, Size: g.Size, Since: g.Since, Say: g.Say, Hint: g.Hint})
		}
		return nil
	})
}
