package tileview

import (
	"context"
	"slices"
	"sync"
	"time"
)

// player is the clock of a time series that plays.
type player struct {
	mu    sync.Mutex // guards rate and beat
	rate  float64    // frames a second; 0 stands
	beat  float64    // how often a second it is asked which frame is due
	more  chan struct{}
	begun time.Time // of the screen's thread, like all below
	from  int
	loop  bool
	jump  int // by how many frames it goes on next: that one is read ahead
}

// setRate tells the clock; it wakes it.
func (p *player) setRate(rate, beat float64) {
	p.mu.Lock()
	p.rate, p.beat = rate, min(beat, 120)
	p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
}

func (p *player) speed() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rate
}

func (p *player) pace() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.beat
}

// Play shows the time points one after the other, at rate a second, until the last, or
// around and around. From the last one it begins anew. Frames that aren't ready in time are
// left out, a quarter of a second at most: what can't be read as fast as that plays slower.
func (v *View) Play(rate float64, loop bool) {
	if v.info.T < 2 || rate <= 0 {
		return
	}
	if v.t == v.info.T-1 {
		v.t = 0
	}
	p := v.player
	p.begun, p.from, p.loop, p.jump = time.Now(), v.t, loop, 1
	beat := rate
	if v.info.Times != nil {
		beat = max(rate, 60)
	}
	p.setRate(rate, beat)
	v.turnPage()
}

// Stop ends playing.
func (v *View) Stop() {
	if v.player.speed() > 0 {
		v.player.setRate(0, 0)
		if v.act.Planed != nil {
			v.act.Planed()
		}
	}
}

// Playing reports whether time goes on.
func (v *View) Playing() bool { return v.player.speed() > 0 }

// Behind reports whether a part of what is to be shown is still being read.
func (v *View) Behind() bool { return !v.whole }

// due is the frame whose time has come after so many frames of usual length; of a film whose frames are
// unevenly apart each stands as long as it was taken to.
func (v *View) due(frames float64) int {
	from, last := v.player.from, len(v.info.Times)-1
	if last < 0 {
		return from + int(frames)
	}
	now := v.info.At(from) + time.Duration(frames*float64(v.info.Interval))
	if now >= v.info.Times[last]+v.info.Interval {
		return last + 1
	}
	n, exact := slices.BinarySearch(v.info.Times, now)
	if !exact {
		n--
	}
	return n
}

// tick goes on to the frame whose time has come, if the one before is on the screen.
func (v *View) tick() {
	p := v.player
	rate := p.speed()
	if rate <= 0 || !v.whole {
		return
	}
	due, last := v.due(time.Since(p.begun).Seconds()*rate), v.info.T-1
	at := min(due, last, v.t+max(1, int(rate/4)))
	again := due > last && p.loop
	if again {
		at = 0
	}
	if at != due {
		p.begun, p.from = time.Now(), at
	}
	// The frame that is read ahead comes next, when its time has come: another would have to be read,
	// and one before it may take long, as a film is decoded forwards.
	next := min(v.t+p.jump, last)
	if again {
		next = 0
	}
	if next != v.t && (again || at >= next) {
		p.jump = max(p.jump-1, 1)
		if at > next {
			p.jump = at - v.t
		}
		v.whole = false // until a frame was painted with all its tiles
		v.t = next
		v.turnPage()
	}
	if v.t == last && !p.loop {
		v.Stop()
	}
}

// runPlayer ticks while something plays, until ctx ends.
func (v *View) runPlayer(ctx context.Context) {
	var ticked sync.Mutex // held while a tick waits for the screen
	for {
		beat := v.player.pace()
		var clock <-chan time.Time
		var t *time.Ticker
		if beat > 0 {
			t = time.NewTicker(time.Duration(float64(time.Second) / beat))
			clock = t.C
		}
		again := true
		for again {
			select {
			case <-ctx.Done():
			case <-v.player.more:
			case <-clock:
				if ticked.TryLock() { // else the screen is behind: drop it
					v.post(func() {
						ticked.Unlock()
						v.tick()
					})
				}
				continue
			}
			again = false
		}
		if t != nil {
			t.Stop()
		}
		if ctx.Err() != nil {
			return
		}
	}
}
