package ui

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/mobile"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/viewer"
)

// desk is the capture that is open in the viewer. It is touched on the screen's thread.
type desk struct {
	id        string // of the item; "" for what is only looked at
	file      string // that was not captured
	other     string // item of whose file another image is looked at than the one that models see
	home      int    // the image that models see, of a file that holds several
	files     int    // pictures of the capture, of which src is one
	src       imageio.Source
	objects   []annotation.Object
	log       []annotation.Entry
	forming   []annotation.Object // found so far by the first prediction, while it runs
	measured  measured
	frames    station.Frames // counted over time
	film      viewer.Film    // what was found then
	tracks    map[string]int // of the objects by ID
	linkedFor string         // the prediction that they were asked for, as stamp
	threshold float64        // of probability, that objects have
	known     []string       // classes, of the model
	moving    moving
	preparing string              // how far its coarser levels are, if they are being made
	stamp     string              // of the prediction that objects came from
	before    []annotation.Object // what an earlier prediction had found, while this capture is open
	edits     int                 // how often a person has changed objects or log
	bare      []annotation.Object // what the model had found, by the log; nil until it is asked for
	linked    []annotation.Object // objects with their tracks; nil until they are asked for

	rival  string              // name@version to compare with
	second []annotation.Object // what it has found; nil while it is asked
}

// opened is what reading a capture brings.
type opened struct {
	src       imageio.Source
	objects   []annotation.Object
	log       []annotation.Entry
	frames    station.Frames
	threshold float64
	known     []string
}

// open opens a capture in the viewer.
func (w *window) open(id string) { w.openFrom(w.shell.Page(), id) }

func (w *window) openFrom(from, id string) {
	it, ok := w.station.Items().Row(id)
	if !ok {
		w.fail(w.notHere(id))
		return
	}
	w.station.LookingAt(id)
	w.opens(it.Title)
	w.bring(from, func() { w.openFrom(from, id) }, func(ctx context.Context) (desk, error) {
		src, err := w.station.OpenImage(ctx, it)
		if err != nil {
			return desk{}, err
		}
		if now, ok := w.station.Items().Row(id); ok { // it may have been predicted while the image was opened
			it = now
		}
		o, err := w.read(ctx, it, src)
		if err != nil {
			return desk{}, errors.Join(err, src.Close())
		}
		d := desk{id: id, stamp: stamp(it), home: src.Info().Image, files: station.Files(it, src.Info())}
		d.take(o)
		return d, nil
	})
}

// opens says below which image is being opened, as a large one or one far away takes its time; "" for none.
func (w *window) opens(name string) {
	w.opening = name
	w.strip()
}

// bring opens an image and shows it, unless another was asked for by then: who turns over many
// sees the last one at once. The viewer comes up if the page that it was asked on was not left since, and
// nobody writes into a field: the rest of the word would be keys of the viewer. An image that is being made
// first is asked for again when it is there.
func (w *window) bring(from string, again func(), open func(ctx context.Context) (desk, error)) {
	own := w.asked.Add(1)
	w.wished = w.visits
	w.awaiting.end()
	w.unsay()
	w.work.do(func(ctx context.Context) error {
		if w.asked.Load() != own {
			return nil
		}
		defer w.work.post(func() {
			if w.asked.Load() == own && w.opening != "" {
				w.opens("")
			}
		})
		d, err := open(ctx)
		resume := func() {
			was := w.wished
			again()
			w.wished = was // it is the same wish
		}
		if w.await(err, own, resume) {
			return nil
		}
		if err != nil {
			return err
		}
		w.work.post(func() {
			if w.asked.Load() != own {
				w.close(d.src)
				return
			}
			if w.put(d); w.shell.Page() == from && w.visits == w.wished && !w.writes() {
				w.shell.Open("viewer")
			}
		})
		return nil
	})
}

// writes reports whether somebody may be writing into a field.
func (w *window) writes() bool {
	_, is := w.win.Canvas().Focused().(mobile.Keyboardable)
	return is
}

// read reads an open capture's objects, with all that was decided before.
func (w *window) read(ctx context.Context, it flow.Item, src imageio.Source) (opened, error) {
	if err := w.decisions.settled(ctx); err != nil {
		return opened{}, err
	}
	objects, log, err := w.station.Objects(ctx, it)
	if err != nil {
		return opened{}, err
	}
	frames, err := w.station.Frames(ctx, it)
	if err != nil {
		return opened{}, err
	}
	at, err := w.station.Threshold(ctx, it)
	switch kind := fault.KindOf(err); {
	case ctx.Err() != nil:
		return opened{}, ctx.Err()
	case err != nil && kind != fault.NotFound && kind != fault.Offline: // no model yet, or none that is at hand
		w.opt.Log.Warn("threshold not known", slog.String("item", it.ID), slog.Any("error", err)) // the image is shown all the same
	}
	known, err := w.station.Classes(ctx, it)
	if err != nil { // those that are there can be chosen
		w.opt.Log.Warn("classes not known", slog.String("item", it.ID), slog.Any("error", err))
	}
	return opened{src, objects, log, frames, at, known}, nil
}

