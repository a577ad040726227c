package triton

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// plain asks over HTTP/1.1 without net/http's machinery: a question is one system call that
// gathers its parts, and the answer is read by who asked, into where it belongs. It is for
// questions to a server that nothing lies before: no TLS and no proxy.
type plain struct {
	host string
	dial net.Dialer

	mu     sync.Mutex // guards below
	idle   []*plainConn
	closed bool
}

type plainConn struct {
	net.Conn
	r    *bufio.Reader
	last time.Time // when it was given back
}

// What is kept of connections, as net/http would.
const (
	idleConns = 16
	idleFor   = time.Minute
)

// newPlain returns nil where net/http must do it.
func newPlain(base *url.URL, headers map[string]string) *plain {
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: base})
	if base.Scheme != "http" || proxy != nil || err != nil {
		return nil
	}
	for k, v := range headers {
		if k == "" || strings.ContainsAny(k, " :\t\r\n") || strings.ContainsAny(v, "\r\n") {
			return nil // to be refused there
		}
	}
	return &plain{host: base.Host, dial: net.Dialer{Timeout: 5 * time.Second}}
}

// post sends a body of the parts. The caller closes the answer's body, which frees the
// connection. again tells whether the request may be sent twice, as it must be when the
// server has just closed a connection that was idle.
func (p *plain) post(ctx context.Context, uri string, headers []map[string]string, parts [][]byte, again bool) (*http.Response, error) {
	var head strings.Builder
	size := 0
	for _, x := range parts {
		size += len(x)
	}
	fmt.Fprintf(&head, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", uri, p.host, size)
	for _, h := range headers {
		for k, v := range h {
			head.WriteString(k + ": " + v + "\r\n")
		}
	}
	head.WriteString("\r\n")
	for {
		c, used, err := p.conn(ctx)
		if err != nil {
			return nil, err
		}
		rsp, began, err := c.exchange(ctx, p, head.String(), parts)
		if err == nil {
			return rsp, nil
		}
		if !used || began || !again || ctx.Err() != nil {
			return nil, err
		}
	}
}

// conn returns a connection, and whether it was used before.
func (p *plain) conn(ctx context.Context) (c *plainConn, used bool, err error) {
	p.mu.Lock()
	for len(p.idle) > 0 {
		c = p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if time.Since(c.last) < idleFor {
			p.mu.Unlock()
			return c, true, nil
		}
		_ = c.Close() // too old
	}
	p.mu.Unlock()
	raw, err := p.dial.DialContext(ctx, "tcp", p.host)
	if err != nil {
		return nil, false, err
	}
	return &plainConn{Conn: raw, r: bufio.NewReaderSize(raw, 64<<10)}, false, nil
}

// exchange sends a question and reads the head of the answer; began tells whether any of
// that came.
func (c *plainConn) exchange(ctx context.Context, p *plain, head string, parts [][]byte) (rsp *http.Response, began bool, err error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	bufs := net.Buffers{[]byte(head)}
	bufs = append(bufs, parts...)
	_, werr := bufs.WriteTo(c.Conn)
	if werr != nil { // it may have answered before it had read all
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
	}
	if _, err = c.r.Peek(1); err == nil {
		began = true
		rsp, err = http.ReadResponse(c.r, nil)
	}
	if err != nil {
		stop()
		return nil, began, errors.Join(err, werr, c.Close())
	}
	rsp.Body = &plainBody{ReadCloser: rsp.Body, done: func(whole bool) {
		if stop() && whole && werr == nil && !rsp.Close {
			p.give(c)
		} else {
			_ = c.Close() // not to be used again
		}
	}}
	return rsp, true, nil
}

// give keeps a connection for the next question.
func (p *plain) give(c *plainConn) {
	c.last = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle) >= idleConns {
		_ = c.Close() // one more than needed
		return
	}
	p.idle = append(p.idle, c)
}

func (p *plain) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for _, c := range p.idle {
		errs = append(errs, c.Close())
	}
	p.idle = nil
	return errors.Join(errs...)
}

// plainBody is an answer's body that gives its connection back.
type plainBody struct {
	io.ReadCloser
	done func(whole bool)
}

func (b *plainBody) Close() error {
	if b.done != nil {
		_, err := io.CopyN(io.Discard, b.ReadCloser, 4<<10)
		b.done(errors.Is(err, io.EOF))
		b.done = nil
	}
	return nil
}
