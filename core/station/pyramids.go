package station

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/job"
)

const (
	// largePlane is how many pixels the coarsest level of an image may have before it is
	// worth keeping coarser ones: decoding so many takes less than a second.
	largePlane = 16e6
	// madeBytes is how much disk all kept levels and converted images may take.
	madeBytes = 20 << 30
)

// pyramids keep the coarser levels of large images that came without any, as OME-TIFF in
// the workspace. They can be thrown away at any time: whoever looks makes them anew.
type pyramids struct {
	dir   string
	wants chan large

	mu    sync.Mutex
	asked map[string]bool // by MD5: once a run is enough
}

// large is an image that wants coarser levels.
type large struct{ path, md5, title string }

func newPyramids(dir string) *pyramids {
	return &pyramids{dir: dir, wants: make(chan large, 64), asked: map[string]bool{}}
}

// path is where the levels of an image are kept. Those that were kept when its pixels were read in
// another way are not found, and go as the oldest do.
func (p *pyramids) path(md5 string) string {
	return filepath.Join(p.dir, fmt.Sprintf("%s.%d.ome.tif", md5, imageio.Reading))
}

// with returns src with the levels that are kept for it. Where there are none yet and it
// needs them, they are asked for, and src comes back as it is.
func (p *pyramids) with(ctx context.Context, src imageio.Source, want large) imageio.Source {
	if !wantsLevels(src.Info()) {
		return src
	}
	at := p.path(want.md5)
	coarse, err := ometiff.Format{}.Open(ctx, at)
	if err == nil {
		both, err := imageio.WithCoarser(src, coarse)
		if err == nil {
			now := time.Now()
			_ = os.Chtimes(at, now, now) // the oldest go first
			return both
		}
		_ = coarse.Close()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.asked[want.md5] {
		select {
		case p.wants <- want:
			p.asked[want.md5] = true
		default: // many are asked for already: at the next look
		}
	}
	return src
}

func wantsLevels(i imageio.Info) bool {
	last := i.Levels[len(i.Levels)-1].Size
	return last.X*last.Y > largePlane
}

// Coarsening is the kind of the job that makes the coarser levels of an image.
func Coarsening(md5 string) string { return "pyramid/" + md5 }

// keepPyramids makes the levels that were asked for, one image after the other.
func (s *Station) keepPyramids(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case want := <-s.pyramids.wants:
			err := s.jobs.Do(ctx, Coarsening(want.md5), "Coarser levels of "+want.title, func(ctx context.Context, p *job.Progress) error {
				return s.makePyramid(ctx, want, p)
			})
			if err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "no pyramid", slog.String("image", want.title), slog.Any("error", err))
			}
		}
	}
}

func (s *Station) makePyramid(ctx context.Context, want large, p *job.Progress) error {
	src, err := s.opener.OpenAs(ctx, want.path, pixelsID(want.md5))
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // read only
	info := src.Info()
	coarse, err := imageio.Coarser(imageio.Pyramid(imageio.Cached(src, imageio.NewTileCache(tileBytes/4))), len(info.Levels))
	if err != nil {
		return err
	}
	top := coarse.Info()
	size := int64(top.Levels[0].Size.X) * int64(top.Levels[0].Size.Y) * int64(info.Type.Bytes()*len(info.Channels)*info.Z*info.T) * 4 / 3
	if size > madeBytes/2 {
		return nil // what it needs is made when it is looked at
	}
	if err := os.MkdirAll(s.pyramids.dir, 0o755); err != nil {
		return err
	}
	if err := prune(s.pyramids.dir, size); err != nil {
		return err
	}
	return ometiff.Save(ctx, s.pyramids.path(want.md5), coarse, ometiff.Options{Progress: rows(top, p)})
}

// prune removes what was made of images and not looked at for longest, until size more fits beside what is being
// made, and the disk has room for it.
func prune(dir string, size int64) error {
	lacks := int64(0)
	if free, ok := disk.Free(dir); ok {
		lacks = size + leastFree - free
	}
	return pruneTo(dir, madeBytes-size, lacks)
}

// pruneTo leaves most bytes in dir, and removes lacks bytes, if it can be.
func pruneTo(dir string, most, lacks int64) error {
	var kept []os.FileInfo
	var made, all int64
	err := filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if at == dir {
			return err
		}
		if err != nil {
			return nil //nolint:nilerr // it is gone by now
		}
		st, err := d.Info()
		if err != nil || !st.Mode().IsRegular() {
			return nil //nolint:nilerr // as above
		}
		if all += st.Size(); filepath.Dir(at) == dir { // in folders something is being made
			made += st.Size()
			kept = append(kept, st)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if lacks > made {
		return fault.New(fault.Full, "The disk is almost full: there is no room for what is made of images to look at them.",
			"Free some room; the work goes on by itself.", nil)
	}
	slices.SortFunc(kept, func(a, b os.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	over := max(all-most, lacks)
	for _, st := range kept {
		if over <= 0 {
			break
		}
		if err := os.Remove(filepath.Join(dir, st.Name())); err == nil {
			over -= st.Size()
		}
	}
	return nil
}

// rows tells a job how many bytes of an image are written.
func rows(info imageio.Info, p *job.Progress) func(done, all int64) {
	last, row := int64(0), int64(info.Levels[0].Size.X*info.Type.Bytes())
	return func(done, all int64) {
		if last == 0 {
			p.Grow(all * row)
		}
		p.Add((done - last) * row)
		last = done
	}
}
