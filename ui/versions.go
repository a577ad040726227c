package ui

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/datasets"
	"coverslip.dev/coverslip/ui/kit"
)

// commitsShown is how many commits the screen lists.
const commitsShown = 1000

// betweenLooks is how often the places are asked at most while the screen is open.
const betweenLooks = 15 * time.Second

func (w *window) datasetActions() datasets.Actions {
	return datasets.Actions{
		Compare: w.compare, Picture: w.picture, Commit: w.commit, SaveCopy: w.saveCopy, BringBack: w.bringBack,
		Push: w.push, Pull: w.pull, Audit: w.audit, Mend: w.mend, Verify: w.verify, Sift: w.lookForGarbage, Remove: w.removeGarbage,
		Run: w.runPipeline, Pipeline: w.askPipeline, Stop: w.station.Jobs().Stop, Look: w.station.LookAtPlaces,
		Reveal: func() { w.show(w.station.Folder()) }, Settings: func() { w.shell.Open("settings") },
	}
}

// fillDatasets reads the newest commits and what is not committed yet, and shows them; a
// reading that waits already is enough.
func (w *window) fillDatasets() {
	if w.shell.Page() != "datasets" || w.looking {
		return
	}
	w.looking = true
	if now := time.Now(); now.Sub(w.looked) > betweenLooks { // a burst of captures must not list a remote again and again
		w.looked = now
		w.station.LookAtPlaces()
	}
	unread := func(err error) error { // it is not said for ever that they are read
		bind.Screen(func() {
			w.versions.Read++
			w.showPlaces()
		})
		return err
	}
	w.data.do(func(ctx context.Context) error {
		bind.Screen(func() { w.looking = false })
		all, err := w.station.Versions(ctx, commitsShown)
		if err != nil {
			return unread(err)
		}
		pending, err := w.station.Compare(ctx, "", "")
		if err != nil {
			return unread(err)
		}
		v := datasets.Values{Folder: w.station.Folder(), Pending: len(pending)}
		for _, c := range all {
			v.Commits = append(v.Commits, datasets.Commit{
				ID: c.ID, Who: c.Author.Name, When: c.When.Local(), Subject: c.Subject, Body: c.Body, OnlyHere: c.OnlyHere, Unshared: c.Unshared,
			})
		}
		bind.Screen(func() {
			v.Read = w.versions.Read + 1
			w.versions = v
			w.showPlaces()
		})
		return nil
	})
}

// compare brings a comparison of two versions to the screen.
func (w *window) compare(from, to string) {
	w.data.do(func(ctx context.Context) error {
		c := datasets.Comparison{From: from, To: to}
		all, err := w.station.Compare(ctx, from, to)
		if err != nil {
			c.Say, c.Hint = fault.Explain(err)
		}
		kinds := map[string]datasets.Kind{dataset.Added: datasets.Added, dataset.Changed: datasets.Changed, dataset.Removed: datasets.Removed}
		for _, f := range all {
			c.Files = append(c.Files, datasets.File{
				Path: f.Path, Kind: kinds[f.Kind], Before: f.Before, After: f.After, Size: f.Size, Git: f.Git, Folder: f.Folder,
			})
		}
		bind.Screen(func() { w.datasets.Compared(c) })
		return ctx.Err()
	})
}

func (w *window) commit(message string) {
	w.long(func(ctx context.Context) error { return w.station.CommitAll(ctx, message) })
}

func (w *window) bringBack(f datasets.File, content, version string) {
	w.long(func(ctx context.Context) error {
		if err := w.station.BringBack(ctx, version, f.Path, content); err != nil {
			return err
		}
		bind.Screen(func() {
			w.datasets.Tell(kit.Good, "The file is as it was in that version.", "Look at it; then commit it under “Not committed yet”, so that it stays.")
		})
		return nil
	})
}

// saveCopy asks for a folder, and puts a version of a file there.
func (w *window) saveCopy(f datasets.File, content, version string) {
	askFolder(w.win, "Where to?", "Save here", "", func(folder string) {
		w.long(func(ctx context.Context) error {
			made, err := w.station.SaveCopy(ctx, f.Path, content, short(version), folder)
			if err == nil {
				bind.Screen(func() {
					w.datasets.Tell(kit.Good, "Saved as "+filepath.Base(made)+".", "It is in "+filepath.Dir(made)+".")
				})
			}
			return err
		})
	})
}

// short names a version in a file's name.
func short(version string) string {
	id, before := strings.CutSuffix(version, "^")
	id = id[:min(7, len(id))]
	if before {
		return "before-" + id
	}
	if id == "" {
		return "now"
	}
	return id
}
