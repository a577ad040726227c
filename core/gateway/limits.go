package gateway

import (
	"sync"
	"time"
)

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
