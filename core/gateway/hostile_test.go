package gateway_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/gateway"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/embedded"
	"coverslip.dev/coverslip/core/infer/pool"
	"coverslip.dev/coverslip/core/infer/triton"
)

// bomb is a PNG that says to be as large as PNG allows.
func bomb(t *testing.T) []byte {
	t.Helper()
	b := picture(t, 1)
	binary.BigEndian.PutUint32(b[16:], 1<<30)
	binary.BigEndian.PutUint32(b[20:], 1<<30)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func TestHostile(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(filepath.Dir(data), "secret.png"), picture(t, 3), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(filepath.Dir(data), "secret.png"), filepath.Join(data, "link.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "mine.png"), picture(t, 3), 0o600); err != nil {
		t.Fatal(err)
	}
	at, _ := open(t, func(o *gateway.Options) { o.Dataset, o.MaxUpload, o.MaxPixels = data, 1<<20, 10_000 })
	path := func(p string) []byte {
		b, err := json.Marshal(map[string]string{"path": p})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	good := picture(t, 3)
	for what, c := range map[string]struct {
		query, kind string
		body        []byte
		want        int
	}{
		"mine":           {"", "application/json", path("mine.png"), 200},
		"above":          {"", "application/json", path("../secret.png"), 404},
		"by a link":      {"", "application/json", path("link.png"), 404},
		"absolute":       {"", "application/json", path("/etc/passwd"), 404},
		"a folder":       {"", "application/json", path("."), 404},
		"NUL":            {"", "application/json", path("mine.png\x00"), 404},
		"two objects":    {"", "application/json", append(path("mine.png"), path("mine.png")...), 400},
		"more fields":    {"", "application/json", []byte(`{"path":"mine.png","as":"root"}`), 400},
		"deep JSON":      {"", "application/json", bytes.Repeat([]byte("["), 60_000), 400},
		"no picture":     {"", "image/png", []byte("GIF89a"), 422},
		"cut":            {"", "image/png", good[:len(good)/2], 422},
		"empty":          {"", "image/png", nil, 422},
		"a bomb":         {"", "image/png", bomb(t), 422},
		"a TIFF of one":  {"", "image/tiff", []byte("II*\x00\x08\x00\x00\x00"), 422},
		"too large":      {"", "image/png", make([]byte, 2<<20), 413},
		"a program":      {"", "text/html", good, 415},
		"no kind":        {"", "", good, 415},
		"unknown":        {"?chanel=1", "image/png", good, 400},
		"twice":          {"?z=0&z=0", "image/png", good, 400},
		"negative":       {"?z=-1", "image/png", good, 400},
		"NaN":            {"?threshold=NaN", "image/png", good, 400},
		"half a region":  {"?region=1,2,3", "image/png", good, 400},
		"no region":      {"?region=1,2,0,9", "image/png", good, 400},
		"beside it":      {"?region=500,0,9,9", "image/png", good, 422},
		"no such plane":  {"?z=9", "image/png", good, 422},
		"no such model":  {"?model=other", "image/png", good, 404},
		"no such format": {"?format=exe", "image/png", good, 400},
	} {
		code, head, body := call(t, "POST", at+"/v1/predict"+c.query, c.kind, c.body)
		var p struct{ Detail string }
		if code != c.want {
			t.Errorf("%s: %d %s", what, code, body)
		}
		if code >= 300 && (head.Get("Content-Type") != "application/problem+json" || json.Unmarshal(body, &p) != nil || !strings.HasSuffix(p.Detail, ".")) {
			t.Errorf("%s: %v %s", what, head, body)
		}
	}
	chunked := func(r *http.Request) {
		r.ContentLength, r.Body = -1, io.NopCloser(bytes.NewReader(make([]byte, 3<<20)))
	}
	if code, _, body := call(t, "POST", at+"/v1/predict", "image/png", nil, chunked); code != http.StatusRequestEntityTooLarge {
		t.Errorf("too large, unannounced: %d %s", code, body)
	}
	odd, _ := open(t, func(o *gateway.Options) { o.MaxUpload = 3_000_000 })
	for address, words := range map[string]string{at: " 1 MiB.", odd: " 3000000 bytes."} {
		if _, _, body := call(t, "POST", address+"/v1/predict", "image/png", make([]byte, 3_000_001)); !strings.Contains(string(body), words) {
			t.Errorf("%s, not%s", body, words)
		}
	}
}

func TestTokensAndRates(t *testing.T) {
	at, _ := open(t, func(o *gateway.Options) { o.Rate = 0.5 })
	for _, a := range []string{"", "Bearer", "Bearer ", "Bearer let-me-i", "Bearer let-me-inn", token, "Basic " + token} {
		code, head, _ := call(t, "GET", at+"/v1/models", "", nil, func(r *http.Request) { r.Header.Set("Authorization", a) })
		if code != http.StatusUnauthorized || head.Get("WWW-Authenticate") == "" {
			t.Errorf("%q: %d", a, code)
		}
	}
	lower := func(r *http.Request) { r.Header.Set("Authorization", "bearer  "+token) }
	if code, _, _ := call(t, "GET", at+"/v1/models", "", nil, lower); code != http.StatusOK {
		t.Errorf("in small letters: %d", code)
	}
	if code, _, _ := call(t, "GET", at+"/healthz", "", nil, func(r *http.Request) { r.Header.Del("Authorization") }); code != http.StatusOK {
		t.Errorf("health: %d", code)
	}
	codes := map[int]int{}
	begun := time.Now()
	most := func() int { return 6 + int(time.Since(begun).Seconds()/2) } // on a slow machine the bucket fills
	for range 20 {
		code, _, _ := call(t, "GET", at+"/v1/models", "", nil)
		codes[code]++
	}
	if n := codes[http.StatusOK]; n < 4 || n > most() || codes[http.StatusTooManyRequests] != 20-n {
		t.Errorf("answers %v", codes)
	}
	anybody, _ := open(t, func(o *gateway.Options) { o.Rate, o.Tokens = 0.5, nil })
	clear(codes)
	begun = time.Now()
	for i := range 20 { // a token that was made up makes nobody somebody else
		code, _, _ := call(t, "GET", anybody+"/v1/models", "", nil, func(r *http.Request) { r.Header.Set("Authorization", fmt.Sprint("Bearer ", i)) })
		codes[code]++
	}
	if codes[http.StatusOK] > most() || codes[http.StatusTooManyRequests] == 0 {
		t.Errorf("without tokens: %v", codes)
	}
	code, head, _ := call(t, "PUT", at+"/v1/predict", "", nil)
	if code != http.StatusMethodNotAllowed || head.Get("Allow") != "POST" {
		t.Errorf("PUT: %d %v", code, head)
	}
}

// listener hands out one end of a pipe, whose deadlines follow the fake clock.
type listener struct{ conns chan net.Conn }

func (l listener) Addr() net.Addr { return &net.TCPAddr{} }
func (l listener) Close() error   { return nil }
func (l listener) Accept() (net.Conn, error) {
	c, ok := <-l.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

// TestBodiesThatNeverCome hold nobody up: whether they are read or not.
func TestBodiesThatNeverCome(t *testing.T) {
	o := options(t)
	defer o.Engine.Close() //nolint:errcheck // the test's end
	g, err := gateway.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]string{
		"POST /v1/predict HTTP/1.1\r\nAuthorization: Bearer " + token + "\r\nContent-Type: application/json": "400",
		"POST /v1/predict HTTP/1.1\r\nAuthorization: Bearer " + token + "\r\nContent-Type: image/png":        "400",
		"POST /v1/predict HTTP/1.1\r\nContent-Type: image/png":                                               "401",
		"GET /openapi.json HTTP/1.1": "200",
	} {
		synctest.Test(t, func(t *testing.T) {
			l := listener{make(chan net.Conn)}
			srv := &http.Server{Handler: g.Handler(), ReadHeaderTimeout: time.Minute}
			ended := make(chan error, 1)
			go func() { ended <- srv.Serve(l) }()
			client, server := net.Pipe()
			l.conns <- server
			if _, err := fmt.Fprintf(client, "%s\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"path\":\"a\"}", request); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(client); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 "+want) {
				t.Errorf("%s: %v, %.60s", request, err, got)
			}
			close(l.conns)
			<-ended
		})
	}
}

// TestAnswersThatNobodyReads hold nothing up: the upload goes before they do, and a minute later
// the connection.
func TestAnswersThatNobodyReads(t *testing.T) {
	o := options(t)
	defer o.Engine.Close() //nolint:errcheck // the test's end
	g, err := gateway.New(o)
	if err != nil {
		t.Fatal(err)
	}
	l := listener{make(chan net.Conn)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, l) }()
	client, server := net.Pipe()
	l.conns <- server
	body := picture(t, 60)
	fmt.Fprintf(client, "POST /v1/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n", token, len(body))
	if _, err := client.Write(body); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); err != nil { // the answer is under way
		t.Fatal(err)
	}
	ask := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	ask.Header.Set("Authorization", "Bearer "+token)
	said := httptest.NewRecorder()
	if g.Handler().ServeHTTP(said, ask); !strings.Contains(said.Body.String(), "coverslip_gateway_spool_bytes 0\n") {
		t.Errorf("%d %s", said.Code, said.Body)
	}
	client.Close() //nolint:errcheck // it has had enough
	stop()
	close(l.conns)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, path := range []string{"/openapi.json", "/healthz"} {
		synctest.Test(t, func(t *testing.T) {
			l := listener{make(chan net.Conn)}
			srv := &http.Server{Handler: g.Handler(), ReadHeaderTimeout: time.Minute}
			ended := make(chan error, 1)
			go func() { ended <- srv.Serve(l) }()
			client, server := net.Pipe()
			l.conns <- server
			fmt.Fprintf(client, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path)
			time.Sleep(61 * time.Second)
			if got, err := io.ReadAll(client); err != nil || len(got) > 0 {
				t.Errorf("%s: %v, %.60s", path, err, got)
			}
			close(l.conns)
			<-ended
		})
	}
}

