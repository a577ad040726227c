package tileview_test

import (
	"context"
	"errors"
	"image"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// deep is a field of nine planes that counts how often each tile is read; hurt is a plane that
// can't be read, 0 for none.
type deep struct {
	field
	hurt int
	err  error

	mu    sync.Mutex // guards count and err
	count map[imageio.Tile]int
}

func (d *deep) Info() imageio.Info {
	i := d.field.Info()
	i.Z = 9
	return i
}

func (d *deep) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	d.mu.Lock()
	if d.count != nil {
		d.count[t]++
	}
	err := d.err
	d.mu.Unlock()
	if err != nil && t.Z == d.hurt {
		return nil, err
	}
	return d.field.ReadTile(ctx, t)
}

// reads returns how many tiles were read since the last call, and the most often that one was.
func (d *deep) reads() (n, most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range d.count {
		n, most = n+1, max(most, k)
	}
	d.count = map[imageio.Tile]int{}
	return n, most
}

// frames paints n frames, each after the workers have done what the one before asked for.
func (s *screen) frames(v *tileview.View, c fyne.Canvas, n int) {
	for range n {
		v.Refresh()
		c.Capture()
		synctest.Wait()
		s.run()
	}
}

// TestAScreenLargerThanTheCacheIsReadOnce: 20 tiles are shown where there is room for eight. They
// are read once, at rest the picture stands, and no plane that is read ahead drives them out.
func TestAScreenLargerThanTheCacheIsReadOnce(t *testing.T) {
	for _, room := range []int{4 << 20, 12 << 20} { // a tile of two channels is half a MiB
		show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
			src := &deep{field: field{size: 2048, typ: imageio.Uint16}}
			v.Set(src)
			s.frames(v, c, 20)
			v.SetCache(room)
			v.OneToOne()
			src.reads()
			s.frames(v, c, 12)
			if n, most := src.reads(); n < 20 || most != 1 {
				t.Errorf("with room for %d, %d tiles were read, one %d times", room, n, most)
			}
			for z := 1; z < 4; z++ {
				v.SetPlane(z, 0)
				s.frames(v, c, 12)
				if n, most := src.reads(); n < 20 || most != 1 {
					t.Errorf("with room for %d, of plane %d %d tiles were read, one %d times", room, z, n, most)
				}
				s.frames(v, c, 2)
				if n, _ := src.reads(); n != 0 {
					t.Errorf("with room for %d, %d tiles of plane %d were read again", room, n, z)
				}
			}
		})
	}
}

// TestTheOverviewLeavesTheOrderOfUse looks at the upper part of an image of one level after its
// lower part: what is out of sight is dropped before what is seen.
func TestTheOverviewLeavesTheOrderOfUse(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		src := &flat{deep{field: field{size: 2048, typ: imageio.Uint16}}}
		v.SetCache(12 << 20)
		v.Set(src)
		s.frames(v, c, 20)
		v.OneToOne()
		drag := func(dy float32) {
			p := fyne.NewPos(300, 300)
			v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: p.AddXY(0, dy)}, Dragged: fyne.NewDelta(0, dy)})
			s.frames(v, c, 12)
		}
		drag(-400)
		drag(400)
		src.reads()
		drag(300)
		if n, _ := src.reads(); n != 8 {
			t.Errorf("for four tiles of two channels %d were read", n)
		}
	})
}

// flat has one level only.
type flat struct{ deep }

func (f *flat) Info() imageio.Info {
	i := f.deep.Info()
	i.Levels = i.Levels[:1]
	return i
}

// TestAPlaneThatCanNotBeReadIsNotTheOneBefore goes to a damaged plane, which was read ahead and which
// was not: the last frame that is asked for shows nothing.
func TestAPlaneThatCanNotBeReadIsNotTheOneBefore(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&deep{field: field{size: 512, typ: imageio.Uint16}, hurt: 2, err: errors.New("chunk 2: no end")})
		s.settle(c)
		only(v, 0)
		s.settle(c)
		lit := func(m image.Image) bool { return gray(m, 473, 373) >= 200 } // the middle of a disc
		for _, from := range []struct{ z, frames int }{{6, 2}, {1, 1}} {
			v.SetPlane(from.z, 0)
			if !lit(s.settle(c)) {
				t.Errorf("of plane %d nothing is shown", from.z)
			}
			v.SetPlane(2, 0)
			var m image.Image
			for range from.frames {
				m = c.Capture()
				synctest.Wait()
				s.run()
			}
			if lit(m) {
				t.Errorf("after plane %d, that of the damaged one is shown", from.z)
			}
			v.SetPlane(0, 0)
			s.settle(c)
		}
	})
}

