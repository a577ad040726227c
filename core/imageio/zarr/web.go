package zarr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// web is a store behind a web server.
type web struct {
	base   string // without a slash at its end
	query  string // goes behind every key: signatures of shared links
	client *http.Client
	silent time.Duration // of a server in the middle of an answer, after which it is given up
}

func newWeb(address string) (*web, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "The address of the image makes no sense.", "Write it as https://server/folder.zarr.", bare(err))
	}
	w := &web{query: u.RawQuery, silent: 30 * time.Second}
	u.RawQuery, u.Fragment = "", ""
	w.base = strings.TrimSuffix(u.String(), "/")
	w.client = &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16,
		DialContext:           (&net.Dialer{Timeout: 20 * time.Second}).DialContext, // a firewall may drop all packets
		ResponseHeaderTimeout: 30 * time.Second, TLSHandshakeTimeout: 20 * time.Second, IdleConnTimeout: time.Minute,
	}}
	return w, nil
}

func (w *web) Close() error {
	w.client.CloseIdleConnections()
	return nil
}

func (w *web) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	r, err := w.ask(ctx, key, "")
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()         //nolint:errcheck // only read from
	if r.ContentLength > limit { // not fetched to find out
		return nil, fmt.Errorf("%w: %s", errLong, key)
	}
	data, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, w.offline(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: %s", errLong, key)
	}
	return data, nil
}

func (w *web) Range(ctx context.Context, key string, off, n int64) ([]byte, error) {
	span := "bytes=" + strconv.FormatInt(off, 10) + "-" + strconv.FormatInt(off+n-1, 10)
	if off < 0 {
		span = "bytes=-" + strconv.FormatInt(n, 10)
	}
	r, err := w.ask(ctx, key, span)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close() //nolint:errcheck // only read from
	value := io.Reader(r.Body)
	if r.StatusCode == http.StatusOK { // a server that does not know parts sends all
		if off < 0 {
			off = r.ContentLength - n
		}
		if off < 0 {
			return nil, fmt.Errorf("read %s: %w: of unknown length", key, io.ErrUnexpectedEOF)
		}
		if _, err := io.CopyN(io.Discard, value, off); err != nil {
			return nil, w.short(key, err)
		}
	}
	data := make([]byte, n)
	if _, err := io.ReadFull(value, data); err != nil {
		return nil, w.short(key, err)
	}
	return data, nil
}

// ask asks for a key, or for a part of it.
func (w *web) ask(ctx context.Context, key, span string) (*http.Response, error) {
	r, err := w.send(ctx, key, span)
	if err != nil {
		return nil, err
	}
	if r.StatusCode == http.StatusOK || r.StatusCode == http.StatusPartialContent && span != "" {
		return r, nil
	}
	return nil, errors.Join(w.refused(r, key), r.Body.Close())
}

func (w *web) send(ctx context.Context, key, span string) (*http.Response, error) {
	at := w.base + "/" + (&url.URL{Path: key}).EscapedPath()
	if w.query != "" {
		at += "?" + w.query
	}
	ctx, cancel := context.WithCancelCause(ctx)
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		cancel(nil)
		return nil, bare(err)
	}
	q.Header.Set("Accept-Encoding", "identity")
	if span != "" {
		q.Header.Set("Range", span)
	}
	r, err := w.client.Do(q)
	if err != nil {
		cancel(nil)
		return nil, w.offline(err)
	}
	r.Body = &body{r.Body, w.silent, cancel, func() error { return context.Cause(ctx) }}
	return r, nil
}

var (
	errSilent = errors.New("the server stopped in the middle of an answer")
	errBroke  = errors.New("the connection broke off in the middle of an answer")
)

// body is that of an answer; where nothing of it comes for long, the question is taken back.
type body struct {
	io.ReadCloser
	silent time.Duration
	cancel context.CancelCauseFunc
	cause  func() error
}

func (b *body) Read(p []byte) (int, error) {
	alarm := time.AfterFunc(b.silent, func() { b.cancel(errSilent) })
	defer alarm.Stop()
	n, err := b.ReadCloser.Read(p)
	switch {
	case err != nil && errors.Is(b.cause(), errSilent):
		err = errSilent
	case errors.Is(err, io.ErrUnexpectedEOF): // less than was promised: no damage of the value
		err = errBroke
	}
	return n, err
}

func (b *body) Close() error {
	defer b.cancel(nil)
	return b.ReadCloser.Close()
}

// refused is what a status means.
func (w *web) refused(r *http.Response, key string) error {
	cause := fmt.Errorf("%s: %s", key, r.Status)
	switch c := r.StatusCode; {
	case c == http.StatusNotFound, c == http.StatusGone:
		return fmt.Errorf("%w: %w", fs.ErrNotExist, cause)
	case c == http.StatusUnauthorized:
		cause = fmt.Errorf("%w: %w", errLogin, cause)
		fallthrough
	case c == http.StatusForbidden:
		return fault.New(fault.Denied, "The server does not give out the image.", "Ask who shares it for an open address.", cause)
	case c == http.StatusRequestedRangeNotSatisfiable:
		return fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, cause)
	case c == http.StatusTooManyRequests, c >= http.StatusInternalServerError:
		return fault.New(fault.Busy, "The server with the image is overloaded.", "Try again in a minute.", cause)
	}
	return fault.New(fault.Invalid, "The server does not give out the image.", "Check the address.", cause)
}

// short is a body that ends early: a damaged value, or a broken line.
func (w *web) short(key string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read %s: %w", key, err)
	}
	return w.offline(err)
}

func (w *web) offline(err error) error {
	if errors.Is(err, context.Canceled) {
		return bare(err)
	}
	return fault.New(fault.Offline, "The server with the image does not answer.", "Check the network and the address.", bare(err))
}

// bare is err without the address, whose query may be a signature: logs are read by many.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
