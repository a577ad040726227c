package station

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote"
)

// Work is what a job does to the dataset; its kind says so.
type Work string

// The works on the dataset.
const (
	Pushing    Work = "push"
	Pulling    Work = "pull"
	Auditing   Work = "audit"
	Mending    Work = "mend"
	Verifying  Work = "verify"
	Sifting    Work = "sift" // looking for what can be removed
	Removing   Work = "remove"
	Copying    Work = "copy"
	Returning  Work = "return"
	Committing Work = "commit"

	Reproducing Work = "repro" // of ThePipeline
)

// ThePipeline is the place that a run of the pipeline has.
const ThePipeline = "pipeline"

const jobPrefix = "dataset/"

func jobKind(w Work, place string) string { return jobPrefix + string(w) + "/" + place }

// WorkOf returns what a job does and to which place; false if it is no work on the dataset.
func WorkOf(j job.Job) (w Work, place string, ok bool) {
	rest, ok := strings.CutPrefix(j.Kind, jobPrefix)
	what, place, _ := strings.Cut(rest, "/")
	return Work(what), place, ok
}

// works runs work on a place as a job, unless it runs already.
func (s *Station) works(ctx context.Context, w Work, place, title string, fn job.Func) error {
	for _, j := range s.jobs.Jobs.All() {
		if j.Kind == jobKind(w, place) && j.Ended.IsZero() {
			return fault.New(fault.Busy, title+": that runs already.", "Wait for it, or stop it first.", nil)
		}
	}
	err := s.jobs.Do(ctx, jobKind(w, place), title, fn)
	s.LookAtPlaces()
	return err
}

// PushTo brings to a place what it lacks; to the git server only after every remote that
// Settings name has the data.
func (s *Station) PushTo(ctx context.Context, place string) error {
	return s.works(ctx, Pushing, place, "Push to "+place, func(ctx context.Context, p *job.Progress) error {
		if place == GitServer {
			_, err := vault{s}.Push(ctx, p)
			if err == nil {
				s.change(ctx, place, true, func(p *Place) { p.Pushed, p.Behind = time.Now(), 0 })
			}
			return s.told(ctx, place, err)
		}
		c, err := s.remoteNamed(place)
		if err == nil {
			err = s.pushData(ctx, c, p)
		}
		return s.told(ctx, place, err)
	})
}

// told remembers how it went to reach a place.
func (s *Station) told(ctx context.Context, place string, err error) error {
	if fault.KindOf(err) == fault.Canceled {
		return err
	}
	s.change(ctx, place, false, func(p *Place) {
		p.Say, p.Hint = "", ""
		p.Looked, p.Answers = time.Now(), err == nil
		if err != nil {
			p.Say, p.Hint = fault.Explain(err)
		}
	})
	return err
}

// pushData brings the data to a remote, and remembers up to which version.
func (s *Station) pushData(ctx context.Context, c dataset.RemoteConfig, p *job.Progress) error {
	to, err := openRemote(c, s.secrets)
	if err != nil {
		return err
	}
	head, err := s.repo.Log(ctx, 1)
	if err == nil {
		_, err = s.repo.Push(ctx, to, p)
	}
	if err := errors.Join(err, to.Close()); err != nil {
		return err
	}
	s.change(ctx, c.Name, true, func(p *Place) {
		p.Pushed, p.Behind = time.Now(), 0
		if len(head) > 0 {
			p.Has = head[0].ID
		}
	})
	return nil
}

// PullFrom brings from a place what this machine lacks of the present version. From the
// git server it first takes the commits of others, then their data from the default remote.
func (s *Station) PullFrom(ctx context.Context, place string) error {
	return s.works(ctx, Pulling, place, "Pull from "+place, func(ctx context.Context, p *job.Progress) error {
		name := place
		if place == GitServer {
			p.Step("commits")
			login, err := s.gitLogin()
			if err == nil {
				err = s.repo.GitPull(ctx, s.author(), gitServer, login)
			}
			if err := s.told(ctx, place, err); err != nil {
				return err
			}
			if name = s.defaultRemote(); name == "" {
				return nil
			}
		}
		from, err := s.at(name)
		if err != nil {
			return err
		}
		_, err = s.repo.Pull(ctx, from, p)
		return errors.Join(err, from.Close(), s.healed(ctx))
	})
}

// healed takes off this machine's flaws those that a pull has mended. What came was
// compared with its hash on the way.
func (s *Station) healed(ctx context.Context) error {
	was, ok := s.places.feed.Row(ThisMachine)
	if !ok || len(was.Check.Flaws) == 0 {
		return nil
	}
	whole := map[string]bool{}
	for _, f := range was.Check.Flaws {
		held, err := s.repo.Holds(ctx, f.MD5)
		if err != nil {
			return err
		}
		whole[f.MD5] = held
	}
	s.change(ctx, ThisMachine, true, func(p *Place) {
		var left []dataset.Flaw
		for _, f := range p.Check.Flaws {
			switch {
			case !whole[f.MD5]:
				left = append(left, f)
			case f.What == dataset.FlawMissing:
				p.Missing--
			default:
				p.Damaged--
			}
		}
		p.Check.Flaws = left
	})
	return nil
}

