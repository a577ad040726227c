package station

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/capture"
	"coverslip.dev/coverslip/core/config"
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
		for path := range s.sightings.All() {
			s.sightings.Drop(path)
		}
	}
}

// rel is where a file of an instrument goes in the dataset: captures/folder/name, with
// the folder's own sub-folders kept.
func rel(f config.Folder, path string) (string, error) {
	in, err := filepath.Rel(f.Path, path)
	if err != nil || strings.HasPrefix(in, "..") {
		return "", errors.New("file outside its folder")
	}
	return filepath.ToSlash(filepath.Join("captures", in)), nil
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