func (d *desk) take(o opened) {
	d.src, d.frames, d.threshold, d.known = o.src, o.frames, o.threshold, o.known
	d.lay(o.objects, o.log)
	d.forming = nil
}

// lay has objects and their log in the place of those before. What is made of them is made once, and shown
// as the same until they change.
func (d *desk) lay(objects []annotation.Object, log []annotation.Entry) {
	d.objects, d.log, d.bare, d.linked = objects, log, nil, nil
}

// model is what the model had found, as it was before anybody corrected it.
func (d *desk) model() []annotation.Object {
	if d.bare == nil {
		d.bare = annotation.Bare(d.objects, d.log)
	}
	return d.bare
}

// take takes what was read of the open capture, and measures what is new. Another prediction has other objects,
// perhaps of another time point, which are other ones of the tracks.
func (w *window) take(o opened) {
	w.desk.take(o)
	if w.desk.linkedFor != w.desk.stamp {
		w.followFilm()
	}
	w.measure()
}

// setForming shows what is found while the open capture is predicted, if no model had found any. What
// has formed stays until it is read.
func (w *window) setForming(all map[string][]annotation.Object) {
	d := &w.desk
	it, ok := w.station.Items().Row(d.id)
	if !ok || d.src == nil || it.Passes["infer"].State != flow.Running || d.found() {
		return
	}
	if md5, _ := station.Image(it); len(all[md5]) > 0 {
		d.forming = all[md5]
		w.fillViewer()
	}
}

// found reports whether a model has found any of the objects.
func (d *desk) found() bool {
	return slices.ContainsFunc(d.objects, func(o annotation.Object) bool { return o.State != annotation.Drawn })
}

// stamp changes when a capture was predicted anew.
func stamp(it flow.Item) string {
	p := it.Passes["infer"]
	return fmt.Sprint(p.State, p.At.UnixNano())
}

// refresh keeps what is open true when its item moves on.
func (d *desk) refresh(w *window) {
	it, ok := w.station.Items().Row(d.id)
	if d.src == nil || !ok {
		return
	}
	if !d.anew(w, it) {
		w.fillViewer()
	}
}

// anew has the objects read again if their capture was predicted since; those that there were are then of the
// prediction before, if there was one.
func (d *desk) anew(w *window, it flow.Item) bool {
	s := stamp(it)
	if s == d.stamp || !it.Behind("infer") {
		return false
	}
	d.stamp, d.before, d.moving.say = s, nil, ""
	if d.found() {
		d.before = d.objects
	}
	w.reread()
	return true
}

// reread reads the open capture's objects again. Only the last reading counts.
func (w *window) reread() {
	it, ok := w.station.Items().Row(w.desk.id)
	src, own := w.desk.src, w.desk.edits
	if !ok || src == nil {
		return
	}
	w.reading.do(func(ctx context.Context) error {
		o, err := w.read(ctx, it, src)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // there is a newer one
		}
		w.work.post(func() {
			switch {
			case w.desk.src != src: // another image is open
			case err != nil:
				w.work.do(func(context.Context) error { return err }) // said as all others
			case w.desk.edits != own: // there is a newer correction, which is read after it is kept
			default:
				w.take(o)
				w.fillViewer()
			}
		})
		return nil
	})
}

// saved says what happened to the corrections.
func saved(it flow.Item, log []annotation.Entry) (string, kit.Tone) {
	done := it.Passes["record"].At
	var r intake.Recorded
	recorded := it.Behind("record") && it.Out("record", &r)
	then := 0 // entries that are in the commit
	if recorded && r.Edits != nil {
		then = min(*r.Edits, len(log))
	}
	for recorded && r.Edits == nil && then < len(log) && !log[then].At.After(done) {
		then++
	}
	since, kept := annotation.Pending(log, then), "saved"
	if len(log) > 0 && log[len(log)-1].Seq < 0 {
		kept = "being saved"
	}
	var by intake.Review
	it.Out("review", &by)
	switch {
	case it.Passes["record"].State == flow.Failed:
		return "The review could not be committed: see the inbox", kit.Bad
	case it.Passes["record"].State == flow.Running || it.Behind("review") && !it.Behind("record"):
		return "Committing the review", kit.Busy
	case recorded && since == 0 && it.Passes["review"].State == flow.Yours:
		return "Objects found anew, not committed yet", kit.Held
	case recorded && since == 0:
		return fmt.Sprintf("Committed as %.7s by %s", r.Commit, by.Who), kit.Good
	case since == 1:
		return "1 correction " + kept + ", not committed yet", kit.Held
	case since > 0:
		return fmt.Sprintf("%d corrections %s, not committed yet", since, kept), kit.Held
	}
	return "", kit.Neutral
}