func (s *Station) defaultRemote() string {
	for _, p := range s.places.feed.All() {
		if p.Default {
			return p.Key
		}
	}
	return ""
}

// Audit compares what a remote holds with what all versions name; deep reads it all back.
// With mend, what is missing there is put there again.
func (s *Station) Audit(ctx context.Context, place string, deep, mend bool) error {
	w, title := Auditing, "Audit "+place
	if mend {
		w, title = Mending, "Mend "+place
		was, ok := s.places.feed.Row(place)
		deep = deep || ok && was.Deep && was.Damaged > 0 // sizes do not show what only reading has shown
	}
	return s.works(ctx, w, place, title, func(ctx context.Context, p *job.Progress) error {
		at, err := s.at(place)
		if err != nil {
			return err
		}
		found, err := s.repo.Audit(ctx, at, dataset.AuditOptions{Scope: dataset.AllCommits, Deep: deep, Mend: mend}, p)
		if err := errors.Join(err, at.Close()); err != nil {
			return err
		}
		s.damaged(ctx, &found)
		s.checked(ctx, place, found, deep)
		return nil
	})
}

// damaged moves what an audit has found to be wrong here from the remote's flaws to those of
// this machine.
func (s *Station) damaged(ctx context.Context, found *dataset.Check) {
	var here []dataset.Flaw
	found.Flaws = slices.DeleteFunc(found.Flaws, func(f dataset.Flaw) bool {
		if f.What == dataset.FlawHere {
			here = append(here, f)
		}
		return f.What == dataset.FlawHere
	})
	if len(here) == 0 {
		return
	}
	s.change(ctx, ThisMachine, true, func(p *Place) {
		flaws := slices.Clone(p.Check.Flaws)
		for _, f := range here {
			if !slices.ContainsFunc(flaws, func(o dataset.Flaw) bool { return o.MD5 == f.MD5 }) {
				flaws = append(flaws, f)
				p.Damaged++
			}
		}
		p.Check.Flaws = flaws[:min(len(flaws), flawsKept)]
	})
}

// Verify reads the whole cache and compares each object with its hash.
func (s *Station) Verify(ctx context.Context) error {
	return s.works(ctx, Verifying, ThisMachine, "Verify this computer's data", func(ctx context.Context, p *job.Progress) error {
		found, err := s.repo.Verify(ctx, dataset.AllCommits, p)
		if err == nil {
			s.checked(ctx, ThisMachine, found, true)
		}
		return err
	})
}

func (s *Station) checked(ctx context.Context, place string, found dataset.Check, deep bool) {
	missing := 0
	for _, f := range found.Flaws {
		if f.What == dataset.FlawMissing {
			missing++
		}
	}
	s.change(ctx, place, true, func(p *Place) {
		p.Checked, p.Check, p.Deep = time.Now(), found, deep
		p.Missing, p.Damaged = missing, len(found.Flaws)-missing
		p.Check.Flaws = found.Flaws[:min(len(found.Flaws), flawsKept)]
	})
}

// Sift looks for what could be removed from this machine: what no version names or, with
// a remote's name, also what only older versions name and that remote has. It removes
// nothing.
func (s *Station) Sift(ctx context.Context, older string) (dataset.Garbage, error) {
	var g dataset.Garbage
	err := s.works(ctx, Sifting, ThisMachine, "Look for what can be removed", func(ctx context.Context, p *job.Progress) error {
		return s.withOlder(older, func(scope dataset.Scope, at remote.Remote) (err error) {
			g, err = s.repo.Garbage(ctx, scope, at, p)
			return err
		})
	})
	return g, err
}

// Remove removes from this machine what [Station.Sift] found with the same remote, and
// returns what went.
func (s *Station) Remove(ctx context.Context, older string, g dataset.Garbage) (dataset.Garbage, error) {
	var done dataset.Garbage
	title := fmt.Sprintf("Remove %d files (%s) from this computer", len(g.Objects), job.Bytes(g.Bytes))
	err := s.works(ctx, Removing, ThisMachine, title, func(ctx context.Context, p *job.Progress) error {
		return s.withOlder(older, func(scope dataset.Scope, at remote.Remote) (err error) {
			done, err = s.repo.Collect(ctx, scope, at, dataset.Garbage{Objects: slices.Clone(g.Objects)}, p)
			return err
		})
	})
	return done, err
}

func (s *Station) withOlder(older string, do func(dataset.Scope, remote.Remote) error) error {
	if older == "" {
		return do(dataset.AllCommits, nil)
	}
	at, err := s.at(older)
	if err != nil {
		return err
	}
	return errors.Join(do(dataset.WorkTree, at), at.Close())
}
