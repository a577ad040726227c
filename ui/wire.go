package ui

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/assets"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/health"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/inbox"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/shell"
)

func (w *window) setItems(map[string]flow.Item) {
	w.fillInbox()
	w.fillModels()
	w.desk.refresh(w)
	w.fillDatasets()
	w.strip()
}

func (w *window) setSightings(map[string]station.Sighting) {
	w.fillInbox()
	w.strip()
}

// fillInbox shows captures on their line, and above them what is still arriving.
func (w *window) fillInbox() {
	items, before := w.station.Items().All(), w.drawn
	w.drawn = make(map[string]inboxRow, len(items))
	rows, turns, to := make([]inbox.Row, 0, len(items)), w.station.Turns(), w.reach()
	for id, it := range items {
		if it.Line != intake.LineName {
			continue
		}
		d, ok := before[id]
		if !ok || d.to != to || !same(d.item, it) {
			d = inboxRow{it, captureRow(it, to), to}
		}
		w.drawn[id] = d
		d.row.Turn = turns[id]
		rows = append(rows, d.row)
	}
	for _, s := range w.station.Sightings().All() {
		rows = append(rows, sightingRow(s, to))
	}
	w.inbox.Watch(w.instruments())
	w.inbox.Set(rows)
	if c := w.win.Canvas(); w.shell.Page() == "inbox" && c.Focused() == nil {
		c.Focus(w.inbox.Keys()) // Fyne refuses it while the list is empty and hidden
	}
	w.fillPredictions()
}

// inboxRow is an item and how it is shown: of many thousands only some change at a time.
type inboxRow struct {
	item flow.Item
	row  inbox.Row
	to   reach
}

// instruments are those whose folders are watched, by their names.
func (w *window) instruments() []string {
	var names []string
	for _, f := range w.station.Settings().Folders {
		if n := cmp.Or(f.Instrument, filepath.Base(f.Path)); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}

// same reports whether an item is as it was: a runner makes new passes for what it changes.
func same(a, b flow.Item) bool {
	return reflect.ValueOf(a.Passes).Pointer() == reflect.ValueOf(b.Passes).Pointer()
}

// thumbsKept is how many small pictures stay in memory; each takes some 30 kB.
const thumbsKept = 2000

// thumb returns an item's small picture, nil until it is made.
func (w *window) thumb(id string) image.Image {
	it, ok := w.station.Items().Row(id)
	if img, asked := w.thumbs[id]; asked || !ok || !it.Behind("capture") {
		return img
	}
	if len(w.thumbs) >= thumbsKept {
		clear(w.thumbs) // who is in sight is asked for again
	}
	w.thumbs[id] = nil // asked for once
	w.slow.do(func(ctx context.Context) error {
		img, err := w.station.Thumb(ctx, it, thumbSize)
		if err != nil {
			return nil //nolint:nilerr // an image that can't be read says so in its own row
		}
		w.slow.post(func() {
			w.thumbs[id] = img
			w.inbox.Pictured()
		})
		return nil
	})
	return nil
}

// captures are the items of the intake line, the newest first, as the inbox shows them.
func (w *window) captures() []flow.Item {
	var out []flow.Item
	for _, it := range w.station.Items().All() {
		if it.Line == intake.LineName {
			out = append(out, it)
		}
	}
	slices.SortFunc(out, func(a, b flow.Item) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (w *window) retry(id string) {
	if _, ok := w.station.Items().Row(id); !ok { // a file that is held
		w.station.LookAgain()
		return
	}
	w.work.do(func(ctx context.Context) error { return w.station.Retry(ctx, id) })
}

func (w *window) reveal(id string) {
	it, ok := w.station.Items().Row(id)
	_, coming := w.station.Sightings().Row(id)
	c := intake.Capture{Path: id}
	if coming || ok && it.Read(&c) == nil {
		w.show(filepath.Dir(c.Path))
	}
}

// show opens a folder in the desktop's file manager.
func (w *window) show(folder string) {
	w.slow.do(func(context.Context) error {
		return w.app.OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(folder)})
	})
}

func (w *window) refresh() {
	w.slow.do(func(ctx context.Context) error {
		w.station.Refresh(ctx)
		return nil
	})
}

func (w *window) setTroubles(map[string]health.Trouble) { w.strip() }

// standing is how many things do not go on now. How a promotion has failed, the Models screen says.
type standing struct {
	due    int // captures and promotions of which something waits for its turn, or for something outside
	held   int // captures that wait for something outside
	failed int // captures that do not go on by themselves
	stuck  int // files that are held until somebody does something
}

func (w *window) standing() standing {
	var n standing
	for _, it := range w.station.Items().All() {
		if w.station.Due(it) {
			n.due++
		}
		if it.Line != intake.LineName {
			continue
		}
		held, failed := false, false
		for _, p := range it.Passes {
			held = held || p.State == flow.Waiting && p.Say != ""
			failed = failed || p.State == flow.Failed
		}
		if held {
			n.held++
		}
		if failed {
			n.failed++
		}
	}
	for _, s := range w.station.Sightings().All() {
		if stuck(s) {
			n.stuck++
		}
	}
	return n
}

// strip says below what goes on.
func (w *window) strip() {
	st := shell.Status{Person: w.station.Settings().Person.Name, Health: "Everything works", Tone: kit.Good, Badges: map[string]int{}}
	n := w.standing()
	if all := n.failed + n.stuck; all > 0 {
		st.Badges["inbox"] = all
	}
	running := 0 // each stage that runs is a job
	for _, j := range w.station.Jobs().Jobs.All() {
		if j.Ended.IsZero() {
			running++
		}
	}
	st.Queue = "Nothing to do"
	if running+n.due > 0 {
		st.Queue = fmt.Sprintf("%d at work · %d waiting", running, n.due)
	}
	if w.station.PredictionsHeld() {
		st.Queue = "Predictions are paused · " + st.Queue
	}
	if w.opening != "" {
		st.Queue = "Opening " + w.opening + " · " + st.Queue
	}
	if troubles := w.troubles(n); len(troubles) > 0 {
		st.Health, st.Tone = troubles[0].Sentence, troubles[0].Tone
		if n := len(troubles); n > 1 {
			st.Health = fmt.Sprintf("%s (and %d more)", st.Health, n-1)
		}
	}
	w.shell.Set(st)
}

// troubles are what the light and its panel say of captures that do not go on.
func (n standing) troubles() []kit.Trouble {
	var out []kit.Trouble
	add := func(n int, title, sentence string) {
		if n > 0 {
			out = append(out, kit.Trouble{Tone: kit.Held, Button: "Inbox", Title: title + ": " + strconv.Itoa(n), Sentence: sentence + ": see the inbox."})
		}
	}
	add(n.failed, "Failed captures", "Some captures do not go on by themselves")
	add(n.stuck, "Held files", "Some files are held until somebody puts them right")
	add(n.held, "Waiting captures", "Some captures wait")
	return out
}

// troubles are what is wrong now, the worst first, and then the captures that do not go on.
func (w *window) troubles(n standing) []kit.Trouble {
	all := w.station.Troubles().All()
	list := make([]health.Trouble, 0, len(all))
	for _, t := range all {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b health.Trouble) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), a.Since.Compare(b.Since), cmp.Compare(a.Code, b.Code))
	})
	out := make([]kit.Trouble, 0, len(list)+3)
	for _, t := range list {
		tone := kit.Held
		if t.Severity == health.Stop {
			tone = kit.Bad
		}
		out = append(out, kit.Trouble{
			Code: t.Code, Title: t.Title, Sentence: t.Say, Hint: t.Hint, Tone: tone,
			Since: "since " + t.Since.Format("15:04"),
		})
	}
	return append(out, n.troubles()...)
}

