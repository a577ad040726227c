package flow

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// lane holds the items that could start at a stage now. The runner's lock guards it.
type lane struct {
	line   string
	stage  Stage
	before []*lane // of all stages that must be behind
	kin    map[string]*kin
	in     map[string]string // the kin of items that are ready
	held   bool              // nobody may start here
	runs   int               // that are at work
	busy   int               // items in them
}

// kin are items that may go together.
type kin struct {
	ready spots
	works bool // many of them are at work: the next many wait for that
	// Where the other side does not answer, one try tells for all.
	fails  int
	paused time.Time // when it was last told so
	until  time.Time
}

// spot is an item in a queue; those that went meanwhile are left in it.
type spot struct {
	id  string
	age int
	at  time.Time // when it is tried again; in the queue of those
}

// spots is a heap: the next to be tried again, then the oldest.
type spots []spot

func (s spots) Len() int { return len(s) }
func (s spots) Less(i, j int) bool {
	return cmp.Or(s[i].at.Compare(s[j].at), cmp.Compare(s[i].age, s[j].age)) < 0
}
func (s spots) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *spots) Push(x any) {
	if v, ok := x.(spot); ok { // always: see add
		*s = append(*s, v)
	}
}

func (s *spots) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

func (s *spots) add(v spot) { heap.Push(s, v) }
func (s *spots) drop()      { heap.Pop(s) }

// lanesOf returns a lane for each stage of a line, each after those that come before it.
func lanesOf(l Line) []*lane {
	var out []*lane
	for _, s := range l.Stages {
		n := &lane{line: l.Name, stage: s, kin: map[string]*kin{}, in: map[string]string{}}
		after := slices.Clone(s.After)
		for _, o := range slices.Backward(out) {
			if slices.Contains(after, o.stage.Name) {
				n.before, after = append(n.before, o), append(after, o.stage.After...)
			}
		}
		out = append(out, n)
	}
	return out
}

// join has an item that is ready wait for its turn.
func (l *lane) join(h *held) {
	if _, ok := l.in[h.ID]; ok {
		return
	}
	name := ""
	if b := l.stage.Batch; b != nil && !h.single[l.stage.Name] {
		name = "all"
		if b.Kin != nil {
			name = b.Kin(h.Item)
		}
	}
	k := l.kin[name]
	if k == nil {
		k = &kin{}
		l.kin[name] = k
	}
	l.in[h.ID] = name
	k.ready.add(spot{id: h.ID, age: h.age})
}

func (l *lane) leave(id string) { delete(l.in, id) }

// head returns the oldest that is ready, without those that have left since.
func (l *lane) head(name string) (spot, bool) {
	k := l.kin[name]
	for len(k.ready) > 0 {
		if in, ok := l.in[k.ready[0].id]; ok && in == name {
			return k.ready[0], true
		}
		k.ready.drop()
	}
	return spot{}, false
}

// next is whose turn it is, and when to look again at the latest where it is nobody's yet.
func (l *lane) next(now time.Time) (name string, ok bool, again time.Time) {
	slots := AtOnce
	if l.stage.Alone {
		slots = 1
	}
	if l.held || l.runs >= slots {
		return "", false, again
	}
	oldest := 0
	for n, k := range l.kin {
		h, some := l.head(n)
		if !some || k.works {
			continue
		}
		if wait := l.wait(k); wait.After(now) {
			again = sooner(again, wait)
		} else if !ok || h.age < oldest {
			name, ok, oldest = n, true, h.age
		}
	}
	return name, ok, again
}

// wait is until when items of a kin are better left alone.
func (l *lane) wait(k *kin) time.Time {
	b := l.stage.Batch
	if b == nil || b.Rest == nil || len(k.ready) >= b.Most || !l.coming() {
		return k.until
	}
	if rest := b.Rest(); rest.After(k.until) {
		return rest
	}
	return k.until
}

// coming reports whether items are at the stages before.
func (l *lane) coming() bool {
	for _, b := range l.before {
		if len(b.in)+b.busy > 0 {
			return true
		}
	}
	return false
}

// resume ends all pauses.
func (l *lane) resume() {
	for _, k := range l.kin {
		k.fails, k.until = 0, time.Time{}
	}
}

// told notes how a run that began at a time went: whether the other side answers.
func (k *kin) told(answers bool, begun, now time.Time) {
	switch {
	case answers:
		k.fails, k.until = 0, time.Time{}
	case begun.After(k.paused): // the runs beside it tell the same
		k.fails, k.paused = k.fails+1, now
		k.until = now.Add(backoff(k.fails))
	}
}

// sooner is the earlier of two times, of which the zero one is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
