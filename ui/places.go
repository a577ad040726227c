package ui

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/datasets"
)

// number writes a value with as many digits as it needs, four at most.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// trimmed is s without white space around it.
func trimmed(s string) string { return strings.TrimSpace(s) }

// sifting is what could be removed from this computer, and what it was looked for with.
type sifting struct {
	older   string
	found   dataset.Garbage
	removed bool
}

func (w *window) setPlaces(map[string]station.Place) { w.fillDatasets() }

func (w *window) setJobs(all map[string]job.Job) {
	w.jobs.Set(all)
	w.converted(all)
	w.prepared(all)
	w.showPlaces()
	w.strip()
}

// showPlaces shows the places with what goes on there now.
func (w *window) showPlaces() {
	if w.shell.Page() != "datasets" {
		return
	}
	v := w.versions
	v.Places, v.Sifted, v.Pipeline = w.dataPlaces(), w.sifted(), w.pipeline()
	w.datasets.Set(v)
}

// dataPlaces are the places with their jobs: this computer first, then the remotes, the
// git server last.
func (w *window) dataPlaces() []datasets.Place {
	at := map[string]*job.Job{}
	for _, j := range w.station.Jobs().Jobs.All() {
		if what, place, ok := station.WorkOf(j); ok && what != station.Reproducing && j.Ended.IsZero() {
			at[place] = &j
		}
	}
	var out []datasets.Place
	for key, p := range w.station.Places().All() {
		d := datasets.Place{
			Key: key, Name: p.Name, Address: p.URL, Default: p.Default, Looked: !p.Looked.IsZero(), Answers: p.Answers, Behind: p.Behind,
			Say: p.Say, Hint: p.Hint, Pushed: p.Pushed, Checked: p.Checked, Deep: p.Deep, Job: at[key],
			Found: datasets.Check{Objects: p.Check.Objects, Missing: p.Missing, Damaged: p.Damaged, Mended: p.Check.Mended},
		}
		switch {
		case key == station.ThisMachine:
			d.Kind = datasets.Machine
		case p.Git:
			d.Kind = datasets.Git
		}
		for _, f := range p.Check.Flaws {
			d.Found.Names = append(d.Found.Names, f.Name)
		}
		out = append(out, d)
	}
	if !w.shared() {
		out = append(out, datasets.Place{
			Key: station.GitServer, Name: "Git server", Kind: datasets.Git, None: true, Say: "The history is on this computer alone: what was reviewed, calibrated and named.",
			Hint: "A remote has the data only. Set a git server under Settings.",
		})
	}
	rank := map[datasets.PlaceKind]int{datasets.Machine: 0, datasets.Remote: 1, datasets.Git: 2}
	slices.SortFunc(out, func(a, b datasets.Place) int {
		return cmp.Or(cmp.Compare(rank[a.Kind], rank[b.Kind]), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// shared reports whether there is a git server.
func (w *window) shared() bool { return w.station.Settings().Git.URL != "" }

func (w *window) sifted() *datasets.Sifted {
	x := w.sift
	if x == nil {
		return nil
	}
	return &datasets.Sifted{Older: x.older, Files: len(x.found.Objects), Bytes: x.found.Bytes, OnlyHere: x.found.OnlyHere, Removed: x.removed}
}

// long runs work that may take hours, beside other such work.
func (w *window) long(f func(ctx context.Context) error) {
	w.longs.do(func(ctx context.Context) error {
		err := f(ctx)
		bind.Screen(func() {
			w.pictures.forget() // what was not here may have come
			w.datasets.Pictured()
			w.fillDatasets()
		})
		return err
	})
}

func (w *window) push(place string) {
	w.long(func(ctx context.Context) error { return w.station.PushTo(ctx, place) })
}

func (w *window) pull(place string) {
	w.long(func(ctx context.Context) error { return w.station.PullFrom(ctx, place) })
}

func (w *window) audit(place string, deep bool) {
	w.long(func(ctx context.Context) error { return w.station.Audit(ctx, place, deep, false) })
}

func (w *window) mend(place string) {
	w.long(func(ctx context.Context) error { return w.station.Audit(ctx, place, false, true) })
}

func (w *window) verify() { w.long(w.station.Verify) }

// lookForGarbage shows what could be removed.
func (w *window) lookForGarbage(older string) {
	w.sift = nil
	w.long(func(ctx context.Context) error {
		g, err := w.station.Sift(ctx, older)
		if err == nil {
			bind.Screen(func() { w.sift = &sifting{older: older, found: g} })
		}
		return err
	})
}

// removeGarbage removes what was shown.
func (w *window) removeGarbage() {
	x := w.sift
	if x == nil || x.removed {
		return
	}
	w.long(func(ctx context.Context) error {
		done, err := w.station.Remove(ctx, x.older, x.found)
		bind.Screen(func() { w.sift = &sifting{older: x.older, found: done, removed: true} })
		return err
	})
}