// micron is the width of a pixel, 1 where the image does not say.
func micron(src imageio.Source) float64 {
	if m := src.Info().Micron; m.X > 0 && m.Y > 0 {
		return m.X
	}
	return 1
}

// unread logs why a part of an image can't be read, and says it if it is a fault that does.
func (w *window) unread(err error) (say, hint string) {
	w.opt.Log.Warn("a part of an image can't be read", slog.String("item", w.desk.id), slog.Any("error", err))
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return fault.Explain(err)
	}
	return "", ""
}

func (w *window) viewerActions() viewer.Actions {
	return viewer.Actions{
		Accept: func(id string) { w.judge(id, annotation.Accepted) },
		Reject: func(id string) { w.judge(id, annotation.Rejected) },
		Delete: w.remove, Draw: w.draw, Reshape: w.reshape, Classify: w.classify,
		Undo:     func() { w.step(annotation.Undo, w.station.Undo) },
		Redo:     func() { w.step(annotation.Redo, w.station.Redo) },
		RunAgain: w.again, Compare: w.against, Threshold: w.moveThreshold, Explain: w.unread,
		Next: func() { w.move(1) }, Previous: func() { w.move(-1) },
		CommitReview: w.review,
		Shortcut:     w.shortcut,
		Key:          w.key,
		Inbox:        func() { w.shell.Open("inbox") },
		Snapshot:     w.snapshot,
		Copy:         func(text string) { w.app.Clipboard().SetContent(text) },
		SavePreset:   w.savePreset, DropPreset: w.dropPreset,
		Image: w.lookAtImage, File: w.askFile, Calibrate: w.calibrate, CountFrames: w.countFrames, CopyCounts: w.copyCounts,
		SaveTracks: w.saveTracks, Link: w.link,
	}
}

// calibrate says how large the pixels of the open capture are, and opens it anew.
func (w *window) calibrate(um imageio.Micron) {
	it, ok := w.station.Items().Row(w.desk.id)
	if !ok {
		return
	}
	w.work.do(func(ctx context.Context) error {
		if err := w.station.CalibrateItem(ctx, it, um); err != nil {
			return err
		}
		w.work.post(func() {
			if w.desk.id == it.ID {
				w.openFrom("viewer", it.ID)
			}
		})
		return nil
	})
}

// again predicts anew.
func (w *window) again(run viewer.Run) {
	it, ok := w.station.Items().Row(w.desk.id)
	if !ok || w.desk.src == nil {
		return
	}
	px := run.Diameter / micron(w.desk.src)
	var at *intake.Plane
	if run.Here {
		at = &intake.Plane{Z: run.Z, T: run.T}
	}
	w.decisions.do(func(ctx context.Context) error { return w.station.Again(ctx, it, px, run.Part, at) })
}

// against asks another model about the open capture, for the lens; "" for none.
func (w *window) against(version string) {
	d := &w.desk
	it, ok := w.station.Items().Row(d.id)
	if !ok || d.src == nil {
		return
	}
	d.rival, d.second = version, nil
	w.fillViewer()
	if version == "" {
		return
	}
	name, number, _ := strings.Cut(version, "@")
	src := d.src
	w.longs.do(func(ctx context.Context) error { // it may take minutes
		found, err := w.station.SeeWith(ctx, it, infer.Ref{Model: name, Version: number}, nil)
		w.work.post(func() {
			if d := &w.desk; d.src == src && d.rival == version {
				if d.second = found; err != nil {
					d.rival = ""
				}
				w.fillViewer()
			}
		})
		return err
	})
}

func (w *window) review() {
	it, ok := w.station.Items().Row(w.desk.id)
	if !ok {
		return
	}
	w.decisions.do(func(ctx context.Context) error { return w.station.Review(ctx, it, "") })
}

// shortcut hands a shortcut that the focused screen does not know to the window.
func (w *window) shortcut(s fyne.Shortcut) {
	if c, ok := w.win.Canvas().(fyne.Shortcutable); ok {
		c.TypedShortcut(s)
	}
}

// key takes what the screen with the focus has no use for: F1 opens its page of the manual.
func (w *window) key(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyF1 {
		w.help(w.shell.Page())
	}
}
