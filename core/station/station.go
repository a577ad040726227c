// Package station builds the core from the settings of a workspace and owns its life.
package station

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/health"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/foreign"
	"coverslip.dev/coverslip/core/infer/embedded"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/model/local"
	"coverslip.dev/coverslip/core/pipeline"
	"coverslip.dev/coverslip/core/release"
	"coverslip.dev/coverslip/core/secret"
	"coverslip.dev/coverslip/core/session"
)

// Options say where a station lives.
type Options struct {
	Workspace string // folder; made where it is missing
	Sample    bool   // play an instrument with the bundled captures
	Beside    bool   // to be asked only, maybe beside the one that is at work there: it does not run
	Runtime   string // path of the ONNX Runtime library; empty: where make puts it
	Log       *slog.Logger
}

// tileBytes is how much memory decoded tiles may take.
const tileBytes = 104 << 20

// Station is the program without its window. Everything it starts runs inside Run.
type Station struct {
	opt  Options
	log  *slog.Logger
	repo *dataset.Repository

	file        *config.File
	secrets     *secret.Store
	store       *session.Store
	jobs        job.Runner
	board       health.Board
	flow        *flow.Runner
	desk        *release.Desk
	engines     *engines
	shelves     *shelves
	places      places
	repro       repro
	corrections corrections
	films       films
	bundles     bundles
	opener      *imageio.Opener
	atHand      *imageio.Opener // of what needs no conversion first
	tiles       *imageio.TileCache
	pyramids    *pyramids
	conversions *conversions
	names       *names
	sources     sources
	sightings   event.Feed[string, Sighting]
	forming     event.Feed[string, []annotation.Object]
	lock        *os.File               // held as long as the station is open; nil: it is to be asked only
	held        atomic.Bool            // predictions are paused
	looked      atomic.Pointer[string] // content hash of the image that is on screen
	settled     chan struct{}          // settings changed: folders are watched anew
}

// Open builds a station on its workspace and starts nothing. One station is open on a workspace at a
// time, but for those that are only asked.
func Open(ctx context.Context, opt Options) (*Station, error) {
	ws, err := filepath.Abs(opt.Workspace)
	if err != nil {
		return nil, err
	}
	opt.Workspace = ws
	if err := os.MkdirAll(ws, 0o755); err != nil {
		return nil, err
	}
	s := &Station{
		opt: opt, log: opt.Log, settled: make(chan struct{}, 1),
		bundles: bundles{dir: filepath.Join(ws, "models")},
		secrets: secret.Open(filepath.Join(ws, "secrets.json")),
		tiles:   imageio.NewTileCache(tileBytes),
		places:  places{poke: make(chan struct{}, 1)},

		pyramids: newPyramids(filepath.Join(ws, "pyramids")),
	}
	if !opt.Beside { // before anything is read: what the other one has in memory is lost on this one
		if s.lock, err = lock(ctx, filepath.Join(ws, "lock")); err != nil {
			return nil, err
		}
	}
	s.conversions = newConversions(shelf(s.pyramids.dir, func() string { return s.file.Settings().Converter }, s.log))
	s.opener = allImages(foreign.Format{Shelf: s.conversions.shelf, Ask: s.conversions.ask})
	s.atHand = allImages(foreign.Format{Shelf: s.conversions.shelf, Never: true})
	if err := s.build(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Station) build(ctx context.Context) error {
	ws := s.opt.Workspace
	var err error
	if s.file, err = config.Load(filepath.Join(ws, "settings.json")); err != nil {
		return err
	}
	if s.opt.Sample {
		if err := s.furnish(); err != nil {
			return err
		}
	}
	if s.store, err = session.Open(ctx, filepath.Join(ws, "session.db")); err != nil {
		return err
	}
	s.corrections, s.films = corrections{s.store}, films{s.store}
	if s.repo, err = dataset.Init(ctx, filepath.Join(ws, "dataset"), dataset.Options{Log: s.log, CI: true, Made: pipeline.Outputs}); err != nil {
		return err
	}
	own, err := local.Open(filepath.Join(ws, "registry"))
	if err != nil {
		return err
	}
	if err := bundled(ctx, own); err != nil {
		return err
	}
	s.shelves = newShelves(own, s.store, &s.board, s.log)
	s.engines = newEngines(embedded.Open(s.runtime(), embedded.Options{}), &s.board, readVerdicts(filepath.Join(s.bundles.dir, "selftests.json"), s.log), s.log)
	s.desk = release.NewDesk(s, func() registry { return s.shelves.platform() })
	items := func() map[string]flow.Item { return s.flow.Items.All() } // asked while it runs
	s.flow, err = flow.New(ctx, s.store, &s.jobs, s.log, intake.Line(vault{s}, seer{s}, s.corrections), s.desk.Line())
	if err != nil {
		return err
	}
	if err := s.resumeHeld(ctx); err != nil {
		return err
	}
	s.names = newNames(s.repo, items)
	s.engines.back = s.flow.Nudge
	return s.apply(ctx, s.file.Settings())
}

// runtime is where the ONNX Runtime library is expected.
func (s *Station) runtime() string {
	if s.opt.Runtime != "" {
		return s.opt.Runtime
	}
	return embedded.DefaultLibrary()
}

// Run works until ctx ends, then waits for all it started. If it ends before that, the log and
// the board of troubles tell why.
func (s *Station) Run(ctx context.Context) error {
	if s.lock == nil {
		return errors.New("a station that is only asked does not run")
	}
	err := s.work(ctx)
	if err != nil && ctx.Err() == nil {
		s.log.Error("all work has stopped", slog.Any("error", err))
		say, hint := fault.Explain(err)
		s.board.Raise(health.Trouble{
			Code: "station", Title: "All work has stopped", Say: say,
			Hint: strings.TrimSpace(hint + " Then close Coverslip and start it again: what is done is kept."), Severity: health.Stop,
		})
	}
	return err
}

func (s *Station) work(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.flow.Run(ctx) })
	g.Go(func() error { return s.tellTroubles(ctx) })
	g.Go(func() error { return s.engines.watch(ctx, pulse) })
	g.Go(func() error { return s.shelves.watch(ctx, 20*time.Second) })
	g.Go(func() error { return s.keepServing(ctx) })
	g.Go(func() error { return s.keepPlaces(ctx) })
	g.Go(func() error { return s.watchFolders(ctx) })
	g.Go(func() error { return s.keepPyramids(ctx) })
	g.Go(func() error { return s.keepConverting(ctx) })
	if s.opt.Sample {
		g.Go(func() error { return s.play(ctx) })
	}
	return g.Wait()
}

// Close lets go of everything; Run must have returned.
func (s *Station) Close() error {
	var errs []error
	if s.engines != nil {
		errs = append(errs, s.engines.close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close()) // the last: it lets others in
	}
	return errors.Join(errs...)
}

// Items are the things on the lines.
func (s *Station) Items() *event.Feed[string, flow.Item] { return &s.flow.Items }

// Jobs are running and ended work.
func (s *Station) Jobs() *job.Runner { return &s.jobs }

// Troubles are what is wrong now.
func (s *Station) Troubles() *event.Feed[string, health.Trouble] { return &s.board.Troubles }

// Servers are the inference engines, the built-in one under the empty key.
func (s *Station) Servers() *event.Feed[string, Server] { return &s.engines.servers }

// Shelves are the model platforms: "local" and "mlflow".
func (s *Station) Shelves() *event.Feed[string, Shelf] { return &s.shelves.feed }

// Sightings are files of instruments that are not captured yet.
func (s *Station) Sightings() *event.Feed[string, Sighting] { return &s.sightings }
