// Package ui is the main window: it ties each screen to the core.
package ui

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/datasets"
	"coverslip.dev/coverslip/ui/inbox"
	"coverslip.dev/coverslip/ui/jobs"
	"coverslip.dev/coverslip/ui/models"
	"coverslip.dev/coverslip/ui/runs"
	"coverslip.dev/coverslip/ui/servers"
	"coverslip.dev/coverslip/ui/settings"
	"coverslip.dev/coverslip/ui/shell"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/viewer"
)

// Options of the window.
type Options struct {
	Appearance string // dark or light, over the settings'; empty: as they say
	Open       string // capture to open at once: its ID, or newest
	Look       string // image file to look at, without capturing it
	Log        *slog.Logger
	Before     func()       // called when the toolkit is up and no window is made yet; nil for nothing
	Ended      <-chan error // why the station has ended before the window; nil where nobody tells
	// Stuck is called, with what Show would have returned, if everything has stopped and the toolkit does
	// not return; nil for nothing.
	Stuck func(error)
}

// toolkitEnds is how long the toolkit may take to return when the window has closed.
const toolkitEnds = 10 * time.Second

// thumbSize is the side of the inbox's small pictures, in pixels.
const thumbSize = 128

// window is the main window. Its fields are touched on the screen's thread alone, but for
// station and queues.
type window struct {
	app     fyne.App
	win     fyne.Window
	station *station.Station
	opt     Options
	asked   atomic.Int64 // how many images were asked for: only the last is shown
	opening string       // its name, until it is there
	came    string       // the page that came up last
	visits  int          // how many came up
	wished  int          // of these, when that image was asked for: who has left the page waits for it no more

	*queues

	shell       *shell.Shell
	inbox       *inbox.Screen
	viewer      *viewer.Screen
	datasets    *datasets.Screen
	models      *models.Screen
	runs        *runs.Screen
	servers     *servers.Screen
	jobs        *jobs.Screen
	settings    *settings.Screen
	desk        desk
	class       string // that a person chose last
	curve       runs.Curve
	counting    map[string]bool        // captures whose objects are counted over time
	thumbs      map[string]image.Image // by item; nil while it is made
	conversions map[string]bool        // jobs that are done
	making      fyne.CanvasObject      // what says that an image is made first; nil: nothing does
	drawn       map[string]inboxRow    // captures in the inbox, by item
	pictures    pictures
	versions    datasets.Values // without the places
	looking     bool            // versions are being read
	sift        *sifting        // nil: nobody looked
	looked      time.Time       // when the places were asked last
	stages      stages
	secrets     map[string]bool // which secrets of the settings there are
}

// Show opens the window and returns when it is closed, or when ctx ends, and everything
// that it started has stopped.
func Show(ctx context.Context, a fyne.App, st *station.Station, opt Options) error {
	w := &window{
		app: a, win: a.NewWindow("Coverslip"), station: st, opt: opt,
		thumbs: map[string]image.Image{}, counting: map[string]bool{}, queues: newQueues(bind.Screen, opt.Log),
	}
	w.look(opt.Appearance)
	w.furnish()
	w.fillInbox() // Fyne draws the window once before it has started
	w.strip()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	w.win.Resize(fyne.NewSize(1440, 900))
	if opt.Before != nil {
		opt.Before()
	}
	w.win.SetOnClosed(cancel)
	a.Lifecycle().SetOnStarted(func() { w.start(ctx, g) })
	a.Lifecycle().SetOnEnteredForeground(w.fillDatasets) // files may have been changed in another program
	wait := func() error {
		cancel()
		if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
	returned := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		if opt.Stuck != nil && !within(toolkitEnds, returned) {
			opt.Stuck(wait())
		}
	})()
	w.win.ShowAndRun()
	close(returned)
	return wait()
}

// within reports whether done is closed before the time is over. Fyne 2.8.1 can lose its own last
// event, that is on its way into a queue as that is emptied for the last time (internal/driver/glfw/loop.go),
// and then waits for it for ever: the program would go on without a window, and hold the workspace.
func within(t time.Duration, done <-chan struct{}) bool {
	clock := time.NewTimer(t)
	defer clock.Stop()
	select {
	case <-done:
		return true
	case <-clock.C:
		return false
	}
}

// look sets dark or light.
func (w *window) look(mode string) {
	if mode == "" {
		mode = string(w.station.Settings().Appearance)
	}
	w.app.Settings().SetTheme(theme.New(appearance(mode)))
}

