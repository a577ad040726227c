package station

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"os"
	"path"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/job"
)

// Version is a commit of the dataset.
type Version struct {
	dataset.Commit

	OnlyHere bool // no other place has all of its data yet
	Unshared bool // no git server has the commit itself, which says what the data are, and what people decided
}

// Versions returns the newest n commits, all for 0. The data of a commit are elsewhere once the git
// server has it, which gets it last; or where there is none, once its objects were pushed
// to the default remote.
func (s *Station) Versions(ctx context.Context, n int) ([]Version, error) {
	all, err := s.repo.Log(ctx, n)
	if err != nil {
		return nil, err
	}
	here, err := s.onlyHere(ctx)
	if err != nil {
		return nil, err
	}
	alone, err := s.ahead(ctx, dataset.Upstream)
	if err != nil {
		return nil, err
	}
	out := make([]Version, len(all))
	for i, c := range all {
		out[i] = Version{Commit: c, OnlyHere: here[c.ID], Unshared: alone[c.ID]}
	}
	return out, nil
}

// onlyHere returns the commits whose data no other place has.
func (s *Station) onlyHere(ctx context.Context) (map[string]bool, error) {
	has := dataset.Upstream
	if s.file.Settings().Git.URL == "" {
		for _, p := range s.places.feed.All() {
			if p.Default {
				has = p.Has
			}
		}
	}
	return s.ahead(ctx, has)
}

// ahead returns the commits that a version lacks; all of them if there is no such version.
func (s *Station) ahead(ctx context.Context, has string) (map[string]bool, error) {
	ahead, err := s.repo.Ahead(ctx, has)
	if fault.KindOf(err) == fault.NotFound { // nothing was pushed, or it is gone after a rebase
		ahead, err = s.repo.Ahead(ctx, "")
	}
	here := make(map[string]bool, len(ahead))
	for _, id := range ahead {
		here[id] = true
	}
	return here, err
}

// Compare returns which files differ from one version to another. An empty from is the
// version before the other; an empty to is what is not committed yet, and comes after the
// newest.
func (s *Station) Compare(ctx context.Context, from, to string) ([]dataset.FileChange, error) {
	if to == "" {
		return s.repo.Diff(ctx, cmp.Or(from, "HEAD"), "")
	}
	if from != "" {
		return s.repo.Diff(ctx, from, to)
	}
	all, err := s.repo.Diff(ctx, to+"^", to)
	if fault.KindOf(err) == fault.NotFound { // the first version of all
		return s.repo.Diff(ctx, "", to)
	}
	return all, err
}

// drawable is how many pixels a picture of a file may be made from: what has no coarse
// level of its own would be read whole.
const drawable = 100e6

// Picture draws the content of a versioned file, at most size pixels wide and high. What
// is no image is fault.Invalid; what is not on this machine is fault.NotFound. Nothing is converted for it.
func (s *Station) Picture(ctx context.Context, md5 string, size int) (image.Image, error) {
	if len(md5) != 32 {
		return nil, fault.New(fault.Invalid, "A folder has no picture.", "", nil)
	}
	src, err := s.atHand.OpenAs(ctx, s.objectPath(md5), pixelsID(md5))
	if err != nil {
		return nil, err
	}
	defer src.Close() //nolint:errcheck // read only
	info := src.Info()
	coarse := info.Levels[len(info.Levels)-1].Size
	if float64(coarse.X)*float64(coarse.Y) > drawable {
		return nil, fault.New(fault.Full, "This image is too large for a picture here.", "Open it in the viewer.", nil)
	}
	// Not by way of the viewer's tiles: it opens the work tree's file under the capture's name,
	// whatever has become of that file since.
	return picture(ctx, imageio.Pyramid(src), plane(info).Z, 0, size)
}

// objectPath is where the cache keeps a file's content.
func (s *Station) objectPath(md5 string) string {
	return filepath.Join(s.repo.CacheDir(), "files", "md5", md5[:2], md5[2:])
}

// SaveCopy writes a version of a file into a folder, under a name that no file there has,
// and returns its path.
func (s *Station) SaveCopy(ctx context.Context, name, md5, version, folder string) (string, error) {
	stem, ext, _ := strings.Cut(path.Base(name), ".")
	if ext != "" {
		ext = "." + ext
	}
	to := filepath.Join(folder, stem+"_"+version+ext)
	for i := 2; ; i++ {
		if _, err := os.Lstat(to); err != nil {
			break // free, or the copy will say what is wrong
		}
		to = filepath.Join(folder, fmt.Sprintf("%s_%s (%d)%s", stem, version, i, ext))
	}
	return to, s.jobs.Do(ctx, jobKind(Copying, ""), "Save a copy of "+path.Base(name), func(ctx context.Context, p *job.Progress) error {
		p.Step(to)
		return s.repo.Copy(ctx, md5, to, p)
	})
}

// BringBack makes a file of the work tree what it was in a version. It is then among what
// is not committed yet.
func (s *Station) BringBack(ctx context.Context, version, name, md5 string) error {
	title := "Bring back " + path.Base(name)
	return s.jobs.Do(ctx, jobKind(Returning, ""), title, func(ctx context.Context, p *job.Progress) error {
		outs, err := s.repo.Outputs(ctx)
		if err != nil {
			return err
		}
		for _, o := range outs { // one file of a folder that is versioned whole
			if strings.HasPrefix(name, o.Path+"/") {
				if err := s.repo.Place(ctx, name, dataset.Object{MD5: md5}); err != nil {
					return err
				}
				_, err := s.repo.Add(ctx, o.Path, nil, p)
				return err
			}
		}
		_, err = s.repo.Restore(ctx, version, []string{name}, p)
		return err
	})
}

// CommitAll commits everything that is not committed yet, in the person's name.
func (s *Station) CommitAll(ctx context.Context, message string) error {
	if s.file.Settings().Person.Name == "" {
		return fault.New(fault.Invalid, "Nobody is named for this commit.", "Write your name under Settings, Person.", nil)
	}
	return s.jobs.Do(ctx, jobKind(Committing, ""), "Commit: "+message, func(ctx context.Context, _ *job.Progress) error {
		st, err := s.repo.Status(ctx)
		if err != nil || len(st.Uncommitted) == 0 {
			return err
		}
		_, err = s.repo.CommitAll(ctx, s.author(), message, st.Uncommitted)
		return err
	})
}
