package gateway_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/gateway"
)

// kept submits jobs one by one, and fetches and looks at them, as one client.
type kept struct {
	t   *testing.T
	at  string
	as  func(*http.Request)
	all []string
}

func clientOf(t *testing.T, at, token string) *kept {
	t.Helper()
	return &kept{t: t, at: at, as: func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }}
}

// submit has a job of n objects be done; code is what the gateway says to it.
func (k *kept) submit(n, code int) {
	k.t.Helper()
	is, head, body := call(k.t, "POST", k.at+"/v1/jobs", "image/png", picture(k.t, n), k.as)
	if is != code {
		k.t.Errorf("job %d: %d %s", len(k.all), is, body)
	}
	if is == http.StatusAccepted {
		k.all = append(k.all, k.at+head.Get("Location"))
		until(k.t, k.all[len(k.all)-1], func(state, _, _ string) bool { return state == "done" }, k.as)
	}
}

func (k *kept) fetch(i int) {
	k.t.Helper()
	if code, _, body := call(k.t, "GET", k.all[i]+"/result?format=csv", "", nil, k.as); code != http.StatusOK {
		k.t.Errorf("result of job %d: %d %s", i, code, body)
	}
}

func (k *kept) left(want ...int) {
	k.t.Helper()
	for i, job := range k.all {
		if code, _, _ := call(k.t, "GET", job, "", nil, k.as); (code == http.StatusOK) != slices.Contains(want, i) {
			k.t.Errorf("of %d jobs number %d: %d", len(k.all), i, code)
		}
	}
}

// dropped wants the result of a job to be gone, and said to be.
func (k *kept) dropped(i int) {
	k.t.Helper()
	until(k.t, k.all[i], func(state, detail, hint string) bool {
		return state == "failed" && strings.Contains(detail, "dropped") && hint != ""
	}, k.as)
}

// TestKeptJobs: of too many jobs the oldest go that were fetched. Where none was, there is no room
// for another one until some are fetched or deleted.
func TestKeptJobs(t *testing.T) {
	at, _ := open(t, func(o *gateway.Options) { o.Results, o.Grace = 3, short })
	k := clientOf(t, at, token)
	for range 3 {
		k.submit(2, http.StatusAccepted)
	}
	k.submit(2, http.StatusTooManyRequests)
	k.left(0, 1, 2)
	k.fetch(1)
	k.submit(2, http.StatusAccepted)
	k.left(0, 2, 3)
	call(t, "DELETE", k.all[0], "", nil)
	k.submit(2, http.StatusAccepted)
	k.left(2, 3, 4)
	k.submit(2, http.StatusTooManyRequests)
}

// TestKeptObjects: so do those with too many objects together. Jobs that were taken before may have
// more: then the oldest lose them, and say so.
func TestKeptObjects(t *testing.T) {
	at, _ := open(t, func(o *gateway.Options) { o.Kept, o.Grace = 9, short })
	k := clientOf(t, at, token)
	k.submit(2, http.StatusAccepted)
	k.submit(3, http.StatusAccepted)
	k.submit(1, http.StatusTooManyRequests)
	k.fetch(0)
	k.submit(6, http.StatusAccepted) // 3 + 6
	k.left(1, 2)
	k.fetch(2)
	k.submit(20, http.StatusAccepted)
	k.left(1, 3)
	k.dropped(1)
	k.fetch(3)
}

// TestKeptOfOthers: a client that fetches nothing keeps nobody else from anything. Where all jobs
// are too many, it loses its oldest, but none for one more of its own.
func TestKeptOfOthers(t *testing.T) {
	at, _ := open(t, func(o *gateway.Options) { o.Results, o.Grace = 3, short })
	idle, other := clientOf(t, at, token), clientOf(t, at, token+"-too")
	for range 3 {
		idle.submit(2, http.StatusAccepted)
	}
	idle.submit(2, http.StatusTooManyRequests)
	other.submit(2, http.StatusAccepted)
	idle.left(1, 2)
	for _, k := range []*kept{idle, other} { // nor do the two take from each other by turns
		k.submit(2, http.StatusTooManyRequests)
	}
	idle.left(1, 2)
	other.fetch(0)
	other.submit(2, http.StatusAccepted)
	idle.left(1, 2)
	other.left(1)
}

// TestKeptObjectsOfOthers: where all objects are too many, a client that has more loses its oldest,
// and nobody loses any to another one's single job.
func TestKeptObjectsOfOthers(t *testing.T) {
	at, _ := open(t, func(o *gateway.Options) { o.Kept, o.Grace = 9, short })
	idle, other := clientOf(t, at, token), clientOf(t, at, token+"-too")
	idle.submit(3, http.StatusAccepted)
	idle.submit(6, http.StatusAccepted)
	idle.submit(1, http.StatusTooManyRequests)
	other.submit(3, http.StatusAccepted)
	idle.dropped(0)
	other.submit(20, http.StatusAccepted)
	other.dropped(0)
	idle.fetch(1)
	other.fetch(1)
}
