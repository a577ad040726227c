// Package gateway is an HTTP API before the inference engines, for other programs of a lab:
// an image in, objects out, with the reading, tiling and measuring that the window does.
//
// What it offers is in openapi.json, which it serves. An image that can be answered at once
// goes to /v1/predict; a large one to /v1/jobs, which live as long as the process.
package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/secret"
)

// Model is one that the gateway answers with; every engine has it loaded.
type Model struct {
	infer.Ref
	Recipe *recipe.Model
	Hash   string // of the network; empty: nobody can tell whether it stays the same
}

// Options say what is served, and to whom. Zeros of the limits are good choices.
type Options struct {
	Engine infer.Engine
	Models []Model // the first is the one that is asked when none is named
	// Open opens the n-th image of a file, and calls its pixels by id, where that is not empty; n < 0
	// is the one that a person would see first.
	Open func(ctx context.Context, path, id string, n int) (imageio.Source, error)
	// Plane chooses what to look at where nothing is said.
	Plane func(imageio.Info) infer.Options
	// Dataset is a folder whose images may be named by their paths; empty: none.
	Dataset string
	// Cache is a folder that links of the dataset may lead to; empty: none.
	Cache string
	// Tokens let in whoever bears one of them; without any, everybody is let in.
	Tokens []secret.Text

	Work      string        // folder for uploads; empty: the system's
	MaxUpload int64         // bytes of one upload; 0: 2 GiB
	MaxSpool  int64         // bytes of all uploads under way; 0: 16 GiB, or four times MaxUpload
	MaxPixels int64         // of a plane that is answered at once; 0: 64 million
	Parallel  int           // images under way at a time, all but one of them of jobs, if there are two or more; 0: 2
	Waiting   int           // images that may wait for that, but each client's share of these always; 0: 2,000
	Jobs      int           // jobs that may wait, but each client's share of these always; 0: 100
	Results   int           // jobs that are kept, with those under way; what nobody has fetched is, for three hours, unless clients who have fewer need the room; 0: 1,000
	Kept      int           // objects of all finished jobs that are kept, but always the last one's; 0: 2 million
	Rate      float64       // requests a second from one client, in bursts of ten times that; 0: 50
	Patience  time.Duration // with an engine that does not answer: so long a job is tried again; 0: an hour
	Grace     time.Duration // for what is under way at the end, and then some seconds for connections to end; 0: 30 s
	Log       *slog.Logger
}

// Gateway answers requests. Its Handler may be used only while Run runs.
type Gateway struct {
	opt     Options
	tokens  [][32]byte // hashes
	folder  *folder    // of uploads
	places  places
	spare   chan []byte   // pieces of uploads that wait for their sums
	writing chan struct{} // holds a token for each answer that is written
	waiting atomic.Int64
	lines   lines // images that wait to be answered at once
	spooled lines // bytes of uploads
	stopped atomic.Bool
	rates   rates
	counts  counts
	jobs    jobs
}

// writers is how many answers are written at a time: a large one takes memory.
const writers = 2

// New checks the options and makes a folder for uploads; those that killed gateways have left go.
func New(o Options) (*Gateway, error) {
	if o.Engine == nil || len(o.Models) == 0 || o.Open == nil || o.Plane == nil {
		return nil, fault.New(fault.Invalid, "The gateway has no model or no engine to ask.", "Name a model folder and a server.", nil)
	}
	def(&o.MaxUpload, 2<<30)
	def(&o.MaxSpool, max(16<<30, 4*o.MaxUpload)) // of two clients each has room for one
	def(&o.MaxPixels, 64_000_000)
	def(&o.Parallel, 2)
	def(&o.Waiting, 2000)
	def(&o.Jobs, 100)
	def(&o.Results, 1000)
	def(&o.Kept, 2_000_000)
	def(&o.Rate, 50)
	def(&o.Patience, time.Hour)
	def(&o.Grace, 30*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Engine = upstream{o.Engine}
	def(&o.Work, os.TempDir())
	sweep(o.Work, o.Log)
	f, err := newFolder(o.Work)
	if err != nil {
		return nil, err
	}
	g := &Gateway{
		opt: o, folder: f, places: places{free: o.Parallel}, writing: make(chan struct{}, writers),
		spare: make(chan []byte, portions),
		rates: rates{perSecond: o.Rate, of: map[string]*bucket{}}, counts: newCounts(),
		jobs: jobs{more: make(chan struct{}, o.Parallel), most: o.Results, objects: o.Kept, of: map[string]*task{}},
	}
	for range portions {
		g.spare <- nil
	}
	for _, t := range o.Tokens {
		g.tokens = append(g.tokens, hash(t.Reveal()))
	}
	return g, nil
}

// def sets what was left open.
func def[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// Run serves on l and works on jobs until ctx ends. Then it takes no more, gives what is under
// way some time, also for jobs' answers to be fetched, removes uploads and returns.
func (g *Gateway) Run(ctx context.Context, l net.Listener) error {
	defer func() {
		if err := g.folder.remove(); err != nil {
			g.opt.Log.Warn("uploads are not removed", slog.Any("error", err))
		}
	}()
	srv := &http.Server{
		Handler: g.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(g.opt.Log.Handler(), slog.LevelDebug),
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx)) // jobs outlive ctx for a while
	defer stop()
	var wg sync.WaitGroup
	for range max(g.opt.Parallel-1, 1) { // a place is left for what is answered at once
		wg.Go(func() { g.worker(work) })
	}
	ended := make(chan error, 1)
	wg.Go(func() { ended <- srv.Serve(l) })
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = g.end(work, srv)
	}
	stop()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// parting is how long connections may take to end when the time of grace is over: net/http waits
// some six seconds for one that was opened and has asked nothing.
const parting = 10 * time.Second

// end takes no more images, and returns when what is under way has ended, or the time of grace and of
// parting has: jobs have the first, an image that somebody waits for both.
func (g *Gateway) end(ctx context.Context, srv *http.Server) error {
	g.stopped.Store(true)
	over, cancel := context.WithTimeout(ctx, g.opt.Grace+parting)
	defer cancel()
	grace := time.NewTimer(g.opt.Grace)
	defer grace.Stop()
	select {
	case <-g.closeJobs():
	case <-grace.C:
	}
	err := srv.Shutdown(over)
	if err != nil {
		err = errors.Join(err, srv.Close())
	}
	return err
}

// open tells whether images are still taken.
func (g *Gateway) open() error {
	if g.stopped.Load() {
		return fault.New(fault.Busy, "The gateway is about to end.", "Try again in a while.", nil)
	}
	return nil
}