// health opens the panel of what is wrong, over the window.
func (w *window) health() {
	list := kit.NewTroubles(func(string) { // only that of captures has a button
		kit.Dismiss(w.win.Canvas())
		w.shell.Open("inbox")
	})
	list.Set(w.troubles(w.standing()))
	kit.Over(w.win.Canvas(), "Health", container.NewVScroll(list), fyne.NewSize(620, 360))
}

// help opens a page of the manual.
func (w *window) help(page string) {
	text := assets.Help(page)
	if text == "" {
		text = assets.Help("start")
	}
	page1 := widget.NewRichTextFromMarkdown(text)
	page1.Wrapping = fyne.TextWrapWord
	kit.Over(w.win.Canvas(), "Help", container.NewVScroll(page1), fyne.NewSize(720, 600))
}

// fail says over the window what could not be done.
func (w *window) fail(say, hint string) {
	b := kit.NewBanner()
	b.Set(kit.Bad, say, hint, "", nil)
	kit.Over(w.win.Canvas(), "That did not work", b, fyne.NewSize(520, 140))
}

// opened gives the page that came up the keys, and news.
func (w *window) opened(page string) {
	if page != w.came {
		w.came = page
		w.visits++
	}
	switch page {
	case "datasets":
		w.fillDatasets()
	case "settings":
		if !w.settings.Dirty() {
			w.fillSettings()
		}
	case "servers":
		w.setServers(w.station.Servers().All())
	case "inbox":
		w.inbox.Watch(w.instruments()) // the settings may be others
		w.win.Canvas().Focus(w.inbox.Keys())
	case "viewer":
		if w.desk.id != "" {
			w.viewer.SetPlace(w.place(w.desk.id)) // another filter may be set
		}
		w.win.Canvas().Focus(w.viewer.Keys())
	}
}

func clock(t time.Time) string { return t.Local().Format("15:04") }
