package gateway

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// yours is the answer to a client that has to wait for its own things: it can do something about
// them, and others are let in. What is no client's doing is a 503.
func yours(say, hint string) error {
	return status{http.StatusTooManyRequests, say, hint, map[string]string{"Retry-After": "5"}}
}

// shares are how many of something each client has.
type shares map[string]int64

// add adds n, which may be below 0, and returns what the client has and what all have.
func (s shares) add(owner string, n int64) (own, all int64) {
	own = s[owner] + n
	if s[owner] = own; own == 0 {
		delete(s, owner)
	}
	for _, n := range s {
		all += n
	}
	return own, all
}

// room tells whether a client may have one more where all together should have enough: also if
// they have more, as long as another one is left with no fewer that can lose one for it. Nobody can
// do anything about what others have.
func (s shares) room(owner string, enough int64) bool {
	var all, most int64
	for _, n := range s {
		all += n
		most = max(most, n)
	}
	return all <= enough || s[owner] == 0 || s[owner]+1 < most
}

// turn tells whether a client may wait for one more where enough may wait. Nobody loses a place for
// it: where all are taken each client still has its share of as many.
func (s shares) turn(owner string, enough int64) bool {
	var all int64
	clients := int64(1)
	for who, n := range s {
		if all += n; who != owner {
			clients++
		}
	}
	return all < enough || s[owner] < max(1, enough/clients)
}

// lines are shares for many goroutines.
type lines struct {
	mu sync.Mutex // guards of
	of shares
}

func (l *lines) add(owner string, n int64) (own, all int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = shares{}
	}
	return l.of.add(owner, n)
}

// enter lets a client wait for one more, if it may.
func (l *lines) enter(owner string, enough int64) (leave func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.of.turn(owner, enough) {
		return nil, false
	}
	if l.of == nil {
		l.of = shares{}
	}
	l.of.add(owner, 1)
	return func() { l.add(owner, -1) }, true
}

// rota is whose turn it is: that of the client who had one longest ago; of one client what came
// first. So who sends much waits longer, not who sends little.
type rota struct {
	had   int64
	turns shares // the number of each client's last one
}

// next is the one of n that wait, the oldest first, whose turn it is; -1: of none. owner tells whose
// one is, and whether its time has come.
func (r *rota) next(n int, owner func(i int) (who string, ok bool)) (at int) {
	at = -1
	var last int64
	for i := range n {
		if who, ok := owner(i); ok && (at < 0 || r.turns[who] < last) {
			at, last = i, r.turns[who]
		}
	}
	return at
}

// took notes that a client has had its turn; others of them wait.
func (r *rota) took(owner string, others int) {
	if others == 0 {
		r.turns = nil
		return
	}
	if r.turns == nil {
		r.turns = shares{}
	}
	r.had++
	r.turns[owner] = r.had
}

// places are those of images under way.
type places struct {
	mu    sync.Mutex // guards all below
	free  int
	taken int
	queue []*ticket // the oldest first
	rota  rota
}

// ticket is for a place.
type ticket struct {
	owner string
	got   chan struct{} // closed with the place
}

// enter waits for a place.
func (p *places) enter(ctx context.Context, owner string) (leave func(), err error) {
	t := &ticket{owner, make(chan struct{})}
	p.mu.Lock()
	p.queue = append(p.queue, t)
	p.fill()
	p.mu.Unlock()
	select {
	case <-t.got:
		return p.leave, nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	at := slices.Index(p.queue, t)
	if at >= 0 {
		p.queue = slices.Delete(p.queue, at, at+1)
	}
	p.mu.Unlock()
	if at < 0 { // it came too late
		p.leave()
	}
	return nil, ctx.Err()
}

func (p *places) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free++
	p.taken--
	p.fill()
}

// fill gives free places to who waits. The caller holds the mutex.
func (p *places) fill() {
	for p.free > 0 && len(p.queue) > 0 {
		at := p.rota.next(len(p.queue), func(i int) (string, bool) { return p.queue[i].owner, true })
		t := p.queue[at]
		p.queue = slices.Delete(p.queue, at, at+1)
		p.rota.took(t.owner, len(p.queue))
		p.free--
		p.taken++
		close(t.got)
	}
}

func (p *places) under() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// burst is how many seconds' worth of requests may come at once.
const burst = 10

// maxClients bounds what is remembered.
const maxClients = 10_000

// rates says who may ask again: a bucket for each client.
type rates struct {
	perSecond float64

	mu sync.Mutex // guards of
	of map[string]*bucket
}

type bucket struct {
	left float64
	at   time.Time
}

func (r *rates) allow(who string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	full := max(r.perSecond*burst, 1)
	b := r.of[who]
	if b == nil {
		if len(r.of) >= maxClients {
			r.forget(now)
		}
		b = &bucket{left: full, at: now}
		r.of[who] = b
	}
	b.left = min(full, b.left+r.perSecond*now.Sub(b.at).Seconds())
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}

// forget drops who has not asked for so long that the bucket is full again, or, where all
// ask at once, everybody.
func (r *rates) forget(now time.Time) {
	for who, b := range r.of {
		if now.Sub(b.at) > burst*time.Second {
			delete(r.of, who)
		}
	}
	if len(r.of) >= maxClients {
		clear(r.of)
	}
}
