package station

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"coverslip.dev/coverslip/core/capture"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/fault"
)

// Instrument is a folder that an instrument writes to.
type Instrument = config.Folder

// Instruments returns the instruments' folders that the workspace at dir watches.
func Instruments(dir string) ([]Instrument, error) {
	f, err := config.Load(filepath.Join(dir, "settings.json"))
	if err != nil {
		return nil, err
	}
	return f.Settings().Folders, nil
}

// EditInstruments changes the instruments' folders of the workspace at dir, which is made
// where it is missing. It is Busy while a station works on it, which has settings of its own.
func EditInstruments(ctx context.Context, dir string, edit func([]Instrument) ([]Instrument, error)) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // as a station makes it
		return err
	}
	held, err := lock(ctx, filepath.Join(dir, "lock"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Close()) }()
	f, err := config.Load(filepath.Join(dir, "settings.json"))
	if err != nil {
		return err
	}
	s := f.Settings()
	if s.Folders, err = edit(slices.Clone(s.Folders)); err != nil {
		return err
	}
	for _, one := range s.Folders {
		if _, err := profile(one); err != nil {
			return err
		}
	}
	return f.Save(s)
}

// OwnProfile returns the profile of that name for a lab to change.
func OwnProfile(name string) (*config.Profile, error) {
	p, ok := capture.Named(name)
	if !ok {
		return nil, fault.New(fault.Invalid, "There is no instrument profile “"+name+"”.", "Choose one of those that instrument list names.", nil)
	}
	return &config.Profile{
		Match: slices.Clone(p.Match), Group: p.Group, Companions: slices.Clone(p.Companions), Marker: p.Marker, Quiet: p.Quiet, MaxWait: p.MaxWait,
	}, nil
}

// ProfileNames are the names of the profiles that come with the program.
func ProfileNames() []string {
	var names []string
	for _, p := range capture.Profiles() {
		names = append(names, p.Name)
	}
	return names
}
