package gateway_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/gateway"
)

// holding opens a gateway whose engine does not answer, with two clients; send has one of them send a
// job, and wants that to be taken or refused.
func holding(t *testing.T, change func(*gateway.Options)) (at string, send func(as string, ok bool, change ...func(*http.Request)) (job string)) {
	t.Helper()
	at, _ = open(t, func(o *gateway.Options) {
		o.Engine, o.Grace = held{o.Engine, nil}, short
		change(o)
	})
	return at, func(as string, ok bool, change ...func(*http.Request)) string {
		t.Helper()
		change = append([]func(*http.Request){func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+as) }}, change...)
		code, head, body := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 3), change...)
		if ok && code != http.StatusAccepted {
			t.Errorf("%s: %d %s", as, code, body)
		}
		if !ok && (code != http.StatusTooManyRequests || head.Get("Retry-After") == "" || !strings.Contains(string(body), `"hint"`)) {
			t.Errorf("%s: %d %v %s", as, code, head, body)
		}
		return at + head.Get("Location")
	}
}

// TestTheQueueIsShared: where one client has all places, another one has its share of as many.
func TestTheQueueIsShared(t *testing.T) {
	at, send := holding(t, func(o *gateway.Options) { o.Jobs = 2 })
	send(token, true)
	measures(t, at, "running 1")
	send(token, true)
	last := send(token, true)
	send(token, false)
	send(token+"-too", true)
	send(token+"-too", false)
	if code, _, _ := call(t, "DELETE", last, "", nil); code != http.StatusNoContent {
		t.Errorf("remove: %d", code)
	}
	send(token, false) // it has its share of what is full
	measures(t, at, "jobs_waiting 2")
}

// TestTheSpoolIsShared: one client has no more than it leaves to others, whether the length of an
// upload is told or not.
func TestTheSpoolIsShared(t *testing.T) {
	data := picture(t, 3)
	untold := func(r *http.Request) { r.ContentLength, r.Body = -1, io.NopCloser(bytes.NewReader(data)) }
	at, send := holding(t, func(o *gateway.Options) { o.MaxSpool = 4 * int64(len(data)) })
	send(token, true)
	send(token, true)
	send(token, false)
	send(token, false, untold)
	send(token+"-too", true)
	send(token+"-too", false)
	measures(t, at, "jobs_waiting 2")
	alone, send := holding(t, func(o *gateway.Options) { o.MaxSpool, o.Tokens = 2*int64(len(data)), o.Tokens[:1] })
	send(token, true)
	send(token, true)
	if code, _, body := call(t, "POST", alone+"/v1/jobs", "image/png", data); code != http.StatusServiceUnavailable {
		t.Errorf("a full spool: %d %s", code, body)
	}
}