// furnish makes the screens.
func (w *window) furnish() {
	w.inbox = inbox.New(time.Now, inbox.Actions{
		Open: w.open, Retry: w.retry, Drop: w.withdraw, Reveal: w.reveal, Settings: func() { w.shell.Open("settings") }, Key: w.key,
		Thumb: w.thumb, Predict: w.predictWith, Hold: w.holdPredictions, Cancel: w.cancelAsked,
	})
	w.viewer = viewer.New(bind.Screen, w.viewerActions())
	w.datasets = datasets.New(time.Now, w.datasetActions())
	w.models = models.New(models.Actions{Promote: w.promote, RollBack: w.rollback, Refresh: w.refresh, Register: w.register, Withdraw: w.withdraw})
	w.runs = runs.New(runs.Actions{Curve: w.askCurve, Refresh: w.refresh, Setup: func() { w.shell.Open("settings") }})
	w.servers = servers.New(w.serversActions())
	w.jobs = jobs.New(time.Now, jobs.Actions{Stop: w.station.Jobs().Stop})
	w.settings = settings.New(w.settingsActions())
	w.fillSettings()
	w.shell = shell.New([]shell.Page{
		{ID: "inbox", Title: "Inbox", Icon: "inbox", Content: w.inbox},
		{ID: "viewer", Title: "Viewer", Icon: "viewer", Content: w.viewer, Whole: true},
		{ID: "datasets", Title: "Datasets", Icon: "datasets", Content: w.datasets},
		{ID: "models", Title: "Models", Icon: "models", Content: w.models},
		{ID: "runs", Title: "Runs", Icon: "runs", Content: w.runs},
		{ID: "servers", Title: "Servers", Icon: "servers", Content: w.servers},
		{ID: "jobs", Title: "Jobs", Icon: "jobs", Content: w.jobs},
		{ID: "settings", Title: "Settings", Icon: "settings", Content: w.settings, Low: true},
	}, shell.Actions{Help: w.help, File: w.askFile, Health: w.health, Person: func() { w.shell.Open("settings") }, Opened: w.opened})
	w.came = w.shell.Page()
	w.shell.Keys(w.win.Canvas())
	w.keys(w.win.Canvas())
	w.win.SetContent(w.shell)
	w.win.SetOnDropped(w.dropped)
	w.tell(w.fail)
}

// start runs everything that keeps the screens true, until ctx ends.
func (w *window) start(ctx context.Context, g *errgroup.Group) {
	const often, seldom = 200 * time.Millisecond, time.Second
	st := w.station
	w.workAll(ctx, g)
	g.Go(func() error { return w.viewer.Run(ctx) })
	g.Go(func() error { return w.heed(ctx) })
	g.Go(func() error { return bind.Table(ctx, bind.Screen, st.Items(), often, w.setItems) })
	g.Go(func() error { return bind.Table(ctx, bind.Screen, st.Forming(), often, w.setForming) })
	g.Go(func() error { return bind.Table(ctx, bind.Screen, st.Sightings(), often, w.setSightings) })
	g.Go(func() error { return bind.Table(ctx, bind.Screen, &st.Jobs().Jobs, often, w.setJobs) })
	g.Go(func() error { return bind.Table(ctx, bind.Screen, st.Places(), often, w.setPlaces) })
	g.Go(func() error { return bind.Table(ctx, bind.Screen, st.Servers(), seldom, w.setServers) })
	g.Go(func() error { return bind.Table(ctx, bind.Screen, st.Shelves(), seldom, w.setShelves) })
	g.Go(func() error { return bind.Table(ctx, bind.Screen, st.Troubles(), often, w.setTroubles) })
	g.Go(func() error {
		<-ctx.Done()
		// Not the app's, which would also close a window that is gone, if Fyne ended at the signal first.
		bind.Screen(w.app.Driver().Quit)
		return nil
	})
	g.Go(func() error { return bind.Focus(ctx, bind.Screen, w.win.Canvas(), often, w.focused) })
	if id := first(w.opt.Open, w.captures()); id != "" {
		w.open(id)
	}
	if w.opt.Look != "" {
		w.lookAt(w.opt.Look)
	}
}

// first returns the ID of the capture that is to be opened at once, empty for none.
func first(open string, all []flow.Item) string {
	if open == "newest" && len(all) > 0 {
		return all[0].ID
	}
	return strings.TrimPrefix(open, "newest")
}
