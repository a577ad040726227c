package station

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/foreign"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/job"
)

// conversions are the images that a converter is to make readable: one after the other, and beside them
// what a person waits for.
type conversions struct {
	shelf *foreign.Shelf

	mu    sync.Mutex // guards all below
	queue []*foreign.Conversion
	wake  chan struct{}    // closed when the queue has grown, or others of it are wanted
	hoped map[string]*hope // that captures wait for, by MD5
}

// hope is an image that is being made, and who waits for it.
type hope struct {
	m     *imageio.Making
	items map[string]bool
}

func newConversions(shelf *foreign.Shelf) *conversions {
	return &conversions{shelf: shelf, wake: make(chan struct{}), hoped: map[string]*hope{}}
}

// shelf is where converted images are kept, and who converts them.
func shelf(dir string, set func() string, log *slog.Logger) *foreign.Shelf {
	var finder foreign.Finder
	return &foreign.Shelf{
		Dir: dir, Most: madeBytes, TIFF: ometiff.Format{}, Patience: 20 * time.Minute, Log: log,
		Room: func(size int64) error { return prune(dir, size) },
		Find: func(ctx context.Context) (foreign.Converter, error) { return finder.Find(ctx, set()) },
	}
}

// givenShelf is that of images outside any workspace.
func givenShelf() *foreign.Shelf {
	cache, err := os.UserCacheDir()
	s := shelf(filepath.Join(cache, "coverslip", "converted"), func() string { return os.Getenv("COVERSLIP_CONVERTER") }, slog.New(slog.DiscardHandler))
	if err != nil { // a service without a home
		s.Find = func(context.Context) (foreign.Converter, error) {
			return foreign.Converter{}, fault.New(fault.Invalid, "There is no folder to keep converted images in.", "Set HOME or XDG_CACHE_HOME.", err)
		}
		return s
	}
	_ = s.Sweep(24 * time.Hour) // another process may be at work there
	return s
}

// TryConverter says who would convert: what is set, or if that is empty what is installed.
func TryConverter(ctx context.Context, set string) (string, error) {
	c, err := foreign.Find(ctx, set)
	if fault.KindOf(err) == fault.Internal && errors.Is(err, foreign.ErrNone) {
		return "", fault.New(fault.NotFound, "No converter is on this computer.",
			"Install OpenReadout (pip install openreadout) or Bio-Formats (bfconvert), or write where one lies.", err)
	}
	if err != nil {
		return "", err
	}
	return "It is there: " + c.Name + ", " + c.Program + ".", nil
}

// ask puts a conversion at the end of the queue.
func (c *conversions) ask(v *foreign.Conversion) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, v)
	c.stir()
}

// rouse has who converts look at the queue again: another of it is wanted.
func (c *conversions) rouse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stir()
}

func (c *conversions) stir() {
	close(c.wake)
	c.wake = make(chan struct{})
}

// next returns the oldest that is wanted, or of all if there is none; nil until there is one.
func (c *conversions) next(wanted func(id string) bool, all bool) (v *foreign.Conversion, stirred <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.IndexFunc(c.queue, func(v *foreign.Conversion) bool { return wanted(v.ID()) })
	if at < 0 && all && len(c.queue) > 0 {
		at = 0
	}
	if at < 0 {
		return nil, c.wake
	}
	v = c.queue[at]
	c.queue = slices.Delete(c.queue, at, at+1)
	return v, nil
}

// wanted reports whether a person waits for the image with those pixels: it is on screen, or no capture.
func (s *Station) wanted(id string) bool {
	at := s.looked.Load()
	return !strings.HasPrefix(id, pixelsID("")) || at != nil && id == pixelsID(*at)
}

// keepConverting converts what is asked for.
func (s *Station) keepConverting(ctx context.Context) error {
	if err := s.conversions.shelf.Sweep(0); err != nil { // of a run that was cut off
		s.log.WarnContext(ctx, "not swept", slog.Any("error", err))
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, all := range []bool{true, false} {
		g.Go(func() error {
			for {
				v, stirred := s.conversions.next(s.wanted, all)
				if v != nil {
					s.convert(ctx, v)
					continue
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-stirred:
				}
			}
		})
	}
	return g.Wait()
}

// Converting is the kind of the jobs that convert.
const Converting = "convert"

func (s *Station) convert(ctx context.Context, v *foreign.Conversion) {
	err := s.jobs.Do(ctx, Converting, "Convert "+v.Title, func(ctx context.Context, p *job.Progress) error {
		return v.Do(ctx, written(p))
	})
	if err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "not converted", slog.String("image", v.Title), slog.Any("error", err))
	}
	s.goOn(ctx, v.ID())
}

// goOn has the captures go on that wait for the image with those pixels.
func (s *Station) goOn(ctx context.Context, id string) {
	for _, item := range s.conversions.waiting(strings.TrimPrefix(id, pixelsID(""))) {
		it, ok := s.flow.Items.Row(item)
		if !ok || it.Passes["infer"].State != flow.Waiting {
			continue
		}
		if err := s.flow.Retry(ctx, item); err != nil { // it is tried again within a minute
			s.log.WarnContext(ctx, "not nudged", slog.String("item", item), slog.Any("error", err))
		}
	}
}

// written tells a job how many bytes are.
func written(p *job.Progress) func(done, all int64) {
	last, total := int64(0), int64(0)
	return func(done, all int64) {
		p.Grow(all - total)
		p.Add(done - last)
		last, total = done, all
	}
}

// openSeen is [Station.openCapture] for a model. That a conversion came to nothing is told once to each capture
// that waits for it, and the next try has it done again.
func (s seer) openSeen(ctx context.Context, c intake.Capture, md5 string) (imageio.Source, error) {
	if err := s.conversions.vain(md5, c.ID()); err != nil {
		return nil, err
	}
	src, err := s.openCapture(ctx, c, md5)
	if m, ok := errors.AsType[*imageio.Making](err); ok {
		s.conversions.hope(md5, c.ID(), m)
	}
	return src, err
}

func (c *conversions) hope(md5, item string, m *imageio.Making) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.hoped[md5]
	if h == nil {
		h = &hope{items: map[string]bool{}}
		c.hoped[md5] = h
	}
	h.m, h.items[item] = m, true
}

// waiting are the items that wait for the image with that MD5.
func (c *conversions) waiting(md5 string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.hoped[md5]; h != nil {
		return slices.Collect(maps.Keys(h.items))
	}
	return nil
}

// vain returns why what an item has waited for came to nothing.
func (c *conversions) vain(md5, item string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.hoped[md5]
	if h == nil || !h.items[item] {
		return nil
	}
	select {
	case <-h.m.Done:
	default:
		return nil
	}
	if delete(h.items, item); len(h.items) == 0 {
		delete(c.hoped, md5)
	}
	err := h.m.Why()
	if errors.Is(err, context.Canceled) {
		return fault.New(fault.Invalid, "Its conversion was stopped.", "Try again starts it anew.", nil)
	}
	return err
}