// TestAServerThatWasAwayIsAskedAgain has the server of an image not answer while it is enlarged: that
// is told once, nobody asks on and on, and once it is back the next move fills the holes.
func TestAServerThatWasAwayIsAskedAgain(t *testing.T) {
	var told []error
	act := tileview.Actions{
		Away:    func(err error) { told = append(told, err) },
		Trouble: func(err error) { t.Errorf("told as damage: %v", err) },
	}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		src := &deep{field: field{size: 2048, typ: imageio.Uint16}}
		v.Set(src)
		s.settle(c)
		only(v, 0)
		s.settle(c)
		gone := fault.New(fault.Busy, "The server is overloaded.", "", nil)
		src.fails(gone)
		v.OneToOne()
		src.reads()
		s.frames(v, c, 5)
		if n, most := src.reads(); n < 16 || most != 1 || len(told) != 1 || !errors.Is(told[0], gone) {
			t.Errorf("asked for %d tiles, for one %d times; told %v", n, most, told)
		}
		right := func() { v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight}) }
		time.Sleep(3 * time.Second)
		right()
		s.frames(v, c, 5)
		if n, most := src.reads(); n < 16 || most != 1 || len(told) != 1 {
			t.Errorf("still away, it is asked for %d tiles, for one %d times; told %v", n, most, told)
		}
		src.fails(nil)
		time.Sleep(3 * time.Second)
		s.frames(v, c, 5)
		if n, _ := src.reads(); n != 0 {
			t.Errorf("%d tiles were asked for while nothing moved", n)
		}
		right()
		s.frames(v, c, 5)
		if n, most := src.reads(); n < 20 || most != 1 || len(told) != 2 || told[1] != nil {
			t.Errorf("back, it is asked for %d tiles, for one %d times; told %v", n, most, told)
		}
		s.frames(v, c, 5)
		if n, _ := src.reads(); n != 0 {
			t.Errorf("%d tiles are still missing", n)
		}
	})
}

// TestAServerThatWasAwayWhenTheImageWasOpened: the contrast is not that of no samples; once the server
// is back, the next move measures them.
func TestAServerThatWasAwayWhenTheImageWasOpened(t *testing.T) {
	var told []error
	var ranges []tileview.Range
	act := tileview.Actions{
		Away:    func(err error) { told = append(told, err) },
		Ranged:  func(r []tileview.Range) { ranges = r },
		Trouble: func(err error) { t.Errorf("told as damage: %v", err) },
	}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		var down atomic.Bool
		down.Store(true)
		v.Set(&odd{field: field{size: 512, typ: imageio.Uint16}, read: func(imageio.Tile) (*imageio.Pixels, error) {
			if down.Load() {
				return nil, fault.New(fault.Busy, "The server is overloaded.", "", nil)
			}
			return nil, nil
		}})
		s.settle(c)
		left := func() {
			time.Sleep(3 * time.Second)
			v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
			s.settle(c)
		}
		left()
		if ranges != nil || len(told) != 1 || told[0] == nil {
			t.Errorf("away, %d channels were measured; told %v", len(ranges), told)
		}
		down.Store(false)
		left()
		if len(ranges) != 1 || ranges[0].Max < 1000 {
			t.Errorf("back, %d channels were measured", len(ranges))
		}
		v.SetChannels(v.Channels())
		s.settle(c)
		if len(told) != 2 || told[1] != nil {
			t.Errorf("back, told %v", told)
		}
	})
}

func (d *deep) fails(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

// silent is a field whose finest level is not given out: a server that went silent until who asks is
// called back, or with deaf a share that is gone.
type silent struct {
	field
	deaf chan struct{}
	back chan struct{}
	once sync.Once
}

func (d *silent) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	if t.Level > 0 {
		return d.field.ReadTile(ctx, t)
	}
	if d.deaf != nil {
		<-d.deaf
		return nil, errors.New("stale file handle")
	}
	<-ctx.Done()
	d.once.Do(func() { close(d.back) })
	return nil, ctx.Err()
}

// TestAnImageThatHangsLeavesTheNextAlone: who turns from it to another one sees that; what reads the
// first is called back, also where none is opened.
func TestAnImageThatHangsLeavesTheNextAlone(t *testing.T) {
	show(t, tileview.Actions{Trouble: func(err error) { t.Errorf("told: %v", err) }}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		server := &silent{field: field{size: 4096, typ: imageio.Uint16}, back: make(chan struct{})}
		share := &silent{field: field{size: 4096, typ: imageio.Uint16}, deaf: make(chan struct{})}
		for _, src := range []imageio.Source{server, nil, share} {
			v.Set(src)
			s.settle(c)
			if src != nil {
				v.OneToOne()
				s.settle(c)
			}
		}
		<-server.back
		v.Set(&field{size: 512, typ: imageio.Uint16})
		s.settle(c)
		only(v, 0)
		if gray(s.settle(c), 473, 373) < 200 { // the middle of a disc
			t.Error("the image after it is not shown")
		}
		close(share.deaf)
	})
}
