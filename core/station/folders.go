package station

import (
	"cmp"
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
	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/health"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/intake"
)

// Sighting is a capture of an instrument that is not stored yet, or a folder that can't
// be read.
type Sighting struct {
	Path      string
	Size      int64
	Since     time.Time
	Arriving  bool   // it grows; Say may tell how fast
	Say, Hint string // why it is held
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
		_ = g.Wait() // each watch ends with its context only, and then at once: none touches its disk itself
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for file := range s.sightings.All() {
			s.sightings.Drop(file)
		}
	}
}

// rel is where a capture of an instrument goes in the dataset: captures/instrument/…, with
// the folder's own sub-folders kept. Several files get a folder of their own that nothing
// else is ever put into: it is versioned as a whole.
func rel(f config.Folder, g capture.Sighting) (string, error) {
	in, err := filepath.Rel(f.Path, g.Path)
	if err != nil || !filepath.IsLocal(in) {
		return "", errors.New("file outside its folder")
	}
	name := f.Instrument
	if name == "" {
		name = filepath.Base(f.Path)
	}
	if len(g.Files) > 0 && !strings.EqualFold(filepath.Ext(in), ".zarr") { // which ends so for those who read it
		in += ".set"
	}
	return path.Join("captures", plain(name), filepath.ToSlash(in)), nil
}

// plain makes a folder's name of an instrument's: letters, digits and dashes.
func plain(name string) string {
	word := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	return strings.ToLower(strings.Join(strings.FieldsFunc(name, word), "-"))
}

// found puts finished captures on the intake line.
func (s *Station) found(ctx context.Context, f config.Folder, done []capture.Sighting) error {
	all := make([]flow.Fresh, 0, len(done))
	for _, g := range done {
		r, err := rel(f, g)
		if err != nil {
			return err
		}
		c := intake.Capture{Path: g.Path, Rel: s.names.place(r, g.Path), Instrument: f.Instrument, Size: g.Size, Modified: g.Modified}
		if len(g.Files) > 0 {
			if c, err = several(c, g.Files); err != nil {
				return err
			}
		}
		all = append(all, flow.Fresh{ID: c.ID(), Line: intake.LineName, Title: c.Title(), Data: c})
	}
	_, err := s.flow.Add(ctx, all...)
	return err
}

// several names the files of a capture, in a folder that all of them are in, and the first
// image among them, which stands for all.
func several(c intake.Capture, files []capture.File) (intake.Capture, error) {
	root := c.Path
	for _, f := range files {
		if !strings.HasPrefix(f.Path, c.Path+string(filepath.Separator)) { // the name is no folder's
			root = filepath.Dir(c.Path)
			break
		}
	}
	names, strange := make([]string, 0, len(files)), ""
	for _, f := range files {
		in, err := filepath.Rel(root, f.Path)
		if err != nil || !filepath.IsLocal(in) {
			return c, errors.New("file outside its folder")
		}
		names = append(names, filepath.ToSlash(in))
		switch {
		case c.Lead == "" && looksLikeImage(in):
			c.Lead = filepath.ToSlash(in)
		case strange == "" && capture.Picture(in): // of which it can be said what it is
			strange = filepath.ToSlash(in)
		}
	}
	c.Lead = cmp.Or(c.Lead, strange)
	return intake.Several(c, root, names)
}

// looksLikeImage reports whether a file is one that can be looked at, by its name.
func looksLikeImage(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".tif", ".tiff", ".lsm", ".stk", ".svs", ".czi", ".png", ".jpg", ".jpeg", ".bmp", ".dib", ".avi", ".mp4", ".m4v", ".mov", ".mkv", ".webm":
		return true
	}
	return false
}

// complete reports whether a file is whole by its format: first by its ends, then by
// what its description promises, where the format is one that can be looked into.
func (s *Station) complete(ctx context.Context, file string) error {
	if err := imageio.Judged(func() error { return ending.Check(file) }); err != nil {
		return err
	}
	return s.opener.Complete(ctx, file)
}

// nameable refuses, as fault.Denied, a file that can't be in the dataset under its name: it is held
// until somebody renames it, and nothing else with it.
func nameable(f config.Folder, file string) error {
	in, err := filepath.Rel(f.Path, file)
	if err == nil {
		err = dataset.CheckName(filepath.ToSlash(in))
	}
	if err == nil {
		return nil
	}
	say, hint := fault.Explain(err)
	return fault.New(fault.Denied, say, hint, err)
}

// profile is what an instrument writes.
func profile(f config.Folder) (capture.Profile, error) {
	if o := f.Own; o != nil {
		p := capture.Profile{
			Name: "own", Match: o.Match, Group: o.Group, Companions: o.Companions, Marker: o.Marker, Quiet: o.Quiet, MaxWait: o.MaxWait,
		}
		return p, p.Check()
	}
	p, ok := capture.Named(f.Profile)
	if !ok {
		return p, fault.New(fault.Invalid, "There is no instrument profile “"+f.Profile+"”.", "Choose another one in Settings, Instrument folders.", nil)
	}
	return p, nil
}

// watchFolder watches one instrument's folder until ctx ends. What goes wrong here, such as
// a disk that is full, is tried again: the folder has kept what came meanwhile.
func (s *Station) watchFolder(ctx context.Context, f config.Folder) error {
	code := "folder/" + f.Path
	defer s.board.Clear(code) // or it stays when the folder is taken out of the settings
	for {
		err := s.watchOnce(ctx, f, code)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.log.Error("folder watch ended", slog.String("folder", f.Path), slog.Any("error", err))
		say, hint := fault.Explain(err)
		s.board.Raise(health.Trouble{Code: code, Title: f.Path, Say: say, Hint: hint, Severity: health.Warning})
		if err := wait(ctx, watchAgain); err != nil {
			return err
		}
		s.board.Clear(code)
	}
}

// watchAgain is how long a folder whose watch failed is left alone.
const watchAgain = 10 * time.Second

func (s *Station) watchOnce(ctx context.Context, f config.Folder, code string) error {
	p, err := profile(f)
	if err != nil {
		return err
	}
	folder := capture.Folder{
		Path: f.Path, Profile: p, Quiet: f.Quiet, Share: f.Share,
		Complete: func(p string) error {
			if err := nameable(f, p); err != nil {
				return err
			}
			return s.complete(ctx, p)
		},
		Known: func(file capture.File) bool {
			_, ok := s.flow.Items.Row(intake.Capture{Path: file.Path, Size: file.Size, Modified: file.Modified}.ID())
			return ok
		},
	}
	return folder.Watch(ctx, func(news []capture.Sighting) error {
		var done []capture.Sighting
		for _, g := range news {
			if s.sighted(g, f, code); g.State == capture.Done {
				done = append(done, g)
			}
		}
		return s.found(ctx, f, done)
	})
}

// sighted shows what is on its way in a folder.
func (s *Station) sighted(g capture.Sighting, f config.Folder, code string) {
	switch g.State {
	case capture.Away:
		s.board.Raise(health.Trouble{Code: code, Title: f.Path, Say: g.Say, Hint: g.Hint, Severity: health.Warning})
	case capture.Back:
		s.board.Clear(code)
	case capture.Gone, capture.Done:
		s.sightings.Drop(g.Path)
	case capture.Arriving, capture.Waiting:
		seen := Sighting{Path: g.Path, Size: g.Size, Since: g.Since, Arriving: g.State == capture.Arriving, Say: g.Say, Hint: g.Hint}
		if s.sightings.Put(g.Path, seen); !seen.Arriving {
			s.tellHeld(seen)
		}
	}
}