// TestGracefulStop wants an upload that is under way to be answered after the gateway was
// told to end, and a new one to be turned away.
func TestGracefulStop(t *testing.T) {
	at, stop := open(t, nil)
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(at, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test's end
	body := picture(t, 4)
	fmt.Fprintf(c, "POST /v1/predict?format=csv HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n", token, len(body))
	half := len(body) / 2
	if _, err := c.Write(body[:half]); err != nil {
		t.Fatal(err)
	}
	for spooling := false; !spooling; { // until it is being answered
		_, _, m := call(t, "GET", at+"/metrics", "", nil)
		spooling = !strings.Contains(string(m), "coverslip_gateway_spool_bytes 0\n")
	}
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	for { // until it takes nothing more
		d, err := net.DialTimeout("tcp", strings.TrimPrefix(at, "http://"), time.Second)
		if err != nil {
			break
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Write(body[half:]); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 200") || strings.Count(string(got), "spot,") != 4 {
		t.Errorf("%v\n%s", err, got)
	}
	<-ended
}

// TestJobsAtTheEnd: a job at work is finished when the gateway is told to end, and its answer
// fetched; one that waits is told that it was in vain. New images are turned away.
func TestJobsAtTheEnd(t *testing.T) {
	answer := make(chan struct{})
	at, stop := open(t, func(o *gateway.Options) { o.Engine = held{o.Engine, answer} })
	submit := func() string {
		code, head, body := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 4))
		if code != http.StatusAccepted {
			t.Fatalf("%d %s", code, body)
		}
		return at + head.Get("Location")
	}
	works := submit()
	measures(t, at, "running 1")
	waits := submit()
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	for code := http.StatusOK; code != http.StatusServiceUnavailable; {
		code, _, _ = call(t, "GET", at+"/readyz", "", nil)
	}
	for _, path := range []string{"/v1/jobs", "/v1/predict"} {
		if code, _, body := call(t, "POST", at+path, "image/png", picture(t, 4)); code != http.StatusServiceUnavailable || !strings.Contains(string(body), "about to end") {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	state := func(job string) (f found) {
		if _, _, body := call(t, "GET", job, "", nil); json.Unmarshal(body, &struct {
			State, Detail *string
		}{&f.State, &f.Detail}) != nil {
			t.Errorf("%s", body)
		}
		return f
	}
	for f := state(waits); f.State != "stopped" || !strings.Contains(f.Detail, "before it was the job's turn"); f = state(waits) {
		if f.State != "queued" {
			t.Fatalf("the one that waits is %+v", f)
		}
	}
	if f := state(works); f.State != "running" {
		t.Errorf("the one at work is %+v", f)
	}
	close(answer)
	for f := state(works); f.State != "done"; f = state(works) {
		if f.State != "running" {
			t.Fatalf("the one at work is %+v", f)
		}
	}
	if code, _, body := call(t, "GET", works+"/result?format=csv", "", nil); code != http.StatusOK || strings.Count(string(body), "spot,") != 4 {
		t.Errorf("%d %s", code, body)
	}
	http.DefaultClient.CloseIdleConnections()
	<-ended
}

// TestGraceEnds: a job that does not come to an end holds up nobody for ever, and takes no time from
// connections that are to end.
func TestGraceEnds(t *testing.T) {
	at, stop := open(t, func(o *gateway.Options) { o.Engine, o.Grace = held{o.Engine, nil}, 50*time.Millisecond })
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(at, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test's end
	if code, _, body := call(t, "POST", at+"/v1/jobs", "image/png", picture(t, 4)); code != http.StatusAccepted {
		t.Fatalf("%d %s", code, body)
	}
	measures(t, at, "running 1")
	http.DefaultClient.CloseIdleConnections()
	stop()
}

// absent is a real engine that somebody has taken a model from.
type absent struct {
	*embedded.Engine
	is *atomic.Bool
}

func (a absent) Ready(ctx context.Context) error {
	if a.is.Load() {
		return fault.New(fault.Offline, "It does not answer.", "", nil)
	}
	return a.Engine.Ready(ctx)
}

// TestReady: only where an engine answers and has the model.
func TestReady(t *testing.T) {
	var away atomic.Bool
	var en *embedded.Engine
	at, _ := open(t, func(o *gateway.Options) {
		en, _ = o.Engine.(*embedded.Engine)
		o.Engine = absent{en, &away}
	})
	ready := func() int { code, _, _ := call(t, "GET", at+"/readyz", "", nil); return code }
	if code := ready(); code != http.StatusOK {
		t.Errorf("ready: %d", code)
	}
	away.Store(true)
	if code := ready(); code != http.StatusServiceUnavailable {
		t.Errorf("without an engine: %d", code)
	}
	away.Store(false)
	if err := en.Unload(t.Context(), "spots"); err != nil {
		t.Fatal(err)
	}
	if code := ready(); code != http.StatusServiceUnavailable {
		t.Errorf("without the model: %d", code)
	}
	if code, _, body := call(t, "POST", at+"/v1/predict", "image/png", picture(t, 4)); code != http.StatusServiceUnavailable {
		t.Errorf("without the model: %d %s", code, body)
	}
}

// gone is a real engine for a server that is not there any more; it counts who asks.
type gone struct {
	infer.Engine
	asked atomic.Int64
}

func (g *gone) Describe(ctx context.Context, m infer.Ref) (infer.Spec, error) {
	g.asked.Add(1)
	return g.Engine.Describe(ctx, m)
}

// TestFailover wants the answer of the second engine where the first is gone, and that the
// first is not asked again by every image.
func TestFailover(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	en, err := triton.Dial(t.Context(), triton.Options{Address: "grpc://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	dead := &gone{Engine: en}
	at, _ := open(t, func(o *gateway.Options) {
		both := []*pool.Member{pool.NewMember(dead, nil), pool.NewMember(o.Engine, nil)}
		o.Engine = pool.New(func() []*pool.Member { return both })
	})
	for range 12 {
		code, _, body := call(t, "POST", at+"/v1/predict?format=csv", "image/png", picture(t, 6))
		if code != http.StatusOK || strings.Count(string(body), "spot,") != 6 {
			t.Errorf("%d %s", code, body)
		}
	}
	if n := dead.asked.Load(); n < 1 || n > 6 { // after 1, 2, 4 … s again: on a slow machine more than once
		t.Errorf("the engine that is gone was asked %d times", n)
	}
	if code, _, _ := call(t, "GET", at+"/readyz", "", nil); code != http.StatusOK {
		t.Errorf("ready: %d", code)
	}
}
