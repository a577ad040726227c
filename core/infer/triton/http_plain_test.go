package triton_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// TestPlainConnections: questions one after the other go through one connection; one that a
// proxy closed meanwhile is replaced without anyone noticing; and an answer that comes before
// the question was read is the answer.
func TestPlainConnections(t *testing.T) {
	at := servertest.Need(t, "COVERSLIP_TEST_TRITON_HTTP")
	direct := dial(t, triton.Options{Address: at, Backend: "python"})
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
	if err := direct.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	defer direct.Unload(t.Context(), b.Model) //nolint:errcheck // the test's end
	p := relay(t, at[len("http://"):])
	e := dial(t, triton.Options{Address: "http://" + p.l.Addr().String(), Backend: "python", Apart: true})
	if err := e.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	before := p.count()
	for range 5 {
		if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 64, 64); err != nil {
			t.Fatal(err)
		}
	}
	if n := p.count() - before; n != 1 {
		t.Errorf("%d connections for five questions", n)
	}
	p.cut()
	if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 64, 64); err != nil {
		t.Errorf("after the connection was closed: %v", err)
	}
}

// TestPlainEarlyAnswer: a proxy that finds a question too large says so before it has read
// it, and closes.
func TestPlainEarlyAnswer(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, err = io.WriteString(c, "HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large")
				if err == nil {
					_, _ = io.CopyN(io.Discard, c, 8<<20) // a part of it, as nginx does
				}
			}
			_ = c.Close()
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	e := dial(t, triton.Options{Address: "http://" + l.Addr().String(), Apart: true})
	_, err = e.Infer(t.Context(), infer.Ref{Model: "m"}, []infer.Tensor{infertest.Image(1, 1, 2048, 2048)})
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind == fault.Offline {
		t.Errorf("too large: %v", err)
	}
}

// TestSequencesAreNotAskedTwice: a proxy that reads a question and ends the connection may have
// passed it on. Others are asked again, but no question of a sequence.
func TestSequencesAreNotAskedTwice(t *testing.T) {
	at := servertest.Need(t, "COVERSLIP_TEST_TRITON_HTTP")
	to, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
	direct := dial(t, triton.Options{Address: at, Backend: "python"})
	if err := direct.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	defer direct.Unload(t.Context(), b.Model) //nolint:errcheck // the test's end
	pass := httputil.NewSingleHostReverseProxy(to)
	var asked atomic.Int64
	proxy := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) != 2 { // the second, on a connection that had answers already
			pass.ServeHTTP(w, r)
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			err = c.Close()
		}
		if err != nil {
			t.Error(err)
		}
	}))
	defer proxy.Close()
	for id, want := range map[uint64]int64{0: 3, 7: 2} {
		e := dial(t, triton.Options{Address: proxy.URL, Backend: "python", TLS: proxy.Client().Transport.(*http.Transport).TLSClientConfig, Apart: true}) //nolint:errcheck,forcetypeassert // it is one
		asked.Store(0)
		ctx := infer.WithTerms(t.Context(), infer.Terms{Sequence: infer.Sequence{ID: id}})
		for i := range 2 {
			err := infertest.Ask(ctx, e, b.Ref, 2, 1, 1, 1, 4, 4)
			if lost := id != 0 && i == 1; (err != nil) != lost || lost && fault.KindOf(err) != fault.Offline {
				t.Errorf("sequence %d, question %d: %v", id, i, err)
			}
		}
		if asked.Load() != want {
			t.Errorf("sequence %d: two questions were asked %d times", id, asked.Load())
		}
	}
}

// relayed is a proxy of bytes before a real server.
type relayed struct {
	l     net.Listener
	mu    sync.Mutex
	conns []net.Conn
	n     int

	sent, received atomic.Int64 // bytes, as the engine sees it
}

func relay(t *testing.T, to string) *relayed {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &relayed{l: l}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			p.mu.Lock()
			p.n++
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			wg.Go(func() { _, _ = io.Copy(out, counted{in, &p.sent}); _ = out.Close() })
			wg.Go(func() { _, _ = io.Copy(in, counted{out, &p.received}); _ = in.Close() })
		}
	})
	t.Cleanup(func() { _ = l.Close(); p.cut(); wg.Wait() })
	return p
}

// counted adds up what is read.
type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n.Add(int64(n))
	return n, err
}

func (p *relayed) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// cut closes all connections.
func (p *relayed) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}
